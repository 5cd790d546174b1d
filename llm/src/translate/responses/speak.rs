//! Our events as a Responses answer: a stream, or one body. Each part is an item of its own.

use crate::{
    Error,
    error::Report,
    responses::error,
    translate::{
        Context,
        answer::{Said, Whole},
        event::{Event, Part, Stop, Usage},
        out::Out,
    },
};

/// Writes a stream. The dialect repeats each item and at last all of them, so they are kept.
#[derive(Default)]
pub(crate) struct Speaker {
    whole: Whole,
    sequence: u64,
    /// The open thought has begun to tell its summary.
    told: bool,
}

impl Speaker {
    pub fn say(&mut self, event: &Event<'_>, context: &Context, out: &mut Out) -> Result<(), Error> {
        self.whole.take(event)?;
        match event {
            Event::Start { .. } => {
                for name in ["response.created", "response.in_progress"] {
                    self.begin(out, name).key("response");
                    object(out, &self.whole, context, Status::InProgress);
                    end(out);
                }
            }
            Event::Open(part) => self.open(part, context, out),
            Event::Delta(piece) => {
                let Some(said) = self.whole.parts.last() else {
                    return Ok(());
                };
                let name = match &said.part {
                    Part::Text => "response.output_text.delta",
                    Part::Refusal => "response.refusal.delta",
                    Part::Thought => "response.reasoning_summary_text.delta",
                    Part::Call { freeform: false, .. } => "response.function_call_arguments.delta",
                    Part::Call { freeform: true, .. } => "response.custom_tool_call_input.delta",
                };
                let (thought, text) = (matches!(said.part, Part::Thought), matches!(said.part, Part::Text));
                if thought && !std::mem::replace(&mut self.told, true) {
                    self.place(out, "response.reasoning_summary_part.added", context);
                    out.key("part")
                        .open()
                        .field_text("type", "summary_text")
                        .field_text("text", "")
                        .close();
                    end(out);
                }
                self.place(out, name, context).field("delta", piece);
                if text {
                    out.field("logprobs", "[]");
                }
                end(out);
            }
            Event::Close => self.close(context, out),
            Event::Stop { reason, .. } => {
                let status = Status::of(*reason);
                self.begin(out, status.event()).key("response");
                object(out, &self.whole, context, status);
                end(out);
            }
            Event::Ping => {
                out.frame(": ping\n\n");
            }
            Event::Seal(_) | Event::Dropped(_) | Event::Failed(_) => {}
        }
        Ok(())
    }

    fn begin<'o>(&mut self, out: &'o mut Out, name: &str) -> &'o mut Out {
        out.frame("event: ")
            .frame(name)
            .frame("\ndata: ")
            .open()
            .field_text("type", name);
        out.field_count("sequence_number", self.sequence);
        self.sequence += 1;
        out
    }

    /// An event about a part of the open item.
    fn place<'o>(&mut self, out: &'o mut Out, name: &str, context: &Context) -> &'o mut Out {
        let at = self.whole.parts.len().saturating_sub(1);
        let said = self.whole.parts.last().map(|said| said.part.clone());
        self.begin(out, name).field_text(
            "item_id",
            &said.as_ref().map_or(String::new(), |part| id(part, at, context)),
        );
        out.field_count("output_index", at as u64);
        match said {
            Some(Part::Text | Part::Refusal) => out.field("content_index", "0"),
            Some(Part::Thought) => out.field("summary_index", "0"),
            _ => out,
        }
    }

    fn open(&mut self, part: &Part<'_>, context: &Context, out: &mut Out) {
        self.told = false;
        let at = self.whole.parts.len().saturating_sub(1);
        self.begin(out, "response.output_item.added")
            .field_count("output_index", at as u64)
            .key("item");
        if let Some(said) = self.whole.parts.last() {
            item(out, said, at, context, "in_progress");
        }
        end(out);
        if matches!(part, Part::Text | Part::Refusal) {
            self.place(out, "response.content_part.added", context).key("part");
            if let Some(said) = self.whole.parts.last() {
                content(out, said);
            }
            end(out);
        }
    }

    fn close(&mut self, context: &Context, out: &mut Out) {
        let at = self.whole.parts.len().saturating_sub(1);
        let Some(said) = self.whole.parts.last() else { return };
        let (token, part) = (said.token(), said.part.clone());
        match part {
            Part::Text => {
                self.place(out, "response.output_text.done", context)
                    .field("text", &token)
                    .field("logprobs", "[]");
                end(out);
            }
            Part::Refusal => {
                self.place(out, "response.refusal.done", context)
                    .field("refusal", &token);
                end(out);
            }
            Part::Thought if self.told => {
                self.place(out, "response.reasoning_summary_text.done", context)
                    .field("text", &token);
                end(out);
                self.place(out, "response.reasoning_summary_part.done", context)
                    .key("part")
                    .open();
                out.field_text("type", "summary_text").field("text", &token).close();
                end(out);
            }
            Part::Thought => {}
            Part::Call { freeform: false, .. } => {
                self.place(out, "response.function_call_arguments.done", context)
                    .field("arguments", &token);
                end(out);
            }
            Part::Call { freeform: true, .. } => {
                self.place(out, "response.custom_tool_call_input.done", context)
                    .field("input", &token);
                end(out);
            }
        }
        if matches!(part, Part::Text | Part::Refusal) {
            self.place(out, "response.content_part.done", context).key("part");
            if let Some(said) = self.whole.parts.last() {
                content(out, said);
            }
            end(out);
        }
        self.begin(out, "response.output_item.done")
            .field_count("output_index", at as u64)
            .key("item");
        if let Some(said) = self.whole.parts.last() {
            item(out, said, at, context, "completed");
        }
        end(out);
    }

    pub fn fail(&mut self, report: &Report<'_>, context: &Context, out: &mut Out) {
        self.begin(out, "response.failed").key("response");
        object(out, &self.whole, context, Status::Failed(report));
        end(out);
    }
}

fn end(out: &mut Out) {
    out.close().frame("\n\n");
}

#[derive(Clone, Copy)]
enum Status<'a> {
    InProgress,
    Completed,
    /// With the vendor's reason.
    Incomplete(&'static str),
    Failed(&'a Report<'a>),
}

impl Status<'_> {
    const fn of(reason: Stop) -> Self {
        match reason {
            Stop::End | Stop::Sequence | Stop::Calls => Status::Completed,
            Stop::MaxTokens => Status::Incomplete("max_output_tokens"),
            Stop::Refused => Status::Incomplete("content_filter"),
        }
    }

    const fn event(self) -> &'static str {
        match self {
            Status::InProgress => "response.in_progress",
            Status::Completed => "response.completed",
            Status::Incomplete(_) => "response.incomplete",
            Status::Failed(_) => "response.failed",
        }
    }
}

/// How an answer that ended so is told: its status, and the reason of one that is not whole.
pub(crate) const fn ended(reason: Stop) -> (&'static str, Option<&'static str>) {
    match Status::of(reason) {
        Status::Incomplete(reason) => ("incomplete", Some(reason)),
        _ => ("completed", None),
    }
}

fn id(part: &Part<'_>, at: usize, context: &Context) -> String {
    let prefix = match part {
        Part::Text | Part::Refusal => "msg",
        Part::Thought => "rs",
        Part::Call { freeform: false, .. } => "fc",
        Part::Call { freeform: true, .. } => "ctc",
    };
    format!("{prefix}_{}_{at}", context.call_id)
}

/// The part of a message.
fn content(out: &mut Out, said: &Said) {
    out.open();
    if matches!(said.part, Part::Refusal) {
        out.field_text("type", "refusal").field("refusal", &said.token());
    } else {
        out.field_text("type", "output_text").field("text", &said.token());
        out.field("annotations", "[]").field("logprobs", "[]");
    }
    out.close();
}

fn item(out: &mut Out, said: &Said, at: usize, context: &Context, status: &str) {
    out.open().field_text("id", &id(&said.part, at, context));
    let done = status != "in_progress";
    match &said.part {
        Part::Text | Part::Refusal => {
            out.field_text("type", "message")
                .field_text("status", status)
                .field_text("role", "assistant");
            out.key("content").list();
            if done {
                content(out, said);
            }
            out.unlist();
        }
        Part::Thought => {
            out.field_text("type", "reasoning").key("summary").list();
            if done && !said.inner.is_empty() {
                out.open()
                    .field_text("type", "summary_text")
                    .field("text", &said.token())
                    .close();
            }
            out.unlist();
            match &said.seal {
                Some(seal) => out.field_text("encrypted_content", seal),
                None => out.field("encrypted_content", "null"),
            };
        }
        Part::Call { id, name, freeform } => {
            let (kind, input) = if *freeform {
                ("custom_tool_call", "input")
            } else {
                ("function_call", "arguments")
            };
            out.field_text("type", kind)
                .field_text("status", status)
                .field_text("call_id", id);
            match context.disguised(name).and_then(|tool| tool.inside.as_ref()) {
                Some((space, name)) => out.field_text("name", name).field_text("namespace", space),
                None => out.field_text("name", name),
            };
            out.field(input, &said.token());
        }
    }
    out.close();
}

fn object(out: &mut Out, whole: &Whole, context: &Context, status: Status<'_>) {
    out.open().field_text("id", &context.answer_id("resp_", &whole.id));
    out.field_text("object", "response")
        .field_count("created_at", context.created);
    out.field_text("status", status.event().trim_start_matches("response."));
    match status {
        Status::Failed(report) => {
            out.key("error").open().field_text("code", error::code(report));
            out.field_text("message", report.message).close();
        }
        _ => {
            out.field("error", "null");
        }
    }
    match status {
        Status::Incomplete(reason) => {
            out.key("incomplete_details")
                .open()
                .field_text("reason", reason)
                .close();
        }
        _ => {
            out.field("incomplete_details", "null");
        }
    }
    out.field("background", "false").field("instructions", "null");
    out.field_text("model", context.model(&whole.model))
        .key("output")
        .list();
    if !matches!(status, Status::InProgress) {
        for (at, said) in whole.parts.iter().enumerate() {
            // An answer that was cut was cut in its last item.
            let cut = at + 1 == whole.parts.len() && !matches!(status, Status::Completed);
            item(out, said, at, context, if cut { "incomplete" } else { "completed" });
        }
    }
    out.unlist()
        .field("previous_response_id", "null")
        .field("store", "false")
        .field("tools", "[]");
    out.field_text("truncation", "disabled").raw(&context.echo);
    match (&whole.usage, status) {
        (Some(usage), Status::Completed | Status::Incomplete(_)) => write_usage(out, usage),
        _ => {
            out.field("usage", "null");
        }
    }
    out.close();
}

fn write_usage(out: &mut Out, usage: &Usage) {
    out.key("usage").open().field_count("input_tokens", usage.prompt());
    out.key("input_tokens_details")
        .open()
        .field_count("cached_tokens", usage.tokens.cache_read);
    out.field_count("cache_write_tokens", usage.writes()).close();
    out.field_count("output_tokens", usage.tokens.output);
    out.key("output_tokens_details")
        .open()
        .field_count("reasoning_tokens", usage.thoughts)
        .close();
    out.field_count("total_tokens", usage.prompt() + usage.tokens.output)
        .close();
}

/// One body.
pub(crate) fn whole(answer: &Whole, context: &Context) -> Out {
    let mut out = Out::with_capacity(answer.size() + 1024);
    object(&mut out, answer, context, Status::of(answer.reason));
    out
}
