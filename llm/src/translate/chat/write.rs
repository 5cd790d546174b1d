//! Our form into a Chat Completions request.

use crate::{
    Error,
    translate::{
        ask::{Ask, Block, Choice, Format, Role, Source, Target, Tool, Turn},
        freeform,
        openai::{arguments, data_url, parallel, sampling, user, without_effort, without_thoughts, word},
        out::Out,
        seal::Seal,
        walk::{Walk, refuse},
    },
};

pub(crate) fn write(ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) -> Result<Out, Error> {
    let mut out = Out::with_capacity(to.size);
    out.open().field_text("model", to.options.upstream_model);
    out.key("messages").list();
    if !ask.system.is_empty() {
        out.open().field_text("role", "system");
        texts(&mut out, ask.system.iter());
        out.close();
    }
    write_turns(&mut out, &ask.turns, to, walk)?;
    out.unlist();
    out.field_if("max_completion_tokens", ask.max_tokens.as_ref());
    sampling(&mut out, ask, to, walk);
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
    user(&mut out, ask, to, walk);
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

/// Between two turns of the model's, results come first: the vendor wants them directly after their calls.
fn write_turns(out: &mut Out, turns: &[Turn<'_>], to: &Target<'_>, walk: &mut Walk) -> Result<(), Error> {
    // Thoughts are wanted back inside of a tool loop, which begins after the last message of the user's without a result.
    let result = |block: &Block<'_>| matches!(block, Block::Result { .. });
    let asked = |turn: &Turn<'_>| turn.role == Role::User && !turn.blocks.iter().any(result);
    let current = turns.iter().rposition(asked).unwrap_or(0);
    let said = |turn: &Turn<'_>| turn.role == Role::Assistant;
    let mut at = 0;
    for turns in turns.chunk_by(|one, next| said(one) == said(next)) {
        turns.iter().for_each(|turn| write_results(out, turn));
        for turn in turns {
            match turn.role {
                Role::System => {
                    out.open().field_text("role", "system");
                    texts(out, turn.blocks.iter());
                    out.close();
                }
                Role::Assistant => {
                    let plain = |block: &Block<'_>| matches!(block, Block::Thought { seal: Seal::Plain, .. });
                    if at < current && turn.blocks.iter().any(plain) {
                        walk.ignore(to.named("messages[assistant].content[thinking]", "", "input[reasoning]"));
                    }
                    write_said(out, turn, at >= current);
                }
                Role::User => write_sent(out, turn)?,
            }
            at += 1;
        }
    }
    Ok(())
}

/// Results become messages of their own.
fn write_results(out: &mut Out, turn: &Turn<'_>) {
    for block in &turn.blocks {
        if let Block::Result { id, error, content, .. } = block {
            out.open().field_text("role", "tool").field_text("tool_call_id", id);
            result(out, content, *error);
            out.close();
        }
    }
}

/// What else the user sent, after the pictures that messages with results cannot hold.
fn write_sent(out: &mut Out, turn: &Turn<'_>) -> Result<(), Error> {
    let mut rest: Vec<&Block<'_>> = Vec::new();
    for block in &turn.blocks {
        if let Block::Result { content, .. } = block {
            rest.extend(content.iter().filter(|block| !matches!(block, Block::Text { .. })));
        }
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

fn write_said(out: &mut Out, turn: &Turn<'_>, thinks: bool) {
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
        } if thinks => text.get(1..text.len() - 1),
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

fn write_tools(out: &mut Out, ask: &Ask<'_>) {
    if ask.tools.is_empty() {
        return;
    }
    out.key("tools").list();
    for tool in &ask.tools {
        write_tool(out, tool);
    }
    out.unlist();
    parallel(out, ask);
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
    without_thoughts(ask, to, walk);
    let Some(word) = word(ask.effort.as_ref()) else { return };
    if to.options.reasoning == Some(false) {
        without_effort(ask, to, walk);
    } else {
        out.field("reasoning_effort", &word);
    }
}
