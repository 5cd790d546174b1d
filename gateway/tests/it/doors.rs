//! Paths: every door under both prefixes, wrong ones with the right one named, methods, and whether anybody is there.

use serde_json::{Value, json};

use super::support::{House, chat, client, embeddings, messages, responses};

#[tokio::test]
async fn both_prefixes_lead_to_every_door() {
    let house = House::open().await;
    for prefix in ["", "/anthropic", "/openai"] {
        for (path, body) in [
            ("/v1/messages", messages("plain", false)),
            ("/v1/messages/count_tokens", messages("plain", false)),
            ("/v1/chat/completions", chat("plain", false)),
            ("/v1/responses", responses("plain", false)),
            ("/v1/embeddings", embeddings("plain")),
        ] {
            let reply = house
                .post(&format!("{prefix}{path}?beta=true"), &body)
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 200, "{prefix}{path}");
            assert_eq!(house.upstream.calls().last().unwrap().path, path);
        }
        for path in ["/v1/models", "/v1/models/plain", "/v1/key"] {
            let request = client().get(house.url(&format!("{prefix}{path}")));
            assert_eq!(
                request.bearer_auth(&house.key).send().await.unwrap().status(),
                200,
                "{prefix}{path}"
            );
        }
    }
    // The books name the door, not the way to it.
    for call in house.calls(12).await {
        assert!(call.endpoint.starts_with("/v1/"), "{}", call.endpoint);
    }
    house.close().await;
}

#[tokio::test]
async fn errors_under_a_prefix_are_in_its_dialect() {
    let house = House::open().await;
    for (path, version, anthropic) in [
        ("/anthropic/v1/models", None, true),
        ("/openai/v1/models", None, false),
        ("/openai/v1/models", Some("2023-06-01"), false),
        ("/v1/models", Some("2023-06-01"), true),
        ("/v1/models", None, false),
        ("/anthropic/v1/key", None, true),
        ("/anthropic/v1/nothing", None, true),
        ("/openai/v1/nothing", None, false),
        ("/openai/v1/messages", None, true),
        ("/anthropic/v1/chat/completions", None, false),
    ] {
        let mut request = client().get(house.url(path));
        if let Some(version) = version {
            request = request.header("anthropic-version", version);
        }
        let reply = request.send().await.unwrap();
        assert!([401, 404, 405].contains(&reply.status().as_u16()), "{path}");
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["type"] == "error", anthropic, "{path}: {body}");
    }
    house.close().await;
}

#[tokio::test]
async fn wrong_path_is_404_in_the_dialect_meant_and_names_the_right_one() {
    let house = House::open().await;
    let origin = house.state.config().public_url().to_string();
    for (path, right, anthropic) in [
        ("/v1/v1/messages", "/v1/messages", true),
        ("/v1/v1/messages/count_tokens", "/v1/messages/count_tokens", true),
        ("/v1/v1/chat/completions", "/v1/chat/completions", false),
        ("/v1/chat/completions/", "/v1/chat/completions", false),
        ("/v1/v1/models", "/v1/models", false),
        ("/messages", "/v1/messages", true),
        ("/messages/count_tokens", "/v1/messages/count_tokens", true),
        ("/chat/completions", "/v1/chat/completions", false),
        ("/responses", "/v1/responses", false),
        ("/embeddings", "/v1/embeddings", false),
        ("/anthropic/messages", "/v1/messages", true),
        ("/openai/chat/completions", "/v1/chat/completions", false),
        ("/openai/v1/v1/responses", "/v1/responses", false),
        ("/v1", "", false),
        ("/v1/", "", false),
        ("/v1/completions", "", false),
        ("/v1/messages/batches", "", true),
        ("/v1/images/generations", "", false),
    ] {
        let reply = house.post(path, &json!({})).send().await.unwrap();
        assert_eq!(reply.status(), 404, "{path}");
        assert_eq!(reply.headers()["content-type"], "application/json", "{path}");
        assert_eq!(reply.headers()["x-should-retry"], "false", "{path}");
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["type"] == "error", anthropic, "{path}: {body}");
        let text = body["error"]["message"].as_str().unwrap();
        match right {
            "" => assert!(!text.contains("Did you mean"), "{path}: {text}"),
            right => assert!(
                text.contains(&format!("Did you mean {origin}{right}?")),
                "{path}: {text}"
            ),
        }
    }
    house.close().await;
}

#[tokio::test]
async fn tricks_with_the_path_reach_nothing() {
    let house = House::open().await;
    for path in [
        "/v1/messages/../models",
        "/v1/%2e%2e/messages",
        "/v1/messages%2fcount_tokens",
        "/v1//messages",
        "//v1/messages",
        "/v1/messages;x=1",
        "/v1\\messages",
        "/v1/messages%00",
        "/V1/messages",
        "/v1/Messages",
        "/openai/../v1/messages",
        "/openai/anthropic/v1/messages",
    ] {
        // By hand: a client library would tidy the path up first.
        let body = messages("plain", false).to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            house.key,
            body.len()
        );
        let status = super::headers::raw(&house, request.as_bytes()).await.status;
        assert!([400, 404, 405].contains(&status), "{path}: {status}");
    }
    assert_eq!(house.upstream.calls().len(), 0);
    house.close().await;
}

#[tokio::test]
async fn wrong_method_is_405_with_the_right_ones() {
    let house = House::open().await;
    for (method, path, allow) in [
        ("GET", "/v1/messages", "POST"),
        ("DELETE", "/v1/messages/count_tokens", "POST"),
        ("PUT", "/v1/chat/completions", "POST"),
        ("GET", "/v1/responses", "POST"),
        ("PATCH", "/v1/embeddings", "POST"),
        ("POST", "/v1/models", "GET,HEAD"),
        ("POST", "/v1/key", "GET,HEAD"),
        ("DELETE", "/v1/models/plain", "GET,HEAD"),
        ("GET", "/anthropic/v1/messages", "POST"),
        ("GET", "/api/llm/messages", "POST"),
    ] {
        let request = client().request(method.parse().unwrap(), house.url(path));
        let reply = request.bearer_auth(&house.key).send().await.unwrap();
        assert_eq!(reply.status(), 405, "{method} {path}");
        assert_eq!(reply.headers()["allow"], allow, "{method} {path}");
        assert!(reply.json::<Value>().await.unwrap()["error"]["message"].is_string());
    }
    house.close().await;
}

#[tokio::test]
async fn somebody_is_here() {
    let house = House::open().await;
    let reply = client().head(house.url("/")).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let reply = client()
        .head(house.url("/v1/models"))
        .bearer_auth(&house.key)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(
        client().head(house.url("/v1/models")).send().await.unwrap().status(),
        401
    );
    house.close().await;
}
