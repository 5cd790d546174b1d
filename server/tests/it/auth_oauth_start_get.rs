//! The way out to a provider, and a provider that is not there.

use std::time::Instant;

use crate::support::{App, Database, issuer::*};

async fn start(issuer: &Issuer) -> App {
    let text = issuer.provider("work", "oidc", "");
    App::start_with(Database::sqlite(), |config| known(config, &text)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn way_out_carries_state_nonce_and_challenge_of_its_own() {
    let issuer = Issuer::start().await;
    let app = start(&issuer).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        let reply = app.get("/api/v1/auth/oauth/work/start").send().await;
        let location = url::Url::parse(&leads(&reply)).unwrap();
        assert!(location.as_str().starts_with(&format!("{}/authorize?", issuer.url)));
        let all: std::collections::HashMap<String, String> = location.query_pairs().into_owned().collect();
        assert_eq!(all["client_id"], CLIENT);
        assert_eq!(all["response_type"], "code");
        assert_eq!(all["code_challenge_method"], "S256");
        assert_eq!(all["scope"], "openid email profile");
        assert!(all["redirect_uri"].ends_with("/api/v1/auth/oauth/work/callback"));
        for name in ["state", "nonce", "code_challenge"] {
            assert_eq!(all[name].len(), 43, "{name}");
            assert!(seen.insert(all[name].clone()), "{name} repeats");
        }
        let cookie = reply.header("set-cookie").unwrap();
        let (value, flags) = cookie.strip_prefix("wg-oidc=").unwrap().split_once("; ").unwrap();
        assert_eq!(value.len(), 43);
        assert_eq!(flags, "Path=/; HttpOnly; SameSite=Lax; Max-Age=600");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_https_the_cookie_is_host_bound_and_the_way_back_is_the_public_one() {
    let issuer = Issuer::start().await;
    let text = issuer.provider("work", "oidc", "");
    let app = App::start_with(Database::sqlite(), |config| {
        config.server.public_url = Some("https://wg.example".to_owned());
        config.set_port(0);
        config.add_sign_in_providers(&text).unwrap();
    })
    .await;
    // Whatever the request says of its host (C018).
    let call = app.get("/api/v1/auth/oauth/work/start").header("host", "evil.example");
    let reply = call.header("x-forwarded-host", "evil.example").send().await;
    let location = leads(&reply);
    assert!(
        location.contains("redirect_uri=https%3A%2F%2Fwg.example%2Fapi%2Fv1%2Fauth%2Foauth%2Fwork%2Fcallback"),
        "{location}"
    );
    let cookie = reply.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-wg-oidc=")
            && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"),
        "{cookie}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_provider_is_404() {
    let app = App::start(Database::sqlite()).await;
    for path in [
        "/api/v1/auth/oauth/nobody/start",
        "/api/v1/auth/oauth/nobody/callback?state=x",
        "/api/v1/auth/oauth/%2e%2e/start",
        "/api/v1/auth/login",
        "/api/v1/auth/callback",
    ] {
        app.get(path).send().await.problem(404, "not_found");
    }
    app.stop().await;
}

/// C040: whatever is wrong with a provider, its sign-in fails closed and in time, and nothing else is hindered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_that_fails_stops_its_own_sign_in_only() {
    for fault in [
        Fault::OtherIssuer,
        Fault::KeysRedirect,
        Fault::KeysAreHuge,
        Fault::PlainEndpoint,
        Fault::KeysHang,
        Fault::DiscoveryHangs,
    ] {
        let issuer = Issuer::start().await;
        issuer.inside().fault = fault;
        // Starting asks nobody.
        let app = start(&issuer).await;
        assert_eq!(issuer.asked("discovery"), 0);
        app.register("anna").await;
        let since = Instant::now();
        let waiting = app.get("/api/v1/auth/oauth/work/start").send();
        let others = async {
            app.login("anna", false).await;
            since.elapsed()
        };
        let (reply, _) = tokio::join!(waiting, others);
        assert_eq!(leads(&reply), "/login?trouble=unreachable");
        assert!(since.elapsed() < TOO_LONG, "{:?}", since.elapsed());
        // The next one need not wait as long.
        let since = Instant::now();
        leads(&app.get("/api/v1/auth/oauth/work/start").send().await);
        assert!(since.elapsed().as_secs() < 2);
        assert_eq!(issuer.asked("discovery"), 1);
        // It comes back by itself.
        issuer.inside().fault = Fault::None;
        app.advance_secs(6);
        issuer.inside().now += 6;
        let mut visitor = Visitor::default();
        assert_eq!(leads(&visitor.around(&app, &issuer, "work", "").await), "/");
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_that_is_away_hinders_nobody() {
    let issuer = Issuer::start().await;
    let text = issuer
        .provider("gone", "oidc", "")
        .replace(&issuer.url, "http://127.0.0.1:1");
    let app = App::start_with(Database::sqlite(), |config| known(config, &text)).await;
    app.register("anna").await;
    app.login("anna", false).await;
    let offered = app.get("/api/v1/auth/providers").send().await.expect(200);
    assert_eq!(offered["identities"][0]["id"], "gone");
    assert_eq!(
        leads(&app.get("/api/v1/auth/oauth/gone/start").send().await),
        "/login?trouble=unreachable"
    );
    app.stop().await;
}
