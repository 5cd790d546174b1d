//! What a Messages upstream answers, as events of ours.

use std::borrow::Cow;

use crate::{
    Error, anthropic,
    json::Kind,
    translate::{
        event::{Event, Failure, Part, Sink, Stop, Usage},
        seal::Seal,
        value::{Val, compact, quoted},
    },
    usage::Counts,
};

/// Where a text is taken from.
const CITATIONS: Event<'static> = Event::Dropped(Cow::Borrowed("answer.content[text].citations"));

/// Reads a stream, event by event.
#[derive(Default)]
pub(crate) struct Reader {
    counts: Counts,
    thoughts: u64,
    /// What the open block is.
    block: Block,
    reason: Option<Stop>,
    sequence: Option<String>,
    /// Why the model refused, in the vendor's words.
    explanation: Option<String>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Block {
    #[default]
    None,
    Open,
    /// Of a kind that has no place in other dialects.
    Skipped,
}

impl Reader {
    pub fn read(&mut self, data: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [kind, message, block, delta, usage, error] = data
            .pick(["type", "message", "content_block", "delta", "usage", "error"])
            .map_err(Error::odd)?;
        match kind.map(Val::inner).unwrap_or_default() {
            "message_start" => {
                let Some(message) = message else { return Ok(()) };
                let [id, model, usage] = message.pick(["id", "model", "usage"]).map_err(Error::odd)?;
                self.usage(usage)?;
                sink(Event::Start {
                    id: id.and_then(Val::text).unwrap_or_default(),
                    model: model.and_then(Val::text).unwrap_or_default(),
                    usage: self.total().unwrap_or_default(),
                })
            }
            "content_block_start" => match block {
                Some(block) => self.open(block, sink),
                None => Ok(()),
            },
            "content_block_delta" => match delta {
                Some(delta) if self.block == Block::Open => piece(delta, sink),
                _ => Ok(()),
            },
            "content_block_stop" => match std::mem::take(&mut self.block) {
                Block::Open => sink(Event::Close),
                _ => Ok(()),
            },
            "message_delta" => {
                self.usage(usage)?;
                match delta {
                    Some(delta) => self.ending(delta),
                    None => Ok(()),
                }
            }
            "message_stop" => self.stop(sink),
            "ping" => sink(Event::Ping),
            "error" => sink(Event::Failed(failure(error)?)),
            _ => Ok(()),
        }
    }

    fn open(&mut self, block: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [kind, text, citations, thinking, signature, data, id, name, input] = block
            .pick([
                "type",
                "text",
                "citations",
                "thinking",
                "signature",
                "data",
                "id",
                "name",
                "input",
            ])
            .map_err(Error::odd)?;
        let part = match kind.map(Val::inner).unwrap_or_default() {
            "text" => Part::Text,
            "thinking" | "redacted_thinking" => Part::Thought,
            "tool_use" => Part::Call {
                id: id.and_then(Val::text).unwrap_or_default(),
                name: name.and_then(Val::text).unwrap_or_default(),
                freeform: false,
            },
            other => {
                self.block = Block::Skipped;
                return sink(Event::Dropped(format!("answer.content[{other}]").into()));
            }
        };
        self.block = Block::Open;
        sink(Event::Open(part))?;
        for said in [text, thinking]
            .into_iter()
            .flatten()
            .filter(|said| !said.inner().is_empty())
        {
            sink(Event::Delta(said.keep()))?;
        }
        if citations.is_some_and(|list| list.raw != "[]") {
            sink(CITATIONS)?;
        }
        if let Some(input) = input.filter(|input| input.kind == Kind::Object && input.raw != "{}") {
            sink(Event::Delta(Cow::Owned(quoted(&compact(input.raw)))))?;
        }
        if let Some(signature) = signature.and_then(Val::text).filter(|signature| !signature.is_empty()) {
            sink(Event::Seal(Seal::Signature(signature)))?;
        }
        match data.and_then(Val::text) {
            Some(data) => sink(Event::Seal(Seal::Redacted(data))),
            None => Ok(()),
        }
    }

    fn usage(&mut self, usage: Option<Val<'_>>) -> Result<(), Error> {
        let Some(usage) = usage else { return Ok(()) };
        // Counts that cannot be true are left out, as in the books.
        if let Ok(counts) = anthropic::usage::read(usage.raw.as_bytes()) {
            self.counts.update(&counts);
        }
        let [details] = usage.pick(["output_tokens_details"]).map_err(Error::odd)?;
        if let Some(details) = details {
            let [thoughts] = details.pick(["thinking_tokens"]).map_err(Error::odd)?;
            self.thoughts = thoughts.and_then(Val::count).unwrap_or(self.thoughts);
        }
        Ok(())
    }

    fn total(&self) -> Option<Usage> {
        self.counts.tokens().map(|tokens| Usage {
            tokens,
            thoughts: self.thoughts.min(tokens.output),
        })
    }

    fn ending(&mut self, delta: Val<'_>) -> Result<(), Error> {
        let [reason, sequence, details] = delta
            .pick(["stop_reason", "stop_sequence", "stop_details"])
            .map_err(Error::odd)?;
        if let Some(reason) = reason {
            self.reason = Some(match reason.inner() {
                "max_tokens" | "model_context_window_exceeded" => Stop::MaxTokens,
                "stop_sequence" => Stop::Sequence,
                "tool_use" => Stop::Calls,
                "refusal" => Stop::Refused,
                _ => Stop::End,
            });
        }
        self.sequence = sequence.map(|sequence| sequence.raw.to_owned());
        if let Some(details) = details {
            let [explanation] = details.pick(["explanation"]).map_err(Error::odd)?;
            self.explanation = explanation.map(|explanation| explanation.raw.to_owned());
        }
        Ok(())
    }

    fn stop(&mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        if std::mem::take(&mut self.block) == Block::Open {
            sink(Event::Close)?;
        }
        if let Some(explanation) = self.explanation.take() {
            sink(Event::Open(Part::Refusal))?;
            sink(Event::Delta(explanation.into()))?;
            sink(Event::Close)?;
        }
        sink(Event::Stop {
            reason: self.reason.unwrap_or(Stop::End),
            sequence: self.sequence.take().map(Cow::Owned),
            usage: self.total(),
        })
    }
}

fn piece(delta: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
    let [text, thinking, json, signature, citation] = delta
        .pick(["text", "thinking", "partial_json", "signature", "citation"])
        .map_err(Error::odd)?;
    if citation.is_some() {
        sink(CITATIONS)?;
    }
    if let Some(piece) = text.or(thinking).or(json).filter(|piece| !piece.inner().is_empty()) {
        sink(Event::Delta(piece.keep()))?;
    }
    match signature.and_then(Val::text) {
        Some(signature) => sink(Event::Seal(Seal::Signature(signature))),
        None => Ok(()),
    }
}

/// A JSON answer.
pub(crate) fn whole(body: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
    let [id, model, content, usage] = body.pick(["id", "model", "content", "usage"]).map_err(Error::odd)?;
    let Some(content) = content.filter(|content| content.kind == Kind::Array) else {
        return Err(Error::Upstream("The upstream's answer is no message."));
    };
    let mut reader = Reader::default();
    reader.usage(usage)?;
    sink(Event::Start {
        id: id.and_then(Val::text).unwrap_or_default(),
        model: model.and_then(Val::text).unwrap_or_default(),
        usage: reader.total().unwrap_or_default(),
    })?;
    for block in content.elements().map_err(Error::odd)? {
        reader.open(block, sink)?;
        if std::mem::take(&mut reader.block) == Block::Open {
            sink(Event::Close)?;
        }
    }
    reader.ending(body)?;
    reader.stop(sink)
}

/// What an `error` object says.
pub(crate) fn failure(error: Option<Val<'_>>) -> Result<Failure<'_>, Error> {
    let Some(error) = error else {
        return Ok(Failure::new(502, None));
    };
    let [kind, message] = error.pick(["type", "message"]).map_err(Error::odd)?;
    let status = match kind.map(Val::inner).unwrap_or_default() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    };
    let failure = Failure::new(status, message);
    let overflow = [
        "prompt is too long",
        "input length and `max_tokens` exceed context limit",
    ];
    let overflows = overflow.iter().any(|words| failure.message.starts_with(words));
    Ok(failure.overflows(overflows))
}
