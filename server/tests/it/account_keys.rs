//! `account/keys` and `api-keys`.

use serde_json::{Value, json};

use crate::support::{App, Person};

const PATHS: [&str; 4] = [
    "/api/v1/account/keys",
    "/api/v1/api-keys",
    "/api/account/keys",
    "/api/api-keys",
];
const KEYS: &str = PATHS[0];

async fn make(app: &App, person: &Person, name: &str) -> Value {
    let sent = json!({ "name": name });
    app.post(KEYS)
        .bearer(&person.access)
        .json(&sent)
        .send()
        .await
        .expect(201)
}

async fn list(app: &App, person: &Person, query: &str) -> Value {
    app.get(&format!("{KEYS}{query}"))
        .bearer(&person.access)
        .send()
        .await
        .expect(200)
}

on_both! {
async fn key_is_shown_once_listed_and_revoked(app: App) {
    let person = app.register("anna").await;
    for path in PATHS {
        let sent = json!({ "name": " laptop ", "permissions": { "read": true, "write": false }, "expires_at": "2027-01-01T00:00:00Z" });
        let reply = app.post(path).bearer(&person.access).json(&sent).send().await;
        let made = reply.expect(201);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let text = made["key"].as_str().unwrap();
        assert!(types::key_format::well_formed("wg", text), "{text}");
        assert_eq!(made["name"], "laptop");
        assert_eq!(made["permissions"], json!({ "read": true, "write": false }));
        assert_eq!(made["expires_at"], "2027-01-01T00:00:00.000Z");
        assert_eq!(made["revoked_at"], Value::Null);
        assert_eq!(made["last_used_at"], Value::Null);
        let hint = format!("{}…{}", &text[..15], &text[text.len() - 4..]);
        assert_eq!(made["hint"], hint);
        assert!(app.state.directory().key(text).is_some_and(|key| !key.revoked));

        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        let shown = app.get(&one).bearer(&person.access).send().await;
        let mut expected = made.clone();
        expected.as_object_mut().unwrap().remove("key");
        assert_eq!(shown.expect(200), expected);
        assert!(!shown.text().contains(&text[16..59]));

        let reply = app.call("DELETE", &one).bearer(&person.access).send().await;
        reply.expect(204);
        assert!(app.state.directory().key(text).is_none_or(|key| key.revoked));
        let shown = app.get(&one).bearer(&person.access).send().await.expect(200);
        assert_eq!(shown["revoked_at"], "2026-11-18T11:06:40.000Z");
        // Again changes nothing.
        app.advance_secs(5);
        app.call("DELETE", &one).bearer(&person.access).send().await.expect(204);
        assert_eq!(app.get(&one).bearer(&person.access).send().await.expect(200), shown);
        app.advance_secs(-5);
    }
}
}

on_both! {
async fn keys_of_others_are_unknown(app: App) {
    let anna = app.register("anna").await;
    let berta = app.register("berta").await;
    let made = make(app, &anna, "laptop").await;
    let one = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    app.get(&one).bearer(&berta.access).send().await.problem(404, "not_found");
    app.call("DELETE", &one).bearer(&berta.access).send().await.problem(404, "not_found");
    assert_eq!(list(app, &berta, "").await["data"], json!([]));
    assert_eq!(app.get(&one).bearer(&anna.access).send().await.expect(200)["revoked_at"], Value::Null);

    app.get(&one).send().await.problem(401, "missing_credential");
    app.call("DELETE", &one).send().await.problem(401, "missing_credential");
    for id in ["0199f7c2-7a3e-7000-8000-000000000000", "x", "1;drop", "%00"] {
        let path = format!("{KEYS}/{id}");
        app.get(&path).bearer(&anna.access).send().await.problem(404, "not_found");
        app.call("DELETE", &path).bearer(&anna.access).send().await.problem(404, "not_found");
    }
}
}

on_both! {
async fn list_is_paged_newest_first(app: App) {
    let person = app.register("anna").await;
    for number in 0..5 {
        make(app, &person, &format!("k{number}")).await;
        app.clock.advance(1);
    }
    let mut names = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = list(app, &person, &query).await;
        names.extend(page["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["k4", "k3", "k2", "k1", "k0"]);
    for (query, field, code) in [
        ("?limit=0", "limit", "unknown_value"),
        ("?limit=101", "limit", "unknown_value"),
        ("?limit=1000000000", "limit", "unknown_value"),
        ("?limit=x", "limit", "wrong_type"),
        ("?limit=-1", "limit", "wrong_type"),
        ("?cursor=1;drop", "cursor", "unknown_value"),
        ("?sort=name", "sort", "unknown_field"),
    ] {
        app.get(&format!("{KEYS}{query}")).bearer(&person.access).send().await.invalid(field, code);
    }
}
}

on_both! {
async fn field_that_breaks_a_rule_is_422_and_makes_nothing(app: App) {
    let person = app.register("anna").await;
    let long = "x".repeat(101);
    let cases = [
        (json!({}), "name", "required"),
        (json!({ "name": "  " }), "name", "required"),
        (json!({ "name": long }), "name", "too_long"),
        (json!({ "name": "a\u{0}b" }), "name", "control_characters"),
        (json!({ "name": "k", "expires_at": "2020-01-01T00:00:00Z" }), "expires_at", "in_the_past"),
        (json!({ "name": "k", "expires_at": "tomorrow" }), "expires_at", "wrong_type"),
        (json!({ "name": "k", "models": ["no-such-model"] }), "models", "unknown_value"),
        (json!({ "name": "k", "models": [7] }), "models[0]", "wrong_type"),
        (json!({ "name": "k", "budget": { "limit": "5.00" } }), "budget", "not_supported"),
        (json!({ "name": "k", "maxBudget": -1 }), "budget", "not_supported"),
        (json!({ "name": "k", "rpm_limit": 60 }), "rpm_limit", "not_supported"),
        (json!({ "name": "k", "tpm_limit": 1 }), "tpm_limit", "not_supported"),
        (json!({ "name": "k", "tpmLimit": 1 }), "tpm_limit", "not_supported"),
        (json!({ "name": "k", "max_parallel": 1 }), "max_parallel", "not_supported"),
        (json!({ "name": "k", "team": 7 }), "team", "wrong_type"),
        (json!({ "name": "k", "metadata": {} }), "metadata", "not_supported"),
        (json!({ "name": "k", "subscriptionId": "s" }), "subscription", "not_supported"),
        (json!({ "name": "k", "permissions": { "admin": true } }), "permissions.admin", "unknown_field"),
        (json!({ "name": "k", "user_id": person.id }), "user_id", "unknown_field"),
        (json!({ "name": "k", "routes": "/*" }), "routes", "unknown_field"),
    ];
    for (sent, field, code) in cases {
        app.post(KEYS).bearer(&person.access).json(&sent).send().await.invalid(field, code);
    }
    assert_eq!(list(app, &person, "").await["data"], json!([]));
}
}

on_both! {
async fn models_are_kept_sorted_and_once(app: App) {
    let person = app.register("anna").await;
    let sent = json!({ "name": "k", "modelIds": ["demo", "demo"] });
    let made = app.post(KEYS).bearer(&person.access).json(&sent).send().await.expect(201);
    assert_eq!(made["models"], json!(["demo"]));
    assert_eq!(list(app, &person, "").await["data"][0]["models"], json!(["demo"]));
}
}

on_both! {
async fn key_is_made_only_in_organizations_of_ones_own(app: App) {
    let anna = app.register("anna").await;
    let berta = app.register("berta").await;
    let own = app.get("/api/v1/auth/me").bearer(&anna.access).send().await.expect(200);
    let foreign = app.get("/api/v1/auth/me").bearer(&berta.access).send().await.expect(200);
    let sent = |organization: &Value| json!({ "name": "k", "organization": organization });
    let made = app.post(KEYS).bearer(&anna.access).json(&sent(&own["organization_id"])).send().await.expect(201);
    assert_eq!(made["organization_id"], own["organization_id"]);
    for wrong in [&foreign["organization_id"], &json!("0199f7c2-7a3e-7000-8000-000000000000"), &json!("acme"), &json!("")] {
        app.post(KEYS).bearer(&anna.access).json(&sent(wrong)).send().await.problem(404, "not_found");
    }
}
}

/// C067: memory that is filled again while a key ends never brings it back.
async fn races(app: &App, rounds: usize) {
    let person = app.register("anna").await;
    let user = server::sessions::from_access_token(&app.state, &person.access).unwrap();
    for round in 0..rounds {
        let made = make(app, &person, "k").await;
        let (id, text) = (
            made["id"].as_str().unwrap().parse().unwrap(),
            made["key"].as_str().unwrap(),
        );
        let poll = || server::for_tests::poll(&app.state);
        let (revoked, one, two) = tokio::join!(server::keys::revoke(&app.state, &user, id), poll(), poll());
        revoked.unwrap();
        one.unwrap();
        two.unwrap();
        let is_good = || app.state.directory().key(text).is_some_and(|key| !key.revoked);
        assert!(!is_good(), "round {round}");
        poll().await.unwrap();
        assert!(!is_good(), "round {round}, read again");
    }
}

on_both! {
async fn figure_revoked_key_never_comes_back(app: App) {
    let rounds = if crate::support::is_long() { 1000 } else { 200 };
    races(app, rounds).await;
}
}

/// C064: what looks like a key and is none costs a look into memory and opens nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figure_random_keys_open_nothing() {
    use rand::Rng as _;
    let app = App::start(crate::support::Database::sqlite()).await;
    let person = app.register("anna").await;
    let made = make(&app, &person, "k").await;
    let (known, mut random) = (made["key"].as_str().unwrap(), rand::rng());
    let mut word = |length: usize| -> String {
        let digits = (0..length).map(|_| random.sample(rand::distr::Alphanumeric));
        digits.map(char::from).collect()
    };
    let directory = app.state.directory();
    let guesses = if crate::support::is_long() { 1_000_000 } else { 100_000 };
    for number in 0..guesses {
        let secret = word(43);
        // Every other one has the public part of a key that there is.
        let public = if number % 2 == 0 {
            known[3..15].to_owned()
        } else {
            word(12)
        };
        let guess = types::key_format::assemble("wg", &public, &secret);
        assert!(directory.key(&guess).is_none(), "{guess}");
    }
    let last = if known.ends_with('0') { "1" } else { "0" };
    let misspelt = format!("{}{last}", &known[..known.len() - 1]);
    assert!(directory.key(&misspelt).is_none() && directory.key(known).is_some());
    app.stop().await;
}
