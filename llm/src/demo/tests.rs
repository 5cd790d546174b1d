#![allow(clippy::unwrap_used, clippy::panic)]
use serde_json::Value;
use types::usage::UsageSource;

use super::*;
use crate::{End, StreamMeter, json_usage};

const NOW: Timestamp = Timestamp(1_795_000_000_123);

fn body(fields: &str) -> String {
    format!(r#"{{"model":"demo","max_tokens":500,"messages":[{{"role":"user","content":"Hello, demo"}}]{fields}}}"#)
}

fn json(dialect: Dialect, fields: &str) -> Bytes {
    match answer(dialect, body(fields).as_bytes(), "1", NOW).unwrap() {
        Answer::Json(body) => body,
        Answer::Stream(_) => panic!("a stream"),
    }
}

fn stream(dialect: Dialect, fields: &str) -> Vec<Bytes> {
    match answer(dialect, body(&format!(",\"stream\":true{fields}")).as_bytes(), "1", NOW).unwrap() {
        Answer::Stream(events) => events,
        Answer::Json(_) => panic!("no stream"),
    }
}

#[test]
fn stream_and_json_have_the_same_text_and_usage() {
    for dialect in [Dialect::Anthropic, Dialect::Openai] {
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
        }
        assert_eq!(meter.finish().end, End::Complete);
        let answer = json(dialect, "");
        let whole: Value = serde_json::from_slice(&answer).unwrap();
        let said = whole
            .pointer("/content/0/text")
            .or(whole.pointer("/choices/0/message/content"))
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
    let refused = super::answer(Dialect::Openai, body(r#","n":9"#).as_bytes(), "1", NOW).unwrap_err();
    assert_eq!(refused.field(), Some("n"));
}
