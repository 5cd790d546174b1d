//! Cookie sessions: flags, lifetimes, and where they count.

use server::{accounts, http::cookie, sessions, sign_in};

use crate::support::{App, Database, PASSWORD};

async fn set_cookie(app: &App, remember: bool) -> String {
    let login = types::accounts::Login {
        email: "anna@example.com".into(),
        password: PASSWORD.into(),
        remember_me: remember,
        code: None,
    };
    let device = sessions::Device::default();
    let proven = accounts::verify_password(&app.state, &login, &device).await.unwrap();
    let user = sign_in::enter(&app.state, proven, None, &device).await.unwrap();
    let new = sessions::start_cookie(&app.state, &user, remember, &device)
        .await
        .unwrap();
    cookie::set(app.state.config(), &new).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn on_https_the_cookie_is_host_bound_and_secure() {
    let app = App::start_with(Database::sqlite(), |config| {
        config.server.public_url = Some("https://wg.example".to_owned());
        config.set_port(0);
    })
    .await;
    app.register("anna").await;
    let header = set_cookie(&app, false).await;
    let (pair, flags) = header.split_once("; ").unwrap();
    let value = pair.strip_prefix("__Host-wg=").unwrap();
    assert_eq!(value.len(), 43);
    assert_eq!(flags, "Path=/; HttpOnly; SameSite=Lax; Secure");
    let me = app.get("/api/v1/auth/me").cookie(pair).send().await.expect(200);
    assert_eq!(me["username"], "anna");
    // The name for plain http does not count here.
    app.get("/api/v1/auth/me")
        .cookie(&format!("wg={value}"))
        .send()
        .await
        .problem(401, "missing_credential");
    app.stop().await;
}

on_both! {
async fn on_loopback_http_the_cookie_is_plain_and_lasts_as_asked(app: App) {
    app.register("anna").await;
    let header = set_cookie(app, false).await;
    assert!(header.starts_with("wg=") && header.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{header}");
    let header = set_cookie(app, true).await;
    assert!(header.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"), "{header}");
}
}

on_both! {
async fn every_sign_in_gets_a_new_value_and_unknown_values_are_401(app: App) {
    app.register("anna").await;
    let first = app.cookie("anna", false).await;
    let second = app.cookie("anna", false).await;
    assert_ne!(first, second);
    let planted = format!("wg={}", "A".repeat(43));
    for wrong in [planted.as_str(), "wg=x", "wg=' OR '1'='1"] {
        app.get("/api/v1/auth/me").cookie(wrong).send().await.problem(401, "invalid_credential");
    }
    // Two of the name: somebody planted one.
    let both = format!("{first}; {planted}");
    app.get("/api/v1/auth/me").cookie(&both).send().await.problem(401, "missing_credential");
    let amid = format!("other=1; {first}; wg-theme=dark");
    app.get("/api/v1/auth/me").cookie(&amid).send().await.expect(200);
}
}

on_both! {
async fn session_idles_out_and_ends_at_its_absolute_end(app: App) {
    const HOUR: i64 = 3600;
    app.register("anna").await;
    let idle = app.cookie("anna", false).await;
    let used = app.cookie("anna", false).await;
    let me = async |cookie: &str| app.get("/api/v1/auth/me").cookie(cookie).send().await;
    app.advance_secs(12 * HOUR - 1);
    me(&used).await.expect(200);
    app.advance_secs(1);
    me(&idle).await.problem(401, "invalid_credential");
    app.advance_secs(11 * HOUR);
    me(&used).await.expect(200);
    app.advance_secs(HOUR - 1);
    me(&used).await.expect(200);
    app.advance_secs(1);
    me(&used).await.problem(401, "invalid_credential");
}
}

on_both! {
async fn remembered_session_idles_out_after_7_days(app: App) {
    const DAY: i64 = 86_400;
    app.register("anna").await;
    let cookie = app.cookie("anna", true).await;
    app.advance_secs(7 * DAY - 1);
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.expect(200);
    app.advance_secs(7 * DAY);
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
}
}
