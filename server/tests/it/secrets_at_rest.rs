//! Secrets are shown once and stored as hashes: every kind is issued, then the database is searched for them.

use serde_json::json;

use crate::support::PASSWORD;

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

on_both! {
async fn no_secret_stands_in_the_database(app: App) {
    let person = app.register("anna").await;
    let sent = json!({ "refresh_token": person.refresh });
    let pair = app.post("/api/v1/auth/refresh").json(&sent).send().await.expect(200);
    let cookie = app.cookie("anna", true).await;
    let made = app
        .post("/api/v1/account/keys")
        .bearer(&person.access)
        .json(&json!({ "name": "the laptop" }))
        .send()
        .await
        .expect(201);
    let link = server::setup::announce(&app.state).await.unwrap();
    let key = made["key"].as_str().unwrap();
    let secrets = [
        ("password", PASSWORD),
        ("access token", &person.access),
        ("refresh token", &person.refresh),
        ("next refresh token", pair["refresh_token"].as_str().unwrap()),
        ("cookie", cookie.split_once('=').unwrap().1),
        ("key", key),
        ("key's secret", key.split('-').nth(2).unwrap()),
        ("set-up token", link.split_once("token=").unwrap().1),
    ];
    let dump = app.database.dump();
    assert!(holds(&dump, "anna@example.com") && holds(&dump, "the laptop"), "the dump is the database");
    for (what, secret) in secrets {
        assert!(!holds(&dump, secret), "the {what} is in the database");
    }
}
}
