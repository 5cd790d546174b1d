//! `POST /v1/messages` and `/api/llm/messages[/stream]`: who decides about streaming, and what reaches the upstream.

use serde_json::Value;

use super::support::{House, messages};

#[tokio::test]
async fn json_answer_is_served_and_on_the_books() {
    let house = House::open().await;
    let reply = house
        .post("/v1/messages", &messages("plain", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    let request_id = reply.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = reply.json().await.unwrap();
    let call = house.call().await;
    assert_eq!(call.request_id, request_id);
    assert_eq!(call.tokens.input, body["usage"]["input_tokens"].as_u64().unwrap());
    assert_eq!(call.tokens.output, body["usage"]["output_tokens"].as_u64().unwrap());
    assert_eq!(
        (call.model.as_str(), call.provider.as_str(), call.endpoint.as_str()),
        ("plain", "anthropic-fake", "/v1/messages")
    );
    assert_eq!(call.key.as_ref().unwrap().id, house.key_id);
    assert!(call.cost_nanos.0 > 0 && !call.unpriced);
    house.close().await;
}

#[tokio::test]
async fn always_json_and_always_stream_doors_decide_themselves() {
    let house = House::open().await;
    for asked in [true, false] {
        let json = house
            .post("/api/llm/messages", &messages("plain", asked))
            .send()
            .await
            .unwrap();
        assert_eq!(json.headers()["content-type"], "application/json");
        assert_eq!(json.json::<Value>().await.unwrap()["type"], "message");
        let stream = house
            .post("/api/llm/messages/stream", &messages("plain", asked))
            .send()
            .await
            .unwrap();
        assert!(
            stream.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/event-stream")
        );
        assert!(stream.text().await.unwrap().contains("message_stop"));
    }
    let mut absent = messages("plain", false);
    absent.as_object_mut().unwrap().remove("stream");
    let stream = house.post("/api/llm/messages/stream", &absent).send().await.unwrap();
    assert!(stream.text().await.unwrap().contains("message_stop"));
    let calls = house.calls(5).await;
    assert_eq!(
        calls
            .iter()
            .filter(|call| call.endpoint == "/api/llm/messages/stream")
            .count(),
        3
    );
    house.close().await;
}

#[tokio::test]
async fn only_understood_headers_and_our_credential_leave() {
    let house = House::open().await;
    let request = house.post("/v1/messages", &messages("plain", false));
    let request = request
        .header("anthropic-version", "2026-10-21")
        .header("anthropic-beta", "prompt-caching-2024-07-31")
        .header("cookie", "wg=secret")
        .header("x-forwarded-for", "10.1.2.3")
        .header("x-stainless-lang", "python")
        .header("proxy-authorization", "Basic x")
        .header("connection", "x-api-key")
        .header("x-weirgate-tags", "a");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let sent = house.upstream.calls().remove(0);
    assert_eq!(sent.credential.as_deref(), Some(fake_upstream::CREDENTIAL));
    assert_eq!(sent.header("anthropic-version"), Some("2026-10-21"));
    assert_eq!(sent.header("anthropic-beta"), Some("prompt-caching-2024-07-31"));
    assert_eq!(sent.header("accept-encoding"), Some("identity"));
    let allowed = [
        "host",
        "content-type",
        "content-length",
        "accept",
        "accept-encoding",
        "user-agent",
        "x-api-key",
        "anthropic-version",
        "anthropic-beta",
    ];
    for (name, _) in &sent.headers {
        assert!(allowed.contains(&name.as_str()), "{name} left the house");
    }
    assert_eq!(sent.query, "");
    house.close().await;
}

#[tokio::test]
async fn version_is_added_when_the_client_sent_none() {
    let house = House::open().await;
    assert_eq!(
        house
            .post("/v1/messages?beta=true", &messages("plain", false))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        house.upstream.calls()[0].header("anthropic-version"),
        Some("2023-06-01")
    );
    house.close().await;
}

#[tokio::test]
async fn demo_answers_both_dialects_while_nothing_is_configured() {
    let house = House::open_with(|config| config.add_catalogue("").unwrap()).await;
    drop(house);
    let house = House::open_with(|config| config.clear_catalogue()).await;
    for stream in [false, true] {
        let reply = house
            .post("/v1/messages", &messages("demo", stream))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        assert!(reply.text().await.unwrap().contains("Weirgate"));
        let reply = house
            .post("/v1/chat/completions", &super::support::chat("demo", stream))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        assert!(reply.text().await.unwrap().contains("Weirgate"));
    }
    let calls = house.calls(4).await;
    assert!(
        calls
            .iter()
            .all(|call| call.provider == "demo" && call.cost_nanos.0 > 0),
        "{calls:?}"
    );
    house.close().await;
}

#[tokio::test]
async fn client_chosen_request_id_is_kept_when_well_formed() {
    let house = House::open().await;
    let send = |id: &str| {
        house
            .post("/v1/messages", &messages("plain", false))
            .header("x-request-id", id)
            .send()
    };
    assert_eq!(
        send("build-42_a.b").await.unwrap().headers()["x-request-id"],
        "build-42_a.b"
    );
    for bad in ["a b", "a/b", &"x".repeat(129), "<script>"] {
        assert_ne!(send(bad).await.unwrap().headers()["x-request-id"], bad);
    }
    house.close().await;
}
