//! `POST auth/password/forgot`, `reset` and `change`.

use serde_json::{Value, json};

use crate::support::{App, Database, PASSWORD, Person, token_of};

const FORGOT: &str = "/api/v1/auth/password/forgot";
const RESET: &str = "/api/v1/auth/password/reset";
const CHANGE: &str = "/api/v1/auth/password/change";
const NEW: &str = "staple battery horse";

async fn link(app: &App) -> String {
    app.post(FORGOT)
        .json(&json!({ "email": "anna@example.com" }))
        .send()
        .await
        .expect(202);
    let link = app.link_to("anna@example.com");
    assert!(
        link.starts_with(&format!("{}/reset?token=", app.state.config().public_url())),
        "{link}"
    );
    token_of(&link)
}

async fn login(app: &App, password: &str) -> u16 {
    let sent = json!({ "email": "anna@example.com", "password": password });
    app.post("/api/v1/auth/login").json(&sent).send().await.status.as_u16()
}

async fn me(app: &App, person: &Person) -> u16 {
    app.get("/api/v1/auth/me")
        .bearer(&person.access)
        .send()
        .await
        .status
        .as_u16()
}

fn told(app: &App, subject: &str) -> usize {
    app.letters().iter().filter(|letter| letter.subject == subject).count()
}

on_both! {
async fn forgotten_password_is_asked_for_without_telling_who_has_an_account(app: App) {
    app.register("anna").await;
    let ask = |email: &str| app.post(FORGOT).header("x-request-id", "one-and-the-same").json(&json!({ "email": email })).send();
    let mut known = ask("ANNA@example.com").await;
    let mut unknown = ask("nobody@example.com").await;
    known.expect(202);
    for reply in [&mut known, &mut unknown] {
        // How often this address has asked: the second answer counts one more.
        assert!(reply.headers.remove("ratelimit").is_some());
    }
    assert_eq!((known.headers, known.body), (unknown.headers, unknown.body));
    assert_eq!(told(app, "Set a new password"), 1);
    ask("anna").await.invalid("email", "not_an_email");
}
}

on_both! {
async fn reset_sets_the_password_and_ends_every_sign_in(app: App) {
    let person = app.register("anna").await;
    let cookie = app.cookie("anna", true).await;
    let cli = json!({ "email": "anna@example.com", "password": PASSWORD });
    let cli = app.post("/api/v1/auth/cli-login").json(&cli).send().await.expect(200);
    let token = link(app).await;
    app.post(RESET).json(&json!({ "token": token, "password": NEW })).send().await.expect(200);

    assert_eq!(login(app, PASSWORD).await, 401);
    assert_eq!(login(app, NEW).await, 200);
    assert_eq!(me(app, &person).await, 401);
    let refresh = json!({ "refresh_token": person.refresh });
    app.post("/api/v1/auth/refresh").json(&refresh).send().await.problem(401, "invalid_grant");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    let text = cli["token"].as_str().unwrap();
    app.get("/api/v1/auth/me").bearer(text).send().await.problem(401, "invalid_credential");
    assert_eq!(told(app, "Your password was changed"), 1);
    assert_eq!(app.audit_until("user.password_reset", 1).await[0]["actor_kind"], "user");
    // It also showed that the address is hers.
    let person = {
        let sent = json!({ "email": "anna@example.com", "password": NEW });
        Person::of(&app.post("/api/v1/auth/login").json(&sent).send().await.expect(200))
    };
    let me = app.get("/api/v1/auth/me").bearer(&person.access).send().await.expect(200);
    assert_eq!(me["email_verified"], true);
}
}

on_both! {
async fn personal_token_made_in_the_settings_survives_a_reset(app: App) {
    let person = app.register("anna").await;
    let token = token_of(&app.link_to("anna@example.com"));
    app.post("/api/v1/auth/email/verify").json(&json!({ "token": token })).send().await.expect(200);
    let made = json!({ "name": "ci", "scopes": ["account"], "password": PASSWORD });
    let made = app.post("/api/v1/auth/tokens").bearer(&person.access).json(&made).send().await.expect(201);
    let token = link(app).await;
    app.post(RESET).json(&json!({ "token": token, "password": NEW })).send().await.expect(200);
    app.get("/api/v1/auth/me").bearer(made["token"].as_str().unwrap()).send().await.expect(200);
}
}

on_both! {
async fn reset_of_an_account_that_never_proved_its_address_drops_every_credential(app: App) {
    let stranger = app.register("anna").await;
    let made = json!({ "name": "theirs", "scopes": ["account"], "password": PASSWORD });
    let made = app.post("/api/v1/auth/tokens").bearer(&stranger.access).json(&made).send().await.expect(201);
    let token = made["token"].as_str().unwrap();
    let made = app.post("/api/v1/account/keys").bearer(&stranger.access).json(&json!({ "name": "theirs" })).send().await.expect(201);
    let key = made["key"].as_str().unwrap();
    app.post("/api/v1/auth/totp").bearer(&stranger.access).json(&json!({ "current_password": PASSWORD })).send().await.expect(200);

    let sent = link(app).await;
    app.post(RESET).json(&json!({ "token": sent, "password": NEW })).send().await.expect(200);

    app.get("/api/v1/auth/me").bearer(token).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").bearer(&stranger.access).send().await.problem(401, "invalid_credential");
    assert!(app.state.directory().key(key).unwrap().revoked);
    assert_eq!(login(app, PASSWORD).await, 401);
    assert_eq!(login(app, NEW).await, 200);
    assert_eq!(app.audit_until("user.reclaimed", 1).await.len(), 1);
}
}

on_both! {
async fn links_of_one_account_used_at_once_do_not_hold_each_other_up(app: App) {
    let mut calls = Vec::new();
    for name in ["anna", "berta"] {
        app.register(name).await;
        let asked = json!({ "email": format!("{name}@example.com") });
        let sign_in = app.post("/api/v1/auth/request-link").json(&asked).send().await.expect(202);
        app.post(FORGOT).json(&asked).send().await.expect(202);
        let reset = token_of(&app.link_to(&format!("{name}@example.com")));
        let sign_in = token_of(sign_in["dev_link"].as_str().unwrap());
        for _ in 0..2 {
            calls.push(app.post("/api/v1/auth/verify").json(&json!({ "token": sign_in })));
            calls.push(app.post(RESET).json(&json!({ "token": reset, "password": NEW })));
        }
    }
    let replies = futures_util::future::join_all(calls.into_iter().map(|call| call.send())).await;
    let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!(count(200) + count(400), 8, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    assert!((2..=4).contains(&count(200)), "each reset counts once, each link at most once: {}", count(200));
}
}

on_both! {
async fn of_parallel_resets_exactly_one_counts(app: App) {
    app.register("anna").await;
    let token = link(app).await;
    let calls = (0..6).map(|number| {
        app.post(RESET).json(&json!({ "token": token, "password": format!("{NEW} {number}") })).send_until_served()
    });
    let replies = futures_util::future::join_all(calls).await;
    let won: Vec<usize> = (0..6).filter(|number| replies[*number].status == 200).collect();
    assert_eq!(won.len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.problem(400, "invalid_link");
    }
    assert_eq!(login(app, &format!("{NEW} {}", won[0])).await, 200);
}
}

on_both! {
async fn link_is_good_for_ten_minutes_and_for_the_newest_request(app: App) {
    app.register("anna").await;
    let older = link(app).await;
    let token = link(app).await;
    let reset = |token: &str| app.post(RESET).json(&json!({ "token": token, "password": NEW })).send();
    reset(&older).await.problem(400, "invalid_link");
    app.clock.advance(600_001);
    reset(&token).await.problem(400, "invalid_link");
    app.advance_secs(3600);
    let token = link(app).await;
    app.clock.advance(599_999);
    reset(&token).await.expect(200);
    reset(&token).await.problem(400, "invalid_link");
}
}

on_both! {
async fn token_that_is_none_is_400_and_changes_nothing(app: App) {
    app.register("anna").await;
    let sign_in = json!({ "email": "anna@example.com" });
    let sign_in = app.post("/api/v1/auth/request-link").json(&sign_in).send().await.expect(202);
    let of_another_kind = token_of(sign_in["dev_link"].as_str().unwrap());
    for token in [json!(null), json!(""), json!([]), json!([null]), json!({}), json!(0), json!("null"), json!(of_another_kind)] {
        app.post(RESET).json(&json!({ "token": token, "password": NEW })).send().await.problem(400, "invalid_link");
    }
    app.post(RESET).json(&json!({ "password": NEW })).send().await.problem(400, "invalid_link");
    app.post(RESET).json(&json!({})).send().await.problem(400, "invalid_link");
    assert_eq!(login(app, PASSWORD).await, 200);
}
}

on_both! {
async fn password_that_breaks_a_rule_leaves_the_link_good(app: App) {
    app.register("anna").await;
    let token = link(app).await;
    let long = "x".repeat(1025);
    for (password, code) in [("", "required"), ("short", "too_short"), ("Password1", "password_breached"), (long.as_str(), "too_long")] {
        app.post(RESET).json(&json!({ "token": token, "password": password })).send().await.invalid("password", code);
    }
    app.post(RESET).json(&json!({ "token": token, "password": "onlylowercaseletters" })).send().await.expect(200);
}
}

on_both! {
async fn reset_ends_links_that_were_asked_for_before(app: App) {
    app.register("anna").await;
    let sent = json!({ "email": "anna@example.com" });
    let sign_in = app.post("/api/v1/auth/request-link").json(&sent).send().await.expect(202);
    let token = link(app).await;
    app.post(RESET).json(&json!({ "token": token, "password": NEW })).send().await.expect(200);
    let sign_in = json!({ "token": token_of(sign_in["dev_link"].as_str().unwrap()) });
    app.post("/api/v1/auth/verify").json(&sign_in).send().await.problem(400, "invalid_link");
}
}

on_both! {
async fn link_leads_to_the_configured_address_whatever_the_request_says(app: App) {
    app.register("anna").await;
    let call = app.post(FORGOT).header("host", "evil.example").header("x-forwarded-host", "evil.example");
    call.json(&json!({ "email": "anna@example.com" })).send().await.expect(202);
    assert!(app.link_to("anna@example.com").starts_with(app.state.config().public_url()));
}
}

fn change(current: Value, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

on_both! {
async fn change_asks_for_the_password_again(app: App) {
    let person = app.register("anna").await;
    let send = |body: Value| app.post(CHANGE).bearer(&person.access).json(&body).send();
    send(json!({ "new_password": NEW })).await.problem(403, "reauth_required");
    send(change(json!(null), NEW)).await.problem(403, "reauth_required");
    send(change(json!(""), NEW)).await.problem(403, "reauth_required");
    send(change(json!("not the password"), NEW)).await.problem(401, "wrong_password");
    send(change(json!(PASSWORD), "short")).await.invalid("new_password", "too_short");
    send(change(json!(PASSWORD), "password")).await.invalid("new_password", "password_breached");
    assert_eq!(login(app, PASSWORD).await, 200);
    app.post(CHANGE).json(&change(json!(PASSWORD), NEW)).send().await.problem(401, "missing_credential");
}
}

on_both! {
async fn change_ends_the_other_sign_ins_and_is_told_by_mail(app: App) {
    let person = app.register("anna").await;
    let other = app.login("anna", true).await;
    let cookie = app.cookie("anna", false).await;
    app.post(CHANGE).bearer(&person.access).json(&change(json!(PASSWORD), NEW)).send().await.expect(204);
    assert_eq!(me(app, &person).await, 200);
    assert_eq!(me(app, &other).await, 401);
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    assert_eq!(login(app, PASSWORD).await, 401);
    assert_eq!(login(app, NEW).await, 200);
    assert_eq!(told(app, "Your password was changed"), 1);
    app.audit_until("user.password_changed", 1).await;
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stolen_sign_in_may_not_guess_the_password() {
    let app = App::start_with(Database::sqlite(), |config| config.rate_limits.sign_in_failures = 5).await;
    let person = app.register("anna").await;
    let owner = app.login("anna", false).await;
    let guess = |person: &Person| {
        app.post(CHANGE)
            .bearer(&person.access)
            .json(&change(json!("a guess"), NEW))
            .send()
    };
    for _ in 0..5 {
        guess(&person).await.problem(401, "wrong_password");
    }
    let refused = guess(&person).await;
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    // The owner's own sign-in is not locked by that.
    app.post(CHANGE)
        .bearer(&owner.access)
        .json(&change(json!(PASSWORD), NEW))
        .send()
        .await
        .expect(204);
    app.stop().await;
}

on_both! {
async fn account_without_a_password_sets_its_first_one_right_after_signing_in(app: App) {
    let person = app.register("anna").await;
    app.drop_password(&person).await;
    let sign_in = json!({ "email": "anna@example.com" });
    let link = app.post("/api/v1/auth/request-link").json(&sign_in).send().await.expect(202);
    let token = json!({ "token": token_of(link["dev_link"].as_str().unwrap()) });
    let person = Person::of(&app.post("/api/v1/auth/verify").json(&token).send().await.expect(200));
    let send = || app.post(CHANGE).bearer(&person.access).json(&json!({ "new_password": NEW })).send();
    app.clock.advance(300_001);
    send().await.problem(403, "reauth_required");
    app.clock.advance(-1);
    send().await.expect(204);
    assert_eq!(login(app, NEW).await, 200);
    // From now on there is a password to ask for.
    send().await.problem(403, "reauth_required");
}
}

on_both! {
async fn personal_token_may_not_change_the_password(app: App) {
    let person = app.register("anna").await;
    let made = json!({ "name": "ci", "scopes": ["account"], "password": PASSWORD });
    let made = app.post("/api/v1/auth/tokens").bearer(&person.access).json(&made).send().await.expect(201);
    let token = made["token"].as_str().unwrap();
    app.post(CHANGE).bearer(token).json(&change(json!(PASSWORD), NEW)).send().await.problem(403, "forbidden");
    let email = json!({ "email": "b@example.com", "password": PASSWORD });
    app.post("/api/v1/auth/email/change").bearer(token).json(&email).send().await.problem(403, "forbidden");
}
}
