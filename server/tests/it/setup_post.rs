//! `POST setup`: the first administrator.

use serde_json::{Value, json};

use crate::support::{App, PASSWORD};

async fn token(app: &App) -> String {
    let link = server::setup::announce(&app.state).await.expect("set-up is open");
    let (start, token) = link.split_once("/setup?token=").unwrap();
    assert_eq!(start, app.state.config().public_url());
    token.to_owned()
}

fn body(token: &str, name: &str) -> Value {
    json!({ "token": token, "email": format!("{name}@example.com"), "password": PASSWORD, "username": name })
}

on_both! {
async fn token_makes_the_administrator_once(app: App) {
    let token = token(app).await;
    let signed_in = app.post("/api/v1/setup").json(&body(&token, "root")).send().await.expect(201);
    assert_eq!(signed_in["user"]["role"], "admin");
    let access = signed_in["access_token"].as_str().unwrap();
    assert_eq!(app.get("/api/v1/auth/me").bearer(access).send().await.expect(200)["role"], "admin");

    assert!(!server::setup::needed(&app.state).await.unwrap());
    assert_eq!(server::setup::announce(&app.state).await, None);
    app.post("/api/v1/setup").json(&body(&token, "second")).send().await.problem(409, "conflict");
    app.post("/api/v1/setup").json(&body("wrong", "second")).send().await.problem(404, "not_found");
}
}

on_both! {
async fn of_50_parallel_attempts_exactly_one_succeeds(app: App) {
    let token = token(app).await;
    let calls = (0..50).map(|number| app.post("/api/v1/setup").json(&body(&token, &format!("root{number}"))).send_until_served());
    let replies = futures_util::future::join_all(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "conflict");
    }
}
}

on_both! {
async fn wrong_token_is_404_and_makes_nobody(app: App) {
    let right = token(app).await;
    for wrong in ["", "x", &right[1..], &right.to_lowercase()] {
        app.post("/api/v1/setup").json(&body(wrong, "root")).send().await.problem(404, "not_found");
    }
    assert!(server::setup::needed(&app.state).await.unwrap());
}
}

on_both! {
async fn signing_up_first_makes_nobody_an_administrator_and_does_not_close_set_up(app: App) {
    let person = app.register("anna").await;
    let me = app.get("/api/v1/auth/me").bearer(&person.access).send().await.expect(200);
    assert_eq!(me["role"], "user");
    let token = token(app).await;
    app.post("/api/v1/setup").json(&body(&token, "anna")).send().await.problem(409, "email_taken");
    app.post("/api/v1/setup").json(&body(&token, "root")).send().await.expect(201);
}
}

on_both! {
async fn rules_hold_for_the_administrator_too(app: App) {
    let token = token(app).await;
    let mut sent = body(&token, "root");
    sent["password"] = json!("12345678");
    app.post("/api/v1/setup").json(&sent).send().await.invalid("password", "password_breached");
    assert!(server::setup::needed(&app.state).await.unwrap());
}
}
