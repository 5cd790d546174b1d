//! The items of a Responses conversation, into our turns.

use std::borrow::Cow;

use super::{read::wire, table};
use crate::{
    Error,
    json::Kind,
    translate::{
        ask::{Ask, Block, Input, Raw, Role, Source},
        chat::read::data_url,
        seal::Seal,
        table::Union,
        value::Val,
        walk::{Got, Walk, broken, list, refuse},
    },
};

pub(crate) fn read<'a>(item: Val<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    let Some((kind, got)) = walk.union(item, &table::ITEM)? else {
        return Ok(());
    };
    let name = |value: Val<'a>| value.text().unwrap_or_default();
    match kind {
        "message" => message(&got, walk, ask)?,
        "function_call" | "custom_tool_call" => {
            let input = if kind == "function_call" {
                Input::Json(got.text("arguments")?.keep())
            } else {
                Input::Freeform(got.text("input")?.keep())
            };
            let call = Block::Call {
                id: name(got.text("call_id")?),
                name: wire(got.get("namespace"), got.text("name")?),
                input,
                cache: None,
            };
            ask.push(Role::Assistant, call);
        }
        "reasoning" => {
            if let Some(thought) = thought(&got, walk)? {
                ask.push(Role::Assistant, thought);
            }
        }
        _ => {
            let result = Block::Result {
                id: name(got.text("call_id")?),
                error: false,
                content: content(got.need("output")?, &table::OUTPUT, walk)?,
                cache: None,
                freeform: kind == "custom_tool_call_output",
            };
            ask.push(Role::User, result);
        }
    }
    Ok(())
}

fn message<'a>(got: &Got<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    let role = match got.text("role")?.inner() {
        "assistant" => Role::Assistant,
        "system" | "developer" => Role::System,
        "user" => Role::User,
        _ => {
            let why = "must be \"user\", \"assistant\", \"system\" or \"developer\"";
            return Err(refuse("input[message].role".to_owned(), why));
        }
    };
    for block in content(got.need("content")?, &table::PARTS, walk)? {
        // No other dialect has a place for them there.
        let kind = match &block {
            Block::Image { .. } if role != Role::User => "input_image",
            Block::File { .. } if role != Role::User => "input_file",
            Block::Refusal { .. } if role == Role::System => "refusal",
            _ => "",
        };
        if !kind.is_empty() {
            let who = match role {
                Role::System => "instructions",
                Role::Assistant => "messages of the model's",
                Role::User => "messages of the user's",
            };
            let why = format!("cannot stand in {who} for this model's provider. Send it in another message.");
            return Err(refuse(format!("input[message].content[{kind}]"), why));
        }
        if role == Role::System && ask.turns.is_empty() {
            ask.system.push(block);
        } else {
            ask.push(role, block);
        }
    }
    Ok(())
}

fn content<'a>(content: Val<'a>, union: &'static Union, walk: &mut Walk) -> Result<Vec<Block<'a>>, Error> {
    if content.kind == Kind::Text {
        return Ok(vec![Block::text(content.raw)]);
    }
    let mut blocks = Vec::new();
    for part in list(content, || union.path.to_owned())? {
        let Some((kind, got)) = walk.union(part, union)? else {
            continue;
        };
        let cache = got
            .get("prompt_cache_breakpoint")
            .map(|_| Raw::Borrowed("{\"type\":\"ephemeral\"}"));
        blocks.push(match kind {
            "refusal" => Block::Refusal {
                text: got.text("refusal")?.keep(),
            },
            "input_image" => image(&got, cache)?,
            "input_file" => file(&got, walk.column, cache)?,
            _ => Block::Text {
                text: got.text("text")?.keep(),
                cache,
            },
        });
    }
    Ok(blocks)
}

fn image<'a>(got: &Got<'a>, cache: Option<Raw<'a>>) -> Result<Block<'a>, Error> {
    let url = got.text("image_url")?;
    Ok(Block::Image {
        source: match data_url(url) {
            Some((media, data)) => Source::Base64 { media, data },
            None => Source::Url(url.keep()),
        },
        detail: got.keep("detail"),
        cache,
    })
}

fn file<'a>(got: &Got<'a>, column: usize, cache: Option<Raw<'a>>) -> Result<Block<'a>, Error> {
    const DATA: &str = "input[message].content[input_file].file_data";
    let source = match (got.get("file_data"), got.get("file_url"), got.get("file_id")) {
        (Some(data), None, None) => match data_url(data) {
            None => return Err(refuse(DATA.to_owned(), "must be a `data:` URL in base64")),
            Some((media, _)) if column == 0 && media != "application/pdf" => {
                return Err(refuse(
                    DATA.to_owned(),
                    "must be a PDF for this model. Send other documents as text.",
                ));
            }
            Some((media, data)) => Source::Base64 { media, data },
        },
        (None, Some(url), None) => Source::Url(url.keep()),
        (None, None, Some(id)) => Source::Kept(id.keep()),
        (None, None, None) => return Err(refuse(DATA.to_owned(), "is missing")),
        _ => {
            return Err(refuse(
                DATA.to_owned(),
                "stands beside `file_url` or `file_id`. Send one of them.",
            ));
        }
    };
    Ok(Block::File {
        source,
        name: got.keep("filename"),
        cache,
    })
}

/// A thought goes back to whom it came from; others cannot read it.
fn thought<'a>(got: &Got<'a>, walk: &mut Walk) -> Result<Option<Block<'a>>, Error> {
    let tagged = got.get("encrypted_content").and_then(Val::text).unwrap_or_default();
    let seal = match (walk.column, Seal::read(&tagged)) {
        (0, Some(seal @ (Seal::Signature(_) | Seal::Redacted(_)))) | (1, Some(seal @ Seal::Plain)) => seal,
        _ => {
            walk.ignore("input[reasoning]");
            return Ok(None);
        }
    };
    let mut text = String::from("\"");
    for part in got.list("summary")? {
        let [piece] = part.pick(["text"]).map_err(broken)?;
        text.push_str(piece.map(Val::inner).unwrap_or_default());
    }
    text.push('"');
    Ok(Some(Block::Thought {
        text: Cow::Owned(text),
        seal,
    }))
}
