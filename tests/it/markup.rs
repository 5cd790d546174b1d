//! What people type stays text (C031): names and devices with markup in them, on every page that shows them, in the HTML and in the
//! data for the script.

use http::Method;
use serde_json::json;

use crate::support::{Server, client::Client, weirgate};

const NAME: &str = "</title></script><script>canary()</script><img src=x onerror=canary()>";
const KIND: (&str, &str) = ("content-type", "application/json");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_names_is_shown_and_never_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let account = json!({ "email": "anna@example.com", "password": "correct horse battery" }).to_string();
    let made = client
        .call(&Method::POST, "/api/v1/auth/register", &[KIND], &account)
        .await;
    assert_eq!(made.status, 201);
    let headers = [
        OWN,
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("user-agent", NAME),
    ];
    let body = "email=anna%40example.com&password=correct+horse+battery";
    let signed_in = client.call(&Method::POST, "/_fn/sign_in", &headers, body).await;
    let cookie = signed_in.session().unwrap();
    let own = [KIND, OWN, ("cookie", cookie.as_str())];

    let key = json!({ "name": NAME }).to_string();
    let organization = json!({ "name": NAME, "slug": "acme" }).to_string();
    for (path, body) in [("account/keys", &key), ("organizations", &organization)] {
        let reply = client.call(&Method::POST, &format!("/api/v1/{path}"), &own, body).await;
        assert_eq!(reply.status, 201, "{path}");
    }
    let profile = json!({ "full_name": NAME }).to_string();
    let reply = client
        .call(&Method::PUT, "/api/v1/account/profile", &own, &profile)
        .await;
    assert_eq!(reply.status, 200);
    for address in ["javascript:canary()", "data:text/html,<script>canary()</script>"] {
        let picture = json!({ "avatar_url": address }).to_string();
        let reply = client
            .call(&Method::PUT, "/api/v1/account/profile", &own, &picture)
            .await;
        assert_eq!(reply.status, 422, "{address}");
    }

    for page in [
        "/",
        "/keys",
        "/playground",
        "/settings",
        "/settings/sessions",
        "/organizations",
        "/organizations/acme",
        "/organizations/acme/settings",
    ] {
        let headers = [("accept", "text/html"), ("cookie", cookie.as_str())];
        let reply = client.call(&Method::GET, page, &headers, "").await;
        let html = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 200, "{page}");
        assert!(html.contains("canary()"), "{page} does not show it");
        for markup in ["<script>canary", "<img src=x", "</title></script>"] {
            assert!(!html.contains(markup), "{page} has {markup}");
        }
    }
}
