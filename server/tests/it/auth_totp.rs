//! `auth/totp`: setting an authenticator app up, recovery codes, removing it.

use serde_json::{Value, json};

use crate::support::{App, PASSWORD, Reply};

const TOTP: &str = "/api/v1/auth/totp";
const CONFIRM: &str = "/api/v1/auth/totp/confirm";
const CODES: &str = "/api/v1/auth/totp/recovery-codes";

fn password() -> Value {
    json!({ "current_password": PASSWORD })
}

async fn send(app: &App, method: &str, path: &str, access: &str, body: &Value) -> Reply {
    app.call(method, path).bearer(access).json(body).send().await
}

on_both! {
async fn nothing_is_asked_for_before_a_code_confirmed_the_app(app: App) {
    let anna = app.register("anna").await;
    let begun = send(app, "POST", TOTP, &anna.access, &password()).await.expect(200);
    let url = begun["otpauth_url"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/Weirgate:anna%40example.com?"), "{url}");
    assert!(url.contains(begun["secret"].as_str().unwrap()), "{url}");
    app.login_with("anna", None).await.expect(200);
    let before = app.get(TOTP).bearer(&anna.access).send().await.expect(200);
    assert_eq!(before, json!({ "enabled": false, "confirmed_at": null, "recovery_codes_left": 0 }));

    let wrong = json!({ "code": "000000" });
    send(app, "POST", CONFIRM, &anna.access, &wrong).await.problem(401, "wrong_code");
    let code = json!({ "code": app.code(begun["secret"].as_str().unwrap()) });
    let done = send(app, "POST", CONFIRM, &anna.access, &code).await.expect(200);
    assert_eq!(done["recovery_codes"].as_array().unwrap().len(), 10);
    let after = app.get(TOTP).bearer(&anna.access).send().await.expect(200);
    assert_eq!(after["enabled"], true);
    assert_eq!(after["recovery_codes_left"], 10);
    app.login_with("anna", None).await.problem(401, "second_factor_required");
    assert_eq!(app.database.texts("SELECT details FROM audit_logs WHERE action = 'factor.added'").await, [r#"{"factor":"totp"}"#]);
}
}

on_both! {
async fn stolen_session_neither_adds_nor_removes(app: App) {
    let anna = app.guarded("anna").await;
    let boris = app.register("boris").await;
    for (method, path, access) in [
        ("POST", TOTP, &boris.access),
        ("DELETE", TOTP, &anna.person.access),
        ("POST", CODES, &anna.person.access),
    ] {
        send(app, method, path, access, &json!({})).await.problem(403, "reauth_required");
        let wrong = json!({ "current_password": "not the password" });
        send(app, method, path, access, &wrong).await.problem(401, "wrong_password");
    }
}
}

on_both! {
async fn signed_out_is_401(app: App) {
    for (method, path) in [("GET", TOTP), ("POST", TOTP), ("DELETE", TOTP), ("POST", CONFIRM), ("POST", CODES)] {
        app.call(method, path).json(&json!({})).send().await.problem(401, "missing_credential");
    }
}
}

on_both! {
async fn set_up_lasts_a_quarter_of_an_hour_and_the_last_one_counts(app: App) {
    let anna = app.register("anna").await;
    send(app, "POST", CONFIRM, &anna.access, &json!({ "code": "000000" })).await.problem(404, "not_found");
    let first = send(app, "POST", TOTP, &anna.access, &password()).await.expect(200);
    let second = send(app, "POST", TOTP, &anna.access, &password()).await.expect(200);
    let code = |begun: &Value| json!({ "code": app.code(begun["secret"].as_str().unwrap()) });
    send(app, "POST", CONFIRM, &anna.access, &code(&first)).await.problem(401, "wrong_code");
    app.advance_secs(900);
    let anna = app.login("anna", false).await;
    send(app, "POST", CONFIRM, &anna.access, &code(&second)).await.problem(404, "not_found");
}
}

on_both! {
async fn second_app_is_409_and_leaves_the_first(app: App) {
    let anna = app.guarded("anna").await;
    send(app, "POST", TOTP, &anna.person.access, &password()).await.problem(409, "conflict");
    app.login_with("anna", Some(&app.code(&anna.secret))).await.expect(200);
}
}

on_both! {
async fn new_recovery_codes_replace_the_old_ones(app: App) {
    let anna = app.guarded("anna").await;
    let new = send(app, "POST", CODES, &anna.person.access, &password()).await.expect(200);
    app.login_with("anna", Some(&anna.recovery[0])).await.problem(401, "wrong_code");
    app.login_with("anna", Some(new["recovery_codes"][9].as_str().unwrap())).await.expect(200);
    let boris = app.register("boris").await;
    send(app, "POST", CODES, &boris.access, &password()).await.problem(404, "not_found");
}
}

on_both! {
async fn removed_app_takes_its_recovery_codes_along(app: App) {
    let anna = app.guarded("anna").await;
    send(app, "DELETE", TOTP, &anna.person.access, &password()).await.expect(204);
    app.login_with("anna", None).await.expect(200);
    assert_eq!(app.database.texts("SELECT action FROM audit_logs WHERE action = 'factor.removed'").await.len(), 1);
    assert_eq!(app.get(TOTP).bearer(&anna.person.access).send().await.expect(200)["recovery_codes_left"], 0);
    send(app, "DELETE", TOTP, &anna.person.access, &password()).await.problem(404, "not_found");
}
}

on_both! {
async fn neither_secret_nor_codes_stand_in_the_database(app: App) {
    let anna = app.guarded("anna").await;
    let dump = String::from_utf8_lossy(&app.database.dump()).into_owned();
    assert!(dump.contains("anna@example.com"));
    let secret = totp_rs::Secret::try_from_base32(&anna.secret).unwrap();
    assert!(!app.database.dump().windows(20).any(|window| window == secret.as_bytes()));
    for text in anna.recovery.iter().flat_map(|code| [code.clone(), code.replace('-', "")]).chain([anna.secret]) {
        assert!(!dump.contains(&text), "{text}");
    }
}
}

on_both! {
async fn owner_is_told_by_mail(app: App) {
    let anna = app.guarded("anna").await;
    send(app, "DELETE", TOTP, &anna.person.access, &password()).await.expect(204);
    let told = async || {
        let letters = server::mail::captured(&app.state).unwrap().unwrap();
        letters.into_iter().filter(|letter| letter.text.contains("an authenticator app")).count()
    };
    while told().await < 2 {
        // A task writes them.
        tokio::task::yield_now().await;
    }
}
}
