//! Which origins may read replies.

use crate::support::{App, Database, Reply};

const ME: &str = "/api/v1/auth/me";

async fn preflight(app: &App, origin: &str, headers: &str) -> Reply {
    app.call("OPTIONS", ME)
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", headers)
        .send()
        .await
}

on_both! {
async fn editors_webviews_and_local_pages_may_read_and_others_may_not(app: App) {
    let own = app.state.config().public_url().to_owned();
    for origin in ["vscode-webview://1abc", "http://localhost:5173", "http://127.0.0.1:8080", &own] {
        let reply = app.get(ME).header("origin", origin).send().await;
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-credentials"), None);
        assert!(reply.header("access-control-expose-headers").unwrap().contains("x-request-id"));
        reply.problem(401, "missing_credential");

        let reply = preflight(app, origin, "authorization, x-weirgate-organization, anthropic-version, x-evil").await;
        reply.expect(204);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-credentials"), None);
        let allowed: Vec<&str> = reply.header("access-control-allow-headers").unwrap().split(", ").collect();
        for name in ["authorization", "content-type", "idempotency-key", "x-weirgate-organization", "anthropic-version"] {
            assert!(allowed.contains(&name), "{name}");
        }
        assert!(!allowed.contains(&"x-evil"));
    }
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "vscode-webview:/x"] {
        let reply = app.get(ME).header("origin", origin).send().await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
        let reply = preflight(app, origin, "authorization").await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
    }
    assert!(app.get(ME).send().await.header("vary").unwrap().contains("origin"));
}
}

#[tokio::test]
async fn star_lets_everybody_read_but_the_null_origin() {
    let app = App::start_with(Database::sqlite(), |config| {
        config.cors = server::config::Cors::parse(&["*".to_owned()]).unwrap();
    })
    .await;
    let reply = app.get(ME).header("origin", "https://a.example").send().await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    let reply = app.get(ME).header("origin", "null").send().await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
    app.stop().await;
}
