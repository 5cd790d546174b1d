//! A Messages request into our form.

use std::borrow::Cow;

use super::{schema, table};
use crate::{
    Error,
    json::Kind,
    translate::{
        ask::{Ask, Block, Choice, Effort, Format, Input, Raw, Role, Source, Tool},
        seal::Seal,
        value::{Val, quoted},
        walk::{Got, Walk, list, refuse},
    },
};

pub(crate) fn read<'a>(body: Val<'a>, walk: &mut Walk) -> Result<Ask<'a>, Error> {
    let got = walk.object(body, &table::BODY)?;
    let mut ask = Ask {
        max_tokens: got.keep("max_tokens"),
        temperature: got.keep("temperature"),
        top_p: got.keep("top_p"),
        stream: got.get("stream").is_some_and(Val::is_true),
        ..Ask::default()
    };
    ask.stop = got.list("stop_sequences")?.into_iter().map(Val::keep).collect();
    if let Some(system) = got.get("system") {
        ask.system = texts(system, walk)?;
    }
    for message in got.list("messages")? {
        turn(message, walk, &mut ask)?;
    }
    for tool in got.list("tools")? {
        ask.tools.extend(read_tool(tool, walk)?);
    }
    if let Some(choice) = got.get("tool_choice") {
        read_choice(choice, walk, &mut ask)?;
    }
    if let Some(thinking) = got.get("thinking") {
        read_thinking(thinking, walk, &mut ask)?;
    }
    if let Some(output) = got.get("output_config") {
        read_output(output, walk, &mut ask)?;
    }
    if let Some(metadata) = got.get("metadata") {
        ask.user = walk.object(metadata, &table::METADATA)?.keep("user_id");
    }
    Ok(ask)
}

fn texts<'a>(content: Val<'a>, walk: &mut Walk) -> Result<Vec<Block<'a>>, Error> {
    if content.kind == Kind::Text {
        return Ok(vec![Block::text(content.raw)]);
    }
    let mut blocks = Vec::new();
    for part in list(content, || "system".to_owned())? {
        if let Some((_, got)) = walk.union(part, &table::SYSTEM)? {
            blocks.push(Block::text(got.text("text")?.raw));
        }
    }
    Ok(blocks)
}

fn turn<'a>(message: Val<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    let Some((role, got)) = walk.union(message, &table::MESSAGE)? else {
        return Ok(());
    };
    let content = got.need("content")?;
    let role = match role {
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => Role::User,
    };
    if content.kind == Kind::Text {
        ask.push(role, Block::text(content.raw));
        return Ok(());
    }
    if role == Role::System {
        for block in texts(content, walk)? {
            ask.push(role, block);
        }
        return Ok(());
    }
    let path = if role == Role::Assistant {
        table::ASSISTANT.path
    } else {
        table::USER.path
    };
    for part in list(content, || path.to_owned())? {
        if role == Role::Assistant {
            if let Some(block) = said(part, walk)? {
                ask.push(role, block);
            }
        } else if let Some((kind, got)) = walk.union(part, &table::USER)? {
            for block in sent(kind, &got, walk)? {
                ask.push(role, block);
            }
        }
    }
    Ok(())
}

/// A block of the user's, or of a tool's result.
fn sent<'a>(kind: &str, got: &Got<'a>, walk: &mut Walk) -> Result<Vec<Block<'a>>, Error> {
    Ok(match kind {
        "image" => vec![Block::Image {
            source: image(got.need("source")?, walk)?,
            detail: None,
            cache: None,
        }],
        "document" => document(got, walk)?,
        "tool_result" => vec![Block::Result {
            id: id(got.text("tool_use_id")?),
            error: got.get("is_error").is_some_and(Val::is_true),
            content: match got.get("content") {
                None => Vec::new(),
                Some(content) => result(content, walk)?,
            },
            cache: None,
            freeform: false,
        }],
        _ => vec![Block::text(got.text("text")?.raw)],
    })
}

fn id(value: Val<'_>) -> Cow<'_, str> {
    value.text().unwrap_or_default()
}

fn result<'a>(content: Val<'a>, walk: &mut Walk) -> Result<Vec<Block<'a>>, Error> {
    if content.kind == Kind::Text {
        return Ok(vec![Block::text(content.raw)]);
    }
    let mut blocks = Vec::new();
    for part in list(content, || table::RESULT.path.to_owned())? {
        if let Some((kind, got)) = walk.union(part, &table::RESULT)? {
            blocks.append(&mut sent(kind, &got, walk)?);
        }
    }
    Ok(blocks)
}

fn image<'a>(source: Val<'a>, walk: &mut Walk) -> Result<Source<'a>, Error> {
    Ok(match walk.union(source, &table::IMAGE_SOURCE)? {
        Some(("url", got)) => Source::Url(got.text("url")?.keep()),
        Some((_, got)) => base64(&got)?,
        None => return Err(refuse(table::IMAGE_SOURCE.path.to_owned(), "is missing")),
    })
}

fn base64<'a>(got: &Got<'a>) -> Result<Source<'a>, Error> {
    Ok(Source::Base64 {
        media: got.text("media_type")?.text().unwrap_or_default(),
        data: got.text("data")?.text().unwrap_or_default(),
    })
}

fn document<'a>(got: &Got<'a>, walk: &mut Walk) -> Result<Vec<Block<'a>>, Error> {
    let source = got.need("source")?;
    let title = got.string("title")?;
    let mut blocks: Vec<Block<'a>> = got
        .string("context")?
        .into_iter()
        .map(|text| Block::text(text.raw))
        .collect();
    let titled = |blocks: &mut Vec<Block<'a>>| blocks.extend(title.map(|title| Block::text(title.raw)));
    let file = |source| Block::File {
        source,
        name: title.map(Val::keep),
        cache: None,
    };
    match walk.union(source, &table::DOCUMENT_SOURCE)? {
        Some(("base64", got)) => blocks.push(file(base64(&got)?)),
        Some(("url", got)) => blocks.push(file(Source::Url(got.text("url")?.keep()))),
        Some(("text", got)) => {
            titled(&mut blocks);
            blocks.push(Block::text(got.text("data")?.raw));
        }
        Some((_, got)) => {
            titled(&mut blocks);
            blocks.append(&mut result(got.need("content")?, walk)?);
        }
        None => {}
    }
    Ok(blocks)
}

/// A block of the model's.
fn said<'a>(part: Val<'a>, walk: &mut Walk) -> Result<Option<Block<'a>>, Error> {
    let Some((kind, got)) = walk.union(part, &table::ASSISTANT)? else {
        return Ok(None);
    };
    Ok(match kind {
        "thinking" => {
            let tagged = got.text("signature")?.text().unwrap_or_default();
            let seal = Seal::read(&tagged).filter(|seal| {
                // Chat Completions takes back plain thoughts, Responses its own encrypted ones.
                matches!((walk.column, seal), (0, Seal::Plain) | (1, Seal::Encrypted { .. }))
            });
            let text = got.text("thinking")?.keep();
            if seal.is_none() {
                walk.ignore("messages[assistant].content[thinking]");
            }
            seal.map(|seal| Block::Thought { text, seal })
        }
        "tool_use" => Some(Block::Call {
            id: id(got.text("id")?),
            name: id(got.text("name")?),
            input: Input::Object(got.need("input")?.keep()),
            cache: None,
        }),
        _ => Some(Block::text(got.text("text")?.raw)),
    })
}

fn read_tool<'a>(tool: Val<'a>, walk: &mut Walk) -> Result<Option<Tool<'a>>, Error> {
    let Some((_, got)) = walk.union(tool, &table::TOOL)? else {
        return Ok(None);
    };
    let schema = got.need("input_schema")?;
    let wanted = got.get("strict").is_some_and(Val::is_true);
    let strict = wanted && schema::is_strict(schema);
    if wanted && !strict {
        walk.ignore("tools[custom].strict");
    }
    Ok(Some(Tool {
        name: id(got.text("name")?),
        description: got.string("description")?.map(Val::keep),
        schema: Some(schema.keep()),
        strict,
        freeform: None,
        inside: None,
        cache: None,
    }))
}

fn read_choice<'a>(choice: Val<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    let Some((kind, got)) = walk.union(choice, &table::CHOICE)? else {
        return Ok(());
    };
    ask.choice = Some(match kind {
        "any" => Choice::Any,
        "none" => Choice::None,
        "tool" => Choice::One(id(got.text("name")?)),
        _ => Choice::Auto,
    });
    if got.get("disable_parallel_tool_use").is_some_and(Val::is_true) {
        ask.parallel = Some(false);
    }
    Ok(())
}

fn read_thinking<'a>(thinking: Val<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    let got = walk.object(thinking, &table::THINKING)?;
    let kind = got.text("type")?;
    ask.effort = match kind.inner() {
        "enabled" => {
            let budget = got.need("budget_tokens")?.count();
            let budget = budget.ok_or_else(|| refuse("thinking.budget_tokens".to_owned(), "must be a whole number"))?;
            Some(Effort::Budget(budget))
        }
        "adaptive" => Some(Effort::Open),
        "disabled" => Some(Effort::None),
        _ => {
            walk.ignore("thinking");
            None
        }
    };
    let thinks = matches!(ask.effort, Some(Effort::Budget(_) | Effort::Open));
    ask.summaries = thinks && got.get("display").is_none_or(|display| display.inner() != "omitted");
    Ok(())
}

fn read_output<'a>(output: Val<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    let got = walk.object(output, &table::OUTPUT)?;
    if let Some(effort) = got.get("effort") {
        ask.effort = match ask.effort {
            // Who wants no thoughts wants none of any effort.
            Some(Effort::None) => {
                walk.ignore("output_config.effort");
                Some(Effort::None)
            }
            _ => Some(Effort::Word(effort.keep())),
        };
    }
    if let Some(format) = got.get("format") {
        let got = walk.object(format, &table::FORMAT)?;
        if got.text("type")?.inner() != "json_schema" {
            return Err(refuse(
                "output_config.format.type".to_owned(),
                "must be \"json_schema\"",
            ));
        }
        let schema = got.need("schema")?;
        let fits = schema::is_strict(schema);
        if !fits {
            walk.ignore("output_config.format[strict]");
        }
        ask.format = Some(Format::Schema {
            name: Some(Raw::Owned(quoted("output"))),
            description: None,
            schema: schema.keep(),
            strict: Some(Raw::Borrowed(if fits { "true" } else { "false" })),
        });
    }
    Ok(())
}
