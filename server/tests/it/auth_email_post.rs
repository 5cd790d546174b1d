//! `POST auth/email/verify`, `resend` and `change`, and sign-up that verifies first.

use serde_json::{Value, json};

use crate::support::{App, Database, PASSWORD, Person, token_of};

const VERIFY: &str = "/api/v1/auth/email/verify";
const RESEND: &str = "/api/v1/auth/email/resend";
const CHANGE: &str = "/api/v1/auth/email/change";
const REGISTER: &str = "/api/v1/auth/register";

async fn verify(app: &App, email: &str) -> crate::support::Reply {
    let token = token_of(&app.link_to(email));
    app.post(VERIFY).json(&json!({ "token": token })).send().await
}

async fn verified(app: &App, person: &Person) -> Value {
    let me = app
        .get("/api/v1/auth/me")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    me["email_verified"].clone()
}

on_both! {
async fn new_account_gets_a_link_that_verifies_its_address_once(app: App) {
    let person = app.register("anna").await;
    assert_eq!(verified(app, &person).await, false);
    let token = token_of(&app.link_to("anna@example.com"));
    for _ in 0..10 {
        assert_eq!(server::accounts::email::look_at_verification(&app.state, &token).await.unwrap(), "anna@example.com");
    }
    let reply = app.post(VERIFY).json(&json!({ "token": token })).send().await.expect(200);
    assert_eq!(reply["email"], "anna@example.com");
    assert_eq!(reply["access_token"], Value::Null);
    assert_eq!(verified(app, &person).await, true);
    app.post(VERIFY).json(&json!({ "token": token })).send().await.problem(400, "invalid_link");
    app.audit_until("user.email_verified", 1).await;
}
}

on_both! {
async fn verification_link_is_good_for_a_day_and_can_be_asked_for_again(app: App) {
    let person = app.register("anna").await;
    let first = token_of(&app.link_to("anna@example.com"));
    app.post(RESEND).bearer(&person.access).send().await.expect(202);
    app.post(VERIFY).json(&json!({ "token": first })).send().await.problem(400, "invalid_link");
    app.clock.advance(86_400_000);
    verify(app, "anna@example.com").await.problem(400, "invalid_link");
    let person = app.login("anna", false).await;
    app.post(RESEND).bearer(&person.access).send().await.expect(202);
    app.clock.advance(86_399_999);
    verify(app, "anna@example.com").await.expect(200);
    // Nothing is left to verify, so nothing is sent.
    let person = app.login("anna", false).await;
    let before = app.letters().len();
    app.post(RESEND).bearer(&person.access).send().await.expect(202);
    assert_eq!(app.letters().len(), before);
    app.post(RESEND).send().await.problem(401, "missing_credential");
}
}

on_both! {
async fn token_that_is_none_is_400(app: App) {
    app.register("anna").await;
    for body in [json!({}), json!({ "token": null }), json!({ "token": "" }), json!({ "token": ["x"] }), json!({ "token": "x" })] {
        app.post(VERIFY).json(&body).send().await.problem(400, "invalid_link");
    }
}
}

on_both! {
async fn address_changes_when_the_new_one_confirms_and_the_old_one_is_told(app: App) {
    let person = app.register("anna").await;
    let send = |body: Value| app.post(CHANGE).bearer(&person.access).json(&body).send();
    send(json!({ "email": "new@example.com" })).await.problem(403, "reauth_required");
    send(json!({ "email": "new@example.com", "password": "wrong" })).await.problem(401, "wrong_password");
    send(json!({ "email": "nowhere", "password": PASSWORD })).await.invalid("email", "not_an_email");
    send(json!({ "email": "ANNA@example.com", "password": PASSWORD })).await.problem(409, "email_taken");
    let link = json!({ "email": "anna@example.com" });
    let old_link = app.post("/api/v1/auth/request-link").json(&link).send().await.expect(202);

    send(json!({ "email": "New@Example.com", "password": PASSWORD })).await.expect(202);
    let me = app.get("/api/v1/auth/me").bearer(&person.access).send().await.expect(200);
    assert_eq!(me["email"], "anna@example.com", "nothing changes before");
    assert_eq!(verify(app, "new@example.com").await.expect(200)["email"], "new@example.com");
    let me = app.get("/api/v1/auth/me").bearer(&person.access).send().await.expect(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("new@example.com"), &json!(true)));
    let told = &app.letters()[0];
    assert_eq!((told.to.as_str(), told.subject.as_str()), ("anna@example.com", "Your e-mail address was changed"));
    assert!(!told.text.contains("new@example.com"), "the old address is not told the new one");

    // What was sent to the old address is worth nothing now.
    let old = json!({ "token": token_of(old_link["dev_link"].as_str().unwrap()) });
    app.post("/api/v1/auth/verify").json(&old).send().await.problem(400, "invalid_link");
    let sent = |email: &str| json!({ "email": email, "password": PASSWORD });
    app.post("/api/v1/auth/login").json(&sent("anna@example.com")).send().await.problem(401, "wrong_password");
    app.post("/api/v1/auth/login").json(&sent("new@example.com")).send().await.expect(200);
    app.audit_until("user.email_changed", 1).await;
}
}

on_both! {
async fn address_of_somebody_else_is_not_told_apart_and_not_taken(app: App) {
    app.register("berta").await;
    let person = app.register("anna").await;
    let send = |email: &str| app.post(CHANGE).bearer(&person.access).json(&json!({ "email": email, "password": PASSWORD })).send();
    let before = app.letters().len();
    let taken = send("berta@example.com").await.expect(202);
    assert_eq!(app.letters().len(), before);
    let free = send("free@example.com").await.expect(202);
    assert_eq!(taken, free);
    // Somebody gets the address before the link is opened.
    app.register("free").await;
    let token = app.letters().into_iter().find(|letter| letter.subject == "Confirm your new e-mail address").unwrap().link.unwrap();
    let reply = app.post(VERIFY).json(&json!({ "token": token_of(&token) })).send().await;
    reply.problem(409, "email_taken");
    let me = app.get("/api/v1/auth/me").bearer(&person.access).send().await.expect(200);
    assert_eq!(me["email"], "anna@example.com");
}
}

/// A server where nobody is in before their address is verified.
async fn verify_first(database: Database) -> App {
    App::start_with(database, |config| {
        config.auth.registration = server::config::Registration::VerifyFirst;
        config.rate_limits.links_per_minute = 1000;
        config.rate_limits.links_per_hour = 1000;
        config.rate_limits.sign_in_requests = 1000;
    })
    .await
}

fn sign_up(email: &str, username: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "username": username })
}

async fn every_address_gets_the_same_answer_and_the_letter_differs(app: App) {
    let ask = |email: &str| {
        let call = app.post(REGISTER).header("x-request-id", "one-and-the-same");
        call.json(&sign_up(email, "anna")).send()
    };
    let first = ask("anna@example.com").await;
    first.expect(202);
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    app.post("/api/v1/auth/login")
        .json(&sent)
        .send()
        .await
        .problem(401, "wrong_password");
    let reply = verify(&app, "anna@example.com").await.expect(200);
    assert_eq!(reply["user"]["username"], "anna");
    assert_eq!(reply["user"]["email_verified"], true);
    let person = Person::of(&reply);
    app.get("/api/v1/auth/me")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    app.post("/api/v1/auth/login").json(&sent).send().await.expect(200);

    for known in ["anna@example.com", "ANNA@example.com", " anna@example.com"] {
        let again = ask(known).await;
        assert_eq!(
            (again.status, &again.headers, &again.body),
            (first.status, &first.headers, &first.body)
        );
    }
    let letters: Vec<String> = app.letters().into_iter().map(|letter| letter.subject).collect();
    assert_eq!(
        letters,
        [
            "You have an account already",
            "You have an account already",
            "Finish signing up"
        ]
    );
    app.stop().await;
}

async fn of_parallel_sign_ups_with_one_address_one_becomes_an_account(app: App) {
    let calls = (0..50).map(|number| {
        app.post(REGISTER)
            .json(&sign_up("anna@example.com", &format!("anna{number}")))
            .send_until_served()
    });
    let replies = futures_util::future::join_all(calls).await;
    assert!(
        replies
            .iter()
            .all(|reply| reply.status == 202 && reply.body == replies[0].body)
    );
    let tokens: Vec<String> = app
        .letters()
        .into_iter()
        .filter_map(|letter| letter.link)
        .map(|link| token_of(&link))
        .collect();
    assert_eq!(tokens.len(), 3, "no more than three letters");
    let calls = tokens
        .iter()
        .map(|token| app.post(VERIFY).json(&json!({ "token": token })).send());
    let replies = futures_util::future::join_all(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.problem(400, "invalid_link");
    }
    app.stop().await;
}

async fn user_name_that_is_taken_meanwhile_gets_a_number(app: App) {
    for email in ["a@example.com", "b@example.com"] {
        app.post(REGISTER)
            .json(&sign_up(email, "anna"))
            .send()
            .await
            .expect(202);
    }
    assert_eq!(
        verify(&app, "a@example.com").await.expect(200)["user"]["username"],
        "anna"
    );
    assert_eq!(
        verify(&app, "b@example.com").await.expect(200)["user"]["username"],
        "anna2"
    );
    app.stop().await;
}

async fn rules_hold_before_any_letter(app: App) {
    for (body, field, code) in [
        (
            json!({ "email": "anna", "password": PASSWORD }),
            "email",
            "not_an_email",
        ),
        (
            json!({ "email": "a@b.co", "password": "password" }),
            "password",
            "password_breached",
        ),
        (
            json!({ "email": "a@b.co", "password": PASSWORD, "full_name": "a\r\nb" }),
            "full_name",
            "control_characters",
        ),
        (
            json!({ "email": "a@b.co", "password": PASSWORD, "locale": "xx" }),
            "locale",
            "unknown_value",
        ),
    ] {
        app.post(REGISTER).json(&body).send().await.invalid(field, code);
    }
    assert!(app.letters().is_empty());
    app.stop().await;
}

async fn letter_is_in_the_language_that_was_asked_for(app: App) {
    let body = json!({ "email": "anna@example.com", "password": PASSWORD, "locale": "ru" });
    app.post(REGISTER).json(&body).send().await.expect(202);
    assert_eq!(app.letters()[0].subject, "Завершите регистрацию");
    assert_eq!(
        verify(&app, "anna@example.com").await.expect(200)["user"]["locale"],
        "ru"
    );
    app.stop().await;
}

macro_rules! first_on_both {
    ($($name:ident),*) => {
        mod first {
            $(mod $name {
                use crate::support::Database;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    super::super::$name(super::super::verify_first(Database::sqlite()).await).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    let Some(database) = Database::postgres() else { return };
                    super::super::$name(super::super::verify_first(database).await).await;
                }
            })*
        }
    };
}

first_on_both!(
    every_address_gets_the_same_answer_and_the_letter_differs,
    of_parallel_sign_ups_with_one_address_one_becomes_an_account,
    user_name_that_is_taken_meanwhile_gets_a_number,
    rules_hold_before_any_letter,
    letter_is_in_the_language_that_was_asked_for
);
