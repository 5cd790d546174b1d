//! `POST auth/register` and `auth/signup`.

use serde_json::{Value, json};

use crate::support::PASSWORD;

fn body(email: &str, username: Option<&str>) -> Value {
    match username {
        Some(username) => json!({ "email": email, "password": PASSWORD, "username": username }),
        None => json!({ "email": email, "password": PASSWORD }),
    }
}

on_both! {
async fn new_person_is_signed_up_and_in(app: App) {
    let sent = json!({ "email": " Anna@Example.com ", "password": PASSWORD, "username": "anna", "name": "Anna B." });
    let reply = app.post("/api/v1/auth/register").json(&sent).send().await;
    let signed_in = reply.expect(201);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(signed_in["token_type"], "Bearer");
    assert_eq!(signed_in["expires_in"], 900);
    assert_eq!(signed_in["refresh_token"].as_str().map(str::len), Some(128));
    let user = &signed_in["user"];
    assert_eq!(user["email"], "anna@example.com");
    assert_eq!(user["username"], "anna");
    assert_eq!(user["full_name"], "Anna B.");
    assert_eq!(user["role"], "user");
    assert_eq!(user["plan"], "free");
    assert_eq!(user["email_verified"], false);
    assert_eq!(user["created_at"], "2026-11-18T11:06:40.000Z");

    let access = signed_in["access_token"].as_str().unwrap();
    let me = app.get("/api/v1/auth/me").bearer(access).send().await.expect(200);
    assert_eq!(&me, user);
}
}

on_both! {
async fn every_mount_signs_up(app: App) {
    for (number, path) in [
        "/api/v1/auth/register",
        "/api/v1/auth/signup",
        "/api/auth/register",
        "/api/auth/signup",
        "/v1/auth/register",
        "/v1/auth/signup",
    ]
    .into_iter()
    .enumerate()
    {
        app.post(path).json(&body(&format!("p{number}@example.com"), None)).send().await.expect(201);
    }
}
}

on_both! {
async fn email_in_use_is_409_in_any_case(app: App) {
    app.register("anna").await;
    for email in ["anna@example.com", "ANNA@example.COM", " anna@example.com"] {
        let reply = app.post("/api/v1/auth/register").json(&body(email, Some("other"))).send().await;
        reply.problem(409, "email_taken");
    }
}
}

on_both! {
async fn username_in_use_is_409_in_any_case(app: App) {
    app.register("anna").await;
    for username in ["anna", "ANNA"] {
        let reply = app.post("/api/v1/auth/register").json(&body("b@example.com", Some(username))).send().await;
        reply.problem(409, "username_taken");
    }
}
}

on_both! {
async fn missing_username_is_made_from_the_email_and_is_unique(app: App) {
    let mut names = Vec::new();
    for host in ["a.example", "b.example", "c.example"] {
        let reply = app.post("/api/v1/auth/register").json(&body(&format!("ann.lee@{host}"), None)).send().await;
        names.push(reply.expect(201)["user"]["username"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, ["ann.lee", "ann.lee2", "ann.lee3"]);
}
}

on_both! {
async fn of_50_parallel_with_one_email_exactly_one_is_made(app: App) {
    let calls = (0..50).map(|number| {
        app.post("/api/v1/auth/register").json(&body("anna@example.com", Some(&format!("anna{number}")))).send_until_served()
    });
    let replies = futures_util::future::join_all(calls).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "email_taken");
    }
}
}

on_both! {
async fn of_parallel_sign_ups_with_one_local_part_all_get_names_of_their_own(app: App) {
    let calls = (0..10).map(|number| {
        app.post("/api/v1/auth/register").json(&body(&format!("anna@host{number}.example"), None)).send_until_served()
    });
    let replies = futures_util::future::join_all(calls).await;
    let mut names: Vec<String> = replies
        .iter()
        .map(|reply| reply.expect(201)["user"]["username"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 10);
}
}

on_both! {
async fn field_that_breaks_a_rule_is_422_by_name(app: App) {
    let long = "x".repeat(1025);
    let long_name = "n".repeat(101);
    let cases = [
        (json!({ "email": "a@b.co", "password": "1234567" }), "password", "too_short"),
        (json!({ "email": "a@b.co", "password": "" }), "password", "required"),
        (json!({ "email": "a@b.co", "password": long }), "password", "too_long"),
        (json!({ "email": "a@b.co", "password": "Password1" }), "password", "password_breached"),
        (json!({ "email": "a@b", "password": PASSWORD }), "email", "not_an_email"),
        (json!({ "email": "", "password": PASSWORD }), "email", "required"),
        (json!({ "email": "a@b.co\r\nBcc: c@d.co", "password": PASSWORD }), "email", "not_an_email"),
        (json!({ "email": "a@b.co.", "password": PASSWORD }), "email", "not_an_email"),
        (json!({ "email": "a\u{0}@b.co", "password": PASSWORD }), "email", "not_an_email"),
        (json!({ "email": "a@b.co", "password": PASSWORD, "username": "ab" }), "username", "too_short"),
        (json!({ "email": "a@b.co", "password": PASSWORD, "username": "a b c" }), "username", "not_a_username"),
        (json!({ "email": "a@b.co", "password": PASSWORD, "full_name": "a\r\nb" }), "full_name", "control_characters"),
        (json!({ "email": "a@b.co", "password": PASSWORD, "full_name": long_name }), "full_name", "too_long"),
        (json!({ "email": "a@b.co" }), "password", "required"),
        (json!({ "email": 7, "password": PASSWORD }), "email", "wrong_type"),
        (json!({ "email": null, "password": PASSWORD }), "email", "wrong_type"),
        (json!({ "email": "a@b.co", "password": PASSWORD, "role": "admin" }), "role", "unknown_field"),
        (json!({ "email": "a@b.co", "password": PASSWORD, "is_admin": true }), "is_admin", "unknown_field"),
    ];
    for (sent, field, code) in cases {
        app.post("/api/v1/auth/register").json(&sent).send().await.invalid(field, code);
    }
    // None of them left an account behind.
    app.post("/api/v1/auth/register").json(&body("a@b.co", None)).send().await.expect(201);
}
}

on_both! {
async fn long_lower_case_and_unicode_passwords_are_taken_as_they_are(app: App) {
    let passwords = ["onlylowercaseletters", "пароль из слов", &"é".repeat(1024)];
    for (number, password) in passwords.into_iter().enumerate() {
        let email = format!("p{number}@example.com");
        let sent = json!({ "email": email, "password": password });
        app.post("/api/v1/auth/register").json(&sent).send().await.expect(201);
        app.post("/api/v1/auth/login").json(&sent).send().await.expect(200);
        let cut: String = password.chars().take(password.chars().count() - 1).collect();
        let shorter = json!({ "email": email, "password": cut });
        app.post("/api/v1/auth/login").json(&shorter).send().await.problem(401, "wrong_password");
    }
}
}

#[tokio::test]
async fn closed_registration_is_403() {
    use crate::support::{App, Database};
    let app = App::start_with(Database::sqlite(), |config| {
        config.auth.registration = server::config::Registration::Closed;
    })
    .await;
    let reply = app
        .post("/api/v1/auth/register")
        .json(&body("a@b.co", None))
        .send()
        .await;
    reply.problem(403, "registration_closed");
    app.stop().await;
}
