//! The demo's answer as a Chat Completions answer or stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::demo::{Answer, Script};

pub(crate) fn answer(script: &Script<'_>) -> Answer {
    if script.head.stream {
        return Answer::Stream(stream(script));
    }
    let choices: Vec<Value> = (0..script.head.n)
        .map(|index| {
            json!({
                "index": index,
                "message": { "role": "assistant", "content": script.text(), "refusal": null, "annotations": [] },
                "logprobs": null,
                "finish_reason": finish_reason(script),
            })
        })
        .collect();
    let mut answer = shell(script, "chat.completion", choices);
    answer["usage"] = usage(script);
    Answer::Json(Bytes::from(answer.to_string()))
}

fn finish_reason(script: &Script<'_>) -> &'static str {
    if script.cut { "length" } else { "stop" }
}

fn shell(script: &Script<'_>, object: &str, choices: Vec<Value>) -> Value {
    json!({
        "id": format!("chatcmpl-demo-{}", script.id),
        "object": object,
        "created": script.now.0.div_euclid(1000),
        "model": script.head.model,
        "system_fingerprint": "fp_weirgate_demo",
        "choices": choices,
    })
}

fn usage(script: &Script<'_>) -> Value {
    let output = script.output_tokens() * script.head.n;
    json!({
        "prompt_tokens": script.input_tokens,
        "completion_tokens": output,
        "total_tokens": script.input_tokens + output,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 },
    })
}

/// With `include_usage` every chunk carries a null `usage` and one more chunk, without choices, the counts.
fn stream(script: &Script<'_>) -> Vec<Bytes> {
    let asked = script.head.asks_usage();
    let chunk = |choices: Vec<Value>, usage: Value| {
        let mut chunk = shell(script, "chat.completion.chunk", choices);
        if asked {
            chunk["usage"] = usage;
        }
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let to_each = |delta: Value, finish_reason: Value| {
        let choice =
            |index| json!({ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish_reason });
        chunk((0..script.head.n).map(choice).collect(), Value::Null)
    };
    let mut events = vec![to_each(
        json!({ "role": "assistant", "content": "", "refusal": null }),
        Value::Null,
    )];
    events.extend(
        script
            .strides()
            .map(|text| to_each(json!({ "content": text }), Value::Null)),
    );
    events.push(to_each(json!({}), json!(finish_reason(script))));
    if asked {
        events.push(chunk(Vec::new(), usage(script)));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}
