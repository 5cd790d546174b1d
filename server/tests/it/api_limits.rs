//! How often the account API may be asked, and what its answers say of it.

use serde_json::json;
use server::Config;

use crate::support::{App, Database, Reply};

fn usual(config: &mut Config) {
    config.rate_limits.max_requests = 1000;
    config.rate_limits.anonymous_requests = 100;
}

/// The one item of a structured-fields list (RFC 9651): a string and integer parameters.
fn item(reply: &Reply, name: &str) -> (String, Vec<(String, u64)>) {
    let text = reply.header(name).unwrap_or_else(|| panic!("no {name}"));
    let (quoted, parameters) = text.strip_prefix('"').unwrap().split_once('"').unwrap();
    let parameters = parameters.split(';').skip(1).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap();
        assert!(key.bytes().all(|byte| byte.is_ascii_lowercase()), "{text}");
        (key.to_owned(), value.parse().unwrap())
    });
    (quoted.to_owned(), parameters.collect())
}

fn is(reply: &Reply, name: &str, quoted: &str, parameters: &[(&str, u64)]) {
    let (found, values) = item(reply, name);
    let values: Vec<(&str, u64)> = values.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    assert_eq!((found.as_str(), values.as_slice()), (quoted, parameters), "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anonymous_address_gets_100_a_minute() {
    let app = App::start_with(Database::sqlite(), usual).await;
    for left in (0..100).rev() {
        let reply = app.get("/api/v1/auth/me").from("8.8.8.8").send().await;
        reply.problem(401, "missing_credential");
        is(&reply, "ratelimit-policy", "anonymous", &[("q", 100), ("w", 60)]);
        let spent: u64 = 100 - left;
        is(
            &reply,
            "ratelimit",
            "anonymous",
            &[("r", left), ("t", (spent * 600).div_ceil(1000))],
        );
    }
    let reply = app.get("/api/v1/auth/me").from("8.8.8.8").send().await;
    reply.problem(429, "rate_limited");
    assert_eq!(reply.header("retry-after"), Some("1"));
    is(&reply, "ratelimit", "anonymous", &[("r", 0), ("t", 60)]);
    // Wrong credentials do not buy more; another address and another mount are another matter and the same one.
    app.get("/api/auth/me")
        .bearer("a.b.c")
        .from("8.8.8.8")
        .send()
        .await
        .problem(429, "rate_limited");
    app.get("/v1/auth/me")
        .from("8.8.8.8")
        .send()
        .await
        .problem(429, "rate_limited");
    app.get("/api/v1/auth/me")
        .from("8.8.4.4")
        .send()
        .await
        .problem(401, "missing_credential");
    app.advance_secs(60);
    let reply = app.get("/api/v1/auth/me").from("8.8.8.8").send().await;
    is(&reply, "ratelimit", "anonymous", &[("r", 99), ("t", 1)]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_in_person_gets_1000_a_minute_by_whatever_credential() {
    let app = App::start_with(Database::sqlite(), usual).await;
    let anna = app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    for index in 0..1000 {
        let call = app.get("/api/v1/auth/me").from(&format!("8.8.8.{}", index % 200));
        let call = if index % 2 == 0 {
            call.bearer(&anna.access)
        } else {
            call.cookie(&cookie)
        };
        let reply = call.send().await;
        reply.expect(200);
        is(&reply, "ratelimit-policy", "user", &[("q", 1000), ("w", 60)]);
    }
    let reply = app.get("/api/v1/usage/summary").bearer(&anna.access).send().await;
    reply.problem(429, "rate_limited");
    assert_eq!(reply.header("retry-after"), Some("1"));
    app.get("/api/v1/auth/me")
        .cookie(&cookie)
        .send()
        .await
        .problem(429, "rate_limited");
    // Others are not touched.
    let bert = app.register("bert").await;
    app.get("/api/v1/auth/me").bearer(&bert.access).send().await.expect(200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refresh_counts_and_health_does_not() {
    let app = App::start_with(Database::sqlite(), |config| config.rate_limits.anonymous_requests = 4).await;
    let anna = app.register("anna").await;
    for path in [
        "/api/v1/health",
        "/livez",
        "/readyz",
        "/v1/health",
        "/api/health",
        "/api/v1/health",
    ] {
        app.get(path).send().await.expect(200);
    }
    let sent = json!({ "refresh_token": anna.refresh });
    for _ in 0..3 {
        app.post("/api/v1/auth/refresh").json(&sent).send().await.expect(200);
    }
    app.post("/api/v1/auth/refresh")
        .json(&sent)
        .send()
        .await
        .problem(429, "rate_limited");
    app.stop().await;
}

/// Taken from the document: a new door is in it without touching this test. What is asked makes no sense and counts all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_door_but_health_can_be_asked_without_end() {
    let app = App::start_with(Database::sqlite(), |config| config.rate_limits.anonymous_requests = 3).await;
    let document = serde_json::to_value(server::http::openapi(app.state.config())).unwrap();
    let mut address = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1/") || path == "/api/v1/health" {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            address += 1;
            let from = format!("9.9.{}.{}", address / 200, address % 200);
            let call = app.call(&method.to_uppercase(), path).from(&from);
            for _ in 0..3 {
                assert_ne!(call.clone().send().await.status, 429, "{method} {path}");
            }
            call.send().await.problem(429, "rate_limited");
        }
    }
    assert!(address > 30, "{address}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configured_limits_are_the_customary_variables() {
    let variables = [("RATE_LIMIT_WINDOW_MS", "30000"), ("RATE_LIMIT_MAX_REQUESTS", "7")];
    let app = App::start_with_variables(Database::sqlite(), &variables).await;
    let anna = app.register("anna").await;
    let reply = app.get("/api/v1/auth/me").bearer(&anna.access).send().await;
    is(&reply, "ratelimit-policy", "user", &[("q", 7), ("w", 30)]);
    app.stop().await;
}
