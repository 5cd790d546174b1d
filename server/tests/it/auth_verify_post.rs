//! `POST auth/verify`: signing in by a link, once, in the browser that confirms.

use serde_json::{Value, json};

use crate::support::{App, token_of};

const PATH: &str = "/api/v1/auth/verify";

async fn link(app: &App) -> String {
    let sent = json!({ "email": "anna@example.com" });
    let reply = app
        .post("/api/v1/auth/request-link")
        .json(&sent)
        .send()
        .await
        .expect(202);
    token_of(reply["dev_link"].as_str().unwrap())
}

on_both! {
async fn link_signs_in_once_with_tokens_and_cookie_of_one_sign_in(app: App) {
    app.register("anna").await;
    let token = link(app).await;
    let reply = app.post(PATH).json(&json!({ "token": token, "remember_me": true })).send().await;
    let signed_in = reply.expect(200);
    assert_eq!(signed_in["user"]["email"], "anna@example.com");
    assert_eq!(signed_in["user"]["email_verified"], true);
    assert_eq!(signed_in["refresh_token"].as_str().map(str::len), Some(128));
    let set: Vec<&str> = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let cookie = set.iter().find(|cookie| cookie.starts_with("wg=")).unwrap();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    let cookie = cookie.split(';').next().unwrap();
    app.get("/api/v1/auth/me").cookie(cookie).send().await.expect(200);
    let access = signed_in["access_token"].as_str().unwrap();
    let sessions = app.get("/api/v1/auth/sessions").bearer(access).send().await.expect(200);
    let current: Vec<&Value> = sessions["data"].as_array().unwrap().iter().filter(|one| one["current"] == true).collect();
    assert_eq!(current.len(), 1, "{sessions}");
    assert_eq!(current[0]["methods"], json!(["link"]));
    assert_eq!(sessions["data"].as_array().unwrap().len(), 2, "sign-up and link");

    app.post(PATH).json(&json!({ "token": token })).send().await.problem(400, "invalid_link");
    // Ending one half ends the other.
    let refresh = json!({ "refresh_token": signed_in["refresh_token"] });
    app.post("/api/v1/auth/logout").json(&refresh).send().await.expect(204);
    app.get("/api/v1/auth/me").cookie(cookie).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn of_parallel_uses_exactly_one_signs_in(app: App) {
    app.register("anna").await;
    let token = link(app).await;
    let calls = (0..20).map(|_| app.post(PATH).json(&json!({ "token": token })).send());
    let replies = futures_util::future::join_all(calls).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.problem(400, "invalid_link");
        assert_eq!(reply.header("set-cookie"), None);
    }
}
}

on_both! {
async fn link_is_good_for_ten_minutes(app: App) {
    app.register("anna").await;
    let token = link(app).await;
    app.clock.advance(599_999);
    let other = link(app).await;
    app.post(PATH).json(&json!({ "token": token })).send().await.problem(400, "invalid_link");
    app.clock.advance(600_000);
    app.post(PATH).json(&json!({ "token": other })).send().await.problem(400, "invalid_link");
    app.advance_secs(7200);
    let last = link(app).await;
    app.clock.advance(599_999);
    app.post(PATH).json(&json!({ "token": last })).send().await.expect(200);
}
}

on_both! {
async fn newer_link_ends_the_older_one(app: App) {
    app.register("anna").await;
    let older = link(app).await;
    let newer = link(app).await;
    app.post(PATH).json(&json!({ "token": older })).send().await.problem(400, "invalid_link");
    app.post(PATH).json(&json!({ "token": newer })).send().await.expect(200);
}
}

on_both! {
async fn looking_at_a_link_uses_nothing_up(app: App) {
    app.register("anna").await;
    let token = link(app).await;
    for _ in 0..10 {
        let email = server::sign_in::link::look(&app.state, &token).await.unwrap();
        assert_eq!(email, "anna@example.com");
    }
    app.post(PATH).json(&json!({ "token": token })).send().await.expect(200);
    assert!(server::sign_in::link::look(&app.state, &token).await.is_err());
}
}

on_both! {
async fn token_that_is_none_is_400_and_other_kinds_are_none(app: App) {
    app.register("anna").await;
    let verification = token_of(&app.link_to("anna@example.com"));
    let long = "a".repeat(2000);
    for token in [
        json!(null),
        json!(""),
        json!(["x"]),
        json!({ "a": 1 }),
        json!(7),
        json!("x"),
        json!(long),
        json!("' OR '1'='1' -- 0123456789012345678901234567"),
        json!("0123456789012345678901234567890123456789\u{0}12"),
        json!(verification),
    ] {
        app.post(PATH).json(&json!({ "token": token })).send().await.problem(400, "invalid_link");
    }
    app.post(PATH).json(&json!({})).send().await.problem(400, "invalid_link");
    app.post(PATH).json(&json!({ "token": "x", "next": "/" })).send().await.invalid("next", "unknown_field");
}
}

on_both! {
async fn second_factor_is_asked_for_and_costs_no_link(app: App) {
    let anna = app.guarded("anna").await;
    let token = link(app).await;
    app.post(PATH).json(&json!({ "token": token })).send().await.problem(401, "second_factor_required");
    app.post(PATH).json(&json!({ "token": token, "code": "000000" })).send().await.problem(401, "wrong_code");
    let code = app.code(&anna.secret);
    let signed_in = app.post(PATH).json(&json!({ "token": token, "code": code })).send().await.expect(200);
    let access = signed_in["access_token"].as_str().unwrap();
    let sessions = app.get("/api/v1/auth/sessions").bearer(access).send().await.expect(200);
    let current = sessions["data"].as_array().unwrap().iter().find(|one| one["current"] == true).unwrap();
    assert_eq!(current["methods"], json!(["link", "totp"]));
    app.advance_secs(30);
    let code = app.code(&anna.secret);
    app.post(PATH).json(&json!({ "token": token, "code": code })).send().await.problem(400, "invalid_link");
}
}

on_both! {
async fn browser_keeps_what_the_link_proved_while_it_looks_for_the_second_factor(app: App) {
    let anna = app.guarded("anna").await;
    let token = link(app).await;
    let device = server::sessions::Device::default();
    let proven = server::sign_in::link::first_proof(&app.state, &token, &device).await.unwrap();
    let step = server::sign_in::first_step(&app.state, proven, true, "/", &device).await.unwrap();
    let server::sign_in::Step::Second(sealed) = step else { panic!("no second step") };
    // The link is used up: only this browser can go on.
    app.post(PATH).json(&json!({ "token": token, "code": app.code(&anna.secret) })).send().await.problem(400, "invalid_link");
    let (proven, remember, _) = server::sign_in::resume(&app.state, &sealed).await.unwrap();
    assert!(remember);
    let code = app.code(&anna.secret);
    let entered = server::sign_in::enter(&app.state, proven, Some(&code), &device).await.unwrap();
    assert_eq!(entered.methods(), "link+totp");
}
}

on_both! {
async fn link_of_a_disabled_account_is_worth_nothing(app: App) {
    let person = app.register("anna").await;
    let token = link(app).await;
    app.disable(&person).await;
    app.post(PATH).json(&json!({ "token": token })).send().await.problem(400, "invalid_link");
}
}

on_both! {
async fn token_is_not_in_the_database(app: App) {
    app.register("anna").await;
    let token = link(app).await;
    let sent = json!({ "email": "anna@example.com" });
    app.post("/api/v1/auth/password/forgot").json(&sent).send().await.expect(202);
    let dump = app.database.dump();
    let tokens = app.letters().into_iter().filter_map(|letter| letter.link).map(|link| token_of(&link));
    let tokens: Vec<String> = tokens.chain([token]).collect();
    assert_eq!(tokens.len(), 4, "verification, link, reset, and the link again");
    for token in tokens {
        assert!(!dump.windows(token.len()).any(|window| window == token.as_bytes()));
    }
}
}
