//! What the audit log tells of sign-ins: failures, new devices, reuse, ends.

use serde_json::{Value, json};

use crate::support::{App, PASSWORD};

async fn login(app: &App, agent: &str, password: &str) {
    let sent = json!({ "email": "anna@example.com", "password": password });
    app.post("/api/v1/auth/login")
        .header("user-agent", agent)
        .json(&sent)
        .send()
        .await;
}

on_both! {
async fn failed_sign_in_is_written_once_a_minute_and_names_no_email(app: App) {
    app.register("anna").await;
    for _ in 0..4 {
        login(app, "x", "not the password").await;
    }
    let sent = json!({ "email": "nobody@example.com", "password": "not the password" });
    app.post("/api/v1/auth/login").json(&sent).send().await.problem(401, "wrong_password");
    let rows = app.audit_until("sign_in.failed", 1).await;
    assert_eq!(rows[0]["actor_kind"], "unknown");
    assert_eq!(rows[0]["actor_id"], Value::Null);
    assert_eq!(rows[0]["target_kind"], "user");
    app.advance_secs(60);
    login(app, "x", "not the password").await;
    app.audit_until("sign_in.failed", 2).await;
    let all = app.audit().await;
    assert!(!Value::from(all).to_string().contains("@example.com"));
}
}

on_both! {
async fn sign_in_from_a_new_device_is_told_and_from_known_ones_is_not(app: App) {
    app.register("anna").await;
    let count = async || app.audit().await.iter().filter(|row| row["action"] == "session.new_device").count();
    // The account knew none: the test's bare client is its first.
    assert_eq!(count().await, 0);
    let browser = app.device("anna").await;
    assert_eq!(count().await, 1);
    login(app, "curl/8", PASSWORD).await;
    login(app, "curl/8", PASSWORD).await;
    assert_eq!(count().await, 2);
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    for _ in 0..2 {
        let call = app.post("/api/v1/auth/login").cookie(&browser).header("user-agent", "other/1");
        call.json(&sent).send().await.expect(200);
    }
    assert_eq!(count().await, 2);
}
}

on_both! {
async fn reuse_of_a_refresh_token_is_told(app: App) {
    let anna = app.register("anna").await;
    let sent = json!({ "refresh_token": anna.refresh });
    app.post("/api/v1/auth/refresh").json(&sent).send().await.expect(200);
    app.advance_secs(11);
    app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
    app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
    let rows = app.audit().await;
    let of = |action: &str| rows.iter().filter(|row| row["action"] == action).count();
    assert_eq!(of("session.token_reused"), 1);
    assert_eq!(of("session.ended"), 1);
}
}

on_both! {
async fn tokens_and_ends_are_told(app: App) {
    let anna = app.register("anna").await;
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let made = app.post("/api/v1/auth/cli-login").json(&sent).send().await.expect(200);
    app.post("/api/v1/auth/cli-logout").bearer(made["token"].as_str().unwrap()).send().await.expect(204);
    app.login("anna", false).await;
    app.call("DELETE", "/api/v1/auth/sessions").bearer(&anna.access).send().await.expect(204);
    let rows = app.audit().await;
    let of = |action: &str| rows.iter().filter(|row| row["action"] == action).count();
    assert_eq!((of("token.created"), of("token.revoked"), of("session.ended")), (1, 1, 1));
}
}

on_both! {
async fn owner_gets_a_letter_about_each(app: App) {
    let anna = app.register("anna").await;
    app.device("anna").await;
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD, "name": "my laptop" });
    app.post("/api/v1/auth/cli-login").json(&sent).send().await.expect(200);
    let sent = json!({ "refresh_token": anna.refresh });
    app.post("/api/v1/auth/refresh").json(&sent).send().await.expect(200);
    app.advance_secs(11);
    app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
    server::mail::idle(&app.state).await;
    let letters = server::mail::captured(&app.state).unwrap().unwrap();
    // The first one asked to verify the address.
    assert_eq!(letters.len(), 4);
    assert!(letters.iter().all(|letter| letter.to.contains("anna@example.com")));
    assert!(letters.iter().any(|letter| letter.text.contains("my laptop")));
}
}
