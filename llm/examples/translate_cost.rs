//! What translation costs: CPU time of a small request, a small answer and one event of a stream, for each pair.
//!
//! `cargo run --release -p llm --example translate_cost`. The aim: at most 60 µs for a small call and 4 µs for an event.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement at the command line"
)]

use std::{hint::black_box, time::Instant};

use llm::{
    Dialect,
    translate::{self, Options, Stream},
};
use types::Timestamp;

const ROUNDS: u32 = 20_000;
const PIECES: u32 = 1000;

fn main() {
    for client in [Dialect::Anthropic, Dialect::Openai, Dialect::Responses] {
        for upstream in translate::upstreams(client)
            .iter()
            .copied()
            .filter(|upstream| *upstream != client)
        {
            let asked = micros(ROUNDS, || {
                black_box(
                    translate::request(client, upstream, request(client), &options())
                        .unwrap()
                        .body
                        .len(),
                );
            });
            let context = translate::request(client, upstream, request(client), &options())
                .unwrap()
                .context;
            let answered = micros(ROUNDS, || {
                black_box(
                    translate::answer(answer(upstream).as_bytes(), &context)
                        .unwrap()
                        .body
                        .len(),
                );
            });
            let events = events(upstream);
            let streamed = micros(ROUNDS / PIECES * 5, || {
                let mut stream = Stream::new(context.clone(), "req_1");
                for event in &events {
                    black_box(stream.push(event.as_bytes()).unwrap());
                }
            });
            println!(
                "{:>9} ← {:<9}  request {asked:6.2} µs   answer {answered:6.2} µs   event {:5.2} µs",
                client.name(),
                upstream.name(),
                streamed / events.len() as f64
            );
        }
    }
}

/// The quickest of five runs, since others use the machine too.
fn micros(rounds: u32, mut work: impl FnMut()) -> f64 {
    let run = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        for _ in 0..rounds {
            work();
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
    };
    (0..5).map(|_| run(&mut work)).fold(f64::INFINITY, f64::min)
}

fn options() -> Options<'static> {
    Options {
        upstream_model: "upstream-model",
        max_output_tokens: None,
        reasoning: None,
        stream: None,
        call_id: "0192f0c1",
        now: Timestamp(1_795_000_000_000),
    }
}

fn request(client: Dialect) -> &'static [u8] {
    match client {
        Dialect::Anthropic => br#"{"model":"m","max_tokens":1024,"temperature":0.1,"stream":true,"system":"You watch a weir.","tools":[{"name":"get_level","description":"Level of a gauge","input_schema":{"type":"object","properties":{"gauge":{"type":"string"}}}}],"messages":[{"role":"user","content":"How high is the water at the northern gauge?"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_01","name":"get_level","input":{"gauge":"north"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01","content":"1.20 m"}]}]}"#,
        Dialect::Openai => br#"{"model":"m","max_tokens":1024,"temperature":0.1,"stream":true,"tools":[{"type":"function","function":{"name":"get_level","description":"Level of a gauge","parameters":{"type":"object","properties":{"gauge":{"type":"string"}}}}}],"messages":[{"role":"system","content":"You watch a weir."},{"role":"user","content":"How high is the water at the northern gauge?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_level","arguments":"{\"gauge\":\"north\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"1.20 m"}]}"#,
        _ => br#"{"model":"m","max_output_tokens":1024,"temperature":0.1,"stream":true,"instructions":"You watch a weir.","tools":[{"type":"function","name":"get_level","description":"Level of a gauge","strict":false,"parameters":{"type":"object","properties":{"gauge":{"type":"string"}}}}],"input":[{"role":"user","content":"How high is the water at the northern gauge?"},{"type":"function_call","call_id":"call_1","name":"get_level","arguments":"{\"gauge\":\"north\"}"},{"type":"function_call_output","call_id":"call_1","output":"1.20 m"}]}"#,
    }
}

fn answer(upstream: Dialect) -> &'static str {
    match upstream {
        Dialect::Anthropic => {
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"The water stands at 1.20 m."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":11}}"#
        }
        Dialect::Openai => {
            r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"The water stands at 1.20 m."},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":11,"total_tokens":23}}"#
        }
        _ => {
            r#"{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"The water stands at 1.20 m.","annotations":[]}]}],"usage":{"input_tokens":12,"output_tokens":11}}"#
        }
    }
}

/// An answer in a thousand pieces.
fn events(upstream: Dialect) -> Vec<String> {
    let (begin, piece): (&[&str], _) = match upstream {
        Dialect::Anthropic => (
            &[
                r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":12,"output_tokens":1}}}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            ],
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" water"}}"#,
        ),
        Dialect::Openai => (
            &[
                r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            ],
            r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1741569952,"model":"m","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" water"},"logprobs":null,"finish_reason":null}]}"#,
        ),
        _ => (
            &[
                r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","model":"m"}}"#,
                r#"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"msg_1"}}"#,
            ],
            r#"{"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":" water","logprobs":[],"obfuscation":"abcdefgh"}"#,
        ),
    };
    let pieces = std::iter::repeat_n(piece, PIECES as usize);
    begin
        .iter()
        .copied()
        .chain(pieces)
        .map(|data| format!("data: {data}\n\n"))
        .collect()
}
