//! Reads usage from a stream on its way through, without holding the stream.
//!
//! What is handed out always ends where an event ends: the beginning of an unfinished event (at most
//! [`crate::EVENT_MOST`] bytes, not copied) waits for its end. A client could do nothing with it, and so a heartbeat or an
//! error event may be appended at any moment without tearing an event apart. Apart from a usage chunk that the gateway
//! itself asked for, the bytes are the upstream's, in order and complete.

use bytes::Bytes;
use types::{Dialect, Tokens, usage::UsageSource};

pub use crate::usage::{JsonUsage, Tally, estimate, json_usage};
use crate::{
    Error, anthropic, openai, responses,
    sse::{self, Framer},
    usage::{Counts, Implausible},
};

/// Reads one stream.
pub struct StreamMeter {
    framer: Framer,
    reading: Reading,
    /// Take out the chunk that holds nothing but usage.
    strip: bool,
    /// The unfinished event, as it came.
    held: Vec<Bytes>,
    /// The last whole event was taken out.
    stripped: bool,
}

impl StreamMeter {
    /// `strip_usage_chunk`: usage was asked for by us, see [`crate::Edits::injects_usage`].
    pub fn new(dialect: Dialect, strip_usage_chunk: bool) -> Self {
        StreamMeter {
            framer: Framer::default(),
            reading: Reading::new(dialect),
            strip: strip_usage_chunk,
            held: Vec::new(),
            stripped: false,
        }
    }

    /// Takes in what came from the upstream; returns what goes to the client now. After an error the stream is to be
    /// ended: nothing of the event that is too long was handed out.
    pub fn push(&mut self, chunk: Bytes) -> Result<Forward, Error> {
        let mut out = Forward::default();
        // `chunk[from..whole]` is to be handed out; events end at `whole`.
        let (mut from, mut whole) = (0, 0);
        if self.framer.begin(&chunk) {
            whole = 1;
            from = usize::from(self.stripped);
        }
        while let Some(event) = self.framer.next(&chunk)? {
            self.stripped = self.reading.read(event.raw) && self.strip;
            whole = event.span.end;
            if !self.stripped {
                continue;
            }
            if event.carried {
                self.held.clear();
            } else {
                out.append(&mut self.held);
                out.push(&chunk, from, event.span.start);
            }
            from = whole;
        }
        if from < whole {
            out.append(&mut self.held);
            out.push(&chunk, from, whole);
        }
        if whole == 0 {
            self.held.push(chunk);
        } else if whole < chunk.len() {
            self.held.push(chunk.slice(whole..));
        }
        Ok(out)
    }

    /// The upstream's body is over, cleanly or not.
    pub fn finish(&mut self) -> Finished {
        let end = self.reading.end().unwrap_or(End::Truncated);
        let mut rest = Forward::default();
        let mut held = std::mem::take(&mut self.held);
        if end == End::Complete {
            rest.append(&mut held);
        }
        Finished { end, rest }
    }

    /// The first piece of content came by: from here on no other route may serve the call.
    pub fn content_seen(&self) -> bool {
        self.reading.output_bytes > 0
    }

    /// Events with data so far. None at the end of a body: it was no stream.
    pub fn events(&self) -> u64 {
        self.reading.events
    }

    /// The upstream sent an error event.
    pub fn upstream_error(&self) -> bool {
        self.reading.error
    }

    /// The event came that ends a whole answer.
    pub fn done(&self) -> bool {
        self.reading.done
    }

    /// What the upstream said so far.
    pub fn usage(&self) -> Option<Tokens> {
        self.reading.counts.tokens()
    }

    /// Something about usage was malformed or cannot be true, and was left out.
    pub fn usage_flagged(&self) -> bool {
        self.reading.flagged
    }

    /// Bytes of content that came by.
    pub fn output_bytes(&self) -> u64 {
        self.reading.output_bytes
    }

    /// The call's numbers. `end` is what [`finish`](StreamMeter::finish) said, `None` when we stopped reading first, be it
    /// right after the last event, as clients like to hang up there;
    /// `input_estimate`: see [`crate::Head::input_estimate`].
    pub fn tally(&self, end: Option<End>, input_estimate: u64) -> Tally {
        let reading = &self.reading;
        let end = end.or(reading.end());
        let estimated = estimate(reading.output_bytes);
        let (tokens, source) = match (reading.counts.tokens(), end) {
            (Some(tokens), Some(End::Complete)) if reading.final_said => (tokens, UsageSource::Provider),
            // A whole answer whose last count is missing: what was not said is estimated.
            (Some(tokens), Some(End::Complete)) => (
                Tokens {
                    input: reading.counts.input.unwrap_or(input_estimate),
                    output: tokens.output.max(estimated),
                    ..tokens
                },
                UsageSource::Estimated,
            ),
            (Some(tokens), _) => (tokens, UsageSource::Partial),
            (None, Some(End::Truncated | End::UpstreamError)) if reading.output_bytes == 0 => {
                (Tokens::default(), UsageSource::None)
            }
            (None, _) => (
                Tokens {
                    input: input_estimate,
                    output: estimated,
                    ..Tokens::default()
                },
                UsageSource::Estimated,
            ),
        };
        Tally {
            tokens,
            source,
            flagged: reading.flagged,
        }
    }
}

/// How an upstream's stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With `message_stop`, `[DONE]`, `response.completed` or `response.incomplete`.
    Complete,
    /// Without: the answer is cut, whatever the transport says.
    Truncated,
    /// After an error event of the upstream's own.
    UpstreamError,
}

/// The end of a stream.
#[derive(Debug)]
pub struct Finished {
    pub end: End,
    /// Bytes after the last event of a complete stream, still to be handed out.
    pub rest: Forward,
}

/// Bytes for the client, in order; usually the one chunk that came in.
#[derive(Debug, Default)]
pub struct Forward {
    // One piece is the rule: it needs no allocation.
    first: Option<Bytes>,
    more: Vec<Bytes>,
}

impl Forward {
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Bytes, not pieces.
    pub fn len(&self) -> usize {
        self.first.iter().chain(&self.more).map(Bytes::len).sum()
    }

    /// The same in one piece, for who looks for something that an upstream's packets may have cut.
    pub fn joined(mut self) -> Bytes {
        match self.first.take() {
            Some(first) if self.more.is_empty() => first,
            first => first.into_iter().chain(self.more).collect::<Vec<_>>().concat().into(),
        }
    }

    /// Adds bytes made from an event: a translation.
    pub fn add(&mut self, bytes: Bytes) {
        self.push(&bytes, 0, bytes.len());
    }

    fn push(&mut self, chunk: &Bytes, from: usize, to: usize) {
        if from >= to {
            return;
        }
        let piece = chunk.slice(from..to);
        match self.first {
            None => self.first = Some(piece),
            Some(_) => self.more.push(piece),
        }
    }

    fn append(&mut self, pieces: &mut Vec<Bytes>) {
        for piece in pieces.drain(..) {
            self.push(&piece, 0, piece.len());
        }
    }
}

impl IntoIterator for Forward {
    type Item = Bytes;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Bytes>, std::vec::IntoIter<Bytes>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.more)
    }
}

/// What the events so far said. Filled in by the dialects.
pub(crate) struct Reading {
    dialect: Dialect,
    counts: Counts,
    final_said: bool,
    flagged: bool,
    pub events: u64,
    pub output_bytes: u64,
    pub done: bool,
    pub error: bool,
}

impl Reading {
    fn new(dialect: Dialect) -> Self {
        Reading {
            dialect,
            counts: Counts::default(),
            final_said: false,
            flagged: false,
            events: 0,
            output_bytes: 0,
            done: false,
            error: false,
        }
    }

    /// How the stream ended, as far as its events say.
    fn end(&self) -> Option<End> {
        match (self.error, self.done) {
            (true, _) => Some(End::UpstreamError),
            (false, true) => Some(End::Complete),
            (false, false) => None,
        }
    }

    /// Reads one framed event; `true`: it holds usage and nothing else.
    fn read(&mut self, raw: &[u8]) -> bool {
        let Some(event) = sse::parse(raw) else { return false };
        self.events += 1;
        let read = match self.dialect {
            Dialect::Anthropic => anthropic::stream::read(&event, self).map(|()| false),
            Dialect::Responses => responses::stream::read(&event, self).map(|()| false),
            // Embeddings never stream.
            Dialect::Openai | Dialect::Embeddings => openai::stream::read(&event, self),
        };
        // Bytes that are no JSON pass through; that counts may be missing because of them is noted.
        self.flagged |= read.is_err();
        read.unwrap_or(false)
    }

    /// Takes in a usage object; `is_final`: it counts the whole answer.
    pub fn usage(&mut self, said: Result<Counts, Implausible>, is_final: bool) {
        match said {
            Ok(counts) => {
                self.counts.update(&counts);
                self.final_said |= is_final && counts.output.is_some();
            }
            Err(Implausible) => self.flagged = true,
        }
    }
}
