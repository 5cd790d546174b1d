//! A stream translated as it arrives: each whole event of the upstream's at once becomes the client's.

use std::borrow::Cow;

use bytes::Bytes;
use types::{Dialect, error::Code};

use super::{
    Context, chat,
    event::{Event, Failure, Part, Sink},
    freeform::Unpacker,
    messages,
    names::Names,
    out::Out,
    responses,
    value::{Val, quoted},
};
use crate::{
    Error,
    error::{Report, UPSTREAM_AUTH},
    json::Kind,
    sse::{self, Framer},
};

/// Translates one stream.
pub struct Stream {
    context: Context,
    request_id: String,
    framer: Framer,
    reader: Reader,
    voice: Voice,
}

/// The upstream sent what is no stream of its dialect. The stream is to be ended with [`Stream::fail`].
#[derive(Debug)]
pub struct Broken {
    /// What was translated before it, still to be handed out.
    pub before: Bytes,
    pub error: Error,
}

enum Reader {
    Messages(messages::answer::Reader),
    Chat(chat::answer::Reader),
    Responses(responses::answer::Reader),
}

/// The client's side.
struct Voice {
    adapter: Adapter,
    speaker: Speaker,
    /// What was left out so far.
    dropped: Names,
    end: Option<crate::End>,
}

enum Speaker {
    Messages(messages::speak::Speaker),
    Chat(chat::speak::Speaker),
    Responses(Box<responses::speak::Speaker>),
}

impl Stream {
    pub fn new(context: Context, request_id: &str) -> Self {
        let reader = match context.upstream {
            Dialect::Anthropic => Reader::Messages(Default::default()),
            Dialect::Openai => Reader::Chat(Default::default()),
            _ => Reader::Responses(Default::default()),
        };
        let speaker = match context.client {
            Dialect::Anthropic => Speaker::Messages(Default::default()),
            Dialect::Openai => Speaker::Chat(Default::default()),
            _ => Speaker::Responses(Default::default()),
        };
        Stream {
            context,
            request_id: request_id.to_owned(),
            framer: Framer::default(),
            reader,
            voice: Voice {
                adapter: Adapter::default(),
                speaker,
                dropped: Names::default(),
                end: None,
            },
        }
    }

    /// Takes in what came from the upstream, cut anywhere; returns whole events for the client, or nothing yet.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Bytes, Broken> {
        let mut out = Out::with_capacity(if chunk.is_empty() { 0 } else { chunk.len() + 512 });
        match self.take(chunk, &mut out) {
            Ok(()) => Ok(out.into_bytes()),
            Err(error) => Err(Broken {
                before: out.into_bytes(),
                error,
            }),
        }
    }

    fn take(&mut self, chunk: &[u8], out: &mut Out) -> Result<(), Error> {
        self.framer.begin(chunk);
        while self.voice.end.is_none()
            && let Some(framed) = self.framer.next(chunk)?
        {
            let Some(event) = sse::parse(framed.raw) else { continue };
            // An event without data says nothing.
            if event.data.is_empty() {
                continue;
            }
            let data = std::str::from_utf8(&event.data)
                .map_err(|_| Error::Upstream("The upstream sent a stream event that is not valid UTF-8."))?;
            let (context, request_id, voice) = (&self.context, &self.request_id, &mut self.voice);
            let mut sink = |event: Event<'_>| voice.hear(event, context, request_id, out);
            match &mut self.reader {
                Reader::Chat(reader) => reader.read(data, &mut sink)?,
                Reader::Messages(reader) => reader.read(object(data)?, &mut sink)?,
                Reader::Responses(reader) => reader.read(object(data)?, &mut sink)?,
            }
        }
        Ok(())
    }

    /// How the stream ended, as far as its events say; `None`: it has not, and if nothing more comes, it was cut.
    pub const fn end(&self) -> Option<crate::End> {
        self.voice.end
    }

    /// The event that ends a stream which broke off or was given up, in the client's dialect. Nothing follows it; after the
    /// end of a whole answer there is nothing to say.
    pub fn fail(&mut self, report: &Report<'_>) -> Bytes {
        let mut out = Out::default();
        if self.voice.end.is_none() {
            self.voice.end = Some(crate::End::Truncated);
            self.voice.fail(report, &self.context, &mut out);
        }
        out.into_bytes()
    }
}

fn object(data: &str) -> Result<Val<'_>, Error> {
    let value = Val::document(data).map_err(Error::odd)?;
    if value.kind == Kind::Object {
        Ok(value)
    } else {
        Err(Error::Upstream(
            "The upstream sent a stream event that is no JSON object.",
        ))
    }
}

impl Voice {
    fn hear(&mut self, event: Event<'_>, context: &Context, request_id: &str, out: &mut Out) -> Result<(), Error> {
        match &event {
            Event::Failed(failure) => {
                self.end = Some(crate::End::UpstreamError);
                let report = report(failure, request_id);
                self.fail(&report, context, out);
                return Ok(());
            }
            // The headers have gone, and every client passes over a comment.
            Event::Dropped(path) => {
                if let Some(name) = self.dropped.add(path) {
                    out.frame(": x-weirgate-ignored ").frame(name).frame("\n\n");
                }
                return Ok(());
            }
            Event::Stop { .. } => self.end = Some(crate::End::Complete),
            _ => {}
        }
        let speaker = &mut self.speaker;
        self.adapter.pass(event, context, &mut |event| {
            match speaker {
                Speaker::Messages(speaker) => speaker.say(&event, context, out),
                Speaker::Chat(speaker) => speaker.say(&event, context, out),
                Speaker::Responses(speaker) => speaker.say(&event, context, out)?,
            }
            Ok(())
        })
    }

    fn fail(&mut self, report: &Report<'_>, context: &Context, out: &mut Out) {
        match &mut self.speaker {
            Speaker::Messages(speaker) => speaker.fail(report, out),
            Speaker::Chat(speaker) => speaker.fail(report, out),
            Speaker::Responses(speaker) => speaker.fail(report, context, out),
        }
    }
}

/// An upstream's failure as something to be told. What is about the operator's credential or bill is not the caller's to see.
pub(crate) fn report<'a>(failure: &'a Failure<'_>, request_id: &'a str) -> Report<'a> {
    let code = match failure.status {
        401..=403 => return Report::new(Code::UpstreamAuth, UPSTREAM_AUTH, request_id),
        429 => Code::RateLimited,
        504 => Code::UpstreamTimeout,
        400..=499 => Code::BadRequest,
        _ => Code::UpstreamFailed,
    };
    let mut report = Report::new(code, &failure.message, request_id).with_status(failure.status);
    report.overflow = failure.overflow;
    report
}

/// Puts right what is alike for all dialects: tools get back the client's names and form, and a call without arguments gets the
/// empty object that clients expect to parse.
#[derive(Default)]
pub(crate) struct Adapter {
    call: Option<Call>,
}

struct Call {
    form: Form,
    said: bool,
}

/// What becomes of the pieces of a call.
enum Form {
    Same,
    /// JSON, of which the client gets the text.
    Unpacked(Unpacker),
    /// Text, which the client gets in JSON.
    Packed,
}

impl Adapter {
    pub fn pass(&mut self, event: Event<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), Error> {
        match event {
            Event::Open(Part::Call { id, name, freeform }) => {
                let wrapped = !freeform && context.disguised(&name).is_some_and(|tool| tool.freeform);
                // Messages knows no call whose input is text.
                let packed = freeform && context.client == Dialect::Anthropic;
                let form = match (wrapped, packed) {
                    (true, _) => Form::Unpacked(Unpacker::default()),
                    (_, true) => Form::Packed,
                    _ => Form::Same,
                };
                // An input of text may be empty.
                let said = packed || wrapped || freeform;
                self.call = Some(Call { form, said });
                let freeform = wrapped || (freeform && !packed);
                sink(Event::Open(Part::Call { id, name, freeform }))?;
                if packed {
                    sink(Event::Delta(Cow::Borrowed("\"{\\\"input\\\":\\\"\"")))?;
                }
                Ok(())
            }
            Event::Delta(piece) => {
                let Some(call) = &mut self.call else {
                    return sink(Event::Delta(piece));
                };
                call.said = true;
                match &mut call.form {
                    Form::Same => sink(Event::Delta(piece)),
                    Form::Packed => {
                        let inner = Val::document(&piece).map(Val::inner).unwrap_or_default();
                        sink(Event::Delta(Cow::Owned(quoted(inner))))
                    }
                    Form::Unpacked(unpacker) => {
                        let json = Val::document(&piece).ok().and_then(Val::text).unwrap_or_default();
                        unpacker.push(&json).map_or(Ok(()), |text| sink(Event::Delta(text)))
                    }
                }
            }
            Event::Close => {
                match self.call.take() {
                    Some(Call { form: Form::Packed, .. }) => sink(Event::Delta(Cow::Borrowed("\"\\\"}\"")))?,
                    Some(Call { said: false, .. }) => sink(Event::Delta(Cow::Borrowed("\"{}\"")))?,
                    _ => {}
                }
                sink(Event::Close)
            }
            other => sink(other),
        }
    }
}
