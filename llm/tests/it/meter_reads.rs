//! What the meter reads, stream by stream, and what it does not fall for.

use bytes::Bytes;
use llm::{Dialect, End, Error, JsonUsage, StreamMeter, Tokens, json_usage};
use types::usage::UsageSource;

use crate::golden::{ALL, INPUT_ESTIMATE};

fn forwarded(meter: &mut StreamMeter, bytes: &[u8]) -> Vec<u8> {
    let forward = meter.push(Bytes::copy_from_slice(bytes)).unwrap();
    let length = forward.len();
    let bytes: Vec<u8> = forward.into_iter().flatten().collect();
    assert_eq!(bytes.len(), length);
    bytes
}

#[test]
fn golden_streams_say_what_they_say() {
    for golden in ALL {
        let mut meter = StreamMeter::new(golden.dialect, false);
        let mut client = forwarded(&mut meter, golden.bytes);
        let finished = meter.finish();
        client.extend(finished.rest.into_iter().flatten());
        let name = golden.name;
        assert_eq!(client, golden.bytes, "{name}");
        assert_eq!(finished.end, golden.end, "{name}");
        assert_eq!(meter.usage(), golden.usage, "{name}");
        assert_eq!(meter.usage_flagged(), golden.flagged, "{name}");
        assert_eq!(meter.output_bytes(), golden.output_bytes, "{name}");
        assert_eq!(meter.events(), golden.events, "{name}");
        assert_eq!(meter.upstream_error(), golden.end == End::UpstreamError, "{name}");
        let tally = meter.tally(Some(golden.end), INPUT_ESTIMATE);
        assert_eq!(tally.source, golden.source, "{name}");
        match golden.usage {
            Some(usage) => assert_eq!(tally.tokens, usage, "{name}"),
            None => assert_eq!(
                tally.tokens,
                Tokens {
                    input: INPUT_ESTIMATE,
                    output: golden.output_bytes.div_ceil(4),
                    ..Tokens::default()
                },
                "{name}"
            ),
        }
    }
}

#[test]
fn only_the_usage_chunk_is_taken_out() {
    for golden in ALL {
        let mut meter = StreamMeter::new(golden.dialect, true);
        let client = forwarded(&mut meter, golden.bytes);
        let (name, taken) = (golden.name, golden.bytes.len() - client.len());
        assert_eq!(taken > 0, golden.strips, "{name}");
        if !golden.strips {
            continue;
        }
        let text = String::from_utf8(golden.bytes.to_vec()).unwrap();
        let chunk = text
            .split_inclusive("\n\n")
            .flat_map(|part| part.split_inclusive("\n\r\n"));
        let rest: String = chunk
            .filter(|event| !event.contains("\"choices\":[],\"usage\":{"))
            .collect();
        assert_eq!(client, rest.as_bytes(), "{name}");
    }
}

#[test]
fn content_is_seen_with_its_first_piece_and_not_with_lifecycle_events() {
    let mut meter = StreamMeter::new(Dialect::Anthropic, false);
    let text = String::from_utf8(ALL[0].bytes.to_vec()).unwrap();
    for event in text.split_inclusive("\n\n") {
        let before = meter.content_seen();
        forwarded(&mut meter, event.as_bytes());
        if event.contains("Hello") {
            assert!(!before && meter.content_seen());
        }
    }
    let mut meter = StreamMeter::new(Dialect::Openai, false);
    forwarded(
        &mut meter,
        b"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    );
    assert!(!meter.content_seen());
    forwarded(
        &mut meter,
        b"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}}]}\n\n",
    );
    assert!(meter.content_seen());
}

#[test]
fn content_of_a_responses_stream_is_its_deltas() {
    let mut meter = StreamMeter::new(Dialect::Responses, false);
    for lifecycle in [
        r#"{"type":"response.created","sequence_number":0,"response":{"id":"r","instructions":"long","usage":null}}"#,
        r#"{"type":"response.in_progress","sequence_number":1,"response":{"id":"r","usage":null}}"#,
        r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"type":"message","content":[]}}"#,
        r#"{"type":"response.content_part.added","sequence_number":3,"part":{"type":"output_text","text":""}}"#,
    ] {
        forwarded(&mut meter, format!("data: {lifecycle}\n\n").as_bytes());
        assert!(!meter.content_seen(), "{lifecycle}");
    }
    forwarded(
        &mut meter,
        b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"water\",\"logprobs\":[],\"obfuscation\":\"abcdef\"}\n\n",
    );
    assert_eq!(
        (meter.content_seen(), meter.output_bytes(), meter.events()),
        (true, 5, 5)
    );
    let repeated = br#"{"type":"response.output_text.done","text":"water"}"#;
    forwarded(&mut meter, &[b"data: ", &repeated[..], b"\n\n"].concat());
    assert_eq!(meter.output_bytes(), 5);
}

#[test]
fn responses_stream_ends_with_its_last_event_and_not_with_done() {
    let mut meter = StreamMeter::new(Dialect::Responses, false);
    forwarded(
        &mut meter,
        b"data: {\"type\":\"response.created\",\"response\":{}}\n\ndata: [DONE]\n\n",
    );
    assert_eq!(meter.finish().end, End::Truncated);
    assert!(!meter.usage_flagged());
    for (event, end) in [
        (
            r#"{"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":2}}}"#,
            End::Complete,
        ),
        (
            r#"{"type":"response.incomplete","response":{"usage":{"input_tokens":3,"output_tokens":2}}}"#,
            End::Complete,
        ),
        (
            r#"{"type":"response.failed","response":{"usage":{"input_tokens":3,"output_tokens":2}}}"#,
            End::UpstreamError,
        ),
        (
            r#"{"type":"error","code":"server_error","message":"x"}"#,
            End::UpstreamError,
        ),
        (r#"{"error":{"message":"x"}}"#, End::UpstreamError),
    ] {
        let mut meter = StreamMeter::new(Dialect::Responses, false);
        forwarded(&mut meter, format!("data: {event}\n\n").as_bytes());
        assert_eq!(meter.finish().end, end, "{event}");
        let said = event.contains("usage").then_some((3, 2));
        assert_eq!(
            meter.usage().map(|tokens| (tokens.input, tokens.output)),
            said,
            "{event}"
        );
    }
}

#[test]
fn event_beyond_a_mebibyte_ends_the_stream_however_it_arrives() {
    let mut event = b"data: ".to_vec();
    event.resize(llm::EVENT_MOST - 2, b'x');
    let mut whole = event.clone();
    whole.extend(b"\n\n");
    assert_eq!(forwarded(&mut StreamMeter::new(Dialect::Openai, false), &whole), whole);

    event.push(b'x');
    let mut meter = StreamMeter::new(Dialect::Openai, false);
    assert!(meter.push(Bytes::from(event.clone())).unwrap().is_empty());
    assert_eq!(
        meter.push(Bytes::from_static(b"\n\n")).unwrap_err(),
        Error::EventTooLarge
    );
    event.extend(b"\n\n");
    let mut meter = StreamMeter::new(Dialect::Openai, false);
    assert_eq!(meter.push(Bytes::from(event)).unwrap_err(), Error::EventTooLarge);

    let mut meter = StreamMeter::new(Dialect::Openai, false);
    let block = Bytes::from(vec![b'x'; 64 * 1024]);
    let failed = (0..1000).position(|_| meter.push(block.clone()).is_err());
    assert_eq!(failed, Some(16));
}

#[test]
fn bytes_that_are_no_text_and_no_json_pass_unchanged() {
    let stream = b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\ndata: \xc3\x28{{{\n\ndata: <html>\n\ndata: [DONE]\n\n";
    let mut meter = StreamMeter::new(Dialect::Openai, true);
    assert_eq!(forwarded(&mut meter, stream), stream);
    assert_eq!(meter.finish().end, End::Complete);
    assert!(meter.usage_flagged());
    assert_eq!(meter.usage(), None);
}

#[test]
fn page_instead_of_a_stream_is_refused_unseen() {
    let mut meter = StreamMeter::new(Dialect::Anthropic, false);
    let page = Bytes::from_static(b"<html>\n<body>\n\nBad gateway</body></html>\n");
    assert_eq!(meter.push(page).unwrap_err(), Error::NoEvents);
    assert_eq!((meter.events(), meter.finish().end), (0, End::Truncated));
}

#[test]
fn missing_final_blank_line_is_a_cut() {
    let mut meter = StreamMeter::new(Dialect::Openai, false);
    assert!(forwarded(&mut meter, b"data: [DONE]\n").is_empty());
    let finished = meter.finish();
    assert_eq!(finished.end, End::Truncated);
    assert!(finished.rest.is_empty());
}

#[test]
fn bytes_after_the_end_of_a_whole_answer_are_handed_out_at_last() {
    let mut meter = StreamMeter::new(Dialect::Openai, false);
    assert_eq!(forwarded(&mut meter, b"data: [DONE]\n\n: by"), b"data: [DONE]\n\n");
    let finished = meter.finish();
    assert_eq!(finished.end, End::Complete);
    assert_eq!(finished.rest.into_iter().flatten().collect::<Vec<u8>>(), b": by");
}

#[test]
fn anthropic_without_a_final_count_is_estimated_from_its_content() {
    let mut meter = StreamMeter::new(Dialect::Anthropic, false);
    forwarded(
        &mut meter,
        b"data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n\
          data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"0123456789ab\"}}\n\n\
          data: {\"type\":\"message_stop\"}\n\n",
    );
    let end = meter.finish().end;
    let tally = meter.tally(Some(end), 50);
    assert_eq!(
        (tally.tokens.input, tally.tokens.output, tally.source),
        (9, 3, UsageSource::Estimated)
    );
}

#[test]
fn client_that_leaves_early_gets_the_count_so_far_and_one_that_leaves_after_the_last_event_the_whole() {
    let golden = &ALL[0];
    let half = golden.bytes.len() / 2;
    let mut meter = StreamMeter::new(golden.dialect, false);
    forwarded(&mut meter, &golden.bytes[..half]);
    let tally = meter.tally(None, 50);
    assert_eq!(
        (tally.tokens.input, tally.tokens.output, tally.source),
        (25, 1, UsageSource::Partial)
    );
    forwarded(&mut meter, &golden.bytes[half..]);
    let tally = meter.tally(None, 50);
    assert_eq!(
        (Some(tally.tokens), tally.source),
        (golden.usage, UsageSource::Provider)
    );
}

#[test]
fn stream_that_failed_before_it_said_anything_costs_nothing() {
    let meter = StreamMeter::new(Dialect::Openai, false);
    let tally = meter.tally(Some(End::Truncated), 50);
    assert_eq!((tally.tokens, tally.source), (Tokens::default(), UsageSource::None));
    assert_eq!(meter.tally(None, 50).source, UsageSource::Estimated);
}

#[test]
fn json_answer_and_stream_agree() {
    let anthropic = br#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"The cached document says 42."}],
        "stop_reason":"end_turn","usage":{"input_tokens":12,"cache_creation_input_tokens":3000,"cache_read_input_tokens":18000,
        "cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":2000},"output_tokens":11}}"#;
    let answer = json_usage(Dialect::Anthropic, anthropic);
    assert_eq!(answer.tokens, ALL[1].usage);
    assert_eq!((answer.output_bytes, answer.valid, answer.flagged), (28, true, false));
    assert_eq!(answer.tally(1).source, UsageSource::Provider);

    let openai = br#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"{\"usage\":1}"}}],
        "usage":{"prompt_tokens":2006,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":1920}}}"#;
    assert_eq!(json_usage(Dialect::Openai, openai).tokens, ALL[9].usage);

    let responses = br#"{"object":"response","status":"completed","output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant",
        "content":[{"type":"output_text","annotations":[],"text":"The water stands at 1.4 m."}]}],
        "usage":{"input_tokens":2006,"input_tokens_details":{"cached_tokens":1920},"output_tokens":9,"total_tokens":2015}}"#;
    let answer = json_usage(Dialect::Responses, responses);
    let stream = ALL.iter().find(|golden| golden.name == "responses/text").unwrap();
    assert_eq!(
        (answer.tokens, answer.output_bytes),
        (stream.usage, stream.output_bytes)
    );
}

#[test]
fn json_answer_without_usage_is_estimated_and_nonsense_is_flagged() {
    let body = br#"{"choices":[{"message":{"role":"assistant","content":"12345"}}]}"#;
    let tally = json_usage(Dialect::Openai, body).tally(7);
    assert_eq!(
        (tally.tokens.input, tally.tokens.output, tally.source),
        (7, 2, UsageSource::Estimated)
    );
    assert!(!tally.flagged);
    let odd = br#"{"content":[],"usage":{"input_tokens":1,"output_tokens":-1}}"#;
    let usage = json_usage(Dialect::Anthropic, odd);
    assert_eq!((usage.tokens, usage.flagged, usage.valid), (None, true, true));
    for broken in [&b"<html>"[..], b"", b"[1]", b"{\"usage\":{}"] {
        let usage = json_usage(Dialect::Openai, broken);
        assert_eq!(
            usage,
            JsonUsage {
                flagged: true,
                ..JsonUsage::default()
            }
        );
    }
}
