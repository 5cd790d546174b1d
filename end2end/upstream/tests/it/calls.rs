//! Tool calls in the three formats: asked for by the prompt, answered, and told back.

use fake_upstream::{Running, Usage};
use serde_json::{Value, json};

use crate::client::{fake, send};

const PROMPT: &str =
    "How high? call:height{\"place\":\"Kama\"} call:height{\"place\":\"Volga\"} call:depth{\"place\":\"Oka\"}";
/// Two words; each call takes one token, and its seventeen or eighteen characters three.
const MODEL: &str = "fake:events=2";
const TOKENS: u64 = 2 + 2 * (1 + 3);

fn schema() -> Value {
    json!({"type": "object", "properties": {"place": {"type": "string"}}})
}

fn in_messages(stream: bool) -> Value {
    json!({
        "model": MODEL, "max_tokens": 100, "stream": stream, "tools": [{"name": "height", "input_schema": schema()}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": PROMPT}]}],
    })
}

fn in_chat(stream: bool) -> Value {
    json!({
        "model": MODEL, "stream": stream, "tools": [{"type": "function", "function": {"name": "height", "parameters": schema()}}],
        "messages": [{"role": "user", "content": PROMPT}],
    })
}

fn in_responses(stream: bool) -> Value {
    json!({
        "model": MODEL, "stream": stream, "tools": [{"type": "function", "name": "height", "parameters": schema()}], "input": PROMPT,
    })
}

fn billed(fake: &Running) -> Vec<u64> {
    let calls = fake.calls();
    let output = |usage: Option<Usage>| usage.map_or(0, |usage| usage.output);
    calls.iter().map(|call| output(call.billed)).collect()
}

#[tokio::test]
async fn a_message_calls_the_tools_that_are_offered() {
    let fake = fake().await;
    let message = send(&fake, "/v1/messages", &in_messages(false)).await.json();
    let content = message["content"].as_array().unwrap();
    assert_eq!((content.len(), &message["stop_reason"]), (3, &json!("tool_use")));
    assert_eq!(
        (&content[1]["name"], &content[2]["input"]),
        (&json!("height"), &json!({"place": "Volga"}))
    );
    assert_ne!(content[1]["id"], content[2]["id"]);
    let mut one = in_messages(false);
    one["tool_choice"] = json!({"type": "auto", "disable_parallel_tool_use": true});
    let message = send(&fake, "/v1/messages", &one).await.json();
    assert_eq!(message["content"].as_array().map(Vec::len), Some(2));
    assert_eq!(billed(&fake), [TOKENS, 2 + 4]);
}

#[tokio::test]
async fn a_message_stream_brings_arguments_in_pieces() {
    let fake = fake().await;
    let data = send(&fake, "/v1/messages", &in_messages(true)).await.data();
    let mut arguments = [String::new(), String::new(), String::new()];
    for event in &data {
        if let Some(piece) = event["delta"]["partial_json"].as_str() {
            arguments[usize::try_from(event["index"].as_u64().unwrap()).unwrap()] += piece;
        }
    }
    assert_eq!(arguments, ["", r#"{"place":"Kama"}"#, r#"{"place":"Volga"}"#]);
    let end = &data[data.len() - 2];
    assert_eq!(
        (&end["delta"]["stop_reason"], &end["usage"]["output_tokens"]),
        (&json!("tool_use"), &json!(TOKENS))
    );
}

#[tokio::test]
async fn chat_calls_tools_whole_and_streamed() {
    let fake = fake().await;
    let completion = send(&fake, "/v1/chat/completions", &in_chat(false)).await.json();
    let choice = &completion["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(
        choice["message"]["tool_calls"][1]["function"]["arguments"],
        r#"{"place":"Volga"}"#
    );
    let data = send(&fake, "/v1/chat/completions", &in_chat(true)).await.data();
    let (mut names, mut arguments) = (Vec::new(), [String::new(), String::new()]);
    for chunk in &data {
        let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
        names.extend(call["function"]["name"].as_str());
        if let Some(piece) = call["function"]["arguments"].as_str() {
            arguments[usize::try_from(call["index"].as_u64().unwrap()).unwrap()] += piece;
        }
    }
    assert_eq!(names, ["height", "height"]);
    assert_eq!(arguments, [r#"{"place":"Kama"}"#, r#"{"place":"Volga"}"#]);
    assert_eq!(data[data.len() - 2]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(billed(&fake), [TOKENS, TOKENS]);
}

#[tokio::test]
async fn a_response_calls_tools_whole_and_streamed() {
    let fake = fake().await;
    let response = send(&fake, "/v1/responses", &in_responses(false)).await.json();
    let kinds = response["output"].as_array().unwrap().iter().map(|item| &item["type"]);
    assert_eq!(kinds.collect::<Vec<_>>(), ["message", "function_call", "function_call"]);
    let data = send(&fake, "/v1/responses", &in_responses(true)).await.data();
    let of = |kind: &str| data.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    let done = of("response.function_call_arguments.done");
    let arguments = done.iter().map(|event| event["arguments"].as_str().unwrap());
    assert_eq!(
        arguments.collect::<Vec<_>>(),
        [r#"{"place":"Kama"}"#, r#"{"place":"Volga"}"#]
    );
    let pieces = of("response.function_call_arguments.delta");
    let pieces = pieces.iter().map(|event| event["delta"].as_str().unwrap());
    assert_eq!(pieces.collect::<String>(), r#"{"place":"Kama"}{"place":"Volga"}"#);
    let whole = &data[data.len() - 1]["response"];
    assert_eq!(whole["output"][2]["call_id"], response_call(&data));
    assert_eq!(billed(&fake), [TOKENS, TOKENS]);
}

fn response_call(data: &[Value]) -> Value {
    let done = data
        .iter()
        .rfind(|event| event["type"] == "response.output_item.done")
        .unwrap();
    done["item"]["call_id"].clone()
}

#[tokio::test]
async fn results_are_answered_with_words_that_end_with_them() {
    let fake = fake().await;
    let mut body = in_messages(false);
    let results = json!([
        {"type": "tool_result", "tool_use_id": "a", "content": "41 cm"},
        {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "7 m"}]},
    ]);
    body["messages"]
        .as_array_mut()
        .unwrap()
        .push(json!({"role": "user", "content": results}));
    let message = send(&fake, "/v1/messages", &body).await.json();
    assert_eq!(
        (&message["content"][0]["text"], &message["stop_reason"]),
        (&json!("still water 41 cm 7 m "), &json!("end_turn"))
    );
    let mut body = in_chat(false);
    let result = json!({"role": "tool", "tool_call_id": "a", "content": "41 cm"});
    body["messages"].as_array_mut().unwrap().push(result);
    let completion = send(&fake, "/v1/chat/completions", &body).await.json();
    assert_eq!(completion["choices"][0]["message"]["content"], "still water 41 cm ");
    let mut body = in_responses(false);
    body["input"] = json!([
        {"role": "user", "content": PROMPT}, {"type": "function_call_output", "call_id": "a", "output": "41 cm"},
    ]);
    let response = send(&fake, "/v1/responses", &body).await.json();
    assert_eq!(response["output"][0]["content"][0]["text"], "still water 41 cm ");
    assert_eq!(billed(&fake), [4, 3, 3]);
}

#[tokio::test]
async fn without_tools_or_room_for_them_there_are_words_alone() {
    let fake = fake().await;
    let mut none = in_chat(false);
    none["tool_choice"] = json!("none");
    let mut short = in_chat(false);
    short["max_tokens"] = json!(5);
    for body in [none, short] {
        let completion = send(&fake, "/v1/chat/completions", &body).await.json();
        let message = &completion["choices"][0]["message"];
        assert_eq!(
            (&message["content"], message.get("tool_calls")),
            (&json!("still water "), None)
        );
    }
    let mut alone = in_chat(false);
    alone["model"] = json!("fake:events=0");
    let completion = send(&fake, "/v1/chat/completions", &alone).await.json();
    let message = &completion["choices"][0]["message"];
    assert_eq!(
        (&message["content"], message["tool_calls"].as_array().map(Vec::len)),
        (&Value::Null, Some(2))
    );
}
