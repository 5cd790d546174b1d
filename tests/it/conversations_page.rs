//! `/conversations` as a browser without a script gets it.

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    Server,
    client::{Client, Reply},
    weirgate,
};

const HASH: &str = "265a5ecde69cef348b8732109839753aa71dc560c1ee3715276e29ea75ece73c";

async fn page(client: &mut Client, cookie: &str, path: &str) -> String {
    let (seen, page) = client.page(cookie, path).await;
    assert_eq!(seen, 200, "{path}");
    page
}

async fn report(client: &mut Client, cookie: &str, path: &str, sent: &Value) -> Reply {
    let headers = [
        ("cookie", cookie),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
    ];
    client.call(&Method::POST, path, &headers, &sent.to_string()).await
}

async fn start(client: &mut Client, cookie: &str, name: &str) -> Value {
    let reply = report(
        client,
        cookie,
        "/v1/sessions/start",
        &json!({ "client_session_id": name }),
    )
    .await;
    assert_eq!(reply.status, 201);
    serde_json::from_slice(&reply.body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_lists_what_clients_reported_and_ends_what_they_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let account = json!({ "email": "anna@example.com", "password": "correct horse battery" });
    report(&mut client, "", "/api/v1/auth/register", &account).await;
    let cookie = client.sign_in("anna@example.com", "correct horse battery").await;

    let empty = page(&mut client, &cookie, "/conversations").await;
    assert!(empty.contains("No conversation yet") && empty.contains("href=\"/connect\""));
    assert!(empty.contains("aria-current=\"page\""));

    let ended = start(&mut client, &cookie, "editor-1").await;
    let open = start(&mut client, &cookie, "<b>editor-2</b>").await;
    let sent = json!({ "session_id": ended["session_id"], "transcript_hash": HASH });
    assert_eq!(
        report(&mut client, &cookie, "/v1/sessions/end", &sent).await.status,
        200
    );
    let listed = page(&mut client, &cookie, "/conversations").await;
    assert_eq!(listed.matches("data-testid=\"conversation-row\"").count(), 2);
    assert!(listed.contains(HASH) && listed.contains("editor-1"));
    assert!(listed.contains("&lt;b&gt;editor-2") && !listed.contains("<b>editor-2"));
    assert_eq!(listed.matches("data-testid=\"abandon\"").count(), 1);

    let form = format!("id={}", open["session_id"].as_str().unwrap());
    let reply = client.form("abandon_conversation", &cookie, &form).await;
    assert_eq!((reply.status, reply.location.as_deref()), (302, Some("/conversations")));
    let listed = page(&mut client, &cookie, "/conversations").await;
    assert!(listed.contains("ended without one") && !listed.contains("data-testid=\"abandon\""));

    // A page that does not lead anywhere says so instead of breaking.
    let wrong = page(&mut client, &cookie, "/conversations?after=nonsense").await;
    assert!(wrong.contains("Some fields need another value."));
    let signed_out = client
        .call(&Method::GET, "/conversations", &[("accept", "text/html")], "")
        .await;
    assert_eq!(
        (signed_out.status, signed_out.location.as_deref()),
        (302, Some("/login?next=/conversations"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_ones_are_a_link_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let account = json!({ "email": "anna@example.com", "password": "correct horse battery" });
    report(&mut client, "", "/api/v1/auth/register", &account).await;
    let cookie = client.sign_in("anna@example.com", "correct horse battery").await;
    for number in 0..51 {
        let begun = start(&mut client, &cookie, &format!("editor-{number:03}")).await;
        let sent = json!({ "session_id": begun["session_id"], "transcript_hash": HASH });
        report(&mut client, &cookie, "/v1/sessions/end", &sent).await;
    }
    let first = page(&mut client, &cookie, "/conversations").await;
    assert_eq!(first.matches("data-testid=\"conversation-row\"").count(), 50);
    let link = first
        .split("href=\"")
        .find(|rest| rest.starts_with("/conversations?after="));
    let link = link.unwrap().split('"').next().unwrap().to_owned();
    let second = page(&mut client, &cookie, &link).await;
    assert_eq!(second.matches("data-testid=\"conversation-row\"").count(), 1);
    assert!(second.contains("editor-000") && !first.contains("editor-000"));
}
