//! `POST admin/users`: an account for somebody, the letter or the link that sets its password, and who may make one.

use serde_json::{Value, json};
use types::PlatformRole;

use crate::support::{App, Database, PASSWORD, Person, Reply, token_of};

const USERS: &str = "/api/v1/admin/users";

async fn create(app: &App, by: &Person, sent: &Value) -> Reply {
    app.post(USERS).bearer(&by.access).json(sent).send().await
}

async fn set_password(app: &App, link: &str) -> Reply {
    let sent = json!({ "token": token_of(link), "password": PASSWORD });
    app.post("/api/v1/auth/password/reset").json(&sent).send().await
}

async fn told(app: &App) -> Vec<Value> {
    let rows = app.audit().await;
    rows.into_iter().filter(|row| row["action"] == "user.created").collect()
}

on_both! {
async fn person_sets_the_password_by_the_letters_link_and_signs_in(app: App) {
    let root = app.admin().await;
    let sent = json!({ "email": " Vera@Example.com", "full_name": " Vera V. ", "role": "read_only_admin", "locale": "ru" });
    let made = create(app, &root, &sent).await.expect(201);
    assert_eq!((&made["email"], &made["username"], &made["full_name"]), (&json!("vera@example.com"), &json!("vera"), &json!("Vera V.")));
    assert_eq!((&made["role"], &made["is_active"], &made["email_verified"]), (&json!("read_only_admin"), &json!(true), &json!(false)));
    assert_eq!((&made["mailed"], &made["link"], &made["has_password"]), (&json!(true), &Value::Null, &json!(false)));
    server::mail::idle(&app.state).await;
    let letter = app.letters().into_iter().find(|letter| letter.to == "vera@example.com").unwrap();
    assert_eq!(letter.subject, "Ваша учётная запись в Weirgate");
    app.login_with("vera", None).await.problem(401, "wrong_password");

    // It is good for a week and not for longer, and once.
    let link = app.link_to("vera@example.com");
    app.advance_secs(7 * 24 * 3600 - 1);
    set_password(app, &link).await.expect(200);
    set_password(app, &link).await.problem(400, "invalid_link");
    let vera = app.login("vera", false).await;
    let seen = app.get(&format!("{USERS}/{}", vera.id)).bearer(&vera.access).send().await.expect(200);
    assert_eq!((&seen["email_verified"], &seen["has_password"]), (&json!(true), &json!(true)));
    // Nobody was in it before, so it is not taken back from anybody.
    assert!(app.audit().await.iter().all(|row| row["action"] != "user.reclaimed"));

    let root = app.login("root", false).await;
    create(app, &root, &json!({ "email": "late@example.com" })).await.expect(201);
    server::mail::idle(&app.state).await;
    app.advance_secs(7 * 24 * 3600);
    set_password(app, &app.link_to("late@example.com")).await.problem(400, "invalid_link");
    let rows = told(app).await;
    let details: Value = serde_json::from_str(rows[0]["details"].as_str().unwrap()).unwrap();
    assert_eq!((&rows[0]["actor_id"], &rows[0]["target_id"], details), (&json!(root.id), &made["id"], json!({ "role": "read_only_admin" })));
}
}

on_both! {
async fn account_has_all_that_an_account_comes_with(app: App) {
    let root = app.admin().await;
    create(app, &root, &json!({ "email": "vera@example.com", "username": "verushka" })).await.expect(201);
    server::mail::idle(&app.state).await;
    set_password(app, &app.link_to("vera@example.com")).await.expect(200);
    let sent = json!({ "email": "vera@example.com", "password": PASSWORD });
    let vera = Person::of(&app.post("/api/v1/auth/login").json(&sent).send().await.expect(200));
    let organizations = app.get("/api/v1/organizations").bearer(&vera.access).send().await.expect(200);
    assert_eq!((&organizations["data"][0]["kind"], &organizations["data"][0]["role"]), (&json!("personal"), &json!("owner")));
    app.key(&vera, "k").await;
}
}

on_both! {
async fn fields_that_break_a_rule_and_what_is_taken_make_nothing(app: App) {
    let root = app.admin().await;
    app.verified("anna").await;
    for (sent, field, code) in [
        (json!({ "email": "" }), "email", "required"),
        (json!({ "email": "nobody" }), "email", "not_an_email"),
        (json!({ "email": "a@b.co\u{0}" }), "email", "not_an_email"),
        (json!({}), "email", "required"),
        (json!({ "email": "a@b.co", "username": "ab" }), "username", "too_short"),
        (json!({ "email": "a@b.co", "full_name": " " }), "full_name", "required"),
        (json!({ "email": "a@b.co", "locale": "de" }), "locale", "unknown_value"),
        (json!({ "email": "a@b.co", "role": "owner" }), "role", "wrong_type"),
        (json!({ "email": "a@b.co", "password": PASSWORD }), "password", "unknown_field"),
        (json!({ "email": "a@b.co", "is_active": true }), "is_active", "unknown_field"),
        (json!({ "email": "a@b.co", "id": root.id }), "id", "unknown_field"),
    ] {
        create(app, &root, &sent).await.invalid(field, code);
    }
    create(app, &root, &json!({ "email": "ANNA@example.com" })).await.problem(409, "email_taken");
    create(app, &root, &json!({ "email": "b@example.com", "username": "Anna" })).await.problem(409, "username_taken");
    // A name that nobody chose gets a number.
    let made = create(app, &root, &json!({ "email": "anna@elsewhere.example" })).await.expect(201);
    assert_eq!(made["username"], "anna2");
    server::mail::idle(&app.state).await;
    assert!(app.letters().iter().all(|letter| letter.to == "anna@elsewhere.example" || letter.subject != "Your account on Weirgate"));
    assert_eq!(told(app).await.len(), 2);
}
}

on_both! {
async fn nobody_makes_accounts_with_more_rights_than_their_own(app: App) {
    let root = app.admin().await;
    let overseer = app.verified("overseer").await;
    let id = overseer.id.parse().unwrap();
    server::for_tests::set_platform_role(&app.state, id, PlatformRole::ReadOnlyAdmin).await.unwrap();
    let anna = app.verified("anna").await;
    for role in ["user", "read_only_admin", "admin"] {
        let sent = json!({ "email": "new@example.com", "role": role });
        app.post(USERS).json(&sent).send().await.problem(401, "missing_credential");
        for by in [&overseer, &anna] {
            create(app, by, &sent).await.problem(403, "forbidden");
        }
    }
    // An administrator until a moment ago.
    server::for_tests::set_platform_role(&app.state, root.id.parse().unwrap(), PlatformRole::User).await.unwrap();
    create(app, &root, &json!({ "email": "new@example.com" })).await.problem(403, "forbidden");
    assert_eq!(told(app).await.len(), 2);
}
}

on_both! {
async fn repeated_request_makes_one_account_and_sends_one_letter(app: App) {
    let root = app.admin().await;
    let sent = json!({ "email": "vera@example.com" });
    let send = async || app.post(USERS).bearer(&root.access).header("idempotency-key", "u-1").json(&sent).send().await;
    let first = send().await.expect(201);
    let again = send().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(201), first);
    server::mail::idle(&app.state).await;
    assert_eq!(app.letters().iter().filter(|letter| letter.to == "vera@example.com").count(), 1);
    assert_eq!(told(app).await.len(), 1);
}
}

/// Where no letters leave, whoever makes the account hands the link on; it is shown once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_mail_the_link_is_in_the_answer_and_in_no_repetition() {
    let database = Database::sqlite();
    let mut app = App::start(database).await;
    let root = app.admin().await;
    app = app
        .restart_with_variables(&[("APP_ENV", "production"), ("PUBLIC_URL", "https://wg.example")])
        .await;
    let sent = json!({ "email": "vera@example.com" });
    let root = Person {
        access: app.login("root", false).await.access,
        ..root
    };
    let send = async || {
        let call = app.post(USERS).bearer(&root.access).header("idempotency-key", "u-1");
        call.json(&sent).send().await
    };
    let made = send().await.expect(201);
    assert_eq!(made["mailed"], false);
    let link = made["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://wg.example/reset?token="), "{link}");
    let again = send().await.expect(201);
    assert_eq!((&again["id"], &again["link"]), (&made["id"], &Value::Null));
    set_password(&app, &link).await.expect(200);
    app.login("vera", false).await;
    app.stop().await;
}
