//! What a Responses upstream answers, as events of ours.

use std::borrow::Cow;

use crate::{
    Error,
    json::Kind,
    responses,
    translate::{
        event::{Event, Failure, Part, Sink, Stop, Usage},
        seal::Seal,
        value::Val,
    },
};

const MIXED: Error = Error::Upstream("The upstream mixed the items of its answer.");

/// Where a text is taken from.
const ANNOTATIONS: Event<'static> =
    Event::Dropped(Cow::Borrowed("answer.output[message].content[output_text].annotations"));

/// Reads a stream, event by event. Items come one after the other.
#[derive(Default)]
pub(crate) struct Reader {
    started: bool,
    open: Open,
    /// `output_index` of the open item.
    item: Option<u64>,
    /// The open part has said something.
    said: bool,
    /// So has the item, in this part or an earlier one.
    told: bool,
    /// The kind of delta that tells the open thought.
    voice: Voice,
    /// Earlier items of which nothing was told before the next one began.
    untold: Vec<u64>,
    called: bool,
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

/// Some upstreams tell a thought twice: as it was, and as a summary. The one that begins is heard.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    #[default]
    None,
    Summary,
    Whole,
}

impl Reader {
    pub fn read(&mut self, data: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [kind, response, index, item, delta] = data
            .pick(["type", "response", "output_index", "item", "delta"])
            .map_err(Error::odd)?;
        let index = index.and_then(Val::count);
        let late = index.is_some() && index < self.item;
        match kind.map(Val::inner).unwrap_or_default() {
            // Some upstreams end an item only after the next one has begun. Its deltas have told it.
            "response.output_item.done" if late => self.late(index, item),
            kind if late && (kind.ends_with(".done") || kind.ends_with("_part.added")) => Ok(()),
            "response.created" | "response.in_progress" | "response.queued" => self.start(response, sink),
            "response.output_item.added" => {
                self.start(None, sink)?;
                self.turn_to(index, sink)?;
                item.map_or(Ok(()), |item| self.open_item(item, sink))
            }
            "response.output_text.delta" => self.say(Open::Text, index, delta, sink),
            "response.output_text.annotation.added" => sink(ANNOTATIONS),
            "response.refusal.delta" => self.say(Open::Refusal, index, delta, sink),
            "response.reasoning_summary_text.delta" => self.think(Voice::Summary, index, delta, sink),
            "response.reasoning_text.delta" => self.think(Voice::Whole, index, delta, sink),
            "response.reasoning_summary_part.added"
                if self.open == Open::Thought && self.said && self.voice == Voice::Summary =>
            {
                sink(Event::Delta(Cow::Borrowed("\"\\n\\n\"")))
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                if self.open != Open::Call {
                    return Err(MIXED);
                }
                self.say(Open::Call, index, delta, sink)
            }
            "response.content_part.done" if matches!(self.open, Open::Text | Open::Refusal) => self.close(sink),
            "response.output_item.done" => {
                self.turn_to(index, sink)?;
                match item {
                    Some(item) if self.open == Open::None && !self.said => {
                        self.open_item(item, sink)?;
                        self.finish_item(item, sink)
                    }
                    Some(item) => self.finish_item(item, sink),
                    None => Ok(()),
                }
            }
            "response.completed" | "response.incomplete" => {
                self.start(response, sink)?;
                self.close(sink)?;
                response.map_or(Ok(()), |response| self.stop(response, sink))
            }
            "response.failed" | "response.cancelled" => {
                let [error] = match response {
                    Some(response) => response.pick(["error"]).map_err(Error::odd)?,
                    None => [None],
                };
                sink(Event::Failed(failure(error)?))
            }
            "error" => {
                let [error] = data.pick(["error"]).map_err(Error::odd)?;
                sink(Event::Failed(failure(error.or(Some(data)))?))
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, response: Option<Val<'_>>, sink: &mut Sink<'_>) -> Result<(), Error> {
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        let [id, model] = match response {
            Some(response) => response.pick(["id", "model"]).map_err(Error::odd)?,
            None => [None, None],
        };
        sink(Event::Start {
            id: id.and_then(Val::text).unwrap_or_default(),
            model: model.and_then(Val::text).unwrap_or_default(),
            usage: Usage::default(),
        })
    }

    fn open_item(&mut self, item: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [kind, id, name, space] = item
            .pick(["type", "call_id", "name", "namespace"])
            .map_err(Error::odd)?;
        match kind.map(Val::inner).unwrap_or_default() {
            "reasoning" => {
                self.voice = Voice::None;
                self.open_part(Open::Thought, Part::Thought, sink)
            }
            kind @ ("function_call" | "custom_tool_call") => {
                self.called = true;
                let part = Part::Call {
                    id: id.and_then(Val::text).unwrap_or_default(),
                    name: name.map(|name| super::read::wire(space, name)).unwrap_or_default(),
                    freeform: kind == "custom_tool_call",
                };
                self.open_part(Open::Call, part, sink)
            }
            "message" => Ok(()),
            other => sink(Event::Dropped(format!("answer.output[{other}]").into())),
        }
    }

    fn open_part(&mut self, open: Open, part: Part<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        (self.open, self.said) = (open, false);
        sink(Event::Open(part))
    }

    fn say(
        &mut self,
        what: Open,
        index: Option<u64>,
        delta: Option<Val<'_>>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        self.turn_to(index, sink)?;
        if self.open != what {
            self.close(sink)?;
            let part = match what {
                Open::Refusal => Part::Refusal,
                Open::Thought => Part::Thought,
                _ => Part::Text,
            };
            self.open_part(what, part, sink)?;
        }
        match delta.filter(|delta| !delta.inner().is_empty()) {
            Some(delta) => {
                (self.said, self.told) = (true, true);
                sink(Event::Delta(delta.keep()))
            }
            None => Ok(()),
        }
    }

    fn think(
        &mut self,
        voice: Voice,
        index: Option<u64>,
        delta: Option<Val<'_>>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        self.turn_to(index, sink)?;
        if self.voice == Voice::None {
            self.voice = voice;
        }
        if self.voice == voice {
            self.say(Open::Thought, index, delta, sink)
        } else {
            Ok(())
        }
    }

    /// The end of an earlier item. What was never told cannot be told any more; of a thought that is its seal at most.
    fn late(&self, index: Option<u64>, item: Option<Val<'_>>) -> Result<(), Error> {
        let (Some(index), Some(item)) = (index, item) else {
            return Ok(());
        };
        if !self.untold.contains(&index) {
            return Ok(());
        }
        let [content, arguments, input] = item.pick(["content", "arguments", "input"]).map_err(Error::odd)?;
        let mut lost = arguments
            .or(input)
            .is_some_and(|said| !matches!(said.inner(), "" | "{}"));
        let [kind] = item.pick(["type"]).map_err(Error::odd)?;
        if kind.is_some_and(|kind| kind.inner() == "message") {
            for part in parts(content)? {
                let [text, refusal] = part.pick(["text", "refusal"]).map_err(Error::odd)?;
                lost |= text.or(refusal).is_some_and(|said| !said.inner().is_empty());
            }
        }
        if lost { Err(MIXED) } else { Ok(()) }
    }

    /// Some upstreams do not announce their items; none may return to an earlier one.
    fn turn_to(&mut self, index: Option<u64>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let index = index.or(self.item);
        if index == self.item {
            return Ok(());
        }
        if index < self.item {
            return Err(MIXED);
        }
        self.untold.extend(self.item.filter(|_| !self.told));
        self.close(sink)?;
        (self.item, self.said, self.told, self.voice) = (index, false, false, Voice::None);
        Ok(())
    }

    /// The whole item is told again; what no delta said is taken from it.
    fn finish_item(&mut self, item: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [kind, id, content, encrypted, summary, arguments, input] = item
            .pick([
                "type",
                "id",
                "content",
                "encrypted_content",
                "summary",
                "arguments",
                "input",
            ])
            .map_err(Error::odd)?;
        let index = self.item;
        match kind.map(Val::inner).unwrap_or_default() {
            "message" if self.open == Open::None && !self.said => {
                for part in parts(content)? {
                    let [kind, text, refusal, annotations] = part
                        .pick(["type", "text", "refusal", "annotations"])
                        .map_err(Error::odd)?;
                    match kind.map(Val::inner).unwrap_or_default() {
                        "output_text" => self.say(Open::Text, index, text, sink)?,
                        "refusal" => self.say(Open::Refusal, index, refusal, sink)?,
                        other => sink(Event::Dropped(
                            format!("answer.output[message].content[{other}]").into(),
                        ))?,
                    }
                    if annotations.is_some_and(|list| list.raw != "[]") {
                        sink(ANNOTATIONS)?;
                    }
                    self.close(sink)?;
                }
            }
            "reasoning" if self.open == Open::Thought => {
                if !self.said {
                    let told = Some(parts(summary)?).filter(|parts| !parts.is_empty());
                    for (number, part) in told.map_or_else(|| parts(content), Ok)?.into_iter().enumerate() {
                        let [text] = part.pick(["text"]).map_err(Error::odd)?;
                        if number > 0 {
                            sink(Event::Delta(Cow::Borrowed("\"\\n\\n\"")))?;
                        }
                        self.say(Open::Thought, index, text, sink)?;
                    }
                }
                if let Some(content) = encrypted.and_then(Val::text) {
                    let id = id.and_then(Val::text).unwrap_or_default();
                    sink(Event::Seal(Seal::Encrypted { id, content }))?;
                }
            }
            "function_call" | "custom_tool_call" if self.open == Open::Call && !self.said => {
                self.say(Open::Call, index, arguments.or(input), sink)?;
            }
            _ => {}
        }
        self.close(sink)?;
        (self.said, self.told) = (false, true);
        Ok(())
    }

    fn close(&mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        match std::mem::take(&mut self.open) {
            Open::None => Ok(()),
            _ => sink(Event::Close),
        }
    }

    fn stop(&mut self, response: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [status, details, usage] = response
            .pick(["status", "incomplete_details", "usage"])
            .map_err(Error::odd)?;
        let [reason] = match details {
            Some(details) => details.pick(["reason"]).map_err(Error::odd)?,
            None => [None],
        };
        let incomplete = status.is_some_and(|status| status.inner() == "incomplete");
        let reason = match reason.map(Val::inner).unwrap_or_default() {
            "content_filter" => Stop::Refused,
            _ if incomplete => Stop::MaxTokens,
            _ if self.called => Stop::Calls,
            _ => Stop::End,
        };
        sink(Event::Stop {
            reason,
            sequence: None,
            usage: match usage {
                Some(usage) => read_usage(usage)?,
                None => None,
            },
        })
    }
}

fn parts(list: Option<Val<'_>>) -> Result<Vec<Val<'_>>, Error> {
    list.map_or(Ok(Vec::new()), |list| list.elements().map_err(Error::odd))
}

fn read_usage(usage: Val<'_>) -> Result<Option<Usage>, Error> {
    let [details] = usage.pick(["output_tokens_details"]).map_err(Error::odd)?;
    let [thoughts] = match details {
        Some(details) => details.pick(["reasoning_tokens"]).map_err(Error::odd)?,
        None => [None],
    };
    // Counts that cannot be true are left out, as in the books.
    let tokens = responses::usage::read(usage.raw.as_bytes())
        .ok()
        .and_then(|counts| counts.tokens());
    Ok(tokens.map(|tokens| Usage {
        tokens,
        thoughts: thoughts.and_then(Val::count).unwrap_or(0).min(tokens.output),
    }))
}

/// A JSON answer.
pub(crate) fn whole(body: Val<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
    let [output, status, error] = body.pick(["output", "status", "error"]).map_err(Error::odd)?;
    if status.is_some_and(|status| matches!(status.inner(), "failed" | "cancelled")) {
        return sink(Event::Failed(failure(error)?));
    }
    let Some(output) = output.filter(|output| output.kind == Kind::Array) else {
        return Err(Error::Upstream("The upstream's answer is no response."));
    };
    let mut reader = Reader::default();
    reader.start(Some(body), sink)?;
    for (index, item) in output.elements().map_err(Error::odd)?.into_iter().enumerate() {
        reader.item = Some(index as u64);
        reader.open_item(item, sink)?;
        reader.finish_item(item, sink)?;
    }
    reader.stop(body, sink)
}

/// What the error of a failed response, or an `error` event, says.
fn failure(error: Option<Val<'_>>) -> Result<Failure<'_>, Error> {
    let [code, message] = match error {
        Some(error) => error.pick(["code", "message"]).map_err(Error::odd)?,
        None => [None, None],
    };
    let code = code.map(Val::inner).unwrap_or_default();
    let status = match code {
        "rate_limit_exceeded" => 429,
        "insufficient_quota" => 402,
        "server_is_overloaded" | "slow_down" => 529,
        "" | "server_error" | "vector_store_timeout" => 500,
        _ => 400,
    };
    let failure = Failure::new(status, message);
    Ok(failure.overflows(code == "context_length_exceeded"))
}
