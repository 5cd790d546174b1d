//! Bytes are the upstream's bytes: what a client gets through the house is what it gets without it, and what it sends arrives.

use serde_json::{Value, json};

use super::support::{House, chat, client, messages};

/// The same call straight to the fake.
async fn direct(house: &House, path: &str, mut body: Value, upstream_model: &str) -> Vec<u8> {
    body["model"] = json!(upstream_model);
    let url = format!("{}{path}", house.upstream.url());
    let reply = client()
        .post(url)
        .bearer_auth(fake_upstream::CREDENTIAL)
        .json(&body)
        .send()
        .await
        .unwrap();
    reply.bytes().await.unwrap().to_vec()
}

/// Ids and times differ from call to call in the fake's answers, as in a vendor's.
fn same_but_for_ids(text: &[u8]) -> String {
    let text = String::from_utf8(text.to_vec()).unwrap();
    let mut out = String::new();
    let mut rest = text.as_str();
    for marker in ["\"id\":\"", "\"created\":", "\"obfuscation\":\""] {
        while let Some(at) = rest.find(marker) {
            out.push_str(&rest[..at + marker.len()]);
            let tail = &rest[at + marker.len()..];
            let end = tail.find(['"', ',']).unwrap_or(tail.len());
            rest = &tail[end..];
        }
        let so_far = std::mem::take(&mut out) + rest;
        rest = Box::leak(so_far.into_boxed_str());
    }
    rest.to_owned()
}

#[tokio::test]
async fn answers_are_byte_for_byte_the_upstreams() {
    let house = House::open().await;
    for (ours, theirs) in [
        ("plain", "fake"),
        ("cached", "fake:cache=400,100,50"),
        ("odd", "fake:events=20&split=7&crlf&comments"),
        ("bom", "fake:bom&split=1"),
        ("error_mid", "fake:events=8&error_mid=4"),
    ] {
        for stream in [true, false] {
            let got = house
                .post("/v1/messages", &messages(ours, stream))
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
            let wanted = direct(&house, "/v1/messages", messages(ours, stream), theirs).await;
            assert_eq!(
                same_but_for_ids(&got),
                same_but_for_ids(&wanted),
                "messages, {ours}, stream: {stream}"
            );

            let mut body = chat(ours, stream);
            if stream {
                body["stream_options"] = json!({"include_usage": true});
            }
            let got = house
                .post("/v1/chat/completions", &body)
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
            let wanted = direct(&house, "/v1/chat/completions", body, theirs).await;
            assert_eq!(
                same_but_for_ids(&got),
                same_but_for_ids(&wanted),
                "chat, {ours}, stream: {stream}"
            );
        }
    }
    house.close().await;
}

#[tokio::test]
async fn usage_chunk_is_asked_for_and_taken_out_again() {
    let house = House::open().await;
    let text = house
        .post("/v1/chat/completions", &chat("plain", true))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!text.contains("prompt_tokens"), "{text}");
    assert!(text.trim_end().ends_with("data: [DONE]"), "{text}");
    let sent: Value = serde_json::from_slice(&house.upstream.calls()[0].body).unwrap();
    assert_eq!(sent["stream_options"]["include_usage"], true);
    let call = house.call().await;
    assert_eq!(call.source, types::usage::UsageSource::Provider);
    assert!(call.tokens.output > 0);

    let mut asked = chat("plain", true);
    asked["stream_options"] = json!({"include_usage": true});
    let text = house
        .post("/v1/chat/completions", &asked)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.contains("prompt_tokens"), "{text}");

    house
        .post("/v1/chat/completions", &chat("plain", false))
        .send()
        .await
        .unwrap();
    let sent: Value = serde_json::from_slice(&house.upstream.calls()[2].body).unwrap();
    assert!(
        sent.get("stream_options").is_none(),
        "injected although nothing streams"
    );
    house.close().await;
}

#[tokio::test]
async fn request_arrives_as_it_was_sent_but_for_the_name() {
    let house = House::open().await;
    let sent = r#"{ "max_tokens" : 10,"x_unknown":{"deep":[1.50,1e2,"\u00e9\n"]},
        "messages":[{"role":"user","content":"model \"model\": plain"}] , "model":"pl\u0061in" }"#;
    let request = client().post(house.url("/v1/messages")).header("x-api-key", &house.key);
    let reply = request
        .header("content-type", "application/json; charset=utf-8")
        .body(sent)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    let arrived = String::from_utf8(house.upstream.calls()[0].body.clone()).unwrap();
    assert_eq!(arrived, sent.replace(r#""pl\u0061in""#, r#""fake""#));
    house.close().await;
}

#[tokio::test]
async fn body_of_256_kib_arrives_whole() {
    let house = House::open().await;
    let mut body = messages("plain", false);
    body["messages"][0]["content"] = json!("wäßrig ".repeat(32 * 1024));
    assert_eq!(house.post("/v1/messages", &body).send().await.unwrap().status(), 200);
    let arrived: Value = serde_json::from_slice(&house.upstream.calls()[0].body).unwrap();
    assert_eq!(arrived["messages"], body["messages"]);
    house.close().await;
}

#[tokio::test]
async fn caps_larger_than_the_model_can_give_are_lowered_and_nothing_else_changes() {
    let house = House::open_with(|config| {
        for model in &mut config.models {
            model.max_output_tokens = Some(50);
        }
    })
    .await;
    let sent = |cap: u32| {
        format!(
            r#"{{ "model":"plain", "max_tokens" : {cap},  "messages":[{{"role":"user","content":"max_tokens\": 9000"}}], "x":1.50 }}"#
        )
    };
    for (asked, expected) in [(9000, 50), (50, 50), (7, 7)] {
        for path in ["/v1/messages", "/v1/chat/completions"] {
            let request = client().post(house.url(path)).header("x-api-key", &house.key);
            let reply = request
                .header("content-type", "application/json")
                .body(sent(asked))
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 200);
            let got = house.upstream.calls().pop().unwrap().body;
            let wanted = sent(expected).replace("\"plain\"", "\"fake\"");
            assert_eq!(String::from_utf8(got).unwrap(), wanted, "{path}");
        }
    }
    house.calls(6).await;
    house.close().await;
}
