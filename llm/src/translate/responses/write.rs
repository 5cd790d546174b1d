//! Our form into a Responses request. Nothing is kept upstream: `store` is false, and thoughts travel encrypted.

use crate::{
    Error,
    translate::{
        ask::{Ask, Block, Choice, Effort, Format, Input, Raw, Role, Source, Target, Tool, Turn},
        openai::{arguments, data_url, parallel, sampling, user, without_effort, without_thoughts, word},
        out::Out,
        seal::Seal,
        value::Val,
        walk::Walk,
    },
};

/// The vendor's smallest cap.
const MAX_TOKENS_LEAST: u64 = 16;

pub(crate) fn write(ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) -> Result<Out, Error> {
    let mut out = Out::with_capacity(to.size);
    out.open().field_text("model", to.options.upstream_model);
    // Instructions are one text, which has no place for marks.
    let marked = ask
        .system
        .iter()
        .any(|block| matches!(block, Block::Text { cache: Some(_), .. }));
    if !marked {
        write_instructions(&mut out, ask);
    }
    out.key("input").list();
    if marked {
        out.open()
            .field_text("type", "message")
            .field_text("role", "developer")
            .key("content")
            .list();
        ask.system.iter().for_each(|block| write_part(&mut out, block, false));
        out.unlist().close();
    }
    for turn in &ask.turns {
        write_turn(&mut out, turn);
    }
    out.unlist();
    if let Some(most) = &ask.max_tokens {
        match most.parse::<u64>() {
            Ok(few) if few < MAX_TOKENS_LEAST => out.field_count("max_output_tokens", MAX_TOKENS_LEAST),
            _ => out.field("max_output_tokens", most),
        };
    }
    sampling(&mut out, ask, to, walk);
    write_tools(&mut out, ask);
    write_text(&mut out, ask);
    let thinks = write_reasoning(&mut out, ask, to, walk);
    if thinks {
        // Models that do not reason refuse to be asked for this.
        out.key("include").list().text("reasoning.encrypted_content").unlist();
    }
    user(&mut out, ask, to, walk);
    for (name, value) in &ask.shared {
        out.field(name, value);
    }
    out.field("store", "false");
    if ask.stream {
        out.field("stream", "true");
    }
    out.close();
    Ok(out)
}

fn write_instructions(out: &mut Out, ask: &Ask<'_>) {
    if ask.system.is_empty() {
        return;
    }
    out.key("instructions").raw("\"");
    for (index, block) in ask.system.iter().enumerate() {
        if let Block::Text { text, .. } = block {
            out.frame(if index == 0 { "" } else { "\\n\\n" })
                .frame(&text[1..text.len() - 1]);
        }
    }
    out.frame("\"");
}

/// Messages hold what is said; calls, results and thoughts are items of their own, in the order of the turn.
fn write_turn(out: &mut Out, turn: &Turn<'_>) {
    let mut open = false;
    let empty = |block: &&Block<'_>| matches!(block, Block::Text { text, .. } if text == "\"\"");
    // Chat clients send an empty text beside calls, which would come between a thought and its call.
    let said = turn
        .blocks
        .iter()
        .filter(|block| turn.role != Role::Assistant || !empty(block));
    for block in said {
        let part = matches!(
            block,
            Block::Text { .. } | Block::Refusal { .. } | Block::Image { .. } | Block::File { .. }
        );
        if part && !open {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::System => "developer",
            };
            out.open()
                .field_text("type", "message")
                .field_text("role", role)
                .key("content")
                .list();
        } else if !part && open {
            out.unlist().close();
        }
        open = part;
        if part {
            write_part(out, block, turn.role == Role::Assistant);
        } else {
            write_item(out, block);
        }
    }
    if open {
        out.unlist().close();
    }
}

fn write_part(out: &mut Out, block: &Block<'_>, said: bool) {
    match block {
        Block::Text { text, cache } => {
            out.open()
                .field_text("type", if said { "output_text" } else { "input_text" })
                .field("text", text);
            out.field_if("prompt_cache_breakpoint", cache.as_ref()).close();
        }
        Block::Refusal { text } => {
            out.open().field_text("type", "refusal").field("refusal", text).close();
        }
        Block::Image { source, detail, cache } => {
            out.open().field_text("type", "input_image");
            match source {
                Source::Base64 { media, data } => data_url(out.key("image_url"), media, data),
                Source::Url(url) => {
                    out.field("image_url", url);
                }
                Source::Kept(id) => {
                    out.field("file_id", id);
                }
            }
            out.field("detail", detail.as_deref().unwrap_or("\"auto\""));
            out.field_if("prompt_cache_breakpoint", cache.as_ref()).close();
        }
        Block::File { source, name, cache } => {
            out.open().field_text("type", "input_file");
            match source {
                Source::Base64 { media, data } => {
                    out.field("filename", name.as_deref().unwrap_or("\"document.pdf\""));
                    data_url(out.key("file_data"), media, data);
                }
                Source::Url(url) => {
                    out.field("file_url", url);
                }
                Source::Kept(id) => {
                    out.field("file_id", id);
                }
            }
            out.field_if("prompt_cache_breakpoint", cache.as_ref()).close();
        }
        Block::Call { .. } | Block::Result { .. } | Block::Thought { .. } => {}
    }
}

fn write_item(out: &mut Out, block: &Block<'_>) {
    match block {
        Block::Call { id, name, input, .. } => {
            let freeform = matches!(input, Input::Freeform(_));
            out.open()
                .field_text("type", if freeform { "custom_tool_call" } else { "function_call" });
            out.field_text("call_id", id).field_text("name", name);
            match input {
                Input::Freeform(text) => {
                    out.field("input", text);
                }
                other => arguments(out, other),
            }
            out.close();
        }
        Block::Result {
            id,
            error,
            content,
            freeform,
            ..
        } => {
            let kind = if *freeform {
                "custom_tool_call_output"
            } else {
                "function_call_output"
            };
            out.open().field_text("type", kind).field_text("call_id", id);
            write_output(out, content, *error);
            out.close();
        }
        Block::Thought {
            text,
            seal: Seal::Encrypted { id, content },
        } => {
            out.open()
                .field_text("type", "reasoning")
                .field_text("id", id)
                .key("summary")
                .list();
            if text != "\"\"" {
                out.open()
                    .field_text("type", "summary_text")
                    .field("text", text)
                    .close();
            }
            out.unlist().field_text("encrypted_content", content).close();
        }
        _ => {}
    }
}

fn write_output(out: &mut Out, content: &[Block<'_>], error: bool) {
    let inner = |text: &Raw<'_>| text[1..text.len() - 1].to_owned();
    match content {
        [] => {
            out.field_text("output", if error { "Error: " } else { "" });
        }
        [Block::Text { text, cache: None }] => {
            out.key("output")
                .raw("\"")
                .frame(if error { "Error: " } else { "" })
                .frame(&inner(text))
                .frame("\"");
        }
        blocks => {
            out.key("output").list();
            if error {
                out.open()
                    .field_text("type", "input_text")
                    .field_text("text", "Error:")
                    .close();
            }
            for block in blocks {
                write_part(out, block, false);
            }
            out.unlist();
        }
    }
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
    let named = |out: &mut Out, name: &str| {
        let freeform = ask
            .tools
            .iter()
            .any(|tool| tool.name == name && tool.freeform.is_some());
        out.open()
            .field_text("type", if freeform { "custom" } else { "function" })
            .field_text("name", name)
            .close();
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
        Some(Choice::One(name)) => named(out.key("tool_choice"), name),
        Some(Choice::Some { must, names }) => {
            out.key("tool_choice").open().field_text("type", "allowed_tools");
            out.field_text("mode", if *must { "required" } else { "auto" })
                .key("tools")
                .list();
            names.iter().for_each(|name| named(out, name));
            out.unlist().close();
        }
    }
}

fn write_tool(out: &mut Out, tool: &Tool<'_>) {
    out.open();
    match &tool.freeform {
        None => {
            out.field_text("type", "function").field_text("name", &tool.name);
            out.field_if("description", tool.description.as_ref());
            out.field(
                "parameters",
                tool.schema
                    .as_deref()
                    .unwrap_or("{\"type\":\"object\",\"properties\":{}}"),
            );
            // Strict is this dialect's default, and no other's.
            out.field("strict", if tool.strict { "true" } else { "false" });
        }
        Some(grammar) => {
            out.field_text("type", "custom").field_text("name", &tool.name);
            out.field_if("description", tool.description.as_ref());
            // Chat Completions has the same two fields one level deeper.
            let grammar = grammar.as_deref().and_then(|grammar| Val::document(grammar).ok());
            if let Some(Ok([syntax, definition])) = grammar.map(|grammar| grammar.pick(["syntax", "definition"])) {
                out.key("format").open().field_text("type", "grammar");
                out.field_if("syntax", syntax.map(Val::keep).as_ref());
                out.field_if("definition", definition.map(Val::keep).as_ref()).close();
            }
        }
    }
    out.close();
}

fn write_text(out: &mut Out, ask: &Ask<'_>) {
    if ask.format.is_none() && ask.verbosity.is_none() {
        return;
    }
    out.key("text").open();
    match &ask.format {
        None => {}
        Some(Format::Object) => {
            out.key("format").open().field_text("type", "json_object").close();
        }
        Some(Format::Schema {
            name,
            description,
            schema,
            strict,
        }) => {
            out.key("format").open().field_text("type", "json_schema");
            out.field("name", name.as_deref().unwrap_or("\"output\""))
                .field_if("description", description.as_ref());
            out.field("schema", schema)
                .field("strict", strict.as_deref().unwrap_or("false"))
                .close();
        }
    }
    out.field_if("verbosity", ask.verbosity.as_ref()).close();
}

/// `true`: the model is asked to think.
fn write_reasoning(out: &mut Out, ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) -> bool {
    without_thoughts(ask, to, walk);
    let word = word(ask.effort.as_ref());
    let wanted = word.is_some() || matches!(ask.effort, Some(Effort::Open));
    if !wanted {
        return to.options.reasoning == Some(true);
    }
    if to.options.reasoning == Some(false) {
        without_effort(ask, to, walk);
        return false;
    }
    let off = word.as_deref() == Some("\"none\"");
    out.key("reasoning").open().field_if("effort", word.as_ref());
    if ask.summaries {
        out.field_text("summary", "auto");
    }
    out.close();
    !off
}
