//! `POST auth/login`.

use serde_json::json;

use crate::support::PASSWORD;

on_both! {
async fn right_password_signs_in_whatever_the_emails_case(app: App) {
    app.register("anna").await;
    for email in ["anna@example.com", "Anna@Example.COM "] {
        let sent = json!({ "email": email, "password": PASSWORD });
        let signed_in = app.post("/api/v1/auth/login").json(&sent).send().await.expect(200);
        assert_eq!(signed_in["user"]["username"], "anna");
    }
}
}

on_both! {
async fn unknown_person_and_wrong_password_look_the_same(app: App) {
    app.register("anna").await;
    let mut seen = Vec::new();
    for email in ["anna@example.com", "nobody@example.com", "not an address", "a\u{0}@b.co"] {
        let sent = json!({ "email": email, "password": "not the password" });
        let reply = app
            .post("/api/v1/auth/login")
            .header("x-request-id", "one-and-the-same")
            .json(&sent)
            .send()
            .await;
        reply.problem(401, "wrong_password");
        seen.push((reply.headers, reply.body));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}
}

on_both! {
async fn password_is_compared_to_the_letter(app: App) {
    app.register("anna").await;
    for wrong in [PASSWORD.to_uppercase(), format!("{PASSWORD} "), format!(" {PASSWORD}"), String::new()] {
        let sent = json!({ "email": "anna@example.com", "password": wrong });
        app.post("/api/v1/auth/login").json(&sent).send().await.problem(401, "wrong_password");
    }
}
}

on_both! {
async fn overlong_password_is_422_before_it_is_hashed(app: App) {
    let sent = json!({ "email": "anna@example.com", "password": "x".repeat(2000) });
    app.post("/api/v1/auth/login").json(&sent).send().await.invalid("password", "too_long");
    let sent = json!({ "email": "anna@example.com", "password": "x".repeat(1_000_000) });
    app.post("/api/v1/auth/login").json(&sent).send().await.problem(413, "too_large");
}
}

on_both! {
async fn wrong_fields_are_422(app: App) {
    let cases = [
        (json!({ "email": "a@b.co" }), "password", "required"),
        (json!({ "email": "a@b.co", "password": ["x"] }), "password", "wrong_type"),
        (json!({ "email": "a@b.co", "password": "x", "remember_me": "yes" }), "remember_me", "wrong_type"),
        (json!({ "email": "a@b.co", "password": "x", "remember": true }), "remember", "unknown_field"),
    ];
    for (sent, field, code) in cases {
        app.post("/api/v1/auth/login").json(&sent).send().await.invalid(field, code);
    }
}
}

on_both! {
async fn every_sign_in_is_one_of_its_own(app: App) {
    let first = app.register("anna").await;
    let second = app.login("anna", false).await;
    assert_ne!(first.refresh, second.refresh);
    let sent = json!({ "refresh_token": first.refresh });
    app.post("/api/v1/auth/logout").json(&sent).send().await.expect(204);
    app.get("/api/v1/auth/me").bearer(&first.access).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").bearer(&second.access).send().await.expect(200);
}
}
