//! `POST /v1/responses` to an upstream that speaks it: bytes as they are, numbers as the upstream says, every fault with its end.

use serde_json::{Value, json};
use server::Config;
use types::{
    Tokens,
    usage::{CallStatus, UsageSource},
};

use super::support::{House, client, responses};

#[tokio::test]
async fn json_is_passed_on_and_booked() {
    let house = House::open().await;
    let reply = house
        .post("/v1/responses", &responses("cached", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "application/json");
    let text = reply.bytes().await.unwrap();
    assert_eq!(text, house.upstream.calls()[0].answer);
    let body: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(body["usage"]["input_tokens_details"]["cached_tokens"], 400);
    let call = house.call().await;
    assert_eq!(
        (call.status, call.source, call.endpoint.as_str(), call.provider.as_str()),
        (
            CallStatus::Settled,
            UsageSource::Provider,
            "/v1/responses",
            "openai-fake"
        )
    );
    // This dialect has no word for writes to the cache: they are input.
    let expected = Tokens {
        input: 156,
        cache_read: 400,
        output: 5,
        ..Tokens::default()
    };
    assert_eq!(call.tokens, expected);
    assert_eq!(call.cost_nanos.0, 156 * 3_000 + 400 * 300 + 5 * 15_000);
    house.close().await;
}

#[tokio::test]
async fn stream_is_passed_on_byte_for_byte_and_booked_the_same() {
    let house = House::open().await;
    for (place, model) in ["cached", "odd", "bom"].into_iter().enumerate() {
        let reply = house
            .post("/v1/responses", &responses(model, true))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        assert!(
            reply.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/event-stream")
        );
        assert_eq!(reply.headers()["x-accel-buffering"], "no");
        let got = reply.bytes().await.unwrap();
        assert_eq!(got, house.upstream.calls()[place].answer, "{model}");
        let calls = house.calls(place + 1).await;
        let call = calls.iter().find(|call| call.model == model).unwrap();
        let billed = house.upstream.calls()[place].billed.unwrap();
        assert_eq!(
            (call.status, call.source),
            (CallStatus::Settled, UsageSource::Provider),
            "{model}"
        );
        assert_eq!(call.tokens.output, billed.output, "{model}");
        assert_eq!(call.tokens.cache_read, billed.cache_read, "{model}");
        assert_eq!(
            call.tokens.input,
            billed.input + billed.cache_write_5m + billed.cache_write_1h,
            "{model}"
        );
    }
    house.close().await;
}

#[tokio::test]
async fn request_arrives_as_it_was_sent_but_for_the_name() {
    let house = House::open().await;
    let sent = r#"{ "store":true,"previous_response_id":"resp_1", "background" : false,"include":["reasoning.encrypted_content"],
        "x_unknown":[1.50,"\u00e9"],"stream":false, "model":"plain","prompt_cache_key":"k"}"#;
    let request = client().post(house.url("/v1/responses")).bearer_auth(&house.key);
    let reply = request
        .header("content-type", "application/json")
        .header("openai-beta", "responses=experimental")
        .body(sent)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    let call = house.upstream.calls().remove(0);
    assert_eq!(
        String::from_utf8(call.body.clone()).unwrap(),
        sent.replace(r#""plain""#, r#""fake""#)
    );
    assert_eq!(call.path, "/v1/responses");
    assert_eq!(call.header("openai-beta"), Some("responses=experimental"));
    assert_eq!(
        call.header("authorization"),
        Some(&*format!("Bearer {}", fake_upstream::CREDENTIAL))
    );
    house.call().await;
    house.close().await;
}

#[tokio::test]
async fn capped_answer_is_incomplete_and_served_whole() {
    let house = House::open().await;
    let mut body = responses("endless", true);
    body["max_output_tokens"] = json!(3);
    let text = house
        .post("/v1/responses", &body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.contains("event: response.incomplete"), "{text}");
    let call = house.call().await;
    assert_eq!((call.status, call.tokens.output), (CallStatus::Settled, 3));
    house.close().await;
}

/// Leaves nothing to a provider of another dialect, which would take over before there is content.
fn natively(config: &mut Config) {
    for model in &mut config.models {
        model.routes.retain(|route| route.provider == "openai-fake");
    }
}

#[tokio::test]
async fn stream_that_breaks_off_ends_with_response_failed_and_is_truncated_on_the_books() {
    for (model, words) in [("cut", 0), ("ended", 1), ("nodone", 5)] {
        let house = House::open_with(natively).await;
        let text = house
            .post("/v1/responses", &responses(model, true))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(!text.contains("response.completed"), "{model}: {text}");
        let mut events = text.trim_end().rsplit("\n\n");
        let last = events.next().unwrap();
        let data = last
            .strip_prefix("event: response.failed\ndata: ")
            .unwrap_or_else(|| panic!("{model}: {text}"));
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(
            (
                &data["type"],
                &data["response"]["status"],
                &data["response"]["error"]["code"]
            ),
            (&json!("response.failed"), &json!("failed"), &json!("server_error"))
        );
        let before = events.next().unwrap().split_once("data: ").unwrap().1;
        let before: Value = serde_json::from_str(before).unwrap();
        assert_eq!(
            data["sequence_number"].as_u64(),
            before["sequence_number"].as_u64().map(|number| number + 1),
            "{model}"
        );
        let call = house.call().await;
        assert_eq!(
            (call.status, call.source),
            (CallStatus::UpstreamTruncated, UsageSource::Estimated),
            "{model}"
        );
        assert_eq!(text.matches("response.output_text.delta\n").count(), words, "{model}");
        assert_eq!(call.tokens.output > 0, words > 0, "{model}");
        house.close().await;
    }
}

#[tokio::test]
async fn error_event_of_the_upstream_is_forwarded_once() {
    let house = House::open_with(natively).await;
    let text = house
        .post("/v1/responses", &responses("error_mid", true))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(text.matches("event: error\n").count(), 1, "{text}");
    assert!(!text.contains("response.failed"), "{text}");
    assert_eq!(house.call().await.status, CallStatus::UpstreamError);
    house.close().await;
}

#[tokio::test]
async fn answer_without_usage_is_estimated() {
    let house = House::open().await;
    for stream in [true, false] {
        let reply = house
            .post("/v1/responses", &responses("nousage", stream))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        reply.bytes().await.unwrap();
    }
    for call in house.calls(2).await {
        assert_eq!(
            (call.status, call.source),
            (CallStatus::Settled, UsageSource::Estimated)
        );
        assert!(call.tokens.input > 0 && call.tokens.output > 0);
    }
    house.close().await;
}

#[tokio::test]
async fn refusals_have_the_vendors_shape() {
    let house = House::open().await;
    let cases = [
        (json!({"model": "plain"}), 400, "bad_request"),
        (json!({"model": "plain", "input": ""}), 400, "bad_request"),
        (
            json!({"model": "plain", "input": "x", "max_output_tokens": 0}),
            400,
            "bad_request",
        ),
        (
            json!({"model": "plain", "input": "x", "api_base": "http://127.0.0.1:1"}),
            400,
            "bad_request",
        ),
        (responses("gpt-99", true), 404, "model_not_found"),
    ];
    for (body, status, code) in cases {
        let reply = house.post("/v1/responses", &body).send().await.unwrap();
        assert_eq!(reply.status(), status, "{body}");
        assert_eq!(reply.headers()["x-should-retry"], "false");
        let error: Value = reply.json().await.unwrap();
        assert_eq!(error["error"]["code"], code, "{error}");
    }
    assert_eq!(house.upstream.calls().len(), 0);
    house.close().await;
}

#[tokio::test]
async fn client_that_leaves_is_billed_for_what_the_upstream_counted() {
    let house = House::open().await;
    let mut reply = house
        .post("/v1/responses", &responses("slow", true))
        .send()
        .await
        .unwrap();
    while let Some(chunk) = reply.chunk().await.unwrap() {
        if String::from_utf8_lossy(&chunk).contains("output_text.delta") {
            break;
        }
    }
    drop(reply);
    let call = house.call().await;
    assert_eq!(
        (call.status, call.source),
        (CallStatus::ClientGone, UsageSource::Provider)
    );
    assert_eq!(call.tokens.output, 50);
    house.close().await;
}

#[tokio::test]
async fn demo_answers_every_door_while_nothing_is_configured() {
    let house = House::open_with(server::Config::clear_catalogue).await;
    let text = house
        .post("/v1/responses", &responses("demo", true))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.contains("event: response.completed"), "{text}");
    for (path, body) in [
        ("/v1/responses", responses("demo", false)),
        ("/v1/embeddings", super::support::embeddings("demo")),
    ] {
        let reply = house.post(path, &body).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        assert!(reply.json::<Value>().await.unwrap()["usage"].is_object(), "{path}");
    }
    let counted = house
        .post("/v1/messages/count_tokens", &super::support::messages("demo", false))
        .send()
        .await
        .unwrap();
    assert_eq!(counted.headers()["x-weirgate-estimate"], "true");
    for call in house.calls(3).await {
        assert_eq!(
            (call.status, call.source),
            (CallStatus::Settled, UsageSource::Provider),
            "{}",
            call.endpoint
        );
        assert!(call.provider == "demo" && call.cost_nanos.0 > 0);
    }
    house.close().await;
}
