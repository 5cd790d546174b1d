//! OpenAI's Chat Completions format as the vendor writes it: <https://platform.openai.com/docs/api-reference/chat-streaming>.
//! Cached tokens stand inside `prompt_tokens`; with `include_usage` every chunk says `"usage":null` and one more chunk, without choices, has it.

use serde_json::{Value, json};

use crate::{
    Usage,
    behaviour::Behaviour,
    log::now_ms,
    play::Event,
    turn::{Call, Turn},
    words,
};

/// What a request must have before the vendor looks at anything else.
pub fn check(body: &Value) -> Result<(), String> {
    if body["messages"].is_array() {
        Ok(())
    } else {
        Err("Missing required parameter: 'messages'.".to_owned())
    }
}

/// The whole completion, and what it is billed at.
pub fn json(model: &str, body: &Value, asked: &Behaviour, number: usize) -> (String, Usage) {
    let turn = Turn::of(body, asked, cap(body), number);
    let choices = count(body);
    let usage = words::usage(body, asked, turn.tokens() * choices);
    let mut completion = envelope("chat.completion", model, number);
    let text = turn.has_text().then(|| turn.text());
    let mut message = json!({"role": "assistant", "content": text, "refusal": null, "annotations": []});
    if !turn.calls.is_empty() {
        let calls = turn.calls.iter().map(|call| called(call, &call.arguments));
        message["tool_calls"] = calls.collect();
    }
    completion["choices"] = (0..choices)
        .map(|index| {
            json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish_reason(&turn)})
        })
        .collect();
    if !asked.no_usage {
        completion["usage"] = tokens(&usage);
    }
    completion["service_tier"] = json!("default");
    completion["system_fingerprint"] = json!("fp_fake");
    (completion.to_string(), usage)
}

/// The chunks of a stream, and what it is billed at when all of them are sent.
pub fn stream(model: &str, body: &Value, asked: &Behaviour, number: usize) -> (Vec<Event>, Usage) {
    let turn = Turn::of(body, asked, cap(body), number);
    let choices = count(body);
    let usage = words::usage(body, asked, turn.tokens() * choices);
    let include_usage = body["stream_options"]["include_usage"] == json!(true) && !asked.no_usage;
    let mut base = envelope("chat.completion.chunk", model, number);
    base["service_tier"] = json!("default");
    base["system_fingerprint"] = json!("fp_fake");
    let chunk = |choices: Value, usage: Option<&Usage>| {
        let mut chunk = base.clone();
        chunk["choices"] = choices;
        if include_usage {
            chunk["usage"] = usage.map_or(Value::Null, tokens);
        }
        chunk["obfuscation"] = json!("x".repeat(number % 5 + 1));
        Event {
            text: format!("data: {chunk}\n\n"),
            usage: usage.copied(),
        }
    };
    let part = |index: usize, delta: Value, finish: Value| json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}]);
    let deltas = deltas(&turn);
    let mut events = Vec::with_capacity((deltas.len() + 1) * choices + 2);
    for delta in &deltas {
        for index in 0..choices {
            events.push(chunk(part(index, delta.clone(), Value::Null), None));
        }
    }
    for index in 0..choices {
        events.push(chunk(part(index, json!({}), json!(finish_reason(&turn))), None));
    }
    if include_usage {
        events.push(chunk(json!([]), Some(&usage)));
    }
    if !asked.no_done {
        events.push(Event {
            text: "data: [DONE]\n\n".to_owned(),
            usage: None,
        });
    }
    (events, usage)
}

/// What a choice says, bit by bit: the role, the words, each call's beginning and its arguments.
fn deltas(turn: &Turn) -> Vec<Value> {
    let content = if turn.has_text() { json!("") } else { Value::Null };
    let mut deltas = vec![json!({"role": "assistant", "content": content, "refusal": null})];
    deltas.extend(turn.words.iter().map(|word| json!({"content": word})));
    for (index, call) in turn.calls.iter().enumerate() {
        let mut begun = called(call, "");
        begun["index"] = json!(index);
        deltas.push(json!({"tool_calls": [begun]}));
        for piece in call.pieces() {
            deltas.push(json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}));
        }
    }
    deltas
}

fn called(call: &Call, arguments: &str) -> Value {
    json!({"id": format!("call_{}", call.id), "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

/// An error's body.
pub fn error(status: u16, message: &str) -> String {
    let (kind, code) = match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        404 => ("invalid_request_error", json!("model_not_found")),
        429 => ("requests", json!("rate_limit_exceeded")),
        500.. => ("server_error", Value::Null),
        _ => ("invalid_request_error", Value::Null),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

/// The operator has not paid.
pub fn quota() -> String {
    let words = "You exceeded your current quota, please check your plan and billing details.";
    json!({"error": {"message": words, "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}})
        .to_string()
}

/// The chunk that ends a stream which fails after its start.
pub fn error_event() -> String {
    "data: {\"error\":{\"message\":\"The server had an error processing your request\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n"
        .to_owned()
}

fn envelope(object: &str, model: &str, number: usize) -> Value {
    json!({"id": format!("chatcmpl-fake{number:016}"), "object": object, "created": now_ms() / 1000, "model": model})
}

fn tokens(usage: &Usage) -> Value {
    let prompt = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
    json!({
        "prompt_tokens": prompt, "completion_tokens": usage.output, "total_tokens": prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

fn cap(body: &Value) -> Option<u64> {
    body["max_completion_tokens"]
        .as_u64()
        .or_else(|| body["max_tokens"].as_u64())
}

fn count(body: &Value) -> usize {
    body["n"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(1)
        .clamp(1, 128)
}

fn finish_reason(turn: &Turn) -> &'static str {
    match (turn.capped, turn.calls.is_empty()) {
        (true, _) => "length",
        (false, true) => "stop",
        (false, false) => "tool_calls",
    }
}
