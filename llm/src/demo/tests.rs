#![allow(clippy::unwrap_used, clippy::panic)]
use serde_json::Value;
use types::usage::UsageSource;

use super::*;
use crate::{End, StreamMeter, json_usage};

const NOW: Timestamp = Timestamp(1_795_000_000_123);

fn body(dialect: Dialect, fields: &str) -> String {
    let asked = match dialect {
        Dialect::Responses => r#""max_output_tokens":500,"input":[{"role":"user","content":"Hello, demo"}]"#,
        _ => r#""max_tokens":500,"messages":[{"role":"user","content":"Hello, demo"}]"#,
    };
    format!(r#"{{"model":"demo",{asked}{fields}}}"#)
}

fn json(dialect: Dialect, fields: &str) -> Bytes {
    match answer(dialect, body(dialect, fields).as_bytes(), "1", NOW).unwrap() {
        Answer::Json(body) => body,
        Answer::Stream(_) => panic!("a stream"),
    }
}

fn stream(dialect: Dialect, fields: &str) -> Vec<Bytes> {
    match answer(
        dialect,
        body(dialect, &format!(",\"stream\":true{fields}")).as_bytes(),
        "1",
        NOW,
    )
    .unwrap()
    {
        Answer::Stream(events) => events,
        Answer::Json(_) => panic!("no stream"),
    }
}

#[test]
fn stream_and_json_have_the_same_text_and_usage() {
    for dialect in [Dialect::Anthropic, Dialect::Openai, Dialect::Responses] {
        let mut meter = StreamMeter::new(dialect, false);
        let events = stream(dialect, r#","stream_options":{"include_usage":true}"#);
        let mut text = String::new();
        for event in &events {
            assert_eq!(meter.push(event.clone()).unwrap().len(), event.len());
            let data = crate::sse::parse(event).unwrap().data;
            let data: Value = serde_json::from_slice(&data).unwrap_or_default();
            for place in ["/delta/text", "/choices/0/delta/content"] {
                text.push_str(data.pointer(place).and_then(Value::as_str).unwrap_or_default());
            }
            if data["type"] == "response.output_text.delta" {
                text.push_str(data["delta"].as_str().unwrap());
            }
        }
        assert_eq!(meter.finish().end, End::Complete);
        let answer = json(dialect, "");
        let whole: Value = serde_json::from_slice(&answer).unwrap();
        let said = whole
            .pointer("/content/0/text")
            .or(whole.pointer("/choices/0/message/content"))
            .or(whole.pointer("/output/0/content/0/text"))
            .unwrap();
        assert_eq!(said, text.as_str());
        assert!(text.starts_with("This is Weirgate's built-in demo model; no vendor was called."));
        let tally = meter.tally(Some(End::Complete), 0);
        assert_eq!(tally.source, UsageSource::Provider);
        assert_eq!(json_usage(dialect, &answer).tokens, Some(tally.tokens));
        assert!(tally.tokens.input > 0 && tally.tokens.output > 20);
    }
}

#[test]
fn usage_chunk_comes_only_when_asked_for() {
    let plain = stream(Dialect::Openai, "").concat();
    assert!(!String::from_utf8(plain).unwrap().contains("usage"));
    let asked = stream(Dialect::Openai, r#","stream_options":{"include_usage":true}"#);
    let mut meter = StreamMeter::new(Dialect::Openai, true);
    let client: usize = asked.iter().map(|event| meter.push(event.clone()).unwrap().len()).sum();
    let chunk = &asked[asked.len() - 2];
    assert_eq!(client, asked.iter().map(Bytes::len).sum::<usize>() - chunk.len());
    assert!(meter.usage().is_some());
}

#[test]
fn cap_cuts_the_answer_and_says_so() {
    let cut = |dialect| {
        let body = r#"{"model":"demo","max_tokens":3,"messages":["x"]}"#;
        match answer(dialect, body.as_bytes(), "1", NOW).unwrap() {
            Answer::Json(body) => serde_json::from_slice::<Value>(&body).unwrap(),
            Answer::Stream(_) => panic!("a stream"),
        }
    };
    let anthropic = cut(Dialect::Anthropic);
    assert_eq!(
        (&anthropic["stop_reason"], &anthropic["usage"]["output_tokens"]),
        (&"max_tokens".into(), &3.into())
    );
    assert_eq!(cut(Dialect::Openai)["choices"][0]["finish_reason"], "length");
}

#[test]
fn choices_are_made_up_to_eight() {
    let answer: Value = serde_json::from_slice(&json(Dialect::Openai, r#","n":3"#)).unwrap();
    assert_eq!(answer["choices"].as_array().unwrap().len(), 3);
    assert_eq!(answer["choices"][2]["index"], 2);
    let refused = super::answer(Dialect::Openai, body(Dialect::Openai, r#","n":9"#).as_bytes(), "1", NOW).unwrap_err();
    assert_eq!(refused.field(), Some("n"));
}

#[test]
fn responses_stream_has_the_vendors_order_and_numbers() {
    let events: Vec<Value> = stream(Dialect::Responses, "")
        .iter()
        .map(|event| serde_json::from_slice(&crate::sse::parse(event).unwrap().data).unwrap())
        .collect();
    let mut kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.dedup();
    let order = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds, order);
    assert!(
        (0..)
            .zip(&events)
            .all(|(number, event)| event["sequence_number"] == number)
    );
    let body = r#"{"model":"demo","max_output_tokens":3,"input":"x"}"#;
    let Answer::Json(cut) = answer(Dialect::Responses, body.as_bytes(), "1", NOW).unwrap() else {
        panic!("a stream")
    };
    let cut: Value = serde_json::from_slice(&cut).unwrap();
    assert_eq!(
        (&cut["status"], &cut["usage"]["output_tokens"]),
        (&"incomplete".into(), &3.into())
    );
}

#[test]
fn vectors_are_deterministic_of_length_one_and_the_same_in_both_spellings() {
    let ask = |input: &str, fields: &str| {
        let body = format!(r#"{{"model":"demo","input":{input}{fields}}}"#);
        match answer(Dialect::Embeddings, body.as_bytes(), "1", NOW).unwrap() {
            Answer::Json(body) => serde_json::from_slice::<Value>(&body).unwrap(),
            Answer::Stream(_) => panic!("a stream"),
        }
    };
    let vectors = |answer: &Value| -> Vec<Vec<f32>> {
        let data = answer["data"].as_array().unwrap();
        data.iter()
            .map(|entry| serde_json::from_value(entry["embedding"].clone()).unwrap())
            .collect()
    };
    let floats = vectors(&ask(r#"["weir","dam","weir"]"#, ""));
    assert_eq!(floats.len(), 3);
    assert_eq!(
        (floats[0].len(), floats[0] == floats[2], floats[0] == floats[1]),
        (256, true, false)
    );
    let length: f32 = floats[0].iter().map(|number| number * number).sum();
    assert!((length - 1.0).abs() < 1e-5);
    let packed = ask(r#""weir""#, r#","encoding_format":"base64""#);
    let bytes = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        packed["data"][0]["embedding"].as_str().unwrap(),
    );
    let unpacked: Vec<f32> = bytes
        .unwrap()
        .chunks_exact(4)
        .map(|number| f32::from_le_bytes(number.try_into().unwrap()))
        .collect();
    assert_eq!(unpacked, floats[0]);
    assert_eq!(vectors(&ask("[1,2,3]", r#","dimensions":5"#))[0].len(), 5);
    let usage = json_usage(Dialect::Embeddings, packed.to_string().as_bytes())
        .tokens
        .unwrap();
    assert_eq!((usage.input, usage.output), (2, 0));
}

#[test]
fn vectors_that_cannot_be_made_are_refused() {
    for (fields, field) in [
        (r#""input":["a",5]"#, Some("input")),
        (r#""input":["a",""]"#, Some("input")),
        (r#""input":"a","dimensions":0"#, Some("dimensions")),
        (r#""input":"a","dimensions":100000"#, Some("dimensions")),
        (r#""input":"a","encoding_format":"hex""#, Some("encoding_format")),
        (r#""input":"a","encoding_format":5"#, None),
    ] {
        let body = format!(r#"{{"model":"demo",{fields}}}"#);
        let refused = answer(Dialect::Embeddings, body.as_bytes(), "1", NOW).unwrap_err();
        assert_eq!((refused.status(), refused.field()), (400, field), "{fields}");
    }
}
