//! `account/profile`.

use serde_json::{Value, json};

const PROFILE: &str = "/api/v1/account/profile";

on_both! {
async fn profile_changes_only_what_is_sent(app: App) {
    let person = app.register("anna").await;
    let before = app.get(PROFILE).bearer(&person.access).send().await.expect(200);
    assert_eq!((&before["locale"], &before["theme"], &before["time_zone"]), (&json!("en"), &json!("system"), &json!("UTC")));

    let sent = json!({ "locale": "ru", "theme": "dark", "time_zone": "Europe/Berlin" });
    let after = app.call("PUT", PROFILE).bearer(&person.access).json(&sent).send().await.expect(200);
    let mut expected = before.clone();
    for (field, value) in sent.as_object().unwrap() {
        expected[field] = value.clone();
    }
    assert_eq!(after, expected);

    let sent = json!({ "full_name": "Анна Б.", "username": "Anna.B", "avatar_url": "https://example.com/a.png" });
    let after = app.call("PUT", PROFILE).bearer(&person.access).json(&sent).send().await.expect(200);
    for (field, value) in sent.as_object().unwrap() {
        expected[field] = value.clone();
    }
    assert_eq!(after, expected);
    assert_eq!(app.get("/api/auth/me").bearer(&person.access).send().await.expect(200), expected);

    let sent = json!({ "full_name": null, "avatar_url": null });
    let after = app.call("PUT", PROFILE).bearer(&person.access).json(&sent).send().await.expect(200);
    assert_eq!((&after["full_name"], &after["avatar_url"]), (&Value::Null, &Value::Null));
    // Any spelling of a zone is kept in the usual one.
    let sent = json!({ "time_zone": "europe/berlin" });
    let zone = app.call("PUT", PROFILE).bearer(&person.access).json(&sent).send().await.expect(200);
    assert_eq!(zone["time_zone"], "Europe/Berlin");
    let same = app.call("PUT", PROFILE).bearer(&person.access).json(&json!({})).send().await.expect(200);
    assert_eq!(same, after);
}
}

on_both! {
async fn field_that_breaks_a_rule_changes_nothing(app: App) {
    let person = app.register("anna").await;
    app.register("berta").await;
    let before = app.get(PROFILE).bearer(&person.access).send().await.expect(200);
    for (sent, field, code) in [
        (json!({ "locale": "de" }), "locale", "unknown_value"),
        (json!({ "theme": "blue" }), "theme", "unknown_value"),
        (json!({ "time_zone": "Mars/Base" }), "time_zone", "unknown_value"),
        (json!({ "time_zone": "" }), "time_zone", "unknown_value"),
        (json!({ "avatar_url": "javascript:alert(1)" }), "avatar_url", "unknown_value"),
        (json!({ "avatar_url": "http://example.com/a.png" }), "avatar_url", "unknown_value"),
        (json!({ "username": "a" }), "username", "too_short"),
        (json!({ "full_name": "a\u{7}b" }), "full_name", "control_characters"),
        (json!({ "username": null, "theme": 7 }), "theme", "wrong_type"),
        (json!({ "role": "admin" }), "role", "unknown_field"),
        (json!({ "email": "x@y.co" }), "email", "unknown_field"),
        (json!({ "plan": "team" }), "plan", "unknown_field"),
    ] {
        app.call("PUT", PROFILE).bearer(&person.access).json(&sent).send().await.invalid(field, code);
    }
    let sent = json!({ "username": "BERTA", "theme": "dark" });
    let reply = app.call("PUT", PROFILE).bearer(&person.access).json(&sent).send().await;
    reply.problem(409, "username_taken");
    assert_eq!(app.get(PROFILE).bearer(&person.access).send().await.expect(200), before);
}
}

on_both! {
async fn anonymous_is_401(app: App) {
    app.get(PROFILE).send().await.problem(401, "missing_credential");
    let reply = app.call("PUT", PROFILE).json(&json!({ "theme": "dark" })).send().await;
    reply.problem(401, "missing_credential");
}
}
