//! C090 on the very server that people run: a request whose end can be read in two ways is refused, and nothing behind it is anybody's request.

use http::Method;
use serde_json::json;

use crate::support::client::administered;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn framing_that_can_be_read_in_two_ways_is_400_and_closes() {
    let folder = tempfile::tempdir().unwrap();
    let (server, mut client, cookie) = administered(folder.path(), |_| {}).await;
    let who = [("sec-fetch-site", "same-origin"), ("cookie", cookie.as_str())];
    let made = client
        .api(Method::POST, "account/keys", &who, &json!({ "name": "k" }))
        .await;
    let key = made["key"].as_str().unwrap();
    let body = r#"{"model":"demo","max_tokens":9,"messages":[{"role":"user","content":"Hello"}]}"#;
    let length = body.len();
    let head = format!("host: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n");
    let hidden =
        format!("POST /v1/messages HTTP/1.1\r\n{head}connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    // No request asks for the connection's end: that all answers end is the server's doing.
    for path in [
        "/v1/messages",
        "/v1/responses",
        "/v1/embeddings",
        "/api/v1/auth/login",
        "/_fn/sign_in",
        "/nothing",
    ] {
        for framing in [
            format!("content-length: {length}\r\ncontent-length: {}\r\n", length + 1),
            format!("content-length: {length}, {}\r\n", length + 1),
            format!("content-length: +{length}\r\n"),
            "content-length: -1\r\n".to_owned(),
            format!("transfer-encoding : chunked\r\ncontent-length: {length}\r\n"),
            "transfer-encoding: chunked, identity\r\n".to_owned(),
            "transfer-encoding: xchunked\r\n".to_owned(),
            format!("content-length: {length}\r\n x-folded: 1\r\n"),
        ] {
            let (status, answer) = server.raw(&format!("POST {path} HTTP/1.1\r\n{head}{framing}\r\n{body}{hidden}"));
            assert_eq!(status, 400, "{path}, {framing:?}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{path}, {framing:?}");
        }
    }
    // Chunks count and a length beside them does not; the connection ends behind the answer.
    let (status, answer) = server.raw(&format!(
        "POST /v1/messages HTTP/1.1\r\n{head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n{hidden}"
    ));
    assert_eq!((status, answer.matches("HTTP/1.1 ").count()), (200, 1), "{answer}");
    // Lines may end without a carriage return (RFC 9112 §2.2); what they say is the same, and it is one request.
    let request = format!("POST /v1/messages HTTP/1.1\r\n{head}connection: close\r\ncontent-length: {length}\r\n\r\n");
    let (status, answer) = server.raw(&format!("{}{body}{hidden}", request.replace('\r', "")));
    assert_eq!((status, answer.matches("HTTP/1.1 ").count()), (200, 1), "{answer}");
    let recent = client.api(Method::GET, "usage/recent", &who, &json!({})).await;
    assert_eq!(recent["data"].as_array().unwrap().len(), 2, "{recent}");
}
