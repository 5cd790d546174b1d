//! However a stream is cut into chunks, the client gets the same bytes and the books the same numbers.

use bytes::Bytes;
use llm::{End, StreamMeter, Tokens};

use crate::golden::{ALL, Golden};

/// Pushes `chunks`; what the client got, how it ended, what was counted.
fn run<'a>(
    golden: &Golden,
    strip: bool,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> (Vec<u8>, End, Option<Tokens>, bool, u64) {
    let mut meter = StreamMeter::new(golden.dialect, strip);
    let mut client = Vec::with_capacity(golden.bytes.len());
    for chunk in chunks {
        for piece in meter.push(Bytes::copy_from_slice(chunk)).unwrap() {
            client.extend_from_slice(&piece);
        }
    }
    let finished = meter.finish();
    client.extend(finished.rest.into_iter().flatten());
    (
        client,
        finished.end,
        meter.usage(),
        meter.usage_flagged(),
        meter.output_bytes(),
    )
}

/// Xorshift: the same chunkings in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

#[test]
fn golden_streams_cut_at_every_byte() {
    for golden in ALL {
        for strip in [false, true] {
            let expected = run(golden, strip, std::iter::once(golden.bytes));
            for cut in 0..=golden.bytes.len() {
                let (left, right) = golden.bytes.split_at(cut);
                assert_eq!(
                    run(golden, strip, [left, right].into_iter()),
                    expected,
                    "{} at {cut}",
                    golden.name
                );
            }
            assert_eq!(
                run(golden, strip, golden.bytes.chunks(1)),
                expected,
                "{} byte by byte",
                golden.name
            );
        }
    }
}

/// A hundred thousand over all streams; a million when asked for.
#[allow(clippy::disallowed_methods, reason = "a test has no configuration")]
pub fn chunkings() -> usize {
    match std::env::var_os("WEIRGATE_LONG") {
        Some(_) => 1_000_000,
        None => 100_000,
    }
}

#[test]
fn golden_streams_in_a_hundred_thousand_random_chunkings() {
    let rounds = chunkings() / ALL.len();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for golden in ALL {
        let expected = [false, true].map(|strip| run(golden, strip, std::iter::once(golden.bytes)));
        for round in 0..rounds {
            let most = [8, 40, 400, 2000][round % 4];
            let mut cuts = Vec::new();
            let mut rest = golden.bytes;
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(dice.throw(most).min(rest.len()));
                cuts.push(chunk);
                rest = after;
            }
            let strip = round % 2 == 1;
            let got = run(golden, strip, cuts.iter().copied());
            assert_eq!(got, expected[usize::from(strip)], "{} round {round}", golden.name);
        }
    }
}

#[test]
fn stream_that_breaks_off_anywhere_leaves_whole_events_only() {
    for golden in ALL {
        for cut in 0..golden.bytes.len() {
            let (client, end, ..) = run(golden, false, std::iter::once(&golden.bytes[..cut]));
            assert!(golden.bytes.starts_with(&client));
            if end != End::Complete {
                let whole = client.is_empty()
                    || ["\n\n", "\n\r\n", "\r\r", "\r\r\n", "\r\n\r", "\n\r"]
                        .iter()
                        .any(|ends| client.ends_with(ends.as_bytes()));
                assert!(
                    whole,
                    "{} at {cut}: {:?}",
                    golden.name,
                    String::from_utf8_lossy(&client)
                );
            }
        }
    }
}
