//! `auth/sessions`: what a person sees of their sign-ins, and how they end them.

use serde_json::{Value, json};

use crate::support::App;

async fn sessions(app: &App, access: &str) -> Vec<Value> {
    let list = app.get("/api/v1/auth/sessions").bearer(access).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

fn id(session: &Value) -> &str {
    session["id"].as_str().unwrap()
}

on_both! {
async fn list_shows_device_times_and_which_is_the_present_one(app: App) {
    app.register("anna").await;
    app.advance_secs(60);
    let sent = json!({ "email": "anna@example.com", "password": crate::support::PASSWORD, "remember_me": true });
    let reply = app.post("/api/v1/auth/login").header("user-agent", "Tests/1.0").json(&sent).send().await.expect(200);
    let access = reply["access_token"].as_str().unwrap();
    app.cookie("anna", false).await;
    app.advance_secs(30);
    let found = sessions(app, access).await;
    assert_eq!(found.len(), 3);
    let mine: Vec<&Value> = found.iter().filter(|one| one["current"] == true).collect();
    assert_eq!(mine.len(), 1);
    let mine = mine[0];
    assert_eq!(mine["device"], "Tests/1.0");
    assert_eq!(mine["kind"], "program");
    assert_eq!(mine["methods"], json!(["password"]));
    assert_eq!(mine["remember"], true);
    assert_eq!(mine["created_at"], "2026-11-18T11:07:40.000Z");
    assert_eq!(mine["last_seen_at"], "2026-11-18T11:07:40.000Z");
    assert_eq!(mine["expires_at"], "2026-12-18T11:07:40.000Z");
    let kinds: Vec<&str> = found.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "browser").count(), 1);
}
}

on_both! {
async fn refresh_counts_as_being_seen(app: App) {
    let anna = app.register("anna").await;
    app.advance_secs(600);
    let sent = json!({ "refresh_token": anna.refresh });
    app.post("/api/v1/auth/refresh").json(&sent).send().await.expect(200);
    let found = sessions(app, &anna.access).await;
    assert_eq!(found[0]["last_seen_at"], "2026-11-18T11:16:40.000Z");
    assert_eq!(found[0]["created_at"], "2026-11-18T11:06:40.000Z");
}
}

on_both! {
async fn ended_session_is_worth_nothing_at_once(app: App) {
    let anna = app.register("anna").await;
    let phone = app.login("anna", true).await;
    let cookie = app.cookie("anna", true).await;
    for session in sessions(app, &anna.access).await.iter().filter(|one| one["current"] == false) {
        let path = format!("/api/v1/auth/sessions/{}", id(session));
        app.call("DELETE", &path).bearer(&anna.access).send().await.expect(204);
        app.call("DELETE", &path).bearer(&anna.access).send().await.problem(404, "not_found");
    }
    app.get("/api/v1/auth/me").bearer(&phone.access).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    let sent = json!({ "refresh_token": phone.refresh });
    app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
    assert_eq!(sessions(app, &anna.access).await.len(), 1);
}
}

on_both! {
async fn strangers_session_is_as_unknown_as_one_that_does_not_exist(app: App) {
    let anna = app.register("anna").await;
    let bert = app.register("bert").await;
    let annas = sessions(app, &anna.access).await;
    for wrong in [id(&annas[0]), "0199f7c2-7a3e-7000-8000-000000000000", "x"] {
        let path = format!("/api/v1/auth/sessions/{wrong}");
        app.call("DELETE", &path).bearer(&bert.access).send().await.problem(404, "not_found");
        app.call("DELETE", &path).send().await.problem(401, "missing_credential");
    }
    app.get("/api/v1/auth/me").bearer(&anna.access).send().await.expect(200);
}
}

on_both! {
async fn all_others_end_and_the_present_one_stays(app: App) {
    let anna = app.register("anna").await;
    let bert = app.register("bert").await;
    let others = [app.login("anna", true).await, app.login("anna", false).await];
    let cookie = app.cookie("anna", false).await;
    app.call("DELETE", "/api/v1/auth/sessions").cookie(&cookie).same_origin().send().await.expect(204);
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.expect(200);
    for gone in others.iter().chain([&anna]) {
        app.get("/api/v1/auth/me").bearer(&gone.access).send().await.problem(401, "invalid_credential");
    }
    app.get("/api/v1/auth/me").bearer(&bert.access).send().await.expect(200);
    app.call("DELETE", "/api/v1/auth/sessions").cookie(&cookie).same_origin().send().await.expect(204);
}
}

on_both! {
async fn own_session_can_be_ended_too(app: App) {
    let anna = app.register("anna").await;
    let mine = sessions(app, &anna.access).await;
    let path = format!("/api/v1/auth/sessions/{}", id(&mine[0]));
    app.call("DELETE", &path).bearer(&anna.access).send().await.expect(204);
    app.get("/api/v1/auth/me").bearer(&anna.access).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn idle_sessions_are_not_listed(app: App) {
    const HOUR: i64 = 3600;
    app.register("anna").await;
    app.advance_secs(12 * HOUR);
    let anna = app.login("anna", false).await;
    assert_eq!(sessions(app, &anna.access).await.len(), 1);
}
}

on_both! {
async fn rotated_cookie_replaces_the_old_value_and_keeps_the_session(app: App) {
    app.register("anna").await;
    let old = app.cookie("anna", false).await;
    let (name, value) = old.split_once('=').unwrap();
    let user = server::sessions::from_cookie(&app.state, value).await.unwrap();
    let new = server::sessions::rotate_cookie(&app.state, &user).await.unwrap().unwrap();
    app.get("/api/v1/auth/me").cookie(&old).send().await.problem(401, "invalid_credential");
    let again = server::sessions::from_cookie(&app.state, &new.value).await.unwrap();
    assert_eq!(again.session_id(), user.session_id());
    app.get("/api/v1/auth/me").cookie(&format!("{name}={}", new.value)).send().await.expect(200);
}
}

on_both! {
async fn signing_out_by_cookie_tells_the_browser_to_forget(app: App) {
    app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    let reply = app.post("/api/v1/auth/logout").cookie(&cookie).same_origin().send().await;
    reply.expect(204);
    assert_eq!(reply.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert!(reply.header("set-cookie").unwrap().starts_with("wg=; "));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    // C021: nothing brings it back.
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
}
}
