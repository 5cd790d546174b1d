//! Anthropic's Messages format as the vendor writes it: <https://docs.anthropic.com/en/api/messages-streaming>.
//! Cached tokens stand beside `input_tokens`, not inside; `message_delta` repeats the counts, cumulative.

use serde_json::{Value, json};

use crate::{
    Usage,
    behaviour::{Behaviour, Cache},
    play::Event,
    turn::Turn,
    words,
};

/// What a request must have before the vendor looks at anything else.
pub fn check(body: &Value) -> Result<(), String> {
    if !body["messages"].is_array() {
        return Err("messages: Field required".to_owned());
    }
    match body["max_tokens"].as_u64() {
        Some(1..) => Ok(()),
        Some(0) => Err("max_tokens: Input should be greater than or equal to 1".to_owned()),
        None => Err("max_tokens: Field required".to_owned()),
    }
}

/// The whole message, and what it is billed at.
pub fn json(model: &str, body: &Value, asked: &Behaviour, number: usize) -> (String, Usage) {
    let turn = Turn::of(body, asked, body["max_tokens"].as_u64(), number);
    let usage = words::usage(body, asked, turn.tokens());
    let mut message = envelope(model, number);
    let mut content = Vec::with_capacity(turn.calls.len() + 1);
    if turn.has_text() {
        content.push(json!({"type": "text", "text": turn.text()}));
    }
    for call in &turn.calls {
        content.push(
            json!({"type": "tool_use", "id": format!("toolu_{}", call.id), "name": call.name, "input": call.input()}),
        );
    }
    message["content"] = json!(content);
    message["stop_reason"] = json!(stop_reason(&turn));
    if !asked.no_usage {
        let mut told = tokens(&usage, asked.cache, usage.output);
        told["service_tier"] = json!("standard");
        message["usage"] = told;
    }
    (message.to_string(), usage)
}

/// The events of a stream, and what it is billed at when all of them are sent.
pub fn stream(model: &str, body: &Value, asked: &Behaviour, number: usize) -> (Vec<Event>, Usage) {
    let turn = Turn::of(body, asked, body["max_tokens"].as_u64(), number);
    let usage = words::usage(body, asked, turn.tokens());
    let mut message = envelope(model, number);
    if !asked.no_usage {
        // The vendor starts at one output token, before any is written.
        let mut told = tokens(&usage, asked.cache, 1);
        told["service_tier"] = json!("standard");
        message["usage"] = told;
    }
    let started = Usage { output: 1, ..usage };
    let tell = |usage: Usage| (!asked.no_usage).then_some(usage);
    let mut events = Vec::with_capacity(turn.tokens() + 2 * turn.calls.len() + 6);
    events.push(event("message_start", &json!({"message": message}), tell(started)));
    blocks(&turn, &mut events);
    let mut delta = json!({"delta": {"stop_reason": stop_reason(&turn), "stop_sequence": null}});
    if !asked.no_usage {
        let mut told = tokens(&usage, asked.cache, usage.output);
        if let Some(fields) = told.as_object_mut() {
            fields.remove("cache_creation");
        }
        delta["usage"] = told;
    }
    events.push(event("message_delta", &delta, tell(usage)));
    if !asked.no_done {
        events.push(event("message_stop", &json!({}), None));
    }
    (events, usage)
}

/// The text's block, then one for each call. The vendor's ping follows the first block's start.
fn blocks(turn: &Turn, events: &mut Vec<Event>) {
    let mut blocks = Vec::with_capacity(turn.calls.len() + 1);
    if turn.has_text() {
        let deltas = turn
            .words
            .iter()
            .map(|word| json!({"type": "text_delta", "text": word}));
        blocks.push((json!({"type": "text", "text": ""}), deltas.collect::<Vec<_>>()));
    }
    for call in &turn.calls {
        let start = json!({"type": "tool_use", "id": format!("toolu_{}", call.id), "name": call.name, "input": {}});
        let pieces = call.pieces().into_iter();
        let deltas = pieces.map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        blocks.push((start, deltas.collect()));
    }
    for (index, (start, deltas)) in blocks.into_iter().enumerate() {
        let start = json!({"index": index, "content_block": start});
        events.push(event("content_block_start", &start, None));
        if index == 0 {
            events.push(event("ping", &json!({}), None));
        }
        for delta in deltas {
            events.push(event(
                "content_block_delta",
                &json!({"index": index, "delta": delta}),
                None,
            ));
        }
        events.push(event("content_block_stop", &json!({"index": index}), None));
    }
}

/// An error's body.
pub fn error(status: u16, message: &str) -> String {
    json!({"type": "error", "error": {"type": kind(status), "message": message}, "request_id": "req_fake"}).to_string()
}

/// The event that ends a stream which fails after its start.
pub fn error_event() -> String {
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"
        .to_owned()
}

fn envelope(model: &str, number: usize) -> Value {
    json!({
        "id": format!("msg_fake{number:016}"), "type": "message", "role": "assistant", "model": model,
        "content": [], "stop_reason": null, "stop_sequence": null,
    })
}

fn tokens(usage: &Usage, cache: Option<Cache>, output: u64) -> Value {
    let mut told = json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read,
    });
    if cache.is_some() {
        told["cache_creation"] = json!({
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        });
    }
    told["output_tokens"] = json!(output);
    told
}

fn event(kind: &str, data: &Value, usage: Option<Usage>) -> Event {
    let mut fields = json!({"type": kind});
    if let (Some(fields), Some(data)) = (fields.as_object_mut(), data.as_object()) {
        fields.extend(data.clone());
    }
    Event {
        text: format!("event: {kind}\ndata: {fields}\n\n"),
        usage,
    }
}

fn stop_reason(turn: &Turn) -> &'static str {
    match (turn.capped, turn.calls.is_empty()) {
        (true, _) => "max_tokens",
        (false, true) => "end_turn",
        (false, false) => "tool_use",
    }
}

fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
