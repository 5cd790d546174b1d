//! The demo's answer as a Messages answer or stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::demo::{Answer, Script};

pub(crate) fn answer(script: &Script<'_>) -> Answer {
    if script.head.stream {
        Answer::Stream(stream(script))
    } else {
        let content = json!([{ "type": "text", "text": script.text() }]);
        let answer = message(script, content, json!(stop_reason(script)), script.output_tokens());
        Answer::Json(Bytes::from(answer.to_string()))
    }
}

fn stop_reason(script: &Script<'_>) -> &'static str {
    if script.cut { "max_tokens" } else { "end_turn" }
}

fn message(script: &Script<'_>, content: Value, stop_reason: Value, output_tokens: u64) -> Value {
    json!({
        "id": format!("msg_demo_{}", script.id),
        "type": "message",
        "role": "assistant",
        "model": script.head.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": {
            "input_tokens": script.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": { "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0 },
            "output_tokens": output_tokens,
            "service_tier": "standard",
        },
    })
}

fn stream(script: &Script<'_>) -> Vec<Bytes> {
    let mut events = vec![
        event(
            "message_start",
            json!({ "message": message(script, json!([]), Value::Null, 1) }),
        ),
        event(
            "content_block_start",
            json!({ "index": 0, "content_block": { "type": "text", "text": "" } }),
        ),
        event("ping", json!({})),
    ];
    events.extend(script.strides().map(|text| {
        event(
            "content_block_delta",
            json!({ "index": 0, "delta": { "type": "text_delta", "text": text } }),
        )
    }));
    events.push(event("content_block_stop", json!({ "index": 0 })));
    events.push(event(
        "message_delta",
        json!({
            "delta": { "stop_reason": stop_reason(script), "stop_sequence": null },
            "usage": { "output_tokens": script.output_tokens() },
        }),
    ));
    events.push(event("message_stop", json!({})));
    events
}

/// The vendor puts `type` first in every event.
fn event(name: &str, fields: Value) -> Bytes {
    let mut data = json!({ "type": name });
    if let (Value::Object(data), Value::Object(fields)) = (&mut data, fields) {
        data.extend(fields);
    }
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
