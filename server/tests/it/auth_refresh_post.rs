//! `POST auth/refresh`: rotation, the grace for racing tabs, and what happens to a token used twice.

use serde_json::{Value, json};

use crate::support::{App, Reply};

async fn refresh(app: &App, token: &str) -> Reply {
    let sent = json!({ "refresh_token": token });
    app.post("/api/v1/auth/refresh").json(&sent).send().await
}

async fn next(app: &App, token: &str) -> String {
    token_of(&refresh(app, token).await.expect(200))
}

fn token_of(pair: &Value) -> String {
    pair["refresh_token"].as_str().unwrap().to_owned()
}

async fn refused(app: &App, token: &str) {
    refresh(app, token).await.problem(401, "invalid_grant");
}

on_both! {
async fn token_buys_the_next_pair(app: App) {
    let person = app.register("anna").await;
    let pair = refresh(app, &person.refresh).await.expect(200);
    assert_eq!(pair["token_type"], "Bearer");
    assert_eq!(pair["expires_in"], 900);
    assert_ne!(token_of(&pair), person.refresh);
    let access = pair["access_token"].as_str().unwrap();
    let me = app.get("/api/v1/auth/me").bearer(access).send().await.expect(200);
    assert_eq!(me["username"], "anna");
}
}

on_both! {
async fn a_chain_of_refreshes_holds(app: App) {
    let mut token = app.register("anna").await.refresh;
    for _ in 0..20 {
        app.advance_secs(60);
        token = next(app, &token).await;
    }
}
}

on_both! {
async fn racing_tabs_get_the_same_successor_for_ten_seconds(app: App) {
    let person = app.register("anna").await;
    let first = next(app, &person.refresh).await;
    app.advance_secs(10);
    assert_eq!(next(app, &person.refresh).await, first);
    // The family lives on.
    next(app, &first).await;
}
}

on_both! {
async fn reuse_after_the_grace_ends_the_family_and_its_access_tokens(app: App) {
    let person = app.register("anna").await;
    let pair = refresh(app, &person.refresh).await.expect(200);
    let access = pair["access_token"].as_str().unwrap();
    app.advance_secs(11);
    app.get("/api/v1/auth/me").bearer(access).send().await.expect(200);
    refused(app, &person.refresh).await;
    refused(app, &token_of(&pair)).await;
    app.get("/api/v1/auth/me").bearer(access).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").bearer(&person.access).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn reuse_after_the_successor_was_used_ends_the_family_even_within_the_grace(app: App) {
    let person = app.register("anna").await;
    let second = next(app, &person.refresh).await;
    let third = next(app, &second).await;
    refused(app, &person.refresh).await;
    refused(app, &third).await;
}
}

on_both! {
async fn other_sign_ins_survive_the_end_of_a_family(app: App) {
    let stolen = app.register("anna").await;
    let other = app.login("anna", true).await;
    next(app, &stolen.refresh).await;
    app.advance_secs(11);
    refused(app, &stolen.refresh).await;
    next(app, &other.refresh).await;
    app.get("/api/v1/auth/me").bearer(&other.access).send().await.expect(200);
}
}

on_both! {
async fn of_50_parallel_refreshes_all_get_one_successor(app: App) {
    let person = app.register("anna").await;
    let replies = futures_util::future::join_all((0..50).map(|_| refresh(app, &person.refresh))).await;
    let mut successors: Vec<String> = replies.iter().map(|reply| token_of(&reply.expect(200))).collect();
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    next(app, &successors[0]).await;
}
}

on_both! {
async fn what_was_never_issued_is_refused(app: App) {
    let person = app.register("anna").await;
    let other = "0".repeat(128);
    let upper = person.refresh.to_uppercase();
    let short = &person.refresh[..127];
    for wrong in ["", "x", "' OR '1'='1", &other, &upper, short, &person.access] {
        refused(app, wrong).await;
    }
    for (sent, field, code) in [
        (json!({}), "refresh_token", "required"),
        (json!({ "refresh_token": null }), "refresh_token", "wrong_type"),
        (json!({ "refresh_token": person.refresh, "scope": "all" }), "scope", "unknown_field"),
    ] {
        app.post("/api/v1/auth/refresh").json(&sent).send().await.invalid(field, code);
    }
    next(app, &person.refresh).await;
}
}

on_both! {
async fn short_sign_in_idles_out_after_12_hours_and_ends_after_24(app: App) {
    const HOUR: i64 = 3600;
    app.register("anna").await;
    let idle = app.login("anna", false).await;
    let mut used = app.login("anna", false).await.refresh;
    app.advance_secs(12 * HOUR - 1);
    used = next(app, &used).await;
    app.advance_secs(1);
    refused(app, &idle.refresh).await;
    app.advance_secs(11 * HOUR);
    used = next(app, &used).await;
    // Being used does not move the absolute end.
    app.advance_secs(HOUR - 1);
    used = next(app, &used).await;
    app.advance_secs(1);
    refused(app, &used).await;
}
}

on_both! {
async fn remembered_sign_in_idles_out_after_7_days_and_ends_after_30(app: App) {
    const DAY: i64 = 86_400;
    app.register("anna").await;
    let idle = app.login("anna", true).await;
    let mut used = app.login("anna", true).await.refresh;
    app.advance_secs(7 * DAY - 1);
    used = next(app, &used).await;
    app.advance_secs(1);
    refused(app, &idle.refresh).await;
    for _ in 0..3 {
        app.advance_secs(6 * DAY);
        used = next(app, &used).await;
    }
    app.advance_secs(5 * DAY - 1);
    used = next(app, &used).await;
    app.advance_secs(1);
    refused(app, &used).await;
}
}
