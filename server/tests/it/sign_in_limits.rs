//! Limits on signing in: who guesses is stopped, who owns the account is not.

use serde_json::json;
use server::{Config, config::RateLimits};

use crate::support::{App, Database, PASSWORD, Reply};

/// As they come out of the box.
fn usual(config: &mut Config) {
    let limits: &mut RateLimits = &mut config.rate_limits;
    limits.sign_in_failures = 5;
    limits.sign_in_account_failures = 100;
    limits.sign_in_requests = 50;
    config.server.trusted_proxies = serde_json::from_value(json!(["10.0.0.0/8"])).expect("a network");
}

async fn app() -> App {
    App::start_with(Database::sqlite(), usual).await
}

async fn login(app: &App, address: &str, email: &str, password: &str) -> Reply {
    let sent = json!({ "email": email, "password": password });
    app.post("/api/v1/auth/login").from(address).json(&sent).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixth_wrong_password_is_429_also_with_the_right_one_and_ends_after_15_minutes() {
    let app = app().await;
    app.register("anna").await;
    for _ in 0..5 {
        login(&app, "8.8.8.8", "anna@example.com", "not the password")
            .await
            .problem(401, "wrong_password");
    }
    let refused = login(&app, "8.8.8.8", " Anna@Example.com", PASSWORD).await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("900"));
    login(&app, "8.8.4.4", "anna@example.com", PASSWORD).await.expect(200);
    app.advance_secs(899);
    login(&app, "8.8.8.8", "anna@example.com", PASSWORD)
        .await
        .problem(429, "rate_limited");
    app.advance_secs(1);
    login(&app, "8.8.8.8", "anna@example.com", PASSWORD).await.expect(200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_account_is_limited_to_the_letter_as_a_known_one() {
    let app = app().await;
    app.register("anna").await;
    let mut seen = Vec::new();
    for email in ["anna@example.com", "nobody@example.com"] {
        let mut replies = Vec::new();
        for _ in 0..7 {
            let sent = json!({ "email": email, "password": "not the password" });
            let call = app
                .post("/api/v1/auth/login")
                .from("8.8.8.8")
                .header("x-request-id", "one-and-the-same");
            let reply = call.json(&sent).send().await;
            replies.push((reply.status, reply.headers, reply.body));
        }
        assert_eq!(replies[6].0, 429);
        seen.push(replies);
    }
    assert_eq!(seen[0], seen[1]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_clears_what_failed_before() {
    let app = app().await;
    app.register("anna").await;
    for _ in 0..3 {
        for _ in 0..4 {
            login(&app, "8.8.8.8", "anna@example.com", "not the password")
                .await
                .problem(401, "wrong_password");
        }
        login(&app, "8.8.8.8", "anna@example.com", PASSWORD).await.expect(200);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_guesses_are_counted_before_they_are_decided() {
    let app = app().await;
    app.register("anna").await;
    let guesses = (0..12).map(|_| login(&app, "8.8.8.8", "anna@example.com", "not the password"));
    let replies = futures_util::future::join_all(guesses).await;
    let checked = replies.iter().filter(|reply| reply.status == 401).count();
    assert_eq!(checked, 5);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_right_passwords_all_get_in() {
    let app = app().await;
    app.register("anna").await;
    let tries = (0..12).map(|_| login(&app, "8.8.8.8", "anna@example.com", PASSWORD));
    for reply in futures_util::future::join_all(tries).await {
        reply.expect(200);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sign_in_door_counts_the_address_and_the_51st_request_is_429() {
    let app = app().await;
    app.register("anna").await;
    for index in 0..50 {
        let sent = json!({ "email": format!("anna{index}@example.com"), "password": "x" });
        let door = ["login", "cli-login"][index % 2];
        let reply = app
            .post(&format!("/api/v1/auth/{door}"))
            .from("8.8.8.8")
            .json(&sent)
            .send()
            .await;
        reply.problem(401, "wrong_password");
    }
    let account = json!({ "email": "new@example.com", "password": PASSWORD });
    for door in ["login", "cli-login", "register", "signup"] {
        let reply = app
            .post(&format!("/api/v1/auth/{door}"))
            .from("8.8.8.8")
            .json(&account)
            .send()
            .await;
        reply.problem(429, "rate_limited");
        assert_eq!(reply.header("retry-after"), Some("900"));
    }
    // The rest of the account API is not shut by it.
    app.get("/api/v1/auth/me")
        .from("8.8.8.8")
        .send()
        .await
        .problem(401, "missing_credential");
    app.post("/api/v1/auth/register")
        .from("8.8.4.4")
        .json(&account)
        .send()
        .await
        .expect(201);
    app.stop().await;
}

/// C008: what the client writes itself counts only behind a trusted proxy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoofed_addresses_share_the_peers_bucket() {
    let app = app().await;
    app.register("anna").await;
    let guess = async |peer: &str, forwarded: &str| {
        let sent = json!({ "email": "anna@example.com", "password": "not the password" });
        app.post("/api/v1/auth/login")
            .from(peer)
            .header("x-forwarded-for", forwarded)
            .header("x-real-ip", forwarded)
            .header("forwarded", &format!("for={forwarded}"))
            .json(&sent)
            .send()
            .await
            .status
            .as_u16()
    };
    for index in 0..5 {
        assert_eq!(guess("8.8.8.8", &format!("1.1.1.{index}")).await, 401);
    }
    assert_eq!(guess("8.8.8.8", "1.1.1.9").await, 429);
    // Through five hops of ours: the rightmost that is not ours.
    let hops = |client: &str, spoof: usize| format!("6.6.6.{spoof}, {client}, 10.0.0.5, 10.0.0.4, 10.0.0.3, 10.0.0.2");
    for index in 0..5 {
        assert_eq!(guess("10.0.0.1", &hops("9.9.9.9", index)).await, 401);
    }
    assert_eq!(guess("10.0.0.1", &hops("9.9.9.9", 77)).await, 429);
    assert_eq!(guess("10.0.0.1", &hops("9.9.9.8", 1)).await, 401);
    app.stop().await;
}

/// C007: a thousand addresses guess; the owner's browser still gets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owner_gets_in_from_a_known_device_while_the_world_guesses() {
    let app = App::start_with(Database::sqlite(), |config| {
        usual(config);
        config.rate_limits.sign_in_account_failures = 20;
    })
    .await;
    app.register("anna").await;
    let device = app.device("anna").await;
    let mut checked = 0;
    for index in 0..1000 {
        let reply = login(
            &app,
            &format!("9.{}.{}.1", index / 250, index % 250),
            "anna@example.com",
            "not the password",
        )
        .await;
        checked += usize::from(reply.status == 401);
    }
    assert_eq!(checked, 20);
    // From an address that was never seen: shut, also for the owner.
    login(&app, "7.7.7.7", "anna@example.com", PASSWORD)
        .await
        .problem(429, "rate_limited");
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let known = |value: &str| {
        app.post("/api/v1/auth/login")
            .from("7.7.7.7")
            .header("cookie", value)
            .same_origin()
            .json(&sent)
    };
    known(&device).send().await.expect(200);
    // A made-up device is none, and a known one is so for its account only.
    known(&format!("wg-device={}", "A".repeat(43)))
        .send()
        .await
        .problem(429, "rate_limited");
    app.register("bert").await;
    let other = app.device("bert").await;
    known(&other).send().await.problem(429, "rate_limited");
    app.stop().await;
}

/// The guesser sits behind the owner's own address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbour_cannot_lock_the_owners_device_out() {
    let app = app().await;
    app.register("anna").await;
    let device = app.device("anna").await;
    for index in 0..60 {
        let email = if index < 10 {
            "anna@example.com".to_owned()
        } else {
            format!("x{index}@example.com")
        };
        login(&app, "8.8.8.8", &email, "not the password").await;
    }
    login(&app, "8.8.8.8", "anna@example.com", PASSWORD)
        .await
        .problem(429, "rate_limited");
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let call = app.post("/api/v1/auth/login").from("8.8.8.8").header("cookie", &device);
    call.json(&sent).send().await.expect(200);
    app.stop().await;
}

on_both! {
/// The look-up of a known device, on each database.
async fn device_is_known_to_its_account_only(app: App) {
    app.register("anna").await;
    app.register("bert").await;
    let device = app.device("anna").await;
    let sign_in = async |name: &str| {
        let sent = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        app.post("/api/v1/auth/login").cookie(&device).same_origin().json(&sent).send().await.expect(200);
        app.audit().await.iter().filter(|row| row["action"] == "session.new_device").count()
    };
    let before = sign_in("anna").await;
    assert_eq!(sign_in("bert").await, before + 1);
    assert_eq!(sign_in("bert").await, before + 1);
}
}
