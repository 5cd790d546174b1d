//! What the sign-in page may show.

use serde_json::json;

use crate::support::{App, Database};

on_both! {
async fn server_without_settings_offers_passwords(app: App) {
    for prefix in ["/api/v1", "/api", "/v1"] {
        let offered = app.get(&format!("{prefix}/auth/providers")).send().await.expect(200);
        assert_eq!(offered["password"], true);
        assert_eq!(offered["mock"], false);
        assert_eq!(offered["registration"], "open");
        assert_eq!(offered["identities"], json!([]));
    }
}
}

#[tokio::test]
async fn providers_are_named_with_where_to_begin_and_without_secrets() {
    let text = r#"
        [[sign_in_providers]]
        id = "github"
        kind = "github"
        client_id = "Iv1.abc"
        client_secret = "sh-canary-1"
        [[sign_in_providers]]
        id = "work"
        kind = "oidc"
        name = "Work"
        issuer = "https://id.example.com"
        client_id = "wg"
        client_secret = "sh-canary-2"
    "#;
    let app = App::start_with(Database::sqlite(), |config| config.add_sign_in_providers(text).unwrap()).await;
    let reply = app.get("/api/v1/auth/providers").send().await;
    let offered = reply.expect(200);
    assert_eq!(
        offered["identities"],
        json!([
            { "id": "github", "name": "GitHub", "kind": "github", "start": "/api/v1/auth/oauth/github/start" },
            { "id": "work", "name": "Work", "kind": "oidc", "start": "/api/v1/auth/oauth/work/start" },
        ])
    );
    assert!(!reply.text().contains("canary") && !reply.text().contains("Iv1.abc"));
    app.stop().await;
}
