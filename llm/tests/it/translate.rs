//! Requests and JSON answers of every pair, as files: `golden/translate/{requests,answers}/<from>/<case>.json`, and beside each what
//! it becomes, `<case>.<to>.out`. Run once with `WEIRGATE_TEST_WRITE=1` after a wanted change, and read the difference.

use std::path::{Path, PathBuf};

use llm::{
    Dialect, json_usage,
    translate::{self, Context, Options},
};
use serde_json::{Value, json};
use types::Timestamp;

pub const DIALECTS: [Dialect; 3] = [Dialect::Anthropic, Dialect::Openai, Dialect::Responses];

pub fn options() -> Options<'static> {
    Options {
        upstream_model: "upstream-model",
        max_output_tokens: Some(8000),
        reasoning: None,
        stream: None,
        call_id: "0192f0c1",
        now: Timestamp(1_795_000_000_000),
    }
}

pub fn folder(kind: &str, dialect: Dialect) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/translate");
    golden.join(kind).join(dialect.name())
}

/// Inputs in a folder, by name.
pub fn cases(kind: &str, dialect: Dialect, ending: &str) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder(kind, dialect)).unwrap();
    let mut cases: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| {
            (
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                std::fs::read(path).unwrap(),
            )
        })
        .collect();
    cases.sort();
    cases
}

#[allow(clippy::disallowed_methods, reason = "a test has no configuration")]
pub fn golden(path: &Path, found: &str) {
    if std::env::var_os("WEIRGATE_TEST_WRITE").is_some() {
        std::fs::write(path, found).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(found, there, "{}", path.display());
}

/// What a client that has all kinds of tools gets its answers by.
pub fn context(client: Dialect, upstream: Dialect) -> Context {
    let body = match client {
        Dialect::Anthropic => r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#,
        Dialect::Openai => {
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true},
                "tools":[{"type":"custom","custom":{"name":"apply_patch"}}]}"#
        }
        _ => {
            r#"{"model":"m","input":"hi","instructions":"Not told again.","temperature":0.10,"metadata":{ "a": "b\" c" },"tools":[
                {"type":"custom","name":"apply_patch"},
                {"type":"namespace","name":"multi_agent_v1","description":"d","tools":[{"type":"function","name":"close_agent","parameters":null}]}]}"#
        }
    };
    translate::request(client, upstream, body.as_bytes(), &options())
        .unwrap()
        .context
}

pub fn others(dialect: Dialect) -> impl Iterator<Item = Dialect> {
    DIALECTS.into_iter().filter(move |other| *other != dialect)
}

#[test]
fn requests_become_what_the_files_say() {
    for client in DIALECTS {
        for (name, body) in cases("requests", client, "json") {
            for upstream in others(client) {
                // Some cases are about one upstream.
                if DIALECTS
                    .iter()
                    .any(|other| *other != upstream && name.ends_with(&format!("_{}", other.name())))
                {
                    continue;
                }
                let found = match translate::request(client, upstream, &body, &options()) {
                    Ok(translated) => {
                        let body: Value = serde_json::from_slice(&translated.body).unwrap();
                        // Numbers as they were written are looked at elsewhere; here a reader wants lines.
                        format!("{:#}\nignored: {}\n", body, translated.ignored.join(", "))
                    }
                    Err(error) => format!("{} {:?}: {error}\n", error.status(), error.field()),
                };
                golden(
                    &folder("requests", client).join(format!("{name}.{}.out", upstream.name())),
                    &found,
                );
            }
        }
    }
}

#[test]
fn answers_become_what_the_files_say_and_count_the_same() {
    for upstream in DIALECTS {
        for (name, body) in cases("answers", upstream, "json") {
            for client in others(upstream) {
                let answer = translate::answer(&body, &context(client, upstream)).unwrap();
                let found: Value = serde_json::from_slice(&answer.body).unwrap();
                golden(
                    &folder("answers", upstream).join(format!("{name}.{}.out", client.name())),
                    &format!("{found:#}\nignored: {}\n", answer.ignored.join(", ")),
                );
                let native = json_usage(upstream, &body).tokens.unwrap();
                let told = json_usage(client, &answer.body).tokens.unwrap();
                // The classes of writes are Anthropic's alone.
                let all = |tokens: llm::Tokens| tokens.input + tokens.cache_write_5m + tokens.cache_write_1h;
                assert_eq!(
                    (all(told), told.cache_read, told.output),
                    (all(native), native.cache_read, native.output),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn values_stay_as_they_were_written() {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let body = text(
        &cases("requests", Dialect::Anthropic, "json")
            .into_iter()
            .find(|(name, _)| name == "tools")
            .unwrap()
            .1,
    );
    for upstream in others(Dialect::Anthropic) {
        let translated = translate::request(Dialect::Anthropic, upstream, body.as_bytes(), &options()).unwrap();
        let body = text(&translated.body);
        for kept in [
            "\"temperature\":0.10",
            "\"top_p\":9.5e-1",
            "\"multipleOf\":0.10",
            "\\\"digits\\\":1.50",
        ] {
            assert!(body.contains(kept), "{kept} in {body}");
        }
    }
    let body = br#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f",
        "arguments":"{\"x\": 1.50e3, \"y\": 12345678901234567890123}"}}]}],"temperature":0.30}"#;
    let translated = translate::request(Dialect::Openai, Dialect::Anthropic, body, &options()).unwrap();
    let body = text(&translated.body);
    assert!(
        body.contains("\"input\":{\"x\": 1.50e3, \"y\": 12345678901234567890123}"),
        "{body}"
    );
    assert!(body.contains("\"temperature\":0.30"), "{body}");
}

#[test]
fn thoughts_go_back_to_the_upstream_they_came_from() {
    let signature = "EqQBCgIYAh+/==";
    let answer = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": [
        {"type": "thinking", "thinking": "Hm.\n\"вода\"", "signature": signature},
        {"type": "redacted_thinking", "data": "Emsx"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
    ], "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1}});
    for client in [Dialect::Openai, Dialect::Responses] {
        let told = translate::answer(answer.to_string().as_bytes(), &context(client, Dialect::Anthropic)).unwrap();
        let again = translate::request(client, Dialect::Anthropic, &send_back(client, &told.body), &options()).unwrap();
        let body: Value = serde_json::from_slice(&again.body).unwrap();
        assert_eq!(body["messages"][1]["content"], answer["content"], "{}", client.name());
    }
    let answer = json!({"id": "resp_1", "object": "response", "status": "completed", "model": "g", "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm.\n\"вода\""}], "encrypted_content": "gAAAA="},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"},
    ]});
    for client in [Dialect::Anthropic, Dialect::Openai] {
        let told = translate::answer(answer.to_string().as_bytes(), &context(client, Dialect::Responses)).unwrap();
        let again = translate::request(client, Dialect::Responses, &send_back(client, &told.body), &options()).unwrap();
        let body: Value = serde_json::from_slice(&again.body).unwrap();
        assert_eq!(
            json!([body["input"][1], body["input"][2]]),
            answer["output"],
            "{}",
            client.name()
        );
    }
    let answer = json!({"id": "chatcmpl-1", "object": "chat.completion", "model": "g", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "So.", "reasoning_content": "Hm.\n\"вода\""}}]});
    for client in [Dialect::Anthropic, Dialect::Responses] {
        let told = translate::answer(answer.to_string().as_bytes(), &context(client, Dialect::Openai)).unwrap();
        let again = translate::request(client, Dialect::Openai, &send_back(client, &told.body), &options()).unwrap();
        let body: Value = serde_json::from_slice(&again.body).unwrap();
        assert_eq!(
            body["messages"][1],
            answer["choices"][0]["message"],
            "{}",
            client.name()
        );
    }
}

/// The conversation as a client sends it back with the answer.
fn send_back(client: Dialect, told: &[u8]) -> Vec<u8> {
    let told: Value = serde_json::from_slice(told).unwrap();
    let question = json!({"role": "user", "content": "hi"});
    let body = match client {
        Dialect::Anthropic => json!({"model": "m", "max_tokens": 9, "messages": [
            question, {"role": "assistant", "content": told["content"]}]}),
        Dialect::Openai => json!({"model": "m", "messages": [question, told["choices"][0]["message"]]}),
        _ => {
            let mut input = vec![question];
            input.extend(told["output"].as_array().unwrap().iter().cloned());
            json!({"model": "m", "input": input})
        }
    };
    body.to_string().into_bytes()
}

#[test]
fn failures_are_told_in_the_callers_dialect_with_the_same_words() {
    let anthropic = br#"{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}"#;
    let openai = br#"{"error":{"message":"Too long.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
    let read = |bytes: Option<bytes::Bytes>| serde_json::from_slice::<Value>(&bytes.unwrap()).unwrap();
    let body = read(translate::error(
        Dialect::Openai,
        Dialect::Anthropic,
        anthropic,
        529,
        "req_1",
    ));
    assert_eq!(
        (&body["error"]["message"], &body["error"]["type"]),
        (&json!("Busy."), &json!("server_error"))
    );
    let body = read(translate::error(
        Dialect::Anthropic,
        Dialect::Openai,
        openai,
        400,
        "req_1",
    ));
    assert_eq!(
        body,
        json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: Too long."}, "request_id": "req_1"})
    );
    assert_eq!(translate::error_status(Dialect::Anthropic, anthropic), Some(529));
    assert_eq!(translate::error_status(Dialect::Openai, openai), Some(400));
    let quota = br#"{"error":{"message":"Pay.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
    assert_eq!(translate::error_status(Dialect::Responses, quota), Some(402));
    let long =
        br#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8"}}"#;
    let body = read(translate::error(
        Dialect::Responses,
        Dialect::Anthropic,
        long,
        400,
        "req_1",
    ));
    assert_eq!(body["error"]["code"], "context_length_exceeded");
    // Said once is enough.
    let vllm = br#"{"error":{"message":"prompt is too long: This model's maximum context length is 8 tokens.","type":"BadRequestError","code":400}}"#;
    let body = read(translate::error(
        Dialect::Anthropic,
        Dialect::Openai,
        vllm,
        400,
        "req_1",
    ));
    assert_eq!(
        body["error"]["message"],
        "prompt is too long: This model's maximum context length is 8 tokens."
    );
    for page in [&b"<html>"[..], b"", b"{}"] {
        assert_eq!(
            translate::error(Dialect::Anthropic, Dialect::Openai, page, 502, "r"),
            None
        );
    }
}

#[test]
fn answer_that_is_none_is_the_upstreams_failure() {
    for upstream in DIALECTS {
        for client in others(upstream) {
            for body in [
                &b"<html>"[..],
                b"",
                b"{}",
                b"[1]",
                b"{\"content\":",
                b"\xff",
                b"{\"status\":\"failed\",\"output\":[],\"error\":{\"message\":\"no\"}}",
            ] {
                let error = translate::answer(body, &context(client, upstream)).err().unwrap();
                assert_eq!((error.status(), error.field()), (502, None));
            }
        }
    }
}

#[test]
fn state_that_the_gateway_does_not_keep_is_refused_by_name() {
    for (field, value) in [
        ("previous_response_id", "\"resp_1\""),
        ("conversation", "\"c\""),
        ("background", "true"),
    ] {
        for upstream in others(Dialect::Responses) {
            let body = format!("{{\"model\":\"m\",\"input\":\"hi\",\"{field}\":{value}}}");
            let error = translate::request(Dialect::Responses, upstream, body.as_bytes(), &options())
                .err()
                .unwrap();
            assert_eq!((error.status(), error.field()), (400, Some(field)));
        }
    }
}

#[test]
fn messages_gets_the_cap_it_demands() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    for (most, cap) in [(Some(64_000), 64_000), (None, 4096)] {
        let options = Options {
            max_output_tokens: most,
            ..options()
        };
        let translated = translate::request(Dialect::Openai, Dialect::Anthropic, body, &options).unwrap();
        let body: Value = serde_json::from_slice(&translated.body).unwrap();
        assert_eq!(body["max_tokens"], json!(cap));
    }
}

#[test]
fn wish_for_no_thoughts_is_named_where_it_cannot_be_told() {
    let body = br#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"thinking":{"type":"disabled"},"output_config":{"effort":"high"}}"#;
    for upstream in [Dialect::Openai, Dialect::Responses] {
        for (reasoning, expected) in [
            (Some(true), vec!["output_config.effort", "thinking"]),
            (None, vec!["output_config.effort", "thinking"]),
            (Some(false), vec!["output_config.effort"]),
        ] {
            let options = Options { reasoning, ..options() };
            let mut ignored = translate::request(Dialect::Anthropic, upstream, body, &options)
                .unwrap()
                .ignored;
            ignored.sort();
            assert_eq!(ignored, expected, "{upstream:?}, {reasoning:?}");
        }
    }
}

#[test]
fn thinking_is_asked_for_only_where_the_vendor_takes_it() {
    let ask = |model: &'static str, reasoning, more: &str| {
        let body = format!(
            "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}],\"reasoning_effort\":\"high\"{more}}}"
        );
        let options = Options {
            upstream_model: model,
            reasoning,
            ..options()
        };
        let translated = translate::request(Dialect::Openai, Dialect::Anthropic, body.as_bytes(), &options).unwrap();
        let body: Value = serde_json::from_slice(&translated.body).unwrap();
        (
            body["thinking"].clone(),
            body["output_config"].clone(),
            body["temperature"].clone(),
            translated.ignored,
        )
    };
    let ignored = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let budget = json!({"type": "enabled", "budget_tokens": 4000});
    assert_eq!(
        ask("claude-sonnet-4-5", None, ""),
        (budget.clone(), Value::Null, Value::Null, ignored(&[]))
    );
    let adaptive = (
        json!({"type": "adaptive", "display": "summarized"}),
        json!({"effort": "high"}),
        Value::Null,
        ignored(&[]),
    );
    assert_eq!(ask("claude-opus-4-6", None, ""), adaptive);
    assert_eq!(
        ask("claude-sonnet-4-5", None, ",\"temperature\":0.5"),
        (budget, Value::Null, Value::Null, ignored(&["temperature"]))
    );
    let off = (Value::Null, Value::Null, json!(0.5), ignored(&["reasoning_effort"]));
    assert_eq!(ask("claude-sonnet-4-5", Some(false), ",\"temperature\":0.5"), off);
    assert_eq!(
        ask("claude-sonnet-4-5", None, ",\"temperature\":0.5,\"max_tokens\":1500"),
        off
    );
    let forced = ",\"temperature\":0.5,\"tool_choice\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]";
    assert_eq!(ask("claude-sonnet-4-5", None, forced), off);
    let forced = forced.replace("\"temperature\":0.5,", "");
    let off = (Value::Null, Value::Null, Value::Null, ignored(&["reasoning_effort"]));
    assert_eq!(ask("claude-opus-4-6", None, &forced), off);
}
