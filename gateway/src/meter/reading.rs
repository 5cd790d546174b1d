//! What has been learned of a call's usage from the bytes so far.

use bytes::{Bytes, BytesMut};
use llm::{
    Dialect,
    error::Report,
    meter::{End, Finished, Forward, StreamMeter, Tally},
    translate,
};
use types::usage::UsageSource;

/// Reads an answer as it passes. An SSE answer is never buffered; a JSON answer is kept whole until it is served.
///
/// Usage is read in the upstream's dialect; what goes out is translated after that, when the client speaks another.
pub struct Reading {
    kind: Kind,
    translator: Option<Translator>,
    input_estimate: u64,
}

enum Translator {
    Stream {
        stream: Box<translate::Stream>,
        /// What was translated before something that could not be.
        before: Bytes,
    },
    Json(translate::Context),
}

enum Kind {
    Stream { meter: Box<StreamMeter>, end: Option<End> },
    Json { dialect: Dialect, body: Whole },
}

/// A body that mostly comes in one piece, and then is never copied.
enum Whole {
    One(Bytes),
    Many(BytesMut),
}

impl Whole {
    fn push(&mut self, chunk: Bytes) {
        match self {
            Whole::One(first) if first.is_empty() => *first = chunk,
            Whole::One(first) => {
                let mut all = BytesMut::with_capacity(4 * (first.len() + chunk.len()));
                all.extend_from_slice(first);
                all.extend_from_slice(&chunk);
                *self = Whole::Many(all);
            }
            Whole::Many(all) => all.extend_from_slice(&chunk),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Whole::One(first) => first,
            Whole::Many(all) => all,
        }
    }
}

impl Reading {
    /// `strip_usage_chunk`: the usage chunk was our idea and the client does not get it.
    /// `input_estimate`: input tokens to book when the upstream says nothing.
    pub fn stream(dialect: Dialect, strip_usage_chunk: bool, input_estimate: u64) -> Self {
        let meter = Box::new(StreamMeter::new(dialect, strip_usage_chunk));
        Reading {
            kind: Kind::Stream { meter, end: None },
            translator: None,
            input_estimate,
        }
    }

    pub fn json(dialect: Dialect, input_estimate: u64) -> Self {
        Reading {
            kind: Kind::Json {
                dialect,
                body: Whole::One(Bytes::new()),
            },
            translator: None,
            input_estimate,
        }
    }

    /// The client speaks another dialect than the upstream.
    pub fn translated(mut self, context: translate::Context, request_id: &str) -> Self {
        self.translator = Some(match self.kind {
            Kind::Stream { .. } => Translator::Stream {
                stream: Box::new(translate::Stream::new(context, request_id)),
                before: Bytes::new(),
            },
            Kind::Json { .. } => Translator::Json(context),
        });
        self
    }

    /// Takes bytes in; gives back what the client is to get of them now (nothing for JSON, which is served whole).
    pub fn push(&mut self, chunk: Bytes) -> Result<Option<Forward>, llm::Error> {
        match &mut self.kind {
            Kind::Stream { meter, .. } => {
                let forward = meter.push(chunk)?;
                let Some(Translator::Stream { stream, before }) = &mut self.translator else {
                    return Ok(Some(forward));
                };
                let mut out = Forward::default();
                for piece in forward {
                    match stream.push(&piece) {
                        Ok(translated) => out.add(translated),
                        Err(broken) => {
                            out.add(broken.before);
                            *before = out.into_iter().collect::<Vec<_>>().concat().into();
                            return Err(broken.error);
                        }
                    }
                }
                Ok(Some(out))
            }
            Kind::Json { body, .. } => {
                body.push(chunk);
                Ok(None)
            }
        }
    }

    /// The upstream's body has ended; `None` for JSON, which says so itself.
    pub fn finish(&mut self) -> Option<Finished> {
        match &mut self.kind {
            Kind::Stream { meter, end } => {
                let mut finished = meter.finish();
                *end = Some(finished.end);
                if let Some(Translator::Stream { stream, .. }) = &self.translator {
                    finished.rest = Forward::default();
                    if finished.end == End::Complete && stream.end().is_none() {
                        finished.end = End::Truncated;
                    }
                }
                Some(finished)
            }
            Kind::Json { .. } => None,
        }
    }

    /// Bytes of a JSON answer so far.
    pub fn body_len(&self) -> usize {
        match &self.kind {
            Kind::Stream { .. } => 0,
            Kind::Json { body, .. } => body.bytes().len(),
        }
    }

    /// The event that ends a stream which broke off, after what could still be translated.
    pub fn fail(&mut self, client: Dialect, report: &Report<'_>) -> [Bytes; 2] {
        match &mut self.translator {
            Some(Translator::Stream { stream, before }) => [std::mem::take(before), stream.fail(report)],
            _ => [Bytes::new(), llm::error::stream_event(client, report)],
        }
    }

    /// The JSON answer for the client.
    ///
    /// Errors: it cannot be translated, being no answer of the upstream's dialect.
    pub fn answer(&mut self) -> Result<translate::Answer, llm::Error> {
        let body = self.body();
        match &self.translator {
            Some(Translator::Json(context)) => translate::answer(&body, context),
            _ => Ok(translate::Answer {
                body,
                ignored: Vec::new(),
            }),
        }
    }

    /// The JSON answer as it came; what stays here for the count shares its memory.
    fn body(&mut self) -> Bytes {
        let Kind::Json { body, .. } = &mut self.kind else {
            return Bytes::new();
        };
        if let Whole::Many(all) = body {
            *body = Whole::One(std::mem::take(all).freeze());
        }
        match body {
            Whole::One(whole) => whole.clone(),
            Whole::Many(_) => Bytes::new(),
        }
    }

    pub fn content_seen(&self) -> bool {
        match &self.kind {
            Kind::Stream { meter, .. } => meter.content_seen(),
            Kind::Json { body, .. } => !body.bytes().is_empty(),
        }
    }

    /// Whether the upstream sent an error event.
    pub fn upstream_error(&self) -> bool {
        matches!(&self.kind, Kind::Stream { meter, .. } if meter.upstream_error())
    }

    /// Whether a JSON answer says itself that it failed.
    pub fn failed(&self) -> bool {
        matches!(&self.kind, Kind::Json { dialect, body } if llm::error::failed(*dialect, body.bytes()))
    }

    /// Whether it does, and counts nothing: then nothing was made.
    pub fn failed_uncounted(&self) -> bool {
        self.failed() && self.tally().source == UsageSource::Estimated
    }

    /// Nothing to read yet.
    pub fn nothing() -> Self {
        Self::json(Dialect::Anthropic, 0)
    }

    /// Whether anything of an answer has come.
    pub fn anything_read(&self) -> bool {
        match &self.kind {
            Kind::Stream { meter, .. } => meter.events() > 0,
            Kind::Json { body, .. } => !body.bytes().is_empty(),
        }
    }

    /// Events with data so far.
    pub fn events(&self) -> u64 {
        match &self.kind {
            Kind::Stream { meter, .. } => meter.events(),
            Kind::Json { .. } => 0,
        }
    }

    /// Whether the dialect's last event has passed, and could be told to the client.
    pub fn complete(&self) -> bool {
        let told = match &self.translator {
            Some(Translator::Stream { stream, .. }) => stream.end() == Some(End::Complete),
            _ => true,
        };
        told && matches!(&self.kind, Kind::Stream { meter, .. } if meter.done())
    }

    /// The best that is known of the usage now.
    pub fn tally(&self) -> Tally {
        match &self.kind {
            Kind::Stream { meter, end } => {
                let mut tally = meter.tally(*end, self.input_estimate);
                if tally.source == UsageSource::Partial {
                    // Vendors count output at the end: what was delivered by then is at least this much.
                    tally.tokens.output = tally.tokens.output.max(llm::estimate(meter.output_bytes()));
                }
                tally
            }
            Kind::Json { dialect, body } => llm::meter::json_usage(*dialect, body.bytes()).tally(self.input_estimate),
        }
    }
}
