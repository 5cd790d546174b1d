//! `POST /v1/messages/count_tokens`: asked of the upstream, or bounded here; never on the books.

use serde_json::{Value, json};
use types::{Timestamp, keys::NewKey};

use super::support::{House, client};

fn body(model: &str) -> Value {
    json!({"model": model, "system": "abcd", "messages": [{"role": "user", "content": "What does a weir do?"}]})
}

async fn nothing_booked(house: &House) {
    house.state.ledger().flush().await.unwrap();
    assert_eq!(house.state.ledger().open_records().await.unwrap(), 0);
    let now = house.state.clock().now();
    let range = (Timestamp(now.0 - 3_600_000), Timestamp(now.0 + 3_600_000));
    let summary = server::books::usage::summary(&house.state, &house.user, range.0, range.1).await;
    let total = summary.unwrap().total;
    assert_eq!((total.requests, total.refused, total.cost_nanos.0), (0, 0, 0));
}

#[tokio::test]
async fn upstream_that_speaks_the_dialect_counts() {
    let house = House::open().await;
    let sent = r#"{"messages":[{"role":"user","content":"What does a weir do?"}],"system":"abcd" , "model":"plain","tools":[]}"#;
    let reply = client()
        .post(house.url("/v1/messages/count_tokens?beta=true"))
        .bearer_auth(&house.key)
        .header("content-type", "application/json")
        .header("anthropic-version", "2026-10-21")
        .header("anthropic-beta", "token-counting-2024-11-01")
        .body(sent)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert!(reply.headers().get("x-weirgate-estimate").is_none());
    assert_eq!(reply.json::<Value>().await.unwrap(), json!({"input_tokens": 7}));
    let call = house.upstream.calls().remove(0);
    assert_eq!(call.path, "/v1/messages/count_tokens");
    assert_eq!(
        String::from_utf8(call.body.clone()).unwrap(),
        sent.replace(r#""plain""#, r#""fake""#)
    );
    assert_eq!(call.header("anthropic-version"), Some("2026-10-21"));
    assert_eq!(call.header("anthropic-beta"), Some("token-counting-2024-11-01"));
    assert_eq!(call.header("x-api-key"), Some(fake_upstream::CREDENTIAL));
    nothing_booked(&house).await;
    house.close().await;
}

#[tokio::test]
async fn model_behind_another_dialect_gets_an_upper_bound() {
    let house = House::open().await;
    let reply = house
        .post("/v1/messages/count_tokens", &body("zeta"))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["x-weirgate-estimate"], "true");
    let bound = reply.json::<Value>().await.unwrap()["input_tokens"].as_u64().unwrap();
    assert_eq!(bound, body("zeta").to_string().len() as u64);
    assert_eq!(house.upstream.calls().len(), 0);
    nothing_booked(&house).await;
    house.close().await;
}

#[tokio::test]
async fn upstream_that_cannot_count_leaves_it_to_the_bound() {
    let house = House::open().await;
    for model in ["s401", "s403", "s404", "s500", "html", "redirect", "packed"] {
        let reply = house
            .post("/v1/messages/count_tokens", &body(model))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200, "{model}");
        assert_eq!(reply.headers()["x-weirgate-estimate"], "true", "{model}");
    }
    nothing_booked(&house).await;
    house.close().await;
}

#[tokio::test]
async fn what_the_upstream_has_against_the_request_is_passed_on() {
    let house = House::open().await;
    for (model, status) in [("s400", 400), ("s429", 429), ("s529", 529)] {
        let reply = house
            .post("/v1/messages/count_tokens", &body(model))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status().as_u16(), status);
        assert_eq!(reply.headers().get("retry-after").is_some(), status != 400);
        assert_eq!(reply.json::<Value>().await.unwrap()["type"], "error");
    }
    nothing_booked(&house).await;
    house.close().await;
}

#[tokio::test]
async fn counting_is_checked_like_a_call() {
    let house = House::open().await;
    let path = house.url("/v1/messages/count_tokens");
    let new = NewKey {
        name: "narrow".to_owned(),
        models: vec!["plain".to_owned()],
        ..NewKey::default()
    };
    let key = server::keys::create(&house.state, &house.user, new)
        .await
        .unwrap()
        .key
        .unwrap();
    let ask = |key: Option<&str>, body: Value| {
        let request = client().post(&path).json(&body);
        match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    };
    let none = json!({"model": "plain", "messages": []});
    let evil = json!({"model": "plain", "messages": [1], "base_url": "http://127.0.0.1:1"});
    for (key, body, status, kind) in [
        (None, body("plain"), 401, "authentication_error"),
        (Some("wg-nobody"), body("plain"), 401, "authentication_error"),
        (Some(key.as_str()), body("cached"), 403, "permission_error"),
        (Some(key.as_str()), body("gpt-99"), 404, "not_found_error"),
        (Some(key.as_str()), none, 400, "invalid_request_error"),
        (Some(key.as_str()), evil, 400, "invalid_request_error"),
        (
            Some(key.as_str()),
            json!({"messages": [1]}),
            400,
            "invalid_request_error",
        ),
    ] {
        let reply = ask(key, body).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status);
        assert_eq!(reply.headers()["x-should-retry"], "false");
        let error: Value = reply.json().await.unwrap();
        assert_eq!(
            (&error["type"], &error["error"]["type"]),
            (&json!("error"), &json!(kind))
        );
    }
    assert_eq!(house.upstream.calls().len(), 0);
    nothing_booked(&house).await;
    house.close().await;
}
