//! Every bad input has one status, says what to do in the caller's dialect, and leaves nothing open.

use serde_json::{Value, json};
use server::clock::Clock;
use types::{Timestamp, keys::NewKey};

use super::support::{House, chat, client, messages};

/// Sends to both dialects' doors and checks status, shape and the word on retrying.
async fn refused(house: &House, status: u16, send: impl Fn(&str) -> reqwest::RequestBuilder) -> String {
    let mut text = String::new();
    for path in ["/v1/messages", "/v1/chat/completions"] {
        let reply = send(path).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status, "{path}: {:?}", reply.text().await);
        let terminal = [400, 401, 402, 403, 404, 413, 415, 422].contains(&status);
        assert_eq!(
            reply
                .headers()
                .get("x-should-retry")
                .map(|value| value.to_str().unwrap()),
            terminal.then_some("false")
        );
        let id = reply.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body: Value = reply.json().await.unwrap();
        let message = body["error"]["message"]
            .as_str()
            .unwrap_or_else(|| panic!("no message in {body}"));
        if path == "/v1/messages" {
            assert_eq!(body["type"], "error");
            assert!(body["error"]["type"].is_string());
            assert_eq!(body["request_id"], id);
        } else {
            assert!(
                body["error"]["type"].is_string() && body["error"].get("code").is_some(),
                "{body}"
            );
        }
        text = message.to_owned();
    }
    house.state.ledger().flush().await.unwrap();
    assert_eq!(house.state.ledger().open_records().await.unwrap(), 0);
    text
}

fn body(path: &str, model: &str) -> Value {
    if path == "/v1/messages" {
        messages(model, false)
    } else {
        chat(model, false)
    }
}

#[tokio::test]
async fn missing_key_is_401_and_says_where_to_make_one() {
    let house = House::open().await;
    let text = refused(&house, 401, |path| {
        client().post(house.url(path)).json(&body(path, "plain"))
    })
    .await;
    assert!(text.contains("/keys"), "{text}");
    house.close().await;
}

#[tokio::test]
async fn malformed_and_unknown_keys_are_401() {
    let house = House::open().await;
    let unknown = types::key_format::assemble("wg", "aaaaaaaaaaaa", &"b".repeat(43));
    for key in [
        "x",
        "wg-1",
        "' OR '1'='1",
        "sk-1234",
        &unknown,
        &"k".repeat(8000),
        &"k".repeat(64 * 1024),
        "wg-aaaaaaaaaaaa-';DROP TABLE api_keys;--",
        "a.b.c",
    ] {
        let told = refused(&house, 401, |path| {
            client()
                .post(house.url(path))
                .header("x-api-key", key)
                .json(&body(path, "plain"))
        })
        .await;
        let told_again = refused(&house, 401, |path| {
            client()
                .post(house.url(path))
                .bearer_auth(key)
                .json(&body(path, "plain"))
        })
        .await;
        let echoes = key.len() > 4 && (told.contains(key) || told_again.contains(key));
        assert!(!echoes, "{told}, {told_again}");
    }
    refused(&house, 401, |path| {
        let value = reqwest::header::HeaderValue::from_bytes("wg-🔑".as_bytes()).unwrap();
        client()
            .post(house.url(path))
            .header("x-api-key", value)
            .json(&body(path, "plain"))
    })
    .await;
    refused(&house, 401, |path| {
        let value = reqwest::header::HeaderValue::from_bytes(b"wg-\xff\xfe").unwrap();
        client()
            .post(house.url(path))
            .header("x-api-key", value)
            .json(&body(path, "plain"))
    })
    .await;
    refused(&house, 401, |path| {
        client()
            .post(house.url(path))
            .basic_auth("a", Some("b"))
            .json(&body(path, "plain"))
    })
    .await;
    house.close().await;
}

#[tokio::test]
async fn revoked_key_is_401_at_once() {
    let house = House::open().await;
    assert_eq!(
        house
            .post("/v1/messages", &messages("plain", false))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    server::keys::revoke(&house.state, &house.user, house.key_id)
        .await
        .unwrap();
    let text = refused(&house, 401, |path| house.post(path, &body(path, "plain"))).await;
    assert!(text.contains("revoked") && !text.contains(&house.key), "{text}");
    // Why is told to who has the whole key, not to who has seen a list of keys.
    let guess = types::key_format::assemble("wg", &house.key[3..15], &"b".repeat(43));
    let text = refused(&house, 401, |path| {
        client()
            .post(house.url(path))
            .bearer_auth(&guess)
            .json(&body(path, "plain"))
    })
    .await;
    assert!(!text.contains("revoked"), "{text}");
    house.close().await;
}

#[tokio::test]
async fn expired_key_is_401() {
    let house = House::open().await;
    let soon = Timestamp(house.state.clock().now().0 + 200);
    let new = NewKey {
        name: "short".to_owned(),
        expires_at: Some(soon),
        ..NewKey::default()
    };
    let key = server::keys::create(&house.state, &house.user, new)
        .await
        .unwrap()
        .key
        .unwrap();
    while house.state.clock().now() <= soon {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let text = refused(&house, 401, |path| {
        client()
            .post(house.url(path))
            .bearer_auth(&key)
            .json(&body(path, "plain"))
    })
    .await;
    assert!(text.contains("expired"), "{text}");
    house.close().await;
}

#[tokio::test]
async fn two_different_credentials_are_401_and_the_same_twice_is_one() {
    let house = House::open().await;
    let text = refused(&house, 401, |path| {
        house.post(path, &body(path, "plain")).bearer_auth("other")
    })
    .await;
    assert!(text.contains("Two different"), "{text}");
    let same = house
        .post("/v1/messages", &messages("plain", false))
        .bearer_auth(&house.key)
        .send()
        .await
        .unwrap();
    assert_eq!(same.status(), 200);
    house.close().await;
}

#[tokio::test]
async fn access_token_works_on_the_model_api_and_a_wrong_one_is_401() {
    let house = House::open().await;
    let device = server::sessions::Device::default();
    let pair = server::sessions::start_tokens(&house.state, &house.user, false, &device)
        .await
        .unwrap();
    let send = |token: &str| {
        client()
            .post(house.url("/v1/messages"))
            .bearer_auth(token)
            .json(&messages("plain", false))
            .send()
    };
    assert_eq!(send(&pair.access_token).await.unwrap().status(), 200);
    let call = house.call().await;
    assert!(call.key.is_none());
    assert_eq!(send(&format!("{}x", pair.access_token)).await.unwrap().status(), 401);
    assert_eq!(send(&pair.refresh_token).await.unwrap().status(), 401);
    server::sessions::end_family(&house.state, &pair.refresh_token, &server::sessions::Device::default())
        .await
        .unwrap();
    assert_eq!(send(&pair.access_token).await.unwrap().status(), 401);
    house.close().await;
}

#[tokio::test]
async fn expired_access_token_is_401() {
    let clock = Clock::settable(Clock::system().now());
    let house = House::open_at(clock.clone(), |_| {}).await;
    let pair = server::sessions::start_tokens(&house.state, &house.user, false, &server::sessions::Device::default())
        .await
        .unwrap();
    // A quarter of an hour, and half a minute for clocks that differ.
    clock.advance((15 * 60 + 30) * 1000);
    server::for_tests::poll(&house.state).await.unwrap();
    let text = refused(&house, 401, |path| {
        client()
            .post(house.url(path))
            .bearer_auth(&pair.access_token)
            .json(&body(path, "plain"))
    })
    .await;
    assert!(text.contains("has expired"), "{text}");
    house.close().await;
}

#[tokio::test]
async fn foreign_organization_is_404() {
    let house = House::open().await;
    let device = server::sessions::Device::default();
    let pair = server::sessions::start_tokens(&house.state, &house.user, false, &device)
        .await
        .unwrap();
    for other in ["0192d3e4-0000-7000-8000-000000000001", "nonsense"] {
        let reply = client()
            .post(house.url("/v1/messages"))
            .bearer_auth(&pair.access_token)
            .header("x-weirgate-organization", other)
            .json(&messages("plain", false))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 404);
    }
    house.close().await;
}

#[tokio::test]
async fn unknown_model_is_404_and_names_the_allowed_ones() {
    let house = House::open().await;
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
    let send = |path: &str, model: &str| {
        client()
            .post(house.url(path))
            .bearer_auth(&key)
            .json(&body(path, model))
    };
    let text = refused(&house, 404, |path| send(path, "gpt-99")).await;
    assert!(text.contains("plain") && !text.contains("cached"), "{text}");
    refused(&house, 403, |path| send(path, "cached")).await;
    for near in ["Plain", " plain", "plain ", "plai*"] {
        refused(&house, 404, |path| send(path, near)).await;
    }
    assert_eq!(house.upstream.calls().len(), 0, "a refused model reached the upstream");
    house.close().await;
}

#[tokio::test]
async fn reading_key_may_not_call_models() {
    let house = House::open().await;
    let permissions = types::keys::Permissions {
        read: true,
        write: false,
    };
    let new = NewKey {
        name: "reader".to_owned(),
        permissions,
        ..NewKey::default()
    };
    let key = server::keys::create(&house.state, &house.user, new)
        .await
        .unwrap()
        .key
        .unwrap();
    refused(&house, 403, |path| {
        client()
            .post(house.url(path))
            .bearer_auth(&key)
            .json(&body(path, "plain"))
    })
    .await;
    house.close().await;
}

#[tokio::test]
async fn bodies_that_are_not_the_contract_are_400() {
    let house = House::open().await;
    let deep = format!(
        r#"{{"model":"plain","messages":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let bodies = [
        "",
        "not json",
        "[]",
        "\"text\"",
        r#"{"model":"plain","messages":[{"role":"user","content":"x"}]"#,
        r#"{"model":"plain","messages":[{"role":"user","content":"x"}],"max_tokens":10} trailing"#,
        "\u{feff}{}",
        &deep,
        r#"{"max_tokens":10,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":10}"#,
        r#"{"model":7,"max_tokens":10,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"","max_tokens":10,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":10,"messages":"hello"}"#,
        r#"{"model":"plain","max_tokens":10,"messages":[]}"#,
        r#"{"model":"plain","max_tokens":10,"stream":"yes","messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":0,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":-1,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":1.5,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":"10","messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","model":"cached","max_tokens":10,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","Model":"cached","max_tokens":10,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"mod\u0065l":"plain","model":"cached","max_tokens":10,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":10,"temperature":1e999,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"plain","max_tokens":10,"messages":[{"role":"user","content":"\ud800"}]}"#,
    ];
    for text in bodies {
        let shown = &text[..text.len().min(80)];
        refused(&house, 400, |path| {
            let request = client().post(house.url(path)).header("x-api-key", &house.key);
            request.header("content-type", "application/json").body(text.to_owned())
        })
        .await;
        assert_eq!(house.upstream.calls().len(), 0, "reached the upstream: {shown}");
    }
    house.close().await;
}

#[tokio::test]
async fn body_that_is_not_utf8_is_400() {
    let house = House::open().await;
    refused(&house, 400, |path| {
        let request = client().post(house.url(path)).header("x-api-key", &house.key);
        request
            .header("content-type", "application/json")
            .body(b"{\"model\":\"plain\xff\"}".to_vec())
    })
    .await;
    house.close().await;
}

#[tokio::test]
async fn body_over_32_mib_is_413_with_and_without_a_length() {
    let house = House::open_with(|config| {
        assert_eq!(config.gateway.max_body, 32 << 20, "the default");
        config.gateway.max_body = 1 << 20;
    })
    .await;
    let large = vec![b' '; (1 << 20) + 1];
    for sized in [true, false] {
        refused(&house, 413, |path| {
            let body = if sized {
                reqwest::Body::from(large.clone())
            } else {
                let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
                    large.chunks(1 << 16).map(|piece| Ok(piece.to_vec())).collect();
                reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
            };
            let request = client().post(house.url(path)).header("x-api-key", &house.key);
            request.header("content-type", "application/json").body(body)
        })
        .await;
    }
    house.close().await;
}

#[tokio::test]
async fn wrong_content_type_and_encoding_are_415() {
    let house = House::open().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
    ] {
        refused(&house, 415, |path| {
            let request = client().post(house.url(path)).header("x-api-key", &house.key);
            request
                .header("content-type", kind)
                .body(body(path, "plain").to_string())
        })
        .await;
    }
    refused(&house, 415, |path| {
        house
            .post(path, &body(path, "plain"))
            .header("content-encoding", "gzip")
    })
    .await;
    house.close().await;
}

#[tokio::test]
async fn wrong_path_and_method_are_json_in_a_dialect() {
    let house = House::open().await;
    for (path, right) in [
        ("/v1/v1/messages", "/v1/messages"),
        ("/v1/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/nothing", "/v1"),
    ] {
        let reply = house.post(path, &json!({})).send().await.unwrap();
        assert_eq!(reply.status(), 404);
        let body: Value = reply.json().await.unwrap();
        assert!(body["error"]["message"].as_str().unwrap().contains(right), "{body}");
    }
    let reply = client()
        .get(house.url("/v1/messages"))
        .header("anthropic-version", "2023-06-01")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 405);
    assert_eq!(reply.json::<Value>().await.unwrap()["type"], "error");
    house.close().await;
}

#[tokio::test]
async fn refusals_are_counted_without_counting_as_requests() {
    let house = House::open().await;
    for _ in 0..5 {
        assert_eq!(
            house
                .post("/v1/messages", &messages("gpt-99", false))
                .send()
                .await
                .unwrap()
                .status(),
            404
        );
    }
    house.state.ledger().flush().await.unwrap();
    let now = house.state.clock().now();
    let range = (Timestamp(now.0 - 3_600_000), Timestamp(now.0 + 3_600_000));
    let sums = server::books::usage::summary(&house.state, &house.user, range.0, range.1)
        .await
        .unwrap()
        .total;
    assert_eq!((sums.requests, sums.refused), (0, 5));
    house.close().await;
}
