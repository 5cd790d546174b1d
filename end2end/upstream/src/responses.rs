//! OpenAI's Responses format as the vendor writes it: <https://platform.openai.com/docs/api-reference/responses-streaming>.
//! Every event is numbered; usage stands in the last one, which holds the whole response; there is no `[DONE]`.

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
    let asks = ["input", "previous_response_id", "prompt", "conversation"];
    if asks.iter().any(|field| !body[*field].is_null()) {
        Ok(())
    } else {
        Err(
            "One of \"input\" or \"previous_response_id\" or \"prompt\" or \"conversation\" must be provided."
                .to_owned(),
        )
    }
}

/// The whole response, and what it is billed at.
pub fn json(model: &str, body: &Value, asked: &Behaviour, number: usize) -> (String, Usage) {
    let turn = Turn::of(body, asked, body["max_output_tokens"].as_u64(), number);
    let usage = words::usage(body, asked, turn.tokens());
    let told = (!asked.no_usage).then_some(&usage);
    let response = envelope(model, body, number, status(&turn), output(&turn, number), told);
    (response.to_string(), usage)
}

/// The events of a stream, and what it is billed at when all of them are sent.
pub fn stream(model: &str, body: &Value, asked: &Behaviour, number: usize) -> (Vec<Event>, Usage) {
    let turn = Turn::of(body, asked, body["max_output_tokens"].as_u64(), number);
    let usage = words::usage(body, asked, turn.tokens());
    let begun = json!({"response": envelope(model, body, number, "in_progress", json!([]), None)});
    let mut events = Events::default();
    events.push("response.created", &begun, None);
    events.push("response.in_progress", &begun, None);
    if turn.has_text() {
        events.message(&turn, number);
    }
    for (place, call) in turn.calls.iter().enumerate() {
        events.call(call, place + usize::from(turn.has_text()));
    }
    if !asked.no_done {
        let told = (!asked.no_usage).then_some(usage);
        let response = envelope(model, body, number, status(&turn), output(&turn, number), told.as_ref());
        events.push(
            &format!("response.{}", status(&turn)),
            &json!({"response": response}),
            told,
        );
    }
    (events.0, usage)
}

/// The event that ends a stream which fails after its start.
pub fn error_event() -> String {
    "event: error\ndata: {\"type\":\"error\",\"sequence_number\":99,\"code\":\"server_error\",\"message\":\"The server had an error processing your request\",\"param\":null}\n\n"
        .to_owned()
}

#[derive(Default)]
struct Events(Vec<Event>);

impl Events {
    fn push(&mut self, kind: &str, fields: &Value, usage: Option<Usage>) {
        let data = merged(&json!({"type": kind, "sequence_number": self.0.len()}), fields.clone());
        self.0.push(Event {
            text: format!("event: {kind}\ndata: {data}\n\n"),
            usage,
        });
    }

    fn message(&mut self, turn: &Turn, number: usize) {
        let place = json!({"item_id": item_id(number), "output_index": 0, "content_index": 0});
        let at = |fields: Value| merged(&place, fields);
        let item = |item: Value| json!({"output_index": 0, "item": item});
        let text = turn.text();
        let added = item(message(number, "in_progress", None));
        self.push("response.output_item.added", &added, None);
        self.push("response.content_part.added", &at(json!({"part": part("")})), None);
        for word in &turn.words {
            let delta = json!({"delta": word, "logprobs": [], "obfuscation": "x".repeat(number % 5 + 1)});
            self.push("response.output_text.delta", &at(delta), None);
        }
        let done = at(json!({"text": text, "logprobs": []}));
        self.push("response.output_text.done", &done, None);
        self.push("response.content_part.done", &at(json!({"part": part(&text)})), None);
        let done = item(message(number, status(turn), Some(&text)));
        self.push("response.output_item.done", &done, None);
    }

    fn call(&mut self, call: &Call, index: usize) {
        let place = json!({"item_id": format!("fc_{}", call.id), "output_index": index});
        let item = |item: Value| json!({"output_index": index, "item": item});
        let added = item(called(call, "in_progress", ""));
        self.push("response.output_item.added", &added, None);
        for piece in call.pieces() {
            let delta = merged(&place, json!({"delta": piece, "obfuscation": "x"}));
            self.push("response.function_call_arguments.delta", &delta, None);
        }
        let done = merged(&place, json!({"name": call.name, "arguments": call.arguments}));
        self.push("response.function_call_arguments.done", &done, None);
        let done = item(called(call, "completed", &call.arguments));
        self.push("response.output_item.done", &done, None);
    }
}

fn merged(first: &Value, more: Value) -> Value {
    let mut all = first.clone();
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

fn envelope(model: &str, body: &Value, number: usize, status: &str, output: Value, usage: Option<&Usage>) -> Value {
    let cut = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    json!({
        "id": format!("resp_fake{number:016}"), "object": "response", "created_at": now_ms() / 1000, "status": status,
        "background": false, "error": null, "incomplete_details": cut, "instructions": body["instructions"],
        "max_output_tokens": body["max_output_tokens"], "metadata": {}, "model": model, "output": output, "parallel_tool_calls": true,
        "previous_response_id": body["previous_response_id"], "reasoning": {"effort": null, "summary": null}, "service_tier": "default",
        "store": body["store"] != json!(false), "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
        "top_p": 1.0, "truncation": "disabled", "usage": usage.map(tokens), "user": null,
    })
}

fn tokens(usage: &Usage) -> Value {
    let input = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
    json!({
        "input_tokens": input, "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.output, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input + usage.output,
    })
}

fn output(turn: &Turn, number: usize) -> Value {
    let text = turn
        .has_text()
        .then(|| message(number, status(turn), Some(&turn.text())));
    let calls = turn.calls.iter().map(|call| called(call, "completed", &call.arguments));
    text.into_iter().chain(calls).collect()
}

fn called(call: &Call, status: &str, arguments: &str) -> Value {
    json!({
        "id": format!("fc_{}", call.id), "type": "function_call", "status": status, "arguments": arguments,
        "call_id": format!("call_{}", call.id), "name": call.name,
    })
}

fn message(number: usize, status: &str, text: Option<&str>) -> Value {
    let content: Vec<Value> = text.map(part).into_iter().collect();
    json!({"id": item_id(number), "type": "message", "status": status, "content": content, "role": "assistant"})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}

fn item_id(number: usize) -> String {
    format!("msg_fake{number:016}")
}

fn status(turn: &Turn) -> &'static str {
    if turn.capped { "incomplete" } else { "completed" }
}
