//! `POST auth/login` for accounts with a second factor.

use serde_json::json;

use crate::support::{App, PASSWORD, totp_code};

/// How those who signed in had proved who they are.
async fn methods(app: &App) -> Vec<String> {
    app.database
        .texts("SELECT methods FROM sessions WHERE methods <> 'sign_up'")
        .await
}

on_both! {
async fn right_password_asks_for_the_code_and_the_code_signs_in(app: App) {
    let anna = app.guarded("anna").await;
    app.login_with("anna", None).await.problem(401, "second_factor_required");
    app.login_with("anna", Some("")).await.problem(401, "second_factor_required");
    app.login_with("anna", Some(&app.code(&anna.secret))).await.expect(200);
    assert_eq!(methods(app).await, ["password+totp"]);
}
}

on_both! {
async fn wrong_password_tells_nothing_of_the_second_factor(app: App) {
    let anna = app.guarded("anna").await;
    let sent = json!({ "email": "anna@example.com", "password": "not the password", "code": app.code(&anna.secret) });
    app.post("/api/v1/auth/login").json(&sent).send().await.problem(401, "wrong_password");
    // The code was not spent on it.
    app.login_with("anna", Some(&app.code(&anna.secret))).await.expect(200);
}
}

on_both! {
async fn code_is_right_once(app: App) {
    let anna = app.guarded("anna").await;
    let code = app.code(&anna.secret);
    app.login_with("anna", Some(&code)).await.expect(200);
    app.login_with("anna", Some(&code)).await.problem(401, "wrong_code");
    // Nor is one of an earlier step, once a later one was taken.
    app.login_with("anna", Some(&totp_code(&anna.secret, app.clock.now(), -1))).await.problem(401, "wrong_code");
    app.advance_secs(30);
    app.login_with("anna", Some(&app.code(&anna.secret))).await.expect(200);
}
}

on_both! {
async fn code_that_confirmed_the_app_does_not_sign_in(app: App) {
    let anna = app.guarded("anna").await;
    let confirmed_with = totp_code(&anna.secret, app.clock.now(), -1);
    app.login_with("anna", Some(&confirmed_with)).await.problem(401, "wrong_code");
}
}

on_both! {
async fn of_two_parallel_uses_of_one_code_one_signs_in(app: App) {
    let anna = app.guarded("anna").await;
    for _ in 0..5 {
        let code = app.code(&anna.secret);
        let (first, second) = tokio::join!(app.login_with("anna", Some(&code)), app.login_with("anna", Some(&code)));
        let mut seen = [first.status.as_u16(), second.status.as_u16()];
        seen.sort_unstable();
        assert_eq!(seen, [200, 401]);
        app.advance_secs(30);
    }
}
}

on_both! {
async fn clock_may_be_one_step_off(app: App) {
    let anna = app.guarded("anna").await;
    app.advance_secs(300);
    for (steps, status) in [(-2, 401), (2, 401), (-1, 200), (1, 200)] {
        let reply = app.login_with("anna", Some(&totp_code(&anna.secret, app.clock.now(), steps))).await;
        assert_eq!(reply.status, status, "{steps}");
    }
}
}

on_both! {
async fn recovery_code_signs_in_once_however_it_is_typed(app: App) {
    let anna = app.guarded("anna").await;
    assert_eq!(anna.recovery.len(), 10);
    let typed = anna.recovery[0].to_uppercase().replace('-', " ");
    app.login_with("anna", Some(&typed)).await.expect(200);
    assert_eq!(methods(app).await, ["password+recovery"]);
    app.login_with("anna", Some(&anna.recovery[0])).await.problem(401, "wrong_code");
    let (first, second) = tokio::join!(
        app.login_with("anna", Some(&anna.recovery[1])),
        app.login_with("anna", Some(&anna.recovery[1])),
    );
    assert_eq!(first.status.as_u16() + second.status.as_u16(), 601);
    let status = app.get("/api/v1/auth/totp").bearer(&anna.person.access).send().await.expect(200);
    assert_eq!(status["recovery_codes_left"], 8);
}
}

on_both! {
async fn used_recovery_code_is_told_with_where_it_came_from(app: App) {
    let anna = app.guarded("anna").await;
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD, "code": anna.recovery[0] });
    let call = app.post("/api/v1/auth/login").from("203.0.113.7").json(&sent);
    call.send_until_served().await.expect(200);
    let rows = app.audit().await;
    let used: Vec<_> = rows.iter().filter(|row| row["action"] == "recovery_code.used").collect();
    assert_eq!(used.len(), 1);
    assert_eq!(used[0]["address"], "203.0.113.7");
}
}

on_both! {
async fn nobody_elses_code_counts(app: App) {
    app.guarded("anna").await;
    let boris = app.guarded("boris").await;
    app.login_with("anna", Some(&app.code(&boris.secret))).await.problem(401, "wrong_code");
    app.login_with("anna", Some(&boris.recovery[0])).await.problem(401, "wrong_code");
    app.login_with("boris", Some(&boris.recovery[0])).await.expect(200);
}
}

on_both! {
async fn five_wrong_codes_are_the_most_in_a_quarter_of_an_hour(app: App) {
    let anna = app.guarded("anna").await;
    for _ in 0..5 {
        app.login_with("anna", Some("000000")).await.problem(401, "wrong_code");
    }
    let reply = app.login_with("anna", Some(&app.code(&anna.secret))).await;
    reply.problem(429, "rate_limited");
    let wait: i64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=901).contains(&wait), "{wait}");
    app.advance_secs(wait);
    app.login_with("anna", Some(&app.code(&anna.secret))).await.expect(200);
}
}

on_both! {
async fn account_without_a_factor_is_not_asked(app: App) {
    app.register("anna").await;
    app.login_with("anna", Some("123456")).await.expect(200);
    assert_eq!(methods(app).await, ["password"]);
}
}

on_both! {
async fn passkey_is_asked_for_after_the_password_only_where_its_owner_said_so(app: App) {
    let anna = app.register("anna").await;
    app.add_passkey(&anna, &mut app.authenticator(1), false).await.expect(201);
    app.login_with("anna", None).await.expect(200);
    let added = app.add_passkey(&anna, &mut app.authenticator(2), true).await.expect(201);
    app.login_with("anna", None).await.problem(401, "second_factor_required");
    let recovery = added["recovery_codes"][3].as_str().unwrap();
    app.login_with("anna", Some(recovery)).await.expect(200);
}
}

/// A browser's sign-in: after the right password it keeps a sealed cookie and goes on with that.
mod in_a_browser {
    use axum::http::{HeaderMap, header};
    use server::{
        http::cookie,
        sessions::Device,
        sign_in::{self, Step},
    };
    use types::error::Code;

    use crate::support::{App, PASSWORD};

    async fn first_step(app: &App) -> Step {
        let login = types::accounts::Login {
            email: "anna@example.com".to_owned(),
            password: PASSWORD.to_owned(),
            ..Default::default()
        };
        let proven = server::accounts::verify_password(&app.state, &login, &Device::default())
            .await
            .unwrap();
        sign_in::first_step(&app.state, proven, true, "/keys", &Device::default())
            .await
            .unwrap()
    }

    on_both! {
    async fn first_step_is_kept_for_ten_minutes(app: App) {
        let anna = app.guarded("anna").await;
        let Step::Second(sealed) = first_step(app).await else { panic!("no second factor was asked for") };
        let set = cookie::set_paused(app.state.config(), &sealed);
        let text = set.to_str().unwrap();
        assert!(text.starts_with("wg-second=") && text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"), "{text}");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, text.split(';').next().unwrap().parse().unwrap());
        let sent = cookie::paused(&headers, app.state.config()).unwrap();

        let (proven, remember, next) = sign_in::resume(&app.state, &sent).await.unwrap();
        assert_eq!((remember, next.as_str()), (true, "/keys"));
        let wrong = sign_in::enter(&app.state, proven, Some("000000"), &Device::default()).await.err().unwrap();
        assert_eq!(wrong.refusal().code, Code::WrongCode);
        let (proven, ..) = sign_in::resume(&app.state, &sent).await.unwrap();
        let entered = sign_in::enter(&app.state, proven, Some(&app.code(&anna.secret)), &Device::default()).await.unwrap();
        assert_eq!(entered.methods(), "password+totp");

        let mut changed = sent.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(sign_in::resume(&app.state, &changed).await.err().unwrap().refusal().code, Code::InvalidCredential);
        app.advance_secs(600);
        assert_eq!(sign_in::resume(&app.state, &sent).await.err().unwrap().refusal().code, Code::InvalidCredential);
    }
    }

    on_both! {
    async fn account_without_a_factor_is_in_at_once(app: App) {
        app.register("anna").await;
        assert!(matches!(first_step(app).await, Step::In(_)));
    }
    }
}
