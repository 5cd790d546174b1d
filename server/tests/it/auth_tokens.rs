//! `auth/tokens`, `auth/cli-login`, `auth/cli-logout`: personal tokens, what they open and what they never do.

use serde_json::{Value, json};
use types::key_format;

use crate::support::{PASSWORD, Person};

fn new(scopes: &[&str]) -> Value {
    json!({ "name": "the laptop", "scopes": scopes, "password": PASSWORD })
}

async fn make(app: &crate::support::App, person: &Person, scopes: &[&str]) -> Value {
    app.post("/api/v1/auth/tokens")
        .bearer(&person.access)
        .json(&new(scopes))
        .send()
        .await
        .expect(201)
}

fn text(made: &Value) -> String {
    made["token"].as_str().unwrap().to_owned()
}

on_both! {
async fn token_is_shown_once_and_listed_without_its_secret(app: App) {
    let anna = app.register("anna").await;
    let made = make(app, &anna, &["account", "read", "read"]).await;
    let token = text(&made);
    assert!(key_format::well_formed(key_format::PERSONAL_TOKEN, &token), "{token}");
    assert_eq!(made["scopes"], json!(["read", "account"]));
    assert_eq!(made["expires_at"], "2027-11-18T11:06:40.000Z");
    let list = app.get("/api/v1/auth/tokens").bearer(&anna.access).send().await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], made["id"]);
    assert_eq!(list["data"][0]["last_used_at"], Value::Null);
    let hint = list["data"][0]["hint"].as_str().unwrap().trim_end_matches('…').to_owned();
    assert!(token.starts_with(&hint) && hint.len() == 4 + 12, "{hint}");
    assert!(!list.to_string().contains(token.split('-').nth(2).unwrap()));
}
}

on_both! {
async fn token_reads_the_account_and_its_use_is_noted(app: App) {
    let anna = app.register("anna").await;
    let token = text(&make(app, &anna, &["account"]).await);
    app.advance_secs(5);
    for path in ["auth/me", "account/profile", "account/keys", "api-keys", "usage/summary", "usage/daily", "usage/recent"] {
        app.get(&format!("/api/v1/{path}")).bearer(&token).send().await.expect(200);
    }
    let list = app.get("/api/v1/auth/tokens").bearer(&anna.access).send().await.expect(200);
    assert_eq!(list["data"][0]["last_used_at"], "2026-11-18T11:06:45.000Z");
}
}

on_both! {
async fn token_never_changes_the_account(app: App) {
    let anna = app.register("anna").await;
    let token = text(&make(app, &anna, &["read", "write", "account"]).await);
    let id = "0199f7c2-7a3e-7000-8000-000000000000";
    // C050, and every other door that is not for reading: taken from the document, so that new doors are covered.
    let document = serde_json::to_value(server::http::openapi(app.state.config())).unwrap();
    let mut doors = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, door) in methods.as_object().unwrap() {
            let named = |scheme: &str| door["security"].as_array().into_iter().flatten().any(|one| one.get(scheme).is_some());
            if !named("access_token") || named("personal_token") {
                continue;
            }
            doors += 1;
            let path = path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/");
            let reply = app.call(&method.to_uppercase(), &path).bearer(&token).json(&json!({})).send().await;
            reply.problem(403, "forbidden");
        }
    }
    assert!(doors >= 8, "{doors}");
    app.get("/api/v1/auth/me").bearer(&token).send().await.expect(200);
}
}

on_both! {
async fn token_without_the_scope_reads_nothing_here(app: App) {
    let anna = app.register("anna").await;
    let token = text(&make(app, &anna, &["read", "write"]).await);
    app.get("/api/v1/auth/me").bearer(&token).send().await.problem(403, "forbidden");
}
}

on_both! {
async fn revoked_expired_and_unknown_tokens_are_401_at_once(app: App) {
    let anna = app.register("anna").await;
    let bert = app.register("bert").await;
    let made = make(app, &anna, &["account"]).await;
    let token = text(&made);
    let path = format!("/api/v1/auth/tokens/{}", made["id"].as_str().unwrap());
    app.call("DELETE", &path).bearer(&bert.access).send().await.problem(404, "not_found");
    app.get("/api/v1/auth/me").bearer(&token).send().await.expect(200);
    for _ in 0..2 {
        app.call("DELETE", &path).bearer(&anna.access).send().await.expect(204);
    }
    app.get("/api/v1/auth/me").bearer(&token).send().await.problem(401, "invalid_credential");

    let sent = json!({ "name": "short", "scopes": ["account"], "password": PASSWORD, "expires_at": "2026-11-18T11:07:40Z" });
    let made = app.post("/api/v1/auth/tokens").bearer(&anna.access).json(&sent).send().await.expect(201);
    app.advance_secs(59);
    app.get("/api/v1/auth/me").bearer(&text(&made)).send().await.expect(200);
    app.advance_secs(1);
    app.get("/api/v1/auth/me").bearer(&text(&made)).send().await.problem(401, "invalid_credential");
    let unknown = key_format::assemble(key_format::PERSONAL_TOKEN, "abcdefABCDEF", &"x1Y".repeat(15)[..43]);
    for wrong in [unknown.as_str(), "wgp-", "wgp-' OR '1'='1"] {
        app.get("/api/v1/auth/me").bearer(wrong).send().await.problem(401, "invalid_credential");
    }
    // A token is no cookie, and no key either.
    app.get("/api/v1/auth/me").header("x-api-key", &text(&made)).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").cookie(&format!("wg={}", text(&made))).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn making_a_token_needs_the_password(app: App) {
    let anna = app.register("anna").await;
    let send = async |sent: Value| app.post("/api/v1/auth/tokens").bearer(&anna.access).json(&sent).send().await;
    send(json!({ "name": "x", "scopes": ["read"] })).await.problem(403, "reauth_required");
    send(json!({ "name": "x", "scopes": ["read"], "password": "not the password" })).await.problem(401, "wrong_password");
    send(json!({ "name": "x", "scopes": [], "password": PASSWORD })).await.invalid("scopes", "required");
    send(json!({ "name": " ", "scopes": ["read"], "password": PASSWORD })).await.invalid("name", "required");
    let past = json!({ "name": "x", "scopes": ["read"], "password": PASSWORD, "expires_at": "2026-11-18T11:06:40Z" });
    send(past).await.invalid("expires_at", "in_the_past");
    let list = app.get("/api/v1/auth/tokens").bearer(&anna.access).send().await.expect(200);
    assert_eq!(list["data"], json!([]));
}
}

on_both! {
async fn command_line_signs_in_and_out_with_a_token(app: App) {
    app.register("anna").await;
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let reply = app.post("/api/v1/auth/cli-login").json(&sent).send().await.expect(200);
    assert_eq!(reply["name"], "command line");
    assert_eq!(reply["scopes"], json!(["read", "write", "account"]));
    assert_eq!(reply["user"]["username"], "anna");
    let token = text(&reply);
    app.get("/api/v1/auth/me").bearer(&token).send().await.expect(200);
    app.post("/api/v1/auth/cli-logout").bearer(&token).send().await.expect(204);
    app.get("/api/v1/auth/me").bearer(&token).send().await.problem(401, "invalid_credential");
    app.post("/api/v1/auth/cli-logout").bearer(&token).send().await.problem(401, "invalid_credential");
    app.post("/api/v1/auth/cli-logout").send().await.problem(401, "missing_credential");
    let wrong = json!({ "email": "anna@example.com", "password": "not the password" });
    app.post("/api/v1/auth/cli-login").json(&wrong).send().await.problem(401, "wrong_password");
    let anna = app.login("anna", false).await;
    app.post("/api/v1/auth/cli-logout").bearer(&anna.access).send().await.problem(401, "invalid_credential");
    let long = json!({ "email": "anna@example.com", "password": PASSWORD, "name": "x".repeat(101) });
    app.post("/api/v1/auth/cli-login").json(&long).send().await.invalid("name", "too_long");
}
}

on_both! {
async fn tokens_survive_a_restart_and_die_with_a_disabled_person(app: App) {
    let anna = app.register("anna").await;
    let token = text(&make(app, &anna, &["account"]).await);
    // What another process would load.
    let other = app.command().await;
    assert_eq!(server::tokens::prove(&other, &token).map(|found| found.user().id().to_string()).ok(), Some(anna.id.clone()));
    other.shutdown().await;
    app.disable(&anna).await;
    app.get("/api/v1/auth/me").bearer(&token).send().await.problem(401, "invalid_credential");
}
}
