//! The demo's answer as a Responses answer or stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::demo::{Answer, Script};

pub(crate) fn answer(script: &Script<'_>) -> Answer {
    if script.head.stream {
        return Answer::Stream(stream(script));
    }
    let answer = response(script, status(script), json!([message(script, status(script))]), true);
    Answer::Json(Bytes::from(answer.to_string()))
}

fn status(script: &Script<'_>) -> &'static str {
    if script.cut { "incomplete" } else { "completed" }
}

fn response(script: &Script<'_>, status: &str, output: Value, counted: bool) -> Value {
    let cut = (status == "incomplete").then(|| json!({ "reason": "max_output_tokens" }));
    let created = script.now.0.div_euclid(1000);
    json!({
        "id": format!("resp_demo_{}", script.id),
        "object": "response",
        "created_at": created,
        "status": status,
        "background": false,
        "error": null,
        "incomplete_details": cut,
        "instructions": null,
        "max_output_tokens": script.head.max_tokens,
        "metadata": {},
        "model": script.head.model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": { "effort": null, "summary": null },
        "store": false,
        "temperature": 1.0,
        "text": { "format": { "type": "text" } },
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": counted.then(|| usage(script)),
    })
}

fn usage(script: &Script<'_>) -> Value {
    json!({
        "input_tokens": script.input_tokens,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": script.output_tokens(),
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": script.input_tokens + script.output_tokens(),
    })
}

fn message(script: &Script<'_>, status: &str) -> Value {
    let begun = status == "in_progress";
    let content = if begun { json!([]) } else { json!([text(script.text())]) };
    json!({ "id": item_id(script), "type": "message", "status": status, "role": "assistant", "content": content })
}

fn text(text: String) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

fn item_id(script: &Script<'_>) -> String {
    format!("msg_demo_{}", script.id)
}

fn stream(script: &Script<'_>) -> Vec<Bytes> {
    let (begun, ended) = ("in_progress", status(script));
    let at = |fields: Value| {
        let mut place = json!({ "item_id": item_id(script), "output_index": 0, "content_index": 0 });
        merge(&mut place, fields);
        place
    };
    let item = |status: &str| json!({ "output_index": 0, "item": message(script, status) });
    let mut events = Events::default();
    let started = json!({ "response": response(script, begun, json!([]), false) });
    events.push("response.created", started.clone());
    events.push("response.in_progress", started);
    events.push("response.output_item.added", item(begun));
    events.push(
        "response.content_part.added",
        at(json!({ "part": text(String::new()) })),
    );
    for piece in script.strides() {
        events.push(
            "response.output_text.delta",
            at(json!({ "delta": piece, "logprobs": [] })),
        );
    }
    events.push(
        "response.output_text.done",
        at(json!({ "text": script.text(), "logprobs": [] })),
    );
    events.push("response.content_part.done", at(json!({ "part": text(script.text()) })));
    events.push("response.output_item.done", item(ended));
    let whole = response(script, ended, json!([message(script, ended)]), true);
    events.push(&format!("response.{ended}"), json!({ "response": whole }));
    events.0
}

#[derive(Default)]
struct Events(Vec<Bytes>);

impl Events {
    /// The vendor puts `type` first in every event and numbers them.
    fn push(&mut self, name: &str, fields: Value) {
        let mut data = json!({ "type": name, "sequence_number": self.0.len() });
        merge(&mut data, fields);
        self.0.push(Bytes::from(format!("event: {name}\ndata: {data}\n\n")));
    }
}

fn merge(into: &mut Value, fields: Value) {
    if let (Value::Object(into), Value::Object(fields)) = (into, fields) {
        into.extend(fields);
    }
}
