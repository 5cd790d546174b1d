//! What a Chat Completions upstream answers, as events of ours.

use std::borrow::Cow;

use super::calls::{Calls, Piece};
use crate::{
    Error,
    json::Kind,
    openai,
    translate::{
        ask::Raw,
        event::{Event, Failure, Part, Sink, Stop, Usage},
        seal::Seal,
        value::{Val, compact, quoted},
    },
    usage::Counts,
};

/// Fields of a message that have no place in other dialects.
const ODD: [&str; 3] = ["annotations", "audio", "images"];

/// Reads a stream, chunk by chunk. Only the first choice is looked at: nobody who speaks another dialect asks for more.
#[derive(Default)]
pub(crate) struct Reader {
    started: bool,
    open: Open,
    calls: Calls,
    called: bool,
    reason: Option<Stop>,
    counts: Counts,
    thoughts: u64,
}

#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    #[default]
    None,
    Text,
    Refusal,
    Thought,
    Call,
}

impl Reader {
    pub fn read(&mut self, data: &str, sink: &mut Sink<'_>) -> Result<(), Error> {
        if data.trim() == "[DONE]" {
            return self.stop(sink);
        }
        let chunk = Val::document(data).map_err(Error::odd)?;
        let [id, model, choices, usage, error] = chunk
            .pick(["id", "model", "choices", "usage", "error"])
            .map_err(Error::odd)?;
        if error.is_some() {
            return sink(Event::Failed(failure(error)?));
        }
        self.start(id, model, sink)?;
        if let Some(usage) = usage {
            self.usage(usage)?;
        }
        let Some(choices) = choices else { return Ok(()) };
        for choice in choices.elements().map_err(Error::odd)? {
            let [index, delta, reason] = choice.pick(["index", "delta", "finish_reason"]).map_err(Error::odd)?;
            if index.is_some_and(|index| index.raw != "0") {
                continue;
            }
            if let Some(delta) = delta {
                self.delta(delta, sink)?;
            }
            if let Some(reason) = reason {
                self.reason = Some(stop_reason(reason.inner()));
            }
        }
        Ok(())
    }

    fn start(&mut self, id: Option<Val<'_>>, model: Option<Val<'_>>, sink: &mut Sink<'_>) -> Result<(), Error> {
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        sink(Event::Start {
            id: id.and_then(Val::text).unwrap_or_default(),
            model: model.and_then(Val::text).unwrap_or_default(),
            usage: Usage::default(),
        })
    }

    /// A piece of a stream, or a whole message: both have the same fields.
    fn delta(&mut self, delta: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [content, refusal, thought, reasoning, calls, odd @ ..] = delta
            .pick([
                "content",
                "refusal",
                "reasoning_content",
                "reasoning",
                "tool_calls",
                ODD[0],
                ODD[1],
                ODD[2],
            ])
            .map_err(Error::odd)?;
        for (name, _) in ODD
            .iter()
            .zip(odd)
            .filter(|(_, value)| value.is_some_and(|value| value.raw != "[]"))
        {
            sink(Event::Dropped(format!("answer.choices.message.{name}").into()))?;
        }
        if let Some(thought) = thought.or(reasoning) {
            self.say(Open::Thought, thought, sink)?;
        }
        match content {
            // Some vendors send parts here.
            Some(parts) if parts.kind == Kind::Array => {
                for part in parts.elements().map_err(Error::odd)? {
                    let [kind, text] = part.pick(["type", "text"]).map_err(Error::odd)?;
                    match (text, kind.map(Val::inner).unwrap_or_default()) {
                        (Some(text), _) => self.say(Open::Text, text, sink)?,
                        (None, kind) => {
                            sink(Event::Dropped(format!("answer.choices.message.content[{kind}]").into()))?;
                        }
                    }
                }
            }
            Some(text) => self.say(Open::Text, text, sink)?,
            None => {}
        }
        if let Some(refusal) = refusal {
            self.say(Open::Refusal, refusal, sink)?;
        }
        let Some(calls) = calls else { return Ok(()) };
        for call in calls.elements().map_err(Error::odd)? {
            self.call(call, sink)?;
        }
        Ok(())
    }

    fn say(&mut self, what: Open, text: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        if text.inner().is_empty() {
            return Ok(());
        }
        if self.open != what {
            self.close(sink)?;
            self.open = what;
            sink(Event::Open(match what {
                Open::Thought => Part::Thought,
                Open::Refusal => Part::Refusal,
                _ => Part::Text,
            }))?;
        }
        sink(Event::Delta(text.keep()))
    }

    fn close(&mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        match std::mem::take(&mut self.open) {
            Open::None => Ok(()),
            Open::Thought => {
                sink(Event::Seal(Seal::Plain))?;
                sink(Event::Close)
            }
            Open::Text | Open::Refusal => sink(Event::Close),
            Open::Call => {
                sink(Event::Close)?;
                let held = self.calls.rest();
                self.play(held, sink)
            }
        }
    }

    fn call(&mut self, call: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [index, id, function] = call.pick(["index", "id", "function"]).map_err(Error::odd)?;
        let [name, arguments] = match function {
            Some(function) => function.pick(["name", "arguments"]).map_err(Error::odd)?,
            None => [None, None],
        };
        let index = index.and_then(Val::count);
        let id = id.and_then(Val::text).unwrap_or_default();
        let name = name.and_then(Val::text).unwrap_or_default();
        // Most send a string; an object is what some local servers make of it.
        let arguments: Raw<'_> = match arguments {
            Some(arguments) if arguments.kind == Kind::Text => arguments.keep(),
            Some(arguments) => Cow::Owned(quoted(&compact(arguments.raw))),
            None => Cow::Borrowed("\"\""),
        };
        if self.open != Open::Call {
            self.close(sink)?;
        }
        let pieces = self.calls.take(index, &id, &name, arguments)?;
        self.play(pieces, sink)
    }

    fn play(&mut self, pieces: Vec<Piece<'_>>, sink: &mut Sink<'_>) -> Result<(), Error> {
        for piece in pieces {
            match piece {
                Piece::Open { id, name } => {
                    (self.open, self.called) = (Open::Call, true);
                    sink(Event::Open(Part::Call {
                        id,
                        name,
                        freeform: false,
                    }))?;
                }
                Piece::Delta(piece) => sink(Event::Delta(piece))?,
                Piece::Close => {
                    self.open = Open::None;
                    sink(Event::Close)?;
                }
            }
        }
        Ok(())
    }

    fn usage(&mut self, usage: Val<'_>) -> Result<(), Error> {
        // Counts that cannot be true are left out, as in the books.
        if let Ok(counts) = openai::usage::read(usage.raw.as_bytes()) {
            self.counts.update(&counts);
        }
        let [details] = usage.pick(["completion_tokens_details"]).map_err(Error::odd)?;
        if let Some(details) = details {
            let [thoughts] = details.pick(["reasoning_tokens"]).map_err(Error::odd)?;
            self.thoughts = thoughts.and_then(Val::count).unwrap_or(self.thoughts);
        }
        Ok(())
    }

    fn stop(&mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        self.start(None, None, sink)?;
        self.close(sink)?;
        // Some upstreams say `stop` after calls.
        let reason = match self.reason.unwrap_or(Stop::End) {
            Stop::End if self.called => Stop::Calls,
            reason => reason,
        };
        let usage = self.counts.tokens().map(|tokens| Usage {
            tokens,
            thoughts: self.thoughts.min(tokens.output),
        });
        sink(Event::Stop {
            reason,
            sequence: None,
            usage,
        })
    }
}

fn stop_reason(reason: &str) -> Stop {
    match reason {
        "length" => Stop::MaxTokens,
        "tool_calls" | "function_call" => Stop::Calls,
        "content_filter" => Stop::Refused,
        _ => Stop::End,
    }
}

/// A JSON answer.
pub(crate) fn whole(body: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
    let [id, model, choices, usage] = body.pick(["id", "model", "choices", "usage"]).map_err(Error::odd)?;
    let choices = match choices {
        Some(choices) => choices.elements().map_err(Error::odd)?,
        None => Vec::new(),
    };
    let Some(choice) = choices.first() else {
        return Err(Error::Upstream("The upstream's answer holds no choice."));
    };
    let mut reader = Reader::default();
    reader.start(id, model, sink)?;
    if let Some(usage) = usage {
        reader.usage(usage)?;
    }
    let [message, reason] = choice.pick(["message", "finish_reason"]).map_err(Error::odd)?;
    if let Some(message) = message {
        reader.delta(message, sink)?;
    }
    reader.reason = reason.map(|reason| stop_reason(reason.inner()));
    reader.stop(sink)
}

/// What an `error` object of OpenAI's says. Others who speak the dialect put the status into `code`.
pub(crate) fn failure(error: Option<Val<'_>>) -> Result<Failure<'_>, Error> {
    let Some(error) = error else {
        return Ok(Failure::new(502, None));
    };
    if error.kind == Kind::Text {
        return Ok(Failure::new(500, Some(error)));
    }
    let [kind, code, message] = error.pick(["type", "code", "message"]).map_err(Error::odd)?;
    let said = |value: Option<Val<'_>>| value.map(|value| value.inner().to_owned()).unwrap_or_default();
    let (code_said, kind_said) = (said(code), said(kind));
    // LiteLLM writes its status as text, and the end of a key's budget under a status of any kind.
    let number = code_said.parse().ok().filter(|code| (400..600).contains(code));
    let status = match (number, code_said.as_str(), kind_said.as_str()) {
        (_, _, "budget_exceeded") => 402,
        (Some(number), ..) => number,
        (_, "invalid_api_key", _) | (_, _, "authentication_error") => 401,
        (_, "insufficient_quota", _) | (_, _, "billing_error") => 402,
        (_, "model_not_found", _) | (_, _, "not_found_error") => 404,
        (_, "rate_limit_exceeded", _) | (_, _, "rate_limit_error" | "requests" | "tokens") => 429,
        (_, _, "permission_error") => 403,
        (_, _, "overloaded_error") => 529,
        (_, _, "invalid_request_error") | (_, "invalid_prompt" | "context_length_exceeded", _) => 400,
        _ => 500,
    };
    let failure = Failure::new(status, message);
    // Servers of others have the text, if not the code.
    let overflows = code.is_some_and(|code| code.inner() == "context_length_exceeded")
        || failure.message.contains("maximum context length");
    Ok(failure.overflows(overflows))
}
