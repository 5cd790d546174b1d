//! Streams of every pair: what they become, that it does not matter how they are cut, and that both sides count the same.

use bytes::Bytes;
use llm::{
    Dialect, End, StreamMeter,
    error::{self, Report},
    translate::{Context, Stream},
};
use types::error::Code;

use crate::{
    golden::ALL,
    meter_cut::{Dice, chunkings},
    translate::{DIALECTS, cases, context, folder, golden, others},
};

struct Case {
    name: String,
    upstream: Dialect,
    bytes: Vec<u8>,
}

/// The streams that the meter reads, and those that are about translation.
fn all() -> Vec<Case> {
    let metered = ALL.iter().filter(|golden| DIALECTS.contains(&golden.dialect));
    let mut all: Vec<Case> = metered
        .map(|golden| Case {
            name: golden.name.split('/').next_back().unwrap().to_owned(),
            upstream: golden.dialect,
            bytes: golden.bytes.to_vec(),
        })
        .collect();
    for upstream in DIALECTS {
        all.extend(
            cases("streams", upstream, "sse")
                .into_iter()
                .map(|(name, bytes)| Case { name, upstream, bytes }),
        );
    }
    all
}

const REPORT: Report<'static> = Report::new(Code::UpstreamFailed, "The upstream broke off.", "req_1");

/// What the client gets, and how the upstream ended.
fn run<'a>(context: &Context, chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Option<End>) {
    let mut stream = Stream::new(context.clone(), "req_1");
    let mut client = Vec::new();
    for chunk in chunks {
        match stream.push(chunk) {
            Ok(bytes) => client.extend_from_slice(&bytes),
            Err(broken) => {
                client.extend_from_slice(&broken.before);
                break;
            }
        }
    }
    let end = stream.end();
    client.extend_from_slice(&stream.fail(&REPORT));
    (client, end)
}

#[test]
fn streams_become_what_the_files_say() {
    for case in all() {
        for client in others(case.upstream) {
            let (told, _) = run(&context(client, case.upstream), std::iter::once(&case.bytes[..]));
            let path = folder("streams", case.upstream).join(format!("{}.{}.out", case.name, client.name()));
            golden(&path, &String::from_utf8(told).unwrap());
        }
    }
}

#[test]
fn both_sides_end_and_count_the_same() {
    for case in all() {
        let mut native = StreamMeter::new(case.upstream, false);
        native.push(Bytes::from(case.bytes.clone())).unwrap();
        let native_end = native.finish().end;
        for client in others(case.upstream) {
            let (told, end) = run(&context(client, case.upstream), std::iter::once(&case.bytes[..]));
            let mut meter = StreamMeter::new(client, false);
            meter.push(Bytes::from(told)).unwrap();
            let name = format!("{}/{} to {}", case.upstream.name(), case.name, client.name());
            let expected = if native_end == End::Complete {
                End::Complete
            } else {
                End::UpstreamError
            };
            assert_eq!(meter.finish().end, expected, "{name}");
            assert_eq!(end.unwrap_or(End::Truncated), native_end, "{name}");
            if native_end != End::Complete {
                continue;
            }
            let all = |tokens: Option<llm::Tokens>| {
                tokens.map(|tokens| {
                    let fresh = tokens.input + tokens.cache_write_5m + tokens.cache_write_1h;
                    (fresh, tokens.cache_read, tokens.output)
                })
            };
            // Messages has no way to say that nothing was counted.
            let told = all(meter.usage()).filter(|told| *told != (0, 0, 0));
            assert_eq!(told, all(native.usage()), "{name}");
        }
    }
}

#[test]
fn streams_cut_at_every_byte_are_told_the_same() {
    for case in all() {
        for client in others(case.upstream) {
            let context = context(client, case.upstream);
            let expected = run(&context, std::iter::once(&case.bytes[..]));
            for cut in 0..=case.bytes.len() {
                let (left, right) = case.bytes.split_at(cut);
                assert_eq!(
                    run(&context, [left, right].into_iter()),
                    expected,
                    "{} at {cut}",
                    case.name
                );
            }
            assert_eq!(
                run(&context, case.bytes.chunks(1)),
                expected,
                "{} byte by byte",
                case.name
            );
        }
    }
}

#[test]
fn streams_in_a_hundred_thousand_random_chunkings_are_told_the_same() {
    let cases = all();
    let rounds = chunkings() / (cases.len() * 2);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for case in &cases {
        for client in others(case.upstream) {
            let context = context(client, case.upstream);
            let expected = run(&context, std::iter::once(&case.bytes[..]));
            for round in 0..=rounds {
                let most = [8, 40, 400, 2000][round % 4];
                let mut cuts = Vec::new();
                let mut rest = &case.bytes[..];
                while !rest.is_empty() {
                    let (chunk, after) = rest.split_at(dice.throw(most).min(rest.len()));
                    cuts.push(chunk);
                    rest = after;
                }
                assert_eq!(run(&context, cuts.into_iter()), expected, "{} round {round}", case.name);
            }
        }
    }
}

#[test]
fn stream_that_breaks_off_anywhere_ends_with_an_error_and_never_as_a_success() {
    for case in all() {
        for client in others(case.upstream) {
            let context = context(client, case.upstream);
            let (whole, _) = run(&context, std::iter::once(&case.bytes[..]));
            for cut in 0..case.bytes.len() {
                let (told, end) = run(&context, std::iter::once(&case.bytes[..cut]));
                if end == Some(End::Complete) {
                    assert_eq!(told, whole, "{} at {cut}", case.name);
                    continue;
                }
                let mut meter = StreamMeter::new(client, false);
                meter.push(Bytes::from(told)).unwrap();
                assert_eq!(meter.finish().end, End::UpstreamError, "{} at {cut}", case.name);
            }
        }
    }
}

/// Each event is passed on with its last byte, and a piece of a tool's arguments is a piece for the client.
#[test]
fn nothing_waits_for_later_events() {
    for case in all()
        .into_iter()
        .filter(|case| case.name == "thoughts_calls" || case.name == "parallel")
    {
        for client in others(case.upstream) {
            let mut stream = Stream::new(context(client, case.upstream), "req_1");
            let text = String::from_utf8(case.bytes.clone()).unwrap();
            for event in text.split_inclusive("\n\n") {
                let told = stream.push(event.as_bytes()).unwrap();
                // `parallel` mixes two calls: the later one's pieces wait for the first, and for nothing else.
                let waits = event.contains("\"index\":1,\"") || event.contains("\"index\":1,\"function\"");
                let piece = case.upstream == Dialect::Openai && event.contains("arguments\":\"{") && !waits;
                if piece || event.contains("delta\":\"") {
                    assert!(!told.is_empty(), "{event}");
                }
            }
        }
    }
}

#[test]
fn event_beyond_a_mebibyte_ends_the_stream() {
    for upstream in DIALECTS {
        for client in others(upstream) {
            let mut stream = Stream::new(context(client, upstream), "req_1");
            let block = vec![b'x'; 64 * 1024];
            let failed = (0..1000).position(|_| stream.push(&block).is_err());
            assert_eq!(failed, Some(16));
            assert!(!stream.fail(&REPORT).is_empty());
            assert!(stream.fail(&REPORT).is_empty());
        }
    }
}

#[test]
fn what_comes_before_a_broken_event_is_handed_out() {
    let mut stream = Stream::new(context(Dialect::Anthropic, Dialect::Openai), "req_1");
    let broken = stream
        .push(b"data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\ndata: {{{\n\n")
        .unwrap_err();
    assert_eq!(broken.error.status(), 502);
    assert!(String::from_utf8(broken.before.to_vec()).unwrap().contains("Hello"));
}

#[test]
fn failed_event_of_each_dialect_is_known_for_one() {
    for client in DIALECTS {
        let upstream = others(client).next().unwrap();
        let told = Stream::new(context(client, upstream), "req_1").fail(&REPORT);
        assert!(String::from_utf8(told.to_vec()).unwrap().contains(REPORT.message));
        if client != Dialect::Responses {
            assert_eq!(told, error::stream_event(client, &REPORT));
        }
    }
}

#[test]
fn failures_are_told_by_codes_that_say_whether_to_try_again() {
    let told = |kind: &str| {
        let mut stream = Stream::new(context(Dialect::Responses, Dialect::Anthropic), "req_1");
        let event = format!("data: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"No.\"}}}}\n\n");
        String::from_utf8(stream.push(event.as_bytes()).unwrap().to_vec()).unwrap()
    };
    for (kind, code) in [
        ("not_found_error", "invalid_prompt"),
        ("request_too_large", "invalid_prompt"),
        ("rate_limit_error", "rate_limit_exceeded"),
        ("overloaded_error", "server_error"),
    ] {
        assert!(
            told(kind).contains(&format!("\"code\":\"{code}\",\"message\":\"No.\"")),
            "{kind}"
        );
    }
    // The operator's affairs are not the caller's.
    for kind in ["authentication_error", "billing_error", "permission_error"] {
        assert!(told(kind).contains(error::UPSTREAM_AUTH), "{kind}");
    }
}

#[test]
fn what_can_no_longer_be_told_ends_the_stream() {
    let chunk = |delta: &str| format!("data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n");
    let call = |arguments: &str| {
        let function = format!("{{\"name\":\"f\",\"arguments\":\"{arguments}\"}}");
        chunk(&format!(
            "{{\"tool_calls\":[{{\"index\":0,\"id\":\"a\",\"function\":{function}}}]}}"
        ))
    };
    for client in [Dialect::Anthropic, Dialect::Responses] {
        let mut stream = Stream::new(context(client, Dialect::Openai), "req_1");
        stream.push(call("{").as_bytes()).unwrap();
        stream.push(chunk("{\"content\":\"wait\"}").as_bytes()).unwrap();
        assert_eq!(stream.push(call("}").as_bytes()).unwrap_err().error.status(), 502);
    }
    let event = |kind: &str, index: u64, item: &str| {
        format!("data: {{\"type\":\"response.output_item.{kind}\",\"output_index\":{index},\"item\":{item}}}\n\n")
    };
    let message = "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Yes.\"}]}";
    for (first, fails) in [
        (message, true),
        ("{\"type\":\"message\",\"content\":[]}", false),
        (
            "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"x\"}",
            false,
        ),
        (
            "{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}",
            true,
        ),
    ] {
        let mut stream = Stream::new(context(Dialect::Anthropic, Dialect::Responses), "req_1");
        let begun = first
            .replace("{\\\"a\\\":1}", "")
            .replace("{\"type\":\"output_text\",\"text\":\"Yes.\"}", "");
        stream.push(event("added", 0, &begun).as_bytes()).unwrap();
        stream.push(event("added", 1, message).as_bytes()).unwrap();
        assert_eq!(
            stream.push(event("done", 0, first).as_bytes()).is_err(),
            fails,
            "{first}"
        );
    }
}

#[test]
fn call_of_text_is_an_object_in_messages() {
    let item = "{\"type\":\"custom_tool_call\",\"call_id\":\"a\",\"name\":\"apply_patch\",\"input\":\"+\\\"a\\\"\\n\"}";
    let body = format!("{{\"id\":\"r\",\"status\":\"completed\",\"output\":[{item}]}}");
    let context = context(Dialect::Anthropic, Dialect::Responses);
    let told = llm::translate::answer(body.as_bytes(), &context).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
    let input = serde_json::json!({"input": "+\"a\"\n"});
    assert_eq!(told["content"][0]["input"], input);

    let mut stream = Stream::new(context, "req_1");
    let event = format!("data: {{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{item}}}\n\n");
    let told = String::from_utf8(stream.push(event.as_bytes()).unwrap().to_vec()).unwrap();
    let data = told.lines().filter_map(|line| line.strip_prefix("data: "));
    let json: String = data
        .map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap())
        .filter_map(|event| event["delta"]["partial_json"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), input);
}
