//! `auth/passkeys`: adding, removing, signing in; by an authenticator in software.

use serde_json::{Value, json};

use crate::support::{App, PASSWORD};

const LIST: &str = "/api/v1/auth/passkeys";
const START: &str = "/api/v1/auth/passkeys/register/start";
const FINISH: &str = "/api/v1/auth/passkeys/register/finish";
const ENTER: &str = "/api/v1/auth/passkeys/sign-in/finish";

on_both! {
async fn passkey_signs_in_without_name_password_or_code(app: App) {
    let anna = app.guarded("anna").await;
    let mut key = app.authenticator(1);
    let added = app.add_passkey(&anna.person, &mut key, true).await.expect(201);
    assert_eq!(added["passkey"]["name"], "the laptop");
    // The account had a second factor, and recovery codes with it.
    assert_eq!(added.get("recovery_codes"), None);
    let signed_in = app.passkey_login(&mut key).await.expect(200);
    assert_eq!(signed_in["user"]["username"], "anna");
    let methods = app.database.texts("SELECT methods FROM sessions WHERE methods = 'passkey'").await;
    assert_eq!(methods.len(), 1);
    let listed = app.get(LIST).bearer(&anna.person.access).send().await.expect(200);
    assert_eq!(listed["data"][0]["id"], added["passkey"]["id"]);
    assert!(listed["data"][0]["last_used_at"].is_string());
}
}

on_both! {
async fn ceremony_counts_once_and_for_five_minutes(app: App) {
    let anna = app.register("anna").await;
    let mut key = app.authenticator(1);
    app.add_passkey(&anna, &mut key, false).await.expect(201);
    let begun = app.post("/api/v1/auth/passkeys/sign-in/start").send().await.expect(200);
    let mut answer = || json!({ "ceremony": begun["ceremony"], "credential": key.get(&begun["options"]) });
    let first = answer();
    app.post(ENTER).json(&first).send().await.expect(200);
    app.post(ENTER).json(&first).send().await.problem(401, "invalid_passkey");
    // Also with a new signature over the old challenge.
    app.post(ENTER).json(&answer()).send().await.problem(401, "invalid_passkey");
    let begun = app.post("/api/v1/auth/passkeys/sign-in/start").send().await.expect(200);
    app.advance_secs(300);
    let late = json!({ "ceremony": begun["ceremony"], "credential": key.get(&begun["options"]) });
    app.post(ENTER).json(&late).send().await.problem(401, "invalid_passkey");
    app.passkey_login(&mut key).await.expect(200);
}
}

on_both! {
async fn of_two_parallel_answers_to_one_challenge_one_signs_in(app: App) {
    let anna = app.register("anna").await;
    let mut key = app.authenticator(1);
    app.add_passkey(&anna, &mut key, false).await.expect(201);
    let begun = app.post("/api/v1/auth/passkeys/sign-in/start").send().await.expect(200);
    let sent = json!({ "ceremony": begun["ceremony"], "credential": key.get(&begun["options"]) });
    let (first, second) = tokio::join!(app.post(ENTER).json(&sent).send(), app.post(ENTER).json(&sent).send());
    let mut seen = [first.status.as_u16(), second.status.as_u16()];
    seen.sort_unstable();
    assert_eq!(seen, [200, 401]);
}
}

on_both! {
async fn registration_belongs_to_who_began_it_and_counts_once(app: App) {
    let anna = app.register("anna").await;
    let boris = app.register("boris").await;
    let sent = json!({ "current_password": PASSWORD });
    let begun = app.post(START).bearer(&anna.access).json(&sent).send().await.expect(200);
    let made = json!({
        "ceremony": begun["ceremony"], "credential": app.authenticator(1).create(&begun["options"]), "name": "phone",
    });
    app.post(FINISH).bearer(&boris.access).json(&made).send().await.problem(401, "invalid_passkey");
    app.post(FINISH).bearer(&anna.access).json(&made).send().await.expect(201);
    app.post(FINISH).bearer(&anna.access).json(&made).send().await.problem(401, "invalid_passkey");
}
}

on_both! {
async fn credential_belongs_to_one_account(app: App) {
    let anna = app.register("anna").await;
    let boris = app.register("boris").await;
    app.add_passkey(&anna, &mut app.authenticator(1), false).await.expect(201);
    let copy = &mut app.authenticator(1);
    app.add_passkey(&boris, copy, false).await.problem(409, "conflict");
    // The copy believes to be Boris's.
    app.passkey_login(copy).await.problem(401, "invalid_passkey");
}
}

on_both! {
async fn copied_authenticator_is_refused_and_noted(app: App) {
    let anna = app.register("anna").await;
    let mut key = app.authenticator(1);
    app.add_passkey(&anna, &mut key, false).await.expect(201);
    let mut copy = key.clone();
    app.passkey_login(&mut key).await.expect(200);
    app.passkey_login(&mut key).await.expect(200);
    app.passkey_login_from(&mut copy, Some("203.0.113.7")).await.problem(401, "invalid_passkey");
    let rows = app.audit().await;
    let noted: Vec<_> = rows.iter().filter(|row| row["action"] == "passkey.counter_went_back").collect();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["address"], "203.0.113.7");
    app.passkey_login(&mut key).await.expect(200);
}
}

on_both! {
async fn holder_must_be_verified_and_the_page_ours(app: App) {
    let anna = app.register("anna").await;
    let mut key = app.authenticator(1);
    app.add_passkey(&anna, &mut key, false).await.expect(201);
    let mut unverified = key.clone();
    unverified.verifies = false;
    app.passkey_login(&mut unverified).await.problem(401, "invalid_passkey");
    let mut elsewhere = key.clone();
    elsewhere.origin = "http://evil.example".to_owned();
    app.passkey_login(&mut elsewhere).await.problem(401, "invalid_passkey");
    let mut phished = app.authenticator(2);
    phished.origin = "http://evil.example".to_owned();
    app.add_passkey(&anna, &mut phished, false).await.problem(400, "bad_request");
}
}

on_both! {
async fn unknown_and_removed_passkeys_look_the_same(app: App) {
    let anna = app.register("anna").await;
    let mut key = app.authenticator(1);
    let added = app.add_passkey(&anna, &mut key, false).await.expect(201);
    let id = added["passkey"]["id"].as_str().unwrap();
    let path = format!("{LIST}/{id}");
    app.call("DELETE", &path).bearer(&anna.access).json(&json!({})).send().await.problem(403, "reauth_required");
    let sent = json!({ "current_password": PASSWORD });
    let boris = app.register("boris").await;
    app.call("DELETE", &path).bearer(&boris.access).json(&sent).send().await.problem(404, "not_found");
    app.call("DELETE", &path).bearer(&anna.access).json(&sent).send().await.expect(204);
    app.call("DELETE", &path).bearer(&anna.access).json(&sent).send().await.problem(404, "not_found");
    let removed = app.passkey_login(&mut key).await.problem(401, "invalid_passkey");
    let mut stranger = app.authenticator(9);
    let begun = app.post(START).bearer(&boris.access).json(&sent).send().await.expect(200);
    stranger.create(&begun["options"]);
    let unknown = app.passkey_login(&mut stranger).await.problem(401, "invalid_passkey");
    assert_eq!(removed["detail"], unknown["detail"]);
}
}

on_both! {
async fn last_way_in_stays(app: App) {
    let anna = app.register("anna").await;
    let mut ids = Vec::new();
    for seed in [1, 2] {
        let added = app.add_passkey(&anna, &mut app.authenticator(seed), false).await.expect(201);
        ids.push(added["passkey"]["id"].as_str().unwrap().to_owned());
    }
    app.database.execute("UPDATE users SET hashed_password = NULL").await;
    let remove = async |id: &str| {
        app.call("DELETE", &format!("{LIST}/{id}")).bearer(&anna.access).json(&json!({})).send().await
    };
    let (first, second) = tokio::join!(remove(&ids[0]), remove(&ids[1]));
    let mut seen = [first.status.as_u16(), second.status.as_u16()];
    seen.sort_unstable();
    assert_eq!(seen, [204, 409]);
    let refused = if first.status == 409 { first } else { second };
    refused.problem(409, "last_way_in");
    // Without a password, a sign-in of more than five minutes ago is not enough.
    app.advance_secs(301);
    remove(&ids[0]).await.problem(403, "reauth_required");
}
}

on_both! {
async fn wrong_fields_are_422_and_nonsense_is_refused(app: App) {
    let anna = app.register("anna").await;
    let begun = app.post(START).bearer(&anna.access).json(&json!({ "current_password": PASSWORD })).send().await.expect(200);
    let made = |name: &str| json!({ "ceremony": begun["ceremony"], "credential": {}, "name": name });
    app.post(FINISH).bearer(&anna.access).json(&made(" ")).send().await.invalid("name", "required");
    app.post(FINISH).bearer(&anna.access).json(&made(&"x".repeat(61))).send().await.invalid("name", "too_long");
    app.post(FINISH).bearer(&anna.access).json(&made("x")).send().await.problem(400, "bad_request");
    for ceremony in ["", "AAAA", "not base64!", begun["ceremony"].as_str().unwrap()] {
        let sent = json!({ "ceremony": ceremony, "credential": {} });
        app.post(ENTER).json(&sent).send().await.problem(401, "invalid_passkey");
    }
    let options: &Value = &begun["options"]["publicKey"];
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
}
}

on_both! {
async fn signed_out_is_401(app: App) {
    let id = "0199f7c2-7a3e-7000-8000-000000000000";
    for (method, path) in [("GET", LIST.to_owned()), ("POST", START.to_owned()), ("POST", FINISH.to_owned()), ("DELETE", format!("{LIST}/{id}"))] {
        app.call(method, &path).json(&json!({})).send().await.problem(401, "missing_credential");
    }
}
}

#[tokio::test]
async fn address_without_a_hosts_name_has_no_passkeys() {
    let app = App::start_with(crate::support::Database::sqlite(), |config| {
        config.server.public_url = Some("http://127.0.0.1:3741".to_owned());
        config.set_port(0);
    })
    .await;
    app.post("/api/v1/auth/passkeys/sign-in/start")
        .send()
        .await
        .problem(501, "not_supported");
    app.stop().await;
}
