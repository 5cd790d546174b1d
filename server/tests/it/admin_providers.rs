//! `admin/providers`: an operator adds a vendor, changes it, gives it another credential and deletes it, without a restart.

use serde_json::{Value, json};

use crate::support::{
    App, Person, Reply,
    organizations::{each, id_of},
};

const LIST: &str = "/api/v1/admin/providers";
const SECRET: &str = "sk-canary-one";

fn new(name: &str) -> Value {
    json!({ "name": name, "dialect": "openai", "base_url": "https://api.example.com/v1/" })
}

async fn create(app: &App, by: &Person, sent: &Value) -> Reply {
    app.post(LIST).bearer(&by.access).json(sent).send().await
}

async fn change(app: &App, by: &Person, id: &str, sent: &Value) -> Reply {
    let call = app.call("PATCH", &format!("{LIST}/{id}")).bearer(&by.access);
    call.json(sent).send().await
}

async fn rotate(app: &App, by: &Person, id: &str, sent: &Value) -> Reply {
    let call = app.call("PUT", &format!("{LIST}/{id}/credential")).bearer(&by.access);
    call.json(sent).send().await
}

async fn get(app: &App, by: &Person, id: &str) -> Reply {
    app.get(&format!("{LIST}/{id}")).bearer(&by.access).send().await
}

async fn delete(app: &App, by: &Person, id: &str) -> Reply {
    app.call("DELETE", &format!("{LIST}/{id}"))
        .bearer(&by.access)
        .send()
        .await
}

/// A model with one route to the provider of this name.
async fn model(app: &App, by: &Person, name: &str, provider: &str) -> String {
    let sent = json!({ "name": name, "routes": [{ "provider": provider, "model": "m" }] });
    let call = app.post("/api/v1/admin/models").bearer(&by.access).json(&sent);
    id_of(&call.send().await.expect(201))
}

on_both! {
async fn provider_is_added_changed_and_deleted(app: App) {
    let root = app.admin().await;
    let made = create(app, &root, &json!({ "name": "acme", "dialect": "openai", "base_url": " https://api.example.com/v1/ ", "credential": SECRET })).await.expect(201);
    assert_eq!((&made["name"], &made["base_url"], &made["dialect"]), (&json!("acme"), &json!("https://api.example.com/v1"), &json!("openai")));
    assert_eq!((&made["managed"], &made["is_enabled"], &made["models"]), (&json!(false), &json!(true), &json!(0)));
    assert_eq!(made["credential"], json!({ "is_set": true, "changed_at": made["created_at"] }));
    let id = id_of(&made);
    assert_eq!(get(app, &root, &id).await.expect(200), made);
    create(app, &root, &new("acme")).await.problem(409, "conflict");

    app.advance_secs(5);
    let changed = change(app, &root, &id, &json!({ "base_url": "https://api.example.com/v2", "responses": true })).await.expect(200);
    assert_eq!((&changed["base_url"], &changed["responses"]), (&json!("https://api.example.com/v2"), &json!(true)));
    assert_eq!(changed["credential"], made["credential"]);
    assert!(changed["updated_at"].as_str() > made["updated_at"].as_str());
    // Nothing changes without need.
    app.advance_secs(5);
    assert_eq!(change(app, &root, &id, &json!({ "responses": true })).await.expect(200), changed);

    // A model it serves is there at once, gone when it is disabled, and keeps it from being deleted.
    let served = model(app, &root, "m1", "acme").await;
    assert!(app.state.directory().model("m1").is_some());
    assert_eq!(get(app, &root, &id).await.expect(200)["models"], 1);
    change(app, &root, &id, &json!({ "is_enabled": false })).await.expect(200);
    assert!(app.state.directory().model("m1").is_none());
    delete(app, &root, &id).await.problem(409, "conflict");
    let path = format!("/api/v1/admin/models/{served}");
    app.call("DELETE", &path).bearer(&root.access).send().await.expect(204);
    delete(app, &root, &id).await.expect(204);
    get(app, &root, &id).await.problem(404, "not_found");
    delete(app, &root, &id).await.problem(404, "not_found");
    change(app, &root, &id, &json!({})).await.problem(404, "not_found");
    rotate(app, &root, &id, &json!({ "credential": null })).await.problem(404, "not_found");
    app.post(&format!("{LIST}/{id}/test")).bearer(&root.access).send().await.problem(404, "not_found");
    get(app, &root, "acme").await.problem(404, "not_found");
}
}

on_both! {
async fn credential_is_never_shown_and_only_its_change_is_told(app: App) {
    let root = app.admin().await;
    let mut sent = new("acme");
    sent["credential"] = SECRET.into();
    let made = create(app, &root, &sent).await;
    let mut seen = vec![made.text()];
    let id = id_of(&made.expect(201));
    // Rows of one moment have no order, so each gets one of its own.
    app.advance_secs(60);
    let rotated = rotate(app, &root, &id, &json!({ "credential": "sk-canary-two" })).await;
    seen.push(rotated.text());
    let at = rotated.expect(200)["credential"]["changed_at"].clone();
    assert_eq!(at, json!(app.clock.now()));
    seen.push(get(app, &root, &id).await.text());
    seen.push(app.get(LIST).bearer(&root.access).send().await.text());
    // Another host, and the stored credential stays where it was given for.
    change(app, &root, &id, &json!({ "base_url": "https://evil.example.net/v1" })).await.invalid("credential", "required");
    change(app, &root, &id, &json!({ "base_url": "https://api.example.com:8443/v1" })).await.invalid("credential", "required");
    let moved = json!({ "base_url": "https://other.example.net/v1", "credential": "sk-canary-three" });
    app.advance_secs(1);
    seen.push(change(app, &root, &id, &moved).await.text());
    app.advance_secs(1);
    let removed = rotate(app, &root, &id, &json!({ "credential": null })).await.expect(200);
    assert_eq!(removed["credential"]["is_set"], false);
    app.advance_secs(1);
    // Without one there is nothing to lose.
    change(app, &root, &id, &json!({ "base_url": "https://third.example.net/v1" })).await.expect(200);
    app.advance_secs(1);
    rotate(app, &root, &id, &json!({ "credential": "sk-canary-four" })).await.expect(200);
    seen.push(Value::from(app.audit().await).to_string());
    let seen = seen.join("\n");
    assert!(!seen.contains("canary"), "{seen}");
    let dump = app.database.dump();
    assert!(!dump.windows(9).any(|window| window == b"sk-canary"), "a credential is stored readable");
    let told: Vec<Value> = app.audit().await.into_iter().filter(|row| row["action"] == "provider.updated").collect();
    let fields: Vec<Value> = told.iter().map(|row| serde_json::from_str::<Value>(row["details"].as_str().unwrap()).unwrap()["fields"].clone()).collect();
    assert_eq!(fields, [json!(["credential"]), json!(["base_url", "credential"]), json!(["credential"]), json!(["base_url"]), json!(["credential"])]);
    assert!(told.iter().all(|row| row["actor_id"] == json!(root.id) && row["actor_kind"] == "user"));
}
}

on_both! {
async fn field_that_breaks_a_rule_is_422_and_named(app: App) {
    let root = app.admin().await;
    let id = id_of(&create(app, &root, &new("acme")).await.expect(201));
    for (field, value, code) in [
        ("name", json!(""), "required"),
        ("name", json!("two words"), "not_a_name"),
        ("name", json!("x".repeat(201)), "too_long"),
        ("name", json!(7), "wrong_type"),
        ("dialect", json!("gemini"), "unknown_value"),
        ("base_url", json!("api.example.com"), "not_a_url"),
        ("base_url", json!("file:///etc/passwd"), "https_only"),
        ("base_url", json!("http://api.example.com"), "https_only"),
        ("base_url", json!("https://api.example.com/v1?x=1"), "url_query"),
        ("base_url", json!("https://api.example.com@127.0.0.1"), "url_credentials"),
        ("credential", json!(""), "required"),
        ("credential", json!("a\r\nx-evil: 1"), "not_a_credential"),
        ("credential", json!("x".repeat(5000)), "too_long"),
        ("is_enabled", json!("yes"), "wrong_type"),
    ] {
        let mut sent = new("other");
        sent[field] = value.clone();
        create(app, &root, &sent).await.invalid(field, code);
        if field != "name" {
            change(app, &root, &id, &json!({ field: value })).await.invalid(field, code);
        }
    }
    for field in ["org_id", "role", "is_admin", "spent", "user_id", "created_at", "id", "managed", "name", "api_base"] {
        change(app, &root, &id, &json!({ field: "x" })).await.invalid(field, "unknown_field");
    }
    for field in ["managed", "created_at", "command"] {
        let mut sent = new("other");
        sent[field] = "x".into();
        create(app, &root, &sent).await.invalid(field, "unknown_field");
    }
    rotate(app, &root, &id, &json!({})).await.invalid("credential", "required");
    rotate(app, &root, &id, &json!({ "credential": "two words" })).await.invalid("credential", "not_a_credential");
    rotate(app, &root, &id, &json!({ "credential": "x", "base_url": "https://x.example.com" })).await.invalid("base_url", "unknown_field");
    app.post(LIST).bearer(&root.access).header("content-type", "application/json").text("{").send().await.problem(400, "bad_request");
    app.post(LIST).bearer(&root.access).header("content-type", "text/plain").text("{}").send().await.problem(415, "unsupported_media_type");
    let large = json!({ "name": "x".repeat(70_000) });
    create(app, &root, &large).await.problem(413, "too_large");
    app.get(&format!("{LIST}?limit=0")).bearer(&root.access).send().await.invalid("limit", "unknown_value");
    app.get(&format!("{LIST}?sort=name")).bearer(&root.access).send().await.invalid("sort", "unknown_field");
    assert_eq!(each(&app.get(LIST).bearer(&root.access).send().await.expect(200), "name"), ["acme"]);
}
}

/// C085: every way to write an address of the server's own network.
const PRIVATE: [&str; 30] = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0.0.0.0",
    "0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "168.63.129.16",
    "127。0。0。1",
    "[::1]",
    "[::]",
    "[::ffff:169.254.169.254]",
    "[::ffff:7f00:1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "localhost",
    "localhost.",
    "metadata.google.internal",
    "metadata",
    "printer.local",
];

on_both! {
async fn private_address_is_422_unless_the_provider_may_be_there(app: App) {
    let root = app.admin().await;
    let id = id_of(&create(app, &root, &new("acme")).await.expect(201));
    for (index, host) in PRIVATE.into_iter().enumerate() {
        let mut sent = new(&format!("p{index}"));
        sent["base_url"] = format!("https://{host}/v1").into();
        create(app, &root, &sent).await.invalid("base_url", "private_address");
        change(app, &root, &id, &json!({ "base_url": sent["base_url"] })).await.invalid("base_url", "private_address");
    }
    let mut sent = new("local");
    sent["base_url"] = "http://127.0.0.1:11434/v1".into();
    sent["allow_private_network"] = true.into();
    let local = id_of(&create(app, &root, &sent).await.expect(201));
    // Taking the permission back takes the address with it.
    change(app, &root, &local, &json!({ "allow_private_network": false })).await.invalid("base_url", "https_only");
    change(app, &root, &local, &json!({ "base_url": "https://127.0.0.1/v1" })).await.expect(200);
    change(app, &root, &local, &json!({ "allow_private_network": false })).await.invalid("base_url", "private_address");
    // By its id: rows of one moment have no order.
    let is_told = |row: &Value| row["action"] == "provider.created" && row["target_id"] == json!(local);
    let told = app.audit().await.into_iter().find(is_told).unwrap();
    let details: Value = serde_json::from_str(told["details"].as_str().unwrap()).unwrap();
    assert_eq!(details["after"]["allow_private_network"], true);
}
}

on_both! {
async fn only_administrators_change_and_only_they_and_auditors_see(app: App) {
    let root = app.admin().await;
    let id = id_of(&create(app, &root, &new("acme")).await.expect(201));
    let anna = app.register("anna").await;
    let eve = app.register("eve").await;
    let role = types::PlatformRole::ReadOnlyAdmin;
    server::for_tests::set_platform_role(&app.state, eve.id.parse().unwrap(), role).await.unwrap();
    let one = format!("{LIST}/{id}");
    for path in [LIST.to_owned(), one.clone()] {
        app.get(&path).send().await.problem(401, "missing_credential");
        app.get(&path).bearer(&anna.access).send().await.problem(403, "forbidden");
        app.get(&path).bearer(&eve.access).send().await.expect(200);
    }
    let changes = [
        ("POST", LIST.to_owned()),
        ("PATCH", one.clone()),
        ("DELETE", one.clone()),
        ("PUT", format!("{one}/credential")),
        ("POST", format!("{one}/test")),
    ];
    for (method, path) in changes {
        // Whoever may not hears so before the body is looked at.
        app.call(method, &path).text("not json").send().await.problem(401, "missing_credential");
        for person in [&anna, &eve] {
            app.call(method, &path).bearer(&person.access).text("not json").send().await.problem(403, "forbidden");
        }
    }
    assert_eq!(get(app, &root, &id).await.expect(200)["updated_at"], get(app, &root, &id).await.expect(200)["created_at"]);
}
}

on_both! {
async fn repeated_creation_makes_one_provider(app: App) {
    let root = app.admin().await;
    let send = async |name: &str| app.post(LIST).bearer(&root.access).header("idempotency-key", "k1").json(&new(name)).send().await;
    let first = send("acme").await.expect(201);
    assert_eq!(send("acme").await.expect(201), first);
    send("other").await.invalid("idempotency_key", "not_matching");
    assert_eq!(each(&app.get(LIST).bearer(&root.access).send().await.expect(200), "name"), ["acme"]);
}
}

on_both! {
async fn list_is_paged(app: App) {
    let root = app.admin().await;
    for name in ["a", "b", "c"] {
        app.advance_secs(1);
        create(app, &root, &new(name)).await.expect(201);
    }
    let first = app.get(&format!("{LIST}?limit=2")).bearer(&root.access).send().await.expect(200);
    assert_eq!(each(&first, "name"), ["a", "b"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("{LIST}?limit=2&cursor={cursor}")).bearer(&root.access).send().await.expect(200);
    assert_eq!((each(&second, "name"), &second["next_cursor"]), (vec!["c"], &Value::Null));
}
}

const FILE: &str = r#"
[[providers]]
id = "filed"
dialect = "anthropic"
base_url = "https://p.example.com"
api_key = "sk-file"
[[models]]
id = "filed-model"
routes = [{ provider = "filed", model = "m" }]
price = { input = "3.00", output = "15.00" }
"#;

async fn file_rules(database: crate::support::Database) {
    let app = App::start_with(database, |config| config.add_catalogue(FILE).unwrap()).await;
    let root = app.admin().await;
    let listed = app.get(LIST).bearer(&root.access).send().await.expect(200);
    let shown = &listed["data"][0];
    assert_eq!(
        (&shown["name"], &shown["managed"], &shown["credential"]["is_set"]),
        (&json!("filed"), &json!(true), &json!(true))
    );
    let id = id_of(shown);
    let said = change(&app, &root, &id, &json!({ "is_enabled": false }))
        .await
        .problem(409, "conflict");
    assert!(said["detail"].as_str().unwrap().contains("weirgate.toml"), "{said}");
    rotate(&app, &root, &id, &json!({ "credential": "sk-page" }))
        .await
        .problem(409, "conflict");
    delete(&app, &root, &id).await.problem(409, "conflict");
    let models = app
        .get("/api/v1/admin/models")
        .bearer(&root.access)
        .send()
        .await
        .expect(200);
    let filed = format!("/api/v1/admin/models/{}", models["data"][0]["id"].as_str().unwrap());
    for (method, path, sent) in [
        ("PATCH", filed.clone(), json!({ "is_enabled": false })),
        ("DELETE", filed.clone(), json!({})),
        (
            "POST",
            format!("{filed}/prices"),
            json!({ "input": "1", "output": "1" }),
        ),
    ] {
        let said = app
            .call(method, &path)
            .bearer(&root.access)
            .json(&sent)
            .send()
            .await
            .problem(409, "conflict");
        assert!(said["detail"].as_str().unwrap().contains("weirgate.toml"), "{said}");
    }
    // A page's model may have a route to the file's provider, and stays when the file does not name it any more.
    model(&app, &root, "mine", "filed").await;
    assert!(app.state.directory().model("mine").is_some());
    let app = app.restart_with(server::Config::clear_catalogue).await;
    let listed = app.get(LIST).bearer(&root.access).send().await.expect(200);
    assert_eq!(listed["data"][0]["is_enabled"], false);
    assert!(app.state.directory().model("mine").is_none());
    // What it does not name any more can be taken over.
    let taken = change(&app, &root, &id, &json!({ "is_enabled": true }))
        .await
        .expect(200);
    assert_eq!((&taken["managed"], &taken["is_enabled"]), (&json!(false), &json!(true)));
    assert!(app.state.directory().model("mine").is_some());
    app.call("DELETE", &filed).bearer(&root.access).send().await.expect(204);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_file_wrote_is_the_files_on_sqlite() {
    Box::pin(file_rules(crate::support::Database::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_file_wrote_is_the_files_on_postgres() {
    if let Some(database) = crate::support::Database::postgres() {
        Box::pin(file_rules(database)).await;
    }
}
