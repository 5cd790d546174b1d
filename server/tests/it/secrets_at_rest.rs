//! Secrets are shown once and stored as hashes: every kind is issued, then the database is searched for them.

use serde_json::json;

use crate::support::{PASSWORD, token_of};

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
    let device = app.device("anna").await;
    let sent = json!({ "name": "the script", "scopes": ["read"], "password": PASSWORD });
    let token = app.post("/api/v1/auth/tokens").bearer(&person.access).json(&sent).send().await.expect(201);
    let token = token["token"].as_str().unwrap();
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let cli = app.post("/api/v1/auth/cli-login").json(&sent).send().await.expect(200);
    let cli = cli["token"].as_str().unwrap();
    let sign_in = json!({ "email": "anna@example.com" });
    app.post("/api/v1/auth/request-link").json(&sign_in).send().await.expect(202);
    server::mail::idle(&app.state).await;
    let magic = token_of(&app.link_to("anna@example.com"));
    app.register("carl").await;
    app.post("/api/v1/auth/password/forgot").json(&json!({ "email": "carl@example.com" })).send().await.expect(202);
    server::mail::idle(&app.state).await;
    let reset = token_of(&app.link_to("carl@example.com"));
    let guarded = app.guarded("bert").await;
    app.organization(&person, "acme").await;
    let invite = async |sent: serde_json::Value| {
        let call = app.post("/api/v1/organizations/acme/invitations").bearer(&person.access).json(&sent);
        call.send().await.expect(201)
    };
    let by_link = invite(json!({ "role": "member" })).await;
    let mailed = invite(json!({ "role": "member", "email": "dora@example.com" })).await;
    let invitation = |link: &serde_json::Value| link.as_str().unwrap().rsplit_once('/').unwrap().1.to_owned();
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
        ("device cookie", device.split_once('=').unwrap().1),
        ("personal token", token),
        ("personal token's secret", token.split('-').nth(2).unwrap()),
        ("command line's token", cli),
        ("command line's token's secret", cli.split('-').nth(2).unwrap()),
        ("sign-in link", &magic),
        ("reset link", &reset),
        ("authenticator app's secret", &guarded.secret),
        ("recovery code", &guarded.recovery[0]),
        ("invitation's link", &invitation(&by_link["link"])),
        ("mailed invitation's link", &invitation(&mailed["dev_link"])),
        ("set-up token", link.split_once("token=").unwrap().1),
    ];
    let dump = app.database.dump();
    assert!(holds(&dump, "anna@example.com") && holds(&dump, "the laptop") && holds(&dump, "the script"), "the dump is the database");
    for (what, secret) in secrets {
        assert!(!holds(&dump, secret), "the {what} is in the database");
    }
}
}
