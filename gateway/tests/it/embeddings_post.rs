//! `POST /v1/embeddings`: vectors pass as they are, the input alone is billed.

use serde_json::{Value, json};
use types::{
    Tokens,
    usage::{CallStatus, UsageSource},
};

use super::support::{House, embeddings};

#[tokio::test]
async fn floats_and_base64_are_passed_on_byte_for_byte() {
    let house = House::open().await;
    for (place, format) in [None, Some("float"), Some("base64")].into_iter().enumerate() {
        let mut body = json!({"model": "plain", "input": ["weir", "a dam"]});
        if let Some(format) = format {
            body["encoding_format"] = json!(format);
        }
        let reply = house.post("/v1/embeddings", &body).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let call = &house.upstream.calls()[place];
        assert_eq!(reply.bytes().await.unwrap(), call.answer);
        assert_eq!(call.path, "/v1/embeddings");
        assert_eq!(call.body, body.to_string().replace("plain", "fake").into_bytes());
    }
    for call in house.calls(3).await {
        assert_eq!((call.status, call.source), (CallStatus::Settled, UsageSource::Provider));
        let expected = Tokens {
            input: 2,
            ..Tokens::default()
        };
        assert_eq!((call.tokens, call.cost_nanos.0), (expected, 6000));
        assert_eq!(
            (call.endpoint.as_str(), call.provider.as_str()),
            ("/v1/embeddings", "openai-fake")
        );
    }
    house.close().await;
}

#[tokio::test]
async fn without_usage_the_input_is_estimated() {
    let house = House::open().await;
    let body = embeddings("nousage");
    assert_eq!(house.post("/v1/embeddings", &body).send().await.unwrap().status(), 200);
    let call = house.call().await;
    assert_eq!(call.source, UsageSource::Estimated);
    let bytes = body.to_string().len() as u64;
    assert_eq!((call.tokens.input, call.tokens.output), (bytes.div_ceil(4), 0));
    house.close().await;
}

#[tokio::test]
async fn stream_is_not_a_thing_here() {
    let house = House::open().await;
    let mut body = embeddings("plain");
    body["stream"] = json!(true);
    let reply = house.post("/v1/embeddings", &body).send().await.unwrap();
    assert_eq!(
        (
            reply.status().as_u16(),
            reply.headers()["content-type"].to_str().unwrap()
        ),
        (200, "application/json")
    );
    house.call().await;
    house.close().await;
}

#[tokio::test]
async fn input_that_is_none_is_400() {
    let house = House::open().await;
    for body in [
        json!({"model": "plain"}),
        json!({"model": "plain", "input": null}),
        json!({"model": "plain", "input": ""}),
        json!({"model": "plain", "input": []}),
        json!({"model": "plain", "input": {"text": "x"}}),
        json!({"model": "plain", "input": "x", "extra_headers": {"a": "b"}}),
    ] {
        let reply = house.post("/v1/embeddings", &body).send().await.unwrap();
        assert_eq!(reply.status(), 400, "{body}");
        let error: Value = reply.json().await.unwrap();
        assert_eq!(error["error"]["type"], "invalid_request_error");
    }
    assert_eq!(house.upstream.calls().len(), 0);
    house.close().await;
}

#[tokio::test]
async fn upstream_that_breaks_off_is_502_and_truncated() {
    let house = House::open().await;
    let reply = house.post("/v1/embeddings", &embeddings("cut")).send().await.unwrap();
    assert_eq!(reply.status(), 502);
    assert_eq!(house.call().await.status, CallStatus::UpstreamTruncated);
    house.close().await;
}
