//! Our events as a Chat Completions answer: a stream, or one body.
//!
//! Thoughts are told as `reasoning_content`, which many clients show, and again as `reasoning_details`, which a client can send
//! back: `{"type": "reasoning.text", "index", "text", "signature"}` with the seal that its upstream wants returned.

use crate::{
    error::Report,
    translate::{
        Context,
        answer::Whole,
        event::{Event, Part, Stop, Usage},
        out::Out,
    },
};

/// Writes a stream.
#[derive(Default)]
pub(crate) struct Speaker {
    id: String,
    model: String,
    part: Current,
    calls: u64,
    thoughts: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Current {
    #[default]
    Text,
    Refusal,
    Thought,
    Call,
    Freeform,
}

impl Speaker {
    pub fn say(&mut self, event: &Event<'_>, context: &Context, out: &mut Out) {
        match event {
            Event::Start { id, model, .. } => {
                self.id = context.answer_id("chatcmpl-", id).into_owned();
                self.model = context.model(model).to_owned();
                self.begin(context, out);
                out.field_text("role", "assistant").field_text("content", "");
                self.end(context, out, None);
            }
            Event::Open(part) => self.open(part, context, out),
            Event::Delta(piece) => {
                self.begin(context, out);
                match self.part {
                    Current::Text => {
                        out.field("content", piece);
                    }
                    Current::Refusal => {
                        out.field("refusal", piece);
                    }
                    Current::Thought => {
                        out.field("reasoning_content", piece);
                        self.detail(out).field("text", piece).close().unlist();
                    }
                    Current::Call => {
                        self.call(out)
                            .key("function")
                            .open()
                            .field("arguments", piece)
                            .close()
                            .close()
                            .unlist();
                    }
                    Current::Freeform => {
                        self.call(out)
                            .key("custom")
                            .open()
                            .field("input", piece)
                            .close()
                            .close()
                            .unlist();
                    }
                }
                self.end(context, out, None);
            }
            Event::Seal(seal) => {
                self.begin(context, out);
                self.detail(out)
                    .field_text("signature", &seal.tagged())
                    .close()
                    .unlist();
                self.end(context, out, None);
            }
            Event::Close => match self.part {
                Current::Thought => self.thoughts += 1,
                Current::Call | Current::Freeform => self.calls += 1,
                _ => {}
            },
            Event::Stop { reason, usage, .. } => {
                self.begin(context, out);
                self.end(context, out, Some(*reason));
                if context.include_usage {
                    out.frame("data: ").open();
                    self.head(context, out);
                    out.key("choices").list().unlist();
                    write_usage(out, usage.as_ref());
                    out.close().frame("\n\n");
                }
                out.frame("data: [DONE]\n\n");
            }
            // A comment keeps the connection, and no client reads it.
            Event::Ping => {
                out.frame(": ping\n\n");
            }
            Event::Dropped(_) | Event::Failed(_) => {}
        }
    }

    fn open(&mut self, part: &Part<'_>, context: &Context, out: &mut Out) {
        self.part = match part {
            Part::Text => Current::Text,
            Part::Refusal => Current::Refusal,
            Part::Thought => Current::Thought,
            Part::Call { freeform: false, .. } => Current::Call,
            Part::Call { freeform: true, .. } => Current::Freeform,
        };
        let Part::Call { id, name, freeform } = part else {
            return;
        };
        let (kind, input) = call_form(*freeform);
        self.begin(context, out);
        self.call(out)
            .field_text("id", id)
            .field_text("type", kind)
            .key(kind)
            .open();
        out.field_text("name", name)
            .field_text(input, "")
            .close()
            .close()
            .unlist();
        self.end(context, out, None);
    }

    fn call<'o>(&self, out: &'o mut Out) -> &'o mut Out {
        out.key("tool_calls").list().open().field_count("index", self.calls)
    }

    fn detail<'o>(&self, out: &'o mut Out) -> &'o mut Out {
        out.key("reasoning_details").list().open();
        out.field_text("type", "reasoning.text")
            .field_count("index", self.thoughts)
    }

    fn head(&self, context: &Context, out: &mut Out) {
        out.field_text("id", &self.id)
            .field_text("object", "chat.completion.chunk");
        out.field_count("created", context.created)
            .field_text("model", &self.model);
    }

    fn begin(&self, context: &Context, out: &mut Out) {
        out.frame("data: ").open();
        self.head(context, out);
        out.key("choices").list().open().field("index", "0").key("delta").open();
    }

    fn end(&self, context: &Context, out: &mut Out, reason: Option<Stop>) {
        out.close().field("logprobs", "null");
        match reason {
            Some(reason) => out.field_text("finish_reason", finish_reason(reason)),
            None => out.field("finish_reason", "null"),
        };
        out.close().unlist();
        if context.include_usage {
            out.field("usage", "null");
        }
        out.close().frame("\n\n");
    }

    pub fn fail(&self, report: &Report<'_>, out: &mut Out) {
        let event = crate::error::stream_event(types::Dialect::Openai, report);
        out.frame(std::str::from_utf8(&event).unwrap_or_default());
    }
}

const fn call_form(freeform: bool) -> (&'static str, &'static str) {
    if freeform {
        ("custom", "input")
    } else {
        ("function", "arguments")
    }
}

pub(crate) const fn finish_reason(reason: Stop) -> &'static str {
    match reason {
        Stop::End | Stop::Sequence => "stop",
        Stop::MaxTokens => "length",
        Stop::Calls => "tool_calls",
        Stop::Refused => "content_filter",
    }
}

fn write_usage(out: &mut Out, usage: Option<&Usage>) {
    let Some(usage) = usage else {
        out.field("usage", "null");
        return;
    };
    out.key("usage").open();
    out.field_count("prompt_tokens", usage.prompt());
    out.field_count("completion_tokens", usage.tokens.output);
    out.field_count("total_tokens", usage.prompt() + usage.tokens.output);
    out.key("prompt_tokens_details").open();
    out.field_count("cached_tokens", usage.tokens.cache_read);
    out.field_count("cache_write_tokens", usage.writes()).close();
    out.key("completion_tokens_details").open();
    out.field_count("reasoning_tokens", usage.thoughts).close().close();
}

/// One body.
pub(crate) fn whole(answer: &Whole, context: &Context) -> Out {
    let mut out = Out::with_capacity(answer.size() * 2 + 512);
    out.open().field_text("id", &context.answer_id("chatcmpl-", &answer.id));
    out.field_text("object", "chat.completion")
        .field_count("created", context.created);
    out.field_text("model", context.model(&answer.model));
    out.key("choices")
        .list()
        .open()
        .field("index", "0")
        .key("message")
        .open()
        .field_text("role", "assistant");
    let said = |wanted: fn(&Part<'_>) -> bool| answer.parts.iter().filter(move |said| wanted(&said.part));
    let joined = |out: &mut Out, key: &str, wanted: fn(&Part<'_>) -> bool| {
        if said(wanted).next().is_none() {
            return false;
        }
        out.key(key).raw("\"");
        for part in said(wanted) {
            out.frame(&part.inner);
        }
        out.frame("\"");
        true
    };
    if !joined(&mut out, "content", |part| matches!(part, Part::Text)) {
        out.field("content", "null");
    }
    if !joined(&mut out, "refusal", |part| matches!(part, Part::Refusal)) {
        out.field("refusal", "null");
    }
    if joined(&mut out, "reasoning_content", |part| matches!(part, Part::Thought)) {
        out.key("reasoning_details").list();
        for (index, thought) in said(|part| matches!(part, Part::Thought)).enumerate() {
            out.open()
                .field_text("type", "reasoning.text")
                .field_count("index", index as u64);
            out.field("text", &thought.token());
            if let Some(seal) = &thought.seal {
                out.field_text("signature", seal);
            }
            out.close();
        }
        out.unlist();
    }
    if answer.calls().next().is_some() {
        out.key("tool_calls").list();
        for (said, id, name, freeform) in answer.calls() {
            let (kind, input) = call_form(freeform);
            out.open()
                .field_text("id", id)
                .field_text("type", kind)
                .key(kind)
                .open();
            out.field_text("name", name).field(input, &said.token()).close().close();
        }
        out.unlist();
    }
    out.close()
        .field("logprobs", "null")
        .field_text("finish_reason", finish_reason(answer.reason))
        .close()
        .unlist();
    write_usage(&mut out, answer.usage.as_ref());
    out.close();
    out
}
