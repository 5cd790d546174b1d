//! Our events as a Messages answer: a stream, or one body.

use crate::{
    error::Report,
    translate::{
        Context,
        answer::Whole,
        event::{Event, Part, Stop, Usage},
        out::Out,
        value::object_in,
    },
};

/// Writes a stream.
#[derive(Default)]
pub(crate) struct Speaker {
    /// Blocks begun.
    blocks: u64,
    thought: bool,
    call: bool,
    open: Usage,
}

impl Speaker {
    pub fn say(&mut self, event: &Event<'_>, context: &Context, out: &mut Out) {
        match event {
            Event::Start { id, model, usage } => {
                self.open = *usage;
                begin(out, "message_start").key("message").open();
                head(out, id, model, context);
                out.key("content").list().unlist();
                out.field("stop_reason", "null").field("stop_sequence", "null");
                write_usage(out, Some(usage));
                out.close();
                end(out);
            }
            Event::Open(part) => {
                (self.thought, self.call) = (matches!(part, Part::Thought), matches!(part, Part::Call { .. }));
                begin(out, "content_block_start")
                    .field_count("index", self.blocks)
                    .key("content_block")
                    .open();
                match part {
                    Part::Text | Part::Refusal => out.field_text("type", "text").field_text("text", ""),
                    Part::Thought => out
                        .field_text("type", "thinking")
                        .field_text("thinking", "")
                        .field_text("signature", ""),
                    Part::Call { id, name, .. } => {
                        out.field_text("type", "tool_use")
                            .field_text("id", id)
                            .field_text("name", name);
                        out.field("input", "{}")
                    }
                };
                out.close();
                end(out);
            }
            Event::Delta(piece) => {
                let (kind, field) = match (self.call, self.thought) {
                    (true, _) => ("input_json_delta", "partial_json"),
                    (_, true) => ("thinking_delta", "thinking"),
                    _ => ("text_delta", "text"),
                };
                self.delta(out, kind).field(field, piece).close();
                end(out);
            }
            Event::Seal(seal) => {
                self.delta(out, "signature_delta")
                    .field_text("signature", &seal.tagged())
                    .close();
                end(out);
            }
            Event::Close => {
                begin(out, "content_block_stop").field_count("index", self.blocks);
                end(out);
                self.blocks += 1;
            }
            Event::Stop {
                reason,
                sequence,
                usage,
            } => {
                begin(out, "message_delta")
                    .key("delta")
                    .open()
                    .field_text("stop_reason", stop_reason(*reason));
                out.field("stop_sequence", sequence.as_deref().unwrap_or("null"))
                    .close();
                write_usage(out, Some(&usage.unwrap_or(self.open)));
                end(out);
                begin(out, "message_stop");
                end(out);
            }
            Event::Ping => {
                begin(out, "ping");
                end(out);
            }
            Event::Dropped(_) | Event::Failed(_) => {}
        }
    }

    fn delta<'o>(&self, out: &'o mut Out, kind: &str) -> &'o mut Out {
        begin(out, "content_block_delta").field_count("index", self.blocks);
        out.key("delta").open().field_text("type", kind)
    }

    pub fn fail(&self, report: &Report<'_>, out: &mut Out) {
        let event = crate::error::stream_event(types::Dialect::Anthropic, report);
        out.frame(std::str::from_utf8(&event).unwrap_or_default());
    }
}

fn begin<'o>(out: &'o mut Out, name: &str) -> &'o mut Out {
    out.frame("event: ")
        .frame(name)
        .frame("\ndata: ")
        .open()
        .field_text("type", name)
}

fn end(out: &mut Out) {
    out.close().frame("\n\n");
}

fn head(out: &mut Out, id: &str, model: &str, context: &Context) {
    out.field_text("id", &context.answer_id("msg_", id))
        .field_text("type", "message");
    out.field_text("role", "assistant")
        .field_text("model", context.model(model));
}

pub(crate) const fn stop_reason(reason: Stop) -> &'static str {
    match reason {
        Stop::End => "end_turn",
        Stop::MaxTokens => "max_tokens",
        Stop::Sequence => "stop_sequence",
        Stop::Calls => "tool_use",
        Stop::Refused => "refusal",
    }
}

fn write_usage(out: &mut Out, usage: Option<&Usage>) {
    let usage = usage.copied().unwrap_or_default();
    let tokens = usage.tokens;
    out.key("usage").open().field_count("input_tokens", tokens.input);
    out.field_count("cache_creation_input_tokens", usage.writes());
    out.field_count("cache_read_input_tokens", tokens.cache_read);
    out.key("cache_creation").open();
    out.field_count("ephemeral_5m_input_tokens", tokens.cache_write_5m);
    out.field_count("ephemeral_1h_input_tokens", tokens.cache_write_1h)
        .close();
    out.field_count("output_tokens", tokens.output);
    if usage.thoughts > 0 {
        out.key("output_tokens_details")
            .open()
            .field_count("thinking_tokens", usage.thoughts)
            .close();
    }
    out.close();
}

/// One body.
pub(crate) fn whole(answer: &Whole, context: &Context) -> Out {
    let mut out = Out::with_capacity(answer.size() + 512);
    out.open();
    head(&mut out, &answer.id, &answer.model, context);
    out.key("content").list();
    for part in &answer.parts {
        out.open();
        match &part.part {
            Part::Text | Part::Refusal => out.field_text("type", "text").field("text", &part.token()),
            Part::Thought => {
                out.field_text("type", "thinking").field("thinking", &part.token());
                out.field_text("signature", part.seal.as_deref().unwrap_or_default())
            }
            Part::Call { id, name, .. } => {
                out.field_text("type", "tool_use")
                    .field_text("id", id)
                    .field_text("name", name);
                input(&mut out, &part.text())
            }
        };
        out.close();
    }
    out.unlist().field_text("stop_reason", stop_reason(answer.reason));
    out.field("stop_sequence", answer.sequence.as_deref().unwrap_or("null"));
    write_usage(&mut out, answer.usage.as_ref());
    out.close();
    out
}

/// An object, as this dialect wants; what a cut answer left of one goes out as text.
fn input<'o>(out: &'o mut Out, text: &str) -> &'o mut Out {
    match object_in(text) {
        Some(object) => out.field("input", object),
        None if text.trim().is_empty() => out.field("input", "{}"),
        None => out.key("input").open().field_text("invalid_arguments", text).close(),
    }
}
