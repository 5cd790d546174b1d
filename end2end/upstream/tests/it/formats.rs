//! The vendors' formats, field by field where Weirgate reads them.

use fake_upstream::{Outcome, Usage};
use serde_json::{Value, json};

use crate::client::{ask, fake, raw, receive, request, send};

const CACHED: &str = "fake:cache=40,20,10&events=7";

#[tokio::test]
async fn a_message_tells_its_usage_by_class() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/messages", &ask(CACHED, false)).await;
    assert_eq!(answer.status, 200);
    let usage = &answer.json()["usage"];
    assert_eq!(usage["input_tokens"], 4, "`user` and `twelve chars` are 16 characters");
    assert_eq!(usage["cache_read_input_tokens"], 40);
    assert_eq!(usage["cache_creation_input_tokens"], 30);
    assert_eq!(
        usage["cache_creation"],
        json!({"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10})
    );
    assert_eq!(usage["output_tokens"], 7);
    let call = &fake.calls()[0];
    assert_eq!(
        call.usage,
        Some(Usage {
            input: 4,
            cache_read: 40,
            cache_write_5m: 20,
            cache_write_1h: 10,
            output: 7
        })
    );
    assert_eq!(
        (call.outcome, call.answer.as_slice()),
        (Outcome::Complete, answer.body.as_bytes())
    );
}

#[tokio::test]
async fn a_message_stream_has_the_vendors_order() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/messages", &ask("fake:events=2", true)).await;
    assert!(answer.whole && answer.head.contains("text/event-stream"));
    let data = answer.data();
    let kinds = data
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect::<Vec<_>>();
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(data[0]["message"]["usage"]["output_tokens"], 1);
    assert_eq!(data[6]["usage"]["output_tokens"], 2);
    assert_eq!(data[6]["usage"]["input_tokens"], 4);
    assert_eq!(fake.calls()[0].events_sent, 8);
}

#[tokio::test]
async fn the_output_cap_cuts_the_answer() {
    let fake = fake().await;
    let mut body = ask("fake:events=50", false);
    body["max_tokens"] = json!(3);
    let message = send(&fake, "/v1/messages", &body).await.json();
    assert_eq!(
        (
            message["stop_reason"].clone(),
            message["usage"]["output_tokens"].clone()
        ),
        (json!("max_tokens"), json!(3))
    );
}

#[tokio::test]
async fn chat_counts_cached_tokens_inside_the_prompt() {
    let fake = fake().await;
    let usage = send(&fake, "/v1/chat/completions", &ask("fake:cache=40,0,0", false))
        .await
        .json()["usage"]
        .clone();
    assert_eq!(
        (
            usage["prompt_tokens"].clone(),
            usage["prompt_tokens_details"]["cached_tokens"].clone()
        ),
        (json!(44), json!(40))
    );
    assert_eq!(usage["total_tokens"], 49);
}

#[tokio::test]
async fn chat_streams_tell_usage_only_when_asked() {
    let fake = fake().await;
    let silent = send(&fake, "/v1/chat/completions", &ask("fake", true)).await.data();
    assert!(silent.iter().all(|chunk| chunk.get("usage").is_none()));
    let mut body = ask("fake", true);
    body["stream_options"] = json!({"include_usage": true});
    let told = send(&fake, "/v1/chat/completions", &body).await.data();
    assert_eq!(told.len(), silent.len() + 1);
    assert_eq!(told.last(), Some(&json!("[DONE]")));
    let usage = &told[told.len() - 2];
    assert_eq!(
        (usage["choices"].clone(), usage["usage"]["completion_tokens"].clone()),
        (json!([]), json!(5))
    );
    for chunk in &told[..told.len() - 2] {
        assert_eq!(chunk.get("usage"), Some(&Value::Null));
    }
}

#[tokio::test]
async fn each_choice_is_billed() {
    let fake = fake().await;
    let mut body = ask("fake", false);
    body["n"] = json!(3);
    let completion = send(&fake, "/v1/chat/completions", &body).await.json();
    assert_eq!(completion["choices"].as_array().map(Vec::len), Some(3));
    assert_eq!(completion["usage"]["completion_tokens"], 15);
}

#[tokio::test]
async fn a_wrong_credential_is_refused_in_the_dialect() {
    let fake = fake().await;
    let body = ask("fake", false).to_string();
    let messages = raw(&fake, &request("/v1/messages", &body, "other")).await;
    assert_eq!(
        (messages.status, messages.json()["error"]["type"].clone()),
        (401, json!("authentication_error"))
    );
    let chat = raw(&fake, &request("/v1/chat/completions", &body, "other")).await;
    assert_eq!(
        (chat.status, chat.json()["error"]["code"].clone()),
        (401, json!("invalid_api_key"))
    );
    assert_eq!(fake.calls()[1].outcome, Outcome::Refused);
}

#[tokio::test]
async fn a_connection_serves_one_call_after_another() {
    use tokio::io::AsyncWriteExt;
    let fake = fake().await;
    let mut socket = tokio::net::TcpStream::connect(fake.addr).await.unwrap();
    for stream in [true, false, true] {
        let body = ask("fake", stream).to_string();
        socket
            .write_all(request("/v1/messages", &body, fake_upstream::CREDENTIAL).as_bytes())
            .await
            .unwrap();
        assert!(receive(&mut socket).await.whole);
    }
    assert_eq!(fake.log.totals().complete, 3);
}

#[tokio::test]
async fn a_body_in_chunks_is_read() {
    let fake = fake().await;
    let body = ask("fake", false).to_string();
    let (a, b) = body.split_at(10);
    let answer = raw(
        &fake,
        &format!(
            "POST /v1/messages HTTP/1.1\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{a}\r\n{:x}\r\n{b}\r\n0\r\n\r\n",
            fake_upstream::CREDENTIAL,
            a.len(),
            b.len()
        ),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(fake.calls()[0].body, body.as_bytes());
}

#[tokio::test]
async fn the_log_can_be_fetched() {
    let fake = fake().await;
    send(&fake, "/v1/messages", &ask("fake", false)).await;
    let log = raw(&fake, "GET /__log HTTP/1.1\r\n\r\n").await.json();
    assert_eq!(log[0]["model"], "fake");
    let totals = raw(&fake, "GET /__totals HTTP/1.1\r\n\r\n").await.json();
    assert_eq!(
        (totals["complete"].clone(), totals["usage"]["output"].clone()),
        (json!(1), json!(5))
    );
}

fn ask_input(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "instructions": "ab", "input": [{"role": "user", "content": "twelve chars"}]})
}

#[tokio::test]
async fn a_response_tells_its_usage_with_cached_tokens_inside() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/responses", &ask_input(CACHED, false)).await;
    assert_eq!(answer.status, 200);
    let response = answer.json();
    assert_eq!(response["status"], "completed");
    assert_eq!(
        response["usage"],
        json!({
            "input_tokens": 74, "input_tokens_details": {"cached_tokens": 40}, "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 81,
        }),
        "`ab`, `user` and `twelve chars` are 18 characters"
    );
    let none = send(&fake, "/v1/responses", &json!({"model": "fake"})).await;
    assert_eq!(none.status, 400);
}

#[tokio::test]
async fn a_response_stream_is_numbered_and_ends_with_the_whole() {
    let fake = fake().await;
    let data = send(&fake, "/v1/responses", &ask_input("fake:events=2", true))
        .await
        .data();
    let kinds = data
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect::<Vec<_>>();
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds, expected);
    assert!(
        (0..)
            .zip(&data)
            .all(|(number, event)| event["sequence_number"] == number)
    );
    assert_eq!(data[9]["response"]["usage"]["output_tokens"], 2);
    let mut capped = ask_input("fake:events=50", true);
    capped["max_output_tokens"] = json!(3);
    let data = send(&fake, "/v1/responses", &capped).await.data();
    let last = &data[data.len() - 1];
    assert_eq!(
        (&last["type"], &last["response"]["status"]),
        (&json!("response.incomplete"), &json!("incomplete"))
    );
}

#[tokio::test]
async fn embeddings_are_one_vector_an_input_in_both_spellings() {
    let fake = fake().await;
    let ask = |input: Value| json!({"model": "fake", "input": input, "encoding_format": "float"});
    let answer = send(&fake, "/v1/embeddings", &ask(json!(["four", "sixteen letters."])))
        .await
        .json();
    assert_eq!(answer["data"][1]["embedding"], json!([1.0, 16.0, 0.5]));
    assert_eq!(answer["usage"], json!({"prompt_tokens": 5, "total_tokens": 5}));
    assert_eq!(
        send(&fake, "/v1/embeddings", &ask(json!([7, 8, 9]))).await.json()["data"][0]["embedding"],
        json!([0.0, 3.0, 0.5])
    );
    let packed = json!({"model": "fake", "input": "abcd", "encoding_format": "base64"});
    // 0.0, 4.0 and 0.5 as little-endian floats.
    assert_eq!(
        send(&fake, "/v1/embeddings", &packed).await.json()["data"][0]["embedding"],
        "AAAAAAAAgEAAAAA/"
    );
    assert_eq!(
        fake.calls()[0].usage.map(|usage| (usage.input, usage.output)),
        Some((5, 0))
    );
    assert_eq!(send(&fake, "/v1/embeddings", &ask(json!([]))).await.status, 400);
}

#[tokio::test]
async fn rude_and_packed_answers_say_so_in_their_headers() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/messages", &ask("fake:rude&packed", false)).await;
    for line in [
        "set-cookie: vendor=1",
        "location: http://elsewhere/",
        "content-encoding: gzip",
    ] {
        assert!(answer.head.contains(line), "{line}");
    }
}
