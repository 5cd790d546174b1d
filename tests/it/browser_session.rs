//! The browser's cookie through the dashboard's own forms: C020, C021.

use http::Method;
use serde_json::json;

use crate::support::{Server, client::Client, weirgate};

async fn status(client: &mut Client, cookie: &str) -> u16 {
    client
        .call(&Method::GET, "/api/v1/auth/me", &[("cookie", cookie)], "")
        .await
        .status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookie_is_another_one_after_the_password_was_changed_and_none_after_signing_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let account = json!({ "email": "anna@example.com", "password": "correct horse battery" }).to_string();
    let kind = ("content-type", "application/json");
    assert_eq!(
        client
            .call(&Method::POST, "/api/v1/auth/register", &[kind], &account)
            .await
            .status,
        201
    );
    let first = client.sign_in("anna@example.com", "correct horse battery").await;
    assert_eq!(status(&mut client, &first).await, 200);

    // Signing in again in the same browser takes the old value's place.
    let body = "email=anna%40example.com&password=correct+horse+battery";
    let second = client.form("sign_in", &first, body).await.session().unwrap();
    assert_eq!(
        (status(&mut client, &first).await, status(&mut client, &second).await),
        (401, 200)
    );

    let body = "current_password=correct+horse+battery&new_password=incorrect+horse+battery&confirm_password=incorrect+horse+battery";
    let third = client.form("change_password", &second, body).await.session().unwrap();
    assert_eq!(
        (status(&mut client, &second).await, status(&mut client, &third).await),
        (401, 200)
    );

    // The API's door does the same for a browser.
    let body =
        json!({ "current_password": "incorrect horse battery", "new_password": "correct horse battery" }).to_string();
    let own = ("sec-fetch-site", "same-origin");
    let headers = [kind, own, ("cookie", third.as_str())];
    let reply = client
        .call(&Method::POST, "/api/v1/auth/password/change", &headers, &body)
        .await;
    let fourth = reply.session().unwrap();
    assert_eq!(reply.status, 204);
    assert_eq!(
        (status(&mut client, &third).await, status(&mut client, &fourth).await),
        (401, 200)
    );

    client.form("sign_out", &fourth, "").await;
    assert_eq!(status(&mut client, &fourth).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn form_that_cannot_be_read_is_the_senders_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    for body in ["email[a]=b&password=x", "email=a&email=b&password=x"] {
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("accept", "application/json"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let reply = client.call(&Method::POST, "/_fn/sign_in", &headers, body).await;
        let error: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(
            (reply.status, error["refusal"]["code"].as_str()),
            (400, Some("bad_request")),
            "{body}"
        );
    }
}
