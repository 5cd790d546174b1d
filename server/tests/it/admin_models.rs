//! `admin/models` and their prices, and `models` as everybody sees them.

use serde_json::{Value, json};

use crate::support::{
    App, Person, Reply,
    organizations::{each, id_of},
};

const LIST: &str = "/api/v1/admin/models";

async fn provider(app: &App, by: &Person, name: &str) -> String {
    let sent = json!({ "name": name, "dialect": "openai", "base_url": "https://api.example.com/v1" });
    let call = app.post("/api/v1/admin/providers").bearer(&by.access).json(&sent);
    id_of(&call.send().await.expect(201))
}

fn new(name: &str) -> Value {
    json!({ "name": name, "routes": [{ "provider": "acme", "model": "upstream-m" }] })
}

async fn create(app: &App, by: &Person, sent: &Value) -> Reply {
    app.post(LIST).bearer(&by.access).json(sent).send().await
}

async fn change(app: &App, by: &Person, id: &str, sent: &Value) -> Reply {
    let call = app.call("PATCH", &format!("{LIST}/{id}")).bearer(&by.access);
    call.json(sent).send().await
}

async fn get(app: &App, by: &Person, path: &str) -> Value {
    app.get(path).bearer(&by.access).send().await.expect(200)
}

on_both! {
async fn model_is_made_changed_and_deleted(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    provider(app, &root, "beta").await;
    let sent = json!({
        "name": "big/model-1", "display_name": " Big One ", "context_length": 200_000, "max_output_tokens": 8192,
        "capabilities": ["tools", "vision", "tools"],
        "routes": [{ "provider": "acme", "model": "upstream-m", "weight": 3, "priority": 1 }, { "provider": "beta", "model": "b" }],
        "price": { "input": "3.00", "output": "15", "cache_read": "0.30" },
    });
    let made = create(app, &root, &sent).await.expect(201);
    let id = id_of(&made);
    assert_eq!((&made["display_name"], &made["kind"], &made["capabilities"]), (&json!("Big One"), &json!("chat"), &json!(["tools", "vision"])));
    assert_eq!(made["routes"][0], json!({ "provider": "acme", "model": "upstream-m", "weight": 3, "priority": 1 }));
    assert_eq!(made["routes"][1], json!({ "provider": "beta", "model": "b", "weight": 1, "priority": 0 }));
    let price = json!({ "input": "3.00", "output": "15.00", "cache_read": "0.30", "cache_write_5m": null, "cache_write_1h": null });
    assert_eq!((&made["price"], &made["managed"], &made["is_enabled"], &made["is_served"]), (&price, &json!(false), &json!(true), &json!(true)));
    assert_eq!(get(app, &root, &format!("{LIST}/{id}")).await, made);
    create(app, &root, &new("big/model-1")).await.problem(409, "conflict");

    let entry = app.state.directory().model("big/model-1").unwrap();
    assert_eq!((entry.context_length, entry.routes.len()), (Some(200_000), 2));
    let sent = json!({ "display_name": null, "context_length": null, "kind": "embedding", "routes": [{ "provider": "beta", "model": "c" }] });
    let changed = change(app, &root, &id, &sent).await.expect(200);
    assert_eq!((&changed["display_name"], &changed["context_length"], &changed["max_output_tokens"]), (&Value::Null, &Value::Null, &json!(8192)));
    let entry = app.state.directory().model("big/model-1").unwrap();
    assert_eq!((entry.routes[0].upstream_model.as_str(), entry.routes.len()), ("c", 1));

    change(app, &root, &id, &json!({ "is_enabled": false })).await.expect(200);
    assert!(app.state.directory().model("big/model-1").is_none());
    change(app, &root, &id, &json!({ "is_enabled": true })).await.expect(200);
    let one = format!("{LIST}/{id}");
    app.call("DELETE", &one).bearer(&root.access).send().await.expect(204);
    assert!(app.state.directory().model("big/model-1").is_none());
    app.get(&one).bearer(&root.access).send().await.problem(404, "not_found");
    app.call("DELETE", &one).bearer(&root.access).send().await.problem(404, "not_found");
    change(app, &root, &id, &json!({})).await.problem(404, "not_found");
    app.get(&format!("{one}/prices")).bearer(&root.access).send().await.problem(404, "not_found");
    let sent = json!({ "input": "1", "output": "1" });
    app.post(&format!("{one}/prices")).bearer(&root.access).json(&sent).send().await.problem(404, "not_found");
    let told: Vec<Value> = app.audit().await.into_iter().map(|row| row["action"].clone()).collect();
    for action in ["model.created", "price.changed", "model.updated", "model.deleted"] {
        assert!(told.contains(&json!(action)), "{action}");
    }
}
}

on_both! {
async fn field_that_breaks_a_rule_is_422_and_named(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    let id = id_of(&create(app, &root, &new("m")).await.expect(201));
    let route = |field: &str, value: Value| {
        let mut route = json!({ "provider": "acme", "model": "x" });
        route[field] = value;
        json!([route])
    };
    for (field, value, named, code) in [
        ("display_name", json!(" "), "display_name", "required"),
        ("display_name", json!("a\u{7}b"), "display_name", "control_characters"),
        ("context_length", json!(0), "context_length", "out_of_range"),
        ("context_length", json!(-1), "context_length", "wrong_type"),
        ("context_length", json!(1.5), "context_length", "wrong_type"),
        ("max_output_tokens", json!(4_000_000_000_u32), "max_output_tokens", "out_of_range"),
        ("kind", json!("video"), "kind", "wrong_type"),
        ("capabilities", json!(["Tools"]), "capabilities", "unknown_value"),
        ("routes", json!([]), "routes", "required"),
        ("routes", route("provider", json!("nobody")), "routes[0].provider", "unknown_value"),
        ("routes", route("provider", json!("")), "routes[0].provider", "required"),
        ("routes", route("model", json!("two words")), "routes[0].model", "not_a_name"),
        ("routes", route("weight", json!(0)), "routes[0].weight", "out_of_range"),
        ("routes", route("priority", json!(10_001)), "routes[0].priority", "out_of_range"),
        ("routes", route("base_url", json!("https://evil.example.net")), "routes[0].base_url", "unknown_field"),
        ("is_enabled", json!(null), "is_enabled", "wrong_type"),
    ] {
        let mut sent = new("other");
        sent[field] = value.clone();
        create(app, &root, &sent).await.invalid(named, code);
        if field != "is_enabled" {
            change(app, &root, &id, &json!({ field: value })).await.invalid(named, code);
        }
    }
    for (price, named, code) in [
        (json!({ "input": "1", "output": "-1" }), "price.output", "not_a_price"),
        (json!({ "input": "1e3", "output": "1" }), "price.input", "not_a_price"),
        (json!({ "input": "0", "output": "0" }), "price.input", "zero_price"),
        (json!({ "input": 3, "output": "1" }), "price.input", "wrong_type"),
    ] {
        let mut sent = new("other");
        sent["price"] = price;
        create(app, &root, &sent).await.invalid(named, code);
    }
    for field in ["org_id", "role", "is_admin", "spent", "user_id", "created_at", "name", "managed", "origin", "price"] {
        change(app, &root, &id, &json!({ field: "x" })).await.invalid(field, "unknown_field");
    }
    assert_eq!(each(&get(app, &root, LIST).await, "name"), ["m"]);
}
}

on_both! {
async fn price_is_a_new_version_with_its_author(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    let id = id_of(&create(app, &root, &new("m")).await.expect(201));
    let prices = format!("{LIST}/{id}/prices");
    assert_eq!(get(app, &root, &prices).await, json!({ "data": [], "next_cursor": null }));
    assert!(app.state.directory().model("m").unwrap().price.is_none());
    let set = async |sent: Value| app.post(&prices).bearer(&root.access).json(&sent).send().await;
    let first = set(json!({ "input": "3.00", "output": "15.00" })).await.expect(201);
    assert_eq!((&first["version"], &first["author"]), (&json!(1), &json!({ "id": root.id, "name": "root" })));
    app.advance_secs(60);
    let second = set(json!({ "input": "0.000001", "output": "18", "cache_write_1h": "6" })).await.expect(201);
    assert_eq!((&second["version"], &second["price"]["input"], &second["created_at"]), (&json!(2), &json!("0.000001"), &json!(app.clock.now())));
    let (version, held) = app.state.directory().model("m").unwrap().price.unwrap();
    assert_eq!((json!(version), held.input.0, held.output.0), (second["id"].clone(), 1, 18_000_000));
    let listed = get(app, &root, &prices).await;
    assert_eq!(listed["data"], json!([second, first]));
    let page = get(app, &root, &format!("{prices}?limit=1")).await;
    assert_eq!((&page["data"], &page["next_cursor"]), (&json!([second]), &json!("2")));
    assert_eq!(get(app, &root, &format!("{prices}?limit=1&cursor=2")).await["data"], json!([first]));

    for (sent, field, code) in [
        (json!({ "input": "1,5", "output": "1" }), "input", "not_a_price"),
        (json!({ "input": "1.0000001", "output": "1" }), "input", "not_a_price"),
        (json!({ "input": "1", "output": "NaN" }), "output", "not_a_price"),
        (json!({ "input": "1", "output": "" }), "output", "required"),
        (json!({ "input": "1", "output": "1", "cache_read": "-0.1" }), "cache_read", "not_a_price"),
        (json!({ "input": "0", "output": "0.00" }), "input", "zero_price"),
        (json!({ "input": 1, "output": "1" }), "input", "wrong_type"),
        (json!({ "output": "1" }), "input", "required"),
        (json!({ "input": "1", "output": "1", "version": 1 }), "version", "unknown_field"),
    ] {
        set(sent).await.invalid(field, code);
    }
    // Zero is a price when it is meant.
    let free = set(json!({ "input": "0", "output": "0", "free": true })).await.expect(201);
    assert_eq!(free["price"]["input"], "0.00");
    let send = async || app.post(&prices).bearer(&root.access).header("idempotency-key", "p").json(&json!({ "input": "2", "output": "2" })).send().await;
    let once = send().await.expect(201);
    assert_eq!(send().await.expect(201), once);
    assert_eq!(get(app, &root, &prices).await["data"].as_array().unwrap().len(), 4);
    // An author who is gone leaves their id.
    let told = app.audit().await;
    let told: Vec<_> = told.iter().filter(|row| row["action"] == "price.changed").collect();
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|row| row["actor_id"] == json!(root.id)));
}
}

on_both! {
async fn price_is_withdrawn_by_a_version_that_supersedes_it(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    let id = id_of(&create(app, &root, &new("m")).await.expect(201));
    let prices = format!("{LIST}/{id}/prices");
    let withdraw = async |version: &str| app.call("DELETE", &format!("{prices}/{version}")).bearer(&root.access).send().await;
    withdraw("1").await.problem(409, "conflict");
    let mut made = Vec::new();
    for input in ["3", "4"] {
        app.advance_secs(1);
        let sent = json!({ "input": input, "output": "15" });
        made.push(app.post(&prices).bearer(&root.access).json(&sent).send().await.expect(201));
    }
    // Only the one that holds, and nobody takes back what they have not seen.
    for (version, status, code) in [("1", 409, "conflict"), ("3", 409, "conflict"), ("0", 409, "conflict"), ("-1", 404, "not_found"), ("x", 404, "not_found")] {
        withdraw(version).await.problem(status, code);
    }
    app.advance_secs(1);
    withdraw("2").await.expect(204);
    assert!(app.state.directory().model("m").unwrap().price.is_none());
    assert_eq!(get(app, &root, &format!("{LIST}/{id}")).await["price"], Value::Null);
    let listed = get(app, &root, &prices).await;
    assert_eq!((&listed["data"][0]["version"], &listed["data"][0]["price"]), (&json!(3), &Value::Null));
    assert_eq!(listed["data"][0]["author"], json!({ "id": root.id, "name": "root" }));
    // What calls may have been charged by is as it was.
    assert_eq!((&listed["data"][1], &listed["data"][2]), (&made[1], &made[0]));
    withdraw("3").await.problem(409, "conflict");
    withdraw("2").await.problem(409, "conflict");
    let told = app.audit().await;
    let told: Vec<_> = told.iter().filter(|row| row["action"] == "price.changed").collect();
    let details: Value = serde_json::from_str(told[2]["details"].as_str().unwrap()).unwrap();
    assert_eq!((told.len(), &details["name"], &details["version"]), (3, &json!("m"), &json!(3)));
    assert_eq!((&details["before"]["input"], &details["after"]), (&json!(4_000_000), &Value::Null));
    let sent = json!({ "input": "5", "output": "15" });
    assert_eq!(app.post(&prices).bearer(&root.access).json(&sent).send().await.expect(201)["version"], 4);
}
}

on_both! {
async fn health_of_a_models_routes_is_shown(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    let made = create(app, &root, &new("m")).await.expect(201);
    assert_eq!(made["availability"], "available");
    let seen = async || {
        let one = format!("{LIST}/{}", made["id"].as_str().unwrap());
        let inside = get(app, &root, &one).await["availability"].clone();
        assert_eq!(inside, get(app, &root, "/api/v1/models/m").await["availability"]);
        inside
    };
    assert_eq!(seen().await, "available");
    let deployment = app.state.directory().model("m").unwrap().routes[0].deployment.clone();
    for _ in 0..10 {
        deployment.failed(server::health::Pass::Usual, app.clock.now(), None);
    }
    assert_eq!(seen().await, "unavailable");
    deployment.succeeded(app.clock.now());
    assert_eq!(seen().await, "available");
    change(app, &root, made["id"].as_str().unwrap(), &json!({ "is_enabled": false })).await.expect(200);
    let listed = get(app, &root, LIST).await;
    assert_eq!((&listed["data"][0]["is_served"], &listed["data"][0]["availability"]), (&json!(false), &json!("unavailable")));
}
}

on_both! {
async fn model_that_something_refers_to_is_not_deleted(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    let owner = app.verified("owner").await;
    app.organization(&owner, "research").await;
    for name in ["by-key", "by-team"] {
        create(app, &root, &new(name)).await.expect(201);
    }
    let ids = get(app, &root, LIST).await;
    let path = |index: usize| format!("{LIST}/{}", ids["data"][index]["id"].as_str().unwrap());
    let delete = async |index: usize| app.call("DELETE", &path(index)).bearer(&root.access).send().await;
    let names = each(&ids, "name");
    let (by_key, by_team) = match names[0] {
        "by-key" => (0, 1),
        _ => (1, 0),
    };
    let sent = json!({ "name": "k", "models": ["by-key"] });
    let key = app.post("/api/v1/account/keys").bearer(&owner.access).json(&sent).send().await.expect(201);
    delete(by_key).await.problem(409, "conflict");
    let key = format!("/api/v1/account/keys/{}", id_of(&key));
    app.call("DELETE", &key).bearer(&owner.access).send().await.expect(204);
    delete(by_key).await.expect(204);

    let team = app.team(&owner, "research", "lab", &["by-team"]).await;
    delete(by_team).await.problem(409, "conflict");
    app.call("DELETE", &format!("/api/v1/teams/{team}")).bearer(&owner.access).send().await.expect(204);
    delete(by_team).await.expect(204);
}
}

on_both! {
async fn only_administrators_change_and_only_they_and_auditors_see(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    let id = id_of(&create(app, &root, &new("m")).await.expect(201));
    let anna = app.register("anna").await;
    let eve = app.register("eve").await;
    let role = types::PlatformRole::ReadOnlyAdmin;
    server::for_tests::set_platform_role(&app.state, eve.id.parse().unwrap(), role).await.unwrap();
    let one = format!("{LIST}/{id}");
    let prices = format!("{one}/prices");
    for path in [LIST, &one, &prices] {
        app.get(path).send().await.problem(401, "missing_credential");
        app.get(path).bearer(&anna.access).send().await.problem(403, "forbidden");
        app.get(path).bearer(&eve.access).send().await.expect(200);
    }
    for (method, path) in [("POST", LIST), ("PATCH", &one), ("DELETE", &one), ("POST", &prices)] {
        app.call(method, path).text("not json").send().await.problem(401, "missing_credential");
        for person in [&anna, &eve] {
            app.call(method, path).bearer(&person.access).text("not json").send().await.problem(403, "forbidden");
        }
    }
}
}

on_both! {
async fn everybody_sees_the_models_they_may_call(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    provider(app, &root, "beta").await;
    let mut sent = new("vendor/one");
    sent["price"] = json!({ "input": "3", "output": "15" });
    sent["capabilities"] = json!(["tools"]);
    sent["context_length"] = 1000.into();
    sent["routes"] = json!([{ "provider": "acme", "model": "a" }, { "provider": "acme", "model": "b" }, { "provider": "beta", "model": "c" }]);
    let one = id_of(&create(app, &root, &sent).await.expect(201));
    create(app, &root, &new("two")).await.expect(201);
    let off = id_of(&create(app, &root, &new("off")).await.expect(201));
    change(app, &root, &off, &json!({ "is_enabled": false })).await.expect(200);

    let anna = app.register("anna").await;
    app.get("/api/v1/models").send().await.problem(401, "missing_credential");
    let listed = get(app, &anna, "/api/v1/models").await;
    assert_eq!(each(&listed, "name"), ["two", "vendor/one"]);
    let shown = get(app, &anna, &format!("/api/v1/models/{one}")).await;
    assert_eq!(shown, listed["data"][1]);
    assert_eq!(shown, json!({
        "id": one, "name": "vendor/one", "display_name": "vendor/one", "kind": "chat", "providers": ["acme", "beta"],
        "context_length": 1000, "max_output_tokens": null, "capabilities": ["tools"],
        "price": { "input": "3.00", "output": "15.00", "cache_read": null, "cache_write_5m": null, "cache_write_1h": null },
        "availability": "available", "is_demo": false,
    }));
    assert_eq!(get(app, &anna, "/api/v1/models/vendor%2Fone").await, shown);
    let page = get(app, &anna, "/api/v1/models?limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(each(&get(app, &anna, &format!("/api/v1/models?limit=1&cursor={cursor}")).await, "name"), ["vendor/one"]);
    app.get("/api/v1/models?limit=101").bearer(&anna.access).send().await.invalid("limit", "unknown_value");
    for gone in ["off", &off, "nothing"] {
        app.get(&format!("/api/v1/models/{gone}")).bearer(&anna.access).send().await.problem(404, "not_found");
    }
    // What the default team does not allow and none of one's teams does is not there.
    let default = format!("/api/v1/teams/{}", types::teams::DEFAULT_TEAM);
    app.call("PATCH", &default).bearer(&root.access).json(&json!({ "allowed_models": ["two"] })).send().await.expect(200);
    assert_eq!(each(&get(app, &anna, "/api/v1/models").await, "name"), ["two"]);
    app.get("/api/v1/models/vendor%2Fone").bearer(&anna.access).send().await.problem(404, "not_found");
    let owner = app.verified("owner").await;
    app.organization(&owner, "research").await;
    let inside = app.member(&owner, "research", "inside", "member").await;
    let team = app.team(&owner, "research", "lab", &["vendor/one"]).await;
    app.join_team(&owner, &team, &inside).await;
    assert_eq!(each(&get(app, &inside, "/api/v1/models").await, "name"), ["two", "vendor/one"]);
}
}

on_both! {
async fn another_process_sees_a_change_at_its_next_poll(app: App) {
    let root = app.admin().await;
    provider(app, &root, "acme").await;
    let other = app.command().await;
    let id = id_of(&create(app, &root, &new("m")).await.expect(201));
    let sent = json!({ "input": "3", "output": "15" });
    app.post(&format!("{LIST}/{id}/prices")).bearer(&root.access).json(&sent).send().await.expect(201);
    server::for_tests::poll(&other).await.unwrap();
    let entry = other.directory().model("m").unwrap();
    assert_eq!(entry.price.unwrap().1.output.0, 15_000_000);
    change(app, &root, &id, &json!({ "is_enabled": false })).await.expect(200);
    server::for_tests::poll(&other).await.unwrap();
    assert!(other.directory().model("m").is_none());
    other.shutdown().await;
}
}
