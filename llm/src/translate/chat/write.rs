//! Our form into a Chat Completions request.

use crate::{
    Error,
    translate::{
        ask::{Ask, Block, Choice, Effort, Format, Input, Raw, Role, Source, Target, Tool, Turn},
        freeform,
        out::Out,
        seal::Seal,
        walk::{Walk, refuse},
    },
};

/// Longest `user` that the vendor takes.
const USER_MOST: usize = 64;

pub(crate) fn write(ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) -> Result<Out, Error> {
    let mut out = Out::with_capacity(to.size);
    out.open().field_text("model", to.options.upstream_model);
    out.key("messages").list();
    if !ask.system.is_empty() {
        out.open().field_text("role", "system");
        texts(&mut out, ask.system.iter());
        out.close();
    }
    for turn in &ask.turns {
        write_turn(&mut out, turn)?;
    }
    out.unlist();
    out.field_if("max_completion_tokens", ask.max_tokens.as_ref());
    out.field_if("temperature", ask.temperature.as_ref())
        .field_if("top_p", ask.top_p.as_ref());
    if !ask.stop.is_empty() {
        out.key("stop").list();
        for stop in &ask.stop {
            out.raw(stop);
        }
        out.unlist();
    }
    write_tools(&mut out, ask);
    write_format(&mut out, ask.format.as_ref());
    write_effort(&mut out, ask, to, walk);
    out.field_if("verbosity", ask.verbosity.as_ref());
    if let Some(user) = &ask.user {
        // Claude Code's is longer, and the vendor would refuse the call for it.
        let shared = ask
            .shared
            .iter()
            .any(|(name, value)| *name == "safety_identifier" && value == user);
        if shared {
            // It goes by its own name.
        } else if user.len() > USER_MOST + 2 {
            walk.ignore(to.named("metadata.user_id", "user", "user"));
        } else {
            out.field("user", user);
        }
    }
    for (name, value) in &ask.shared {
        out.field(name, value);
    }
    if ask.stream {
        out.field("stream", "true")
            .field("stream_options", "{\"include_usage\":true}");
    }
    out.close();
    Ok(out)
}

/// One text stays a string: not every upstream takes parts everywhere.
fn texts<'b, 'a: 'b>(out: &mut Out, blocks: impl Iterator<Item = &'b Block<'a>> + Clone) {
    let texts = blocks.filter_map(|block| match block {
        Block::Text { text, .. } => Some(text),
        _ => None,
    });
    let mut first = texts.clone();
    match (first.next(), first.next()) {
        (Some(text), None) => {
            out.field("content", text);
        }
        _ => {
            out.key("content").list();
            for text in texts {
                out.open().field_text("type", "text").field("text", text).close();
            }
            out.unlist();
        }
    }
}

fn write_turn(out: &mut Out, turn: &Turn<'_>) -> Result<(), Error> {
    match turn.role {
        Role::System => {
            out.open().field_text("role", "system");
            texts(out, turn.blocks.iter());
            out.close();
            Ok(())
        }
        Role::Assistant => {
            write_said(out, turn);
            Ok(())
        }
        Role::User => write_sent(out, turn),
    }
}

/// Results become messages of their own, directly after the calls; what else the user sent follows, after the pictures that
/// such messages cannot hold.
fn write_sent(out: &mut Out, turn: &Turn<'_>) -> Result<(), Error> {
    let mut rest: Vec<&Block<'_>> = Vec::new();
    for block in &turn.blocks {
        let Block::Result { id, error, content, .. } = block else {
            continue;
        };
        out.open().field_text("role", "tool").field_text("tool_call_id", id);
        result(out, content, *error);
        out.close();
        rest.extend(content.iter().filter(|block| !matches!(block, Block::Text { .. })));
    }
    rest.extend(
        turn.blocks
            .iter()
            .filter(|block| !matches!(block, Block::Result { .. })),
    );
    if rest.is_empty() {
        return Ok(());
    }
    out.open().field_text("role", "user");
    if rest.iter().all(|block| matches!(block, Block::Text { .. })) {
        texts(out, rest.iter().copied());
    } else {
        out.key("content").list();
        rest.into_iter().try_for_each(|block| write_part(out, block))?;
        out.unlist();
    }
    out.close();
    Ok(())
}

fn result(out: &mut Out, content: &[Block<'_>], error: bool) {
    let texts = content.iter().filter_map(|block| match block {
        Block::Text { text, .. } => text.get(1..text.len() - 1),
        _ => None,
    });
    let only_others = !content.is_empty() && texts.clone().next().is_none();
    out.key("content").raw("\"");
    if error {
        out.frame("Error: ");
    }
    for (index, text) in texts.enumerate() {
        out.frame(if index == 0 { "" } else { "\\n" }).frame(text);
    }
    out.frame(if only_others { "(in the next message)\"" } else { "\"" });
}

fn write_part(out: &mut Out, block: &Block<'_>) -> Result<(), Error> {
    match block {
        Block::Text { text, .. } | Block::Refusal { text } => {
            out.open().field_text("type", "text").field("text", text).close();
        }
        Block::Image { source, detail, .. } => {
            out.open().field_text("type", "image_url").key("image_url").open();
            match source {
                Source::Base64 { media, data } => data_url(out.key("url"), media, data),
                Source::Url(url) => {
                    out.field("url", url);
                }
                Source::Kept(_) => {
                    return Err(refuse(
                        "input[message].content[input_image].file_id".to_owned(),
                        "cannot be carried over to this model's provider. Send the picture itself.",
                    ));
                }
            }
            out.field_if("detail", detail.as_ref()).close().close();
        }
        Block::File { source, name, .. } => {
            out.open().field_text("type", "file").key("file").open();
            match source {
                Source::Base64 { media, data } => {
                    out.field("filename", name.as_deref().unwrap_or("\"document.pdf\""));
                    data_url(out.key("file_data"), media, data);
                }
                Source::Kept(id) => {
                    out.field("file_id", id);
                }
                Source::Url(_) => {}
            }
            out.close().close();
        }
        _ => {}
    }
    Ok(())
}

pub(crate) fn data_url(out: &mut Out, media: &str, data: &str) {
    // Base64 and media types need no escapes, unless somebody sends something else in their place.
    if media
        .bytes()
        .chain(data.bytes())
        .any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
    {
        out.text(&format!("data:{media};base64,{data}"));
        return;
    }
    out.raw("\"data:")
        .frame(media)
        .frame(";base64,")
        .frame(data)
        .frame("\"");
}

fn write_said(out: &mut Out, turn: &Turn<'_>) {
    let texts = |refused: bool| {
        turn.blocks.iter().filter_map(move |block| match block {
            Block::Text { text, .. } if !refused => text.get(1..text.len() - 1),
            Block::Refusal { text } if refused => text.get(1..text.len() - 1),
            _ => None,
        })
    };
    let joined = |out: &mut Out, refused: bool| {
        out.raw("\"");
        texts(refused).for_each(|text| {
            out.frame(text);
        });
        out.frame("\"");
    };
    out.open().field_text("role", "assistant");
    if texts(false).next().is_some() {
        joined(out.key("content"), false);
    } else {
        out.field("content", "null");
    }
    if texts(true).next().is_some() {
        joined(out.key("refusal"), true);
    }
    let thoughts = turn.blocks.iter().filter_map(|block| match block {
        Block::Thought {
            text,
            seal: Seal::Plain,
        } => text.get(1..text.len() - 1),
        _ => None,
    });
    if thoughts.clone().next().is_some() {
        out.key("reasoning_content").raw("\"");
        for thought in thoughts {
            out.frame(thought);
        }
        out.frame("\"");
    }
    let mut calls = turn
        .blocks
        .iter()
        .filter(|block| matches!(block, Block::Call { .. }))
        .peekable();
    if calls.peek().is_some() {
        out.key("tool_calls").list();
        for call in calls {
            if let Block::Call { id, name, input, .. } = call {
                out.open()
                    .field_text("id", id)
                    .field_text("type", "function")
                    .key("function")
                    .open();
                out.field_text("name", name);
                arguments(out, input);
                out.close().close();
            }
        }
        out.unlist();
    }
    out.close();
}

/// Arguments are a string here.
pub(crate) fn arguments(out: &mut Out, input: &Input<'_>) {
    match input {
        Input::Object(object) => out.field_text("arguments", object),
        Input::Json(text) => out.field("arguments", text),
        Input::Freeform(text) => out.field_text("arguments", &format!("{{\"input\":{text}}}")),
    };
}

fn write_tools(out: &mut Out, ask: &Ask<'_>) {
    if ask.tools.is_empty() {
        return;
    }
    out.key("tools").list();
    for tool in &ask.tools {
        write_tool(out, tool);
    }
    out.unlist();
    if let Some(parallel) = ask.parallel {
        out.field("parallel_tool_calls", if parallel { "true" } else { "false" });
    }
    let function = |out: &mut Out, name: &str| {
        out.open().field_text("type", "function").key("function").open();
        out.field_text("name", name).close().close();
    };
    match &ask.choice {
        None => {}
        Some(Choice::Auto) => {
            out.field_text("tool_choice", "auto");
        }
        Some(Choice::None) => {
            out.field_text("tool_choice", "none");
        }
        Some(Choice::Any) => {
            out.field_text("tool_choice", "required");
        }
        Some(Choice::One(name)) => function(out.key("tool_choice"), name),
        Some(Choice::Some { must, names }) => {
            out.key("tool_choice")
                .open()
                .field_text("type", "allowed_tools")
                .key("allowed_tools")
                .open();
            out.field_text("mode", if *must { "required" } else { "auto" })
                .key("tools")
                .list();
            names.iter().for_each(|name| function(out, name));
            out.unlist().close().close();
        }
    }
}

fn write_tool(out: &mut Out, tool: &Tool<'_>) {
    out.open()
        .field_text("type", "function")
        .key("function")
        .open()
        .field_text("name", &tool.name);
    match &tool.freeform {
        None => {
            out.field_if("description", tool.description.as_ref())
                .field_if("parameters", tool.schema.as_ref());
        }
        Some(grammar) => {
            freeform::describe(out, tool.description.as_deref(), grammar.as_deref());
            out.field("parameters", freeform::SCHEMA);
        }
    }
    if tool.strict {
        out.field("strict", "true");
    }
    out.close().close();
}

fn write_format(out: &mut Out, format: Option<&Format<'_>>) {
    match format {
        None => {}
        Some(Format::Object) => {
            out.field("response_format", "{\"type\":\"json_object\"}");
        }
        Some(Format::Schema {
            name,
            description,
            schema,
            strict,
        }) => {
            out.key("response_format")
                .open()
                .field_text("type", "json_schema")
                .key("json_schema")
                .open();
            out.field("name", name.as_deref().unwrap_or("\"output\""))
                .field_if("description", description.as_ref());
            out.field("schema", schema)
                .field_if("strict", strict.as_ref())
                .close()
                .close();
        }
    }
}

fn write_effort(out: &mut Out, ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) {
    let Some(word) = word(ask.effort.as_ref()) else { return };
    if to.options.reasoning == Some(false) {
        walk.ignore(to.named("thinking", "reasoning_effort", "reasoning.effort"));
    } else {
        out.field("reasoning_effort", &word);
    }
}

/// OpenAI's word for an effort; `None`: its own default.
pub(crate) fn word<'a>(effort: Option<&Effort<'a>>) -> Option<Raw<'a>> {
    match effort? {
        Effort::Word(word) => Some(word.clone()),
        Effort::Budget(0..4096) => Some(Raw::Borrowed("\"low\"")),
        Effort::Budget(4096..16_384) => Some(Raw::Borrowed("\"medium\"")),
        Effort::Budget(_) => Some(Raw::Borrowed("\"high\"")),
        Effort::Open | Effort::None => None,
    }
}
