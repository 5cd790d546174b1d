//! `admin/system`, `admin/limits`, `admin/sign-in-methods`: what who runs the server reads of it.

use serde_json::{Value, json};

use crate::support::{App, Database};

async fn get(app: &App, token: &str, path: &str) -> Value {
    let call = app.get(&format!("/api/v1/admin/{path}")).bearer(token);
    call.send().await.expect(200)
}

on_both! {
async fn system_tells_where_it_stands(app: App) {
    let root = app.admin().await;
    app.advance_secs(90);
    let seen = get(app, &root.access, "system").await;
    let kind = if app.database.url.starts_with("sqlite:") { "sqlite" } else { "postgresql" };
    assert_eq!(seen["database"]["kind"], kind);
    assert!(seen["database"]["size_bytes"].as_u64().unwrap() > 4096);
    assert_eq!(seen["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(seen["app_env"], "development");
    assert_eq!(seen["uptime_seconds"], 90);
    let migrations = seen["migrations"].as_array().unwrap();
    assert!(migrations.len() >= 10 && migrations.iter().all(|migration| migration["applied"] == true));
    let nodes = seen["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 1, "{nodes:?}");
    assert_eq!((&nodes[0]["is_this"], &nodes[0]["is_alive"]), (&json!(true), &json!(true)));
    assert!(seen["last_good_poll_ms"].as_u64().unwrap() < 5_000);
    let setting = |key: &str| {
        let settings = seen["configuration"].as_array().unwrap();
        settings.iter().find(|line| line["key"] == key).unwrap().clone()
    };
    assert_eq!(setting("request_log.retention")["source"], "default");
}
}

on_both! {
async fn limits_and_ways_in_are_those_of_the_configuration(app: App) {
    let root = app.admin().await;
    let limits = get(app, &root.access, "limits").await;
    let of = |name: &str| {
        let rows = limits["data"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap().clone()
    };
    let config = &app.config.rate_limits;
    assert_eq!(of("signed_in")["most"], config.max_requests);
    assert_eq!(of("anonymous")["window_seconds"], config.window.as_secs());
    assert_eq!(of("sign_in_failures")["setting"], "rate_limits.sign_in_failures");
    let ways = get(app, &root.access, "sign-in-methods").await;
    assert_eq!((&ways["password"], &ways["registration"]), (&json!(true), &json!("open")));
    assert_eq!(ways["providers"], json!([]));
}
}

#[tokio::test]
async fn secrets_of_the_configuration_are_masked() {
    const SECRET: &str = "Zk3vQ8pT1nXw7LrB5mHy2cJd9sFgA4uEoKi6RtVb0xNqWzPl";
    const CLIENT: &str = "a-client-secret-that-nobody-reads";
    let variables = [
        ("JWT_SECRET", SECRET),
        ("OAUTH_CLIENT_ID", "weirgate"),
        ("OAUTH_CLIENT_SECRET", CLIENT),
        ("OAUTH_ISSUER", "https://id.example.com"),
        ("ANTHROPIC_API_KEY", "sk-ant-masked"),
    ];
    let app = App::start_with_variables(Database::sqlite(), &variables).await;
    let root = app.admin().await;
    for path in ["system", "sign-in-methods", "limits"] {
        let seen = get(&app, &root.access, path).await.to_string();
        for secret in [SECRET, CLIENT, "sk-ant-masked"] {
            assert!(!seen.contains(secret), "{path}");
        }
    }
    let system = get(&app, &root.access, "system").await;
    let line = system["configuration"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["key"] == "auth.jwt_secret");
    assert_eq!(
        line.unwrap(),
        &json!({ "key": "auth.jwt_secret", "value": "********", "source": "environment JWT_SECRET" })
    );
    let ways = get(&app, &root.access, "sign-in-methods").await;
    assert_eq!(ways["providers"][0]["issuer"], "https://id.example.com");
    assert!(
        ways["providers"][0]["callback"]
            .as_str()
            .unwrap()
            .ends_with("/api/v1/auth/callback")
    );
    app.stop().await;
}
