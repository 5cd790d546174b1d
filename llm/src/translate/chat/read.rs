//! A Chat Completions request into our form.

use std::borrow::Cow;

use super::table;
use crate::{
    Error,
    json::Kind,
    translate::{
        ask::{Ask, Block, Choice, Effort, Format, Input, Raw, Role, Source, Tool},
        seal::Seal,
        table::Union,
        value::{Val, quoted},
        walk::{Got, Walk, broken, list, refuse},
    },
};

/// Fields that Responses has under the same name.
const SHARED: [&str; 6] = [
    "metadata",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
];

pub(crate) fn read<'a>(body: Val<'a>, walk: &mut Walk) -> Result<Ask<'a>, Error> {
    let got = walk.object(body, &table::BODY)?;
    let mut ask = Ask {
        max_tokens: larger(got.get("max_completion_tokens"), got.get("max_tokens")),
        temperature: got.keep("temperature"),
        top_p: got.keep("top_p"),
        top_k: got.keep("top_k"),
        stream: got.get("stream").is_some_and(Val::is_true),
        effort: got.keep("reasoning_effort").map(Effort::Word),
        verbosity: got.keep("verbosity"),
        user: got.keep("user").or(got.keep("safety_identifier")),
        cached: got.get("prompt_cache_key").is_some(),
        ..Ask::default()
    };
    for name in SHARED {
        ask.shared.extend(got.keep(name).map(|value| (name, value)));
    }
    if let Some(stop) = got.get("stop") {
        ask.stop = match stop.kind {
            Kind::Text => vec![stop.keep()],
            _ => got.list("stop")?.into_iter().map(Val::keep).collect(),
        };
    }
    if let Some(options) = got.get("stream_options") {
        let options = walk.object(options, &table::STREAM_OPTIONS)?;
        ask.include_usage = options.get("include_usage").is_some_and(Val::is_true);
    }
    for message in got.list("messages")? {
        turn(message, walk, &mut ask)?;
    }
    for tool in got.list("tools")? {
        ask.tools.extend(read_tool(tool, walk)?);
    }
    ask.parallel = got.get("parallel_tool_calls").map(Val::is_true);
    if let Some(choice) = got.get("tool_choice") {
        ask.choice = read_choice(choice, walk)?;
    }
    if let Some(format) = got.get("response_format") {
        ask.format = read_format(format, walk)?;
    }
    Ok(ask)
}

/// The head has checked that both are whole numbers; which of them an upstream would heed differs.
fn larger<'a>(new: Option<Val<'a>>, old: Option<Val<'a>>) -> Option<Raw<'a>> {
    let count = |value: Option<Val<'a>>| value.and_then(Val::count);
    if count(old) > count(new) { old } else { new }.map(Val::keep)
}

fn name(value: Val<'_>) -> Cow<'_, str> {
    value.text().unwrap_or_default()
}

fn turn<'a>(message: Val<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    let Some((role, got)) = walk.union(message, &table::MESSAGE)? else {
        return Ok(());
    };
    match role {
        "system" | "developer" => {
            for block in content(got.need("content")?, &table::TEXTS, walk)? {
                if ask.turns.is_empty() {
                    ask.system.push(block);
                } else {
                    ask.push(Role::System, block);
                }
            }
        }
        "user" => {
            for block in content(got.need("content")?, &table::PARTS, walk)? {
                ask.push(Role::User, block);
            }
        }
        "tool" => {
            let id = name(got.text("tool_call_id")?);
            let freeform = answers_text(ask, &id);
            let result = Block::Result {
                id,
                error: false,
                content: content(got.need("content")?, &table::PARTS, walk)?,
                cache: got.keep("cache_control"),
                freeform,
            };
            ask.push(Role::User, result);
        }
        _ => said(&got, walk, ask)?,
    }
    Ok(())
}

/// Whether the call of this id was one of a tool that takes text: Responses has another kind of result for it.
fn answers_text(ask: &Ask<'_>, id: &str) -> bool {
    let mut blocks = ask.turns.iter().rev().flat_map(|turn| &turn.blocks);
    let input = blocks.find_map(|block| match block {
        Block::Call { id: known, input, .. } if known == id => Some(input),
        _ => None,
    });
    matches!(input, Some(Input::Freeform(_)))
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
        let cache = cache(&got, walk)?;
        blocks.push(match kind {
            "image_url" => image(walk.object(got.need("image_url")?, &table::IMAGE_URL)?, cache)?,
            "file" => file(&walk.object(got.need("file")?, &table::FILE)?, walk.column, cache)?,
            _ => Block::Text {
                text: got.text("text")?.keep(),
                cache,
            },
        });
    }
    Ok(blocks)
}

fn cache<'a>(got: &Got<'a>, walk: &mut Walk) -> Result<Option<Raw<'a>>, Error> {
    let Some(point) = got.get("prompt_cache_breakpoint") else {
        return Ok(got.keep("cache_control"));
    };
    let fields = walk.object(point, &table::BREAKPOINT)?;
    fields.text("mode")?;
    // Responses takes it as it is, but for what says nothing.
    if walk.column == 1 {
        return Ok(Some(match (fields.keep("mode"), fields.keep("ttl")) {
            (Some(mode), None) => Raw::Owned(format!("{{\"mode\":{mode}}}")),
            _ => point.keep(),
        }));
    }
    Ok(Some(Raw::Borrowed("{\"type\":\"ephemeral\"}")))
}

/// An address, or a picture in a `data:` URL.
fn image<'a>(got: Got<'a>, cache: Option<Raw<'a>>) -> Result<Block<'a>, Error> {
    let url = got.text("url")?;
    let source = match data_url(url) {
        Some((media, data)) => Source::Base64 { media, data },
        None => Source::Url(url.keep()),
    };
    Ok(Block::Image {
        source,
        detail: got.keep("detail"),
        cache,
    })
}

/// `data:<media type>;base64,<data>`.
pub(crate) fn data_url<'a>(url: Val<'a>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let parts = |text: &str| {
        let rest = text.strip_prefix("data:")?;
        let (media, data) = rest.split_once(";base64,")?;
        Some((
            text.len() - rest.len()..text.len() - rest.len() + media.len(),
            text.len() - data.len(),
        ))
    };
    match url.text()? {
        Cow::Borrowed(text) => {
            let (media, data) = parts(text)?;
            Some((Cow::Borrowed(&text[media]), Cow::Borrowed(&text[data..])))
        }
        Cow::Owned(text) => {
            let (media, data) = parts(&text)?;
            Some((Cow::Owned(text[media].to_owned()), Cow::Owned(text[data..].to_owned())))
        }
    }
}

fn file<'a>(got: &Got<'a>, column: usize, cache: Option<Raw<'a>>) -> Result<Block<'a>, Error> {
    let source = match (got.get("file_data"), got.get("file_id")) {
        (Some(_), Some(_)) => {
            let why = "stands beside `file_data`. Send one of them.";
            return Err(refuse("messages[user].content[file].file.file_id".to_owned(), why));
        }
        (Some(data), None) => {
            let Some((media, data)) = data_url(data) else {
                return Err(refuse(
                    "messages[user].content[file].file.file_data".to_owned(),
                    "must be a `data:` URL in base64",
                ));
            };
            if column == 0 && media != "application/pdf" {
                return Err(refuse(
                    "messages[user].content[file].file.file_data".to_owned(),
                    "must be a PDF for this model. Send other documents as text.",
                ));
            }
            Source::Base64 { media, data }
        }
        (None, Some(id)) => Source::Kept(id.keep()),
        (None, None) => {
            return Err(refuse(
                "messages[user].content[file].file.file_data".to_owned(),
                "is missing",
            ));
        }
    };
    Ok(Block::File {
        source,
        name: got.keep("filename"),
        cache,
    })
}

fn said<'a>(got: &Got<'a>, walk: &mut Walk, ask: &mut Ask<'a>) -> Result<(), Error> {
    for block in thoughts(got.list("reasoning_details")?, walk)? {
        ask.push(Role::Assistant, block);
    }
    if let Some(content) = got.get("content") {
        let parts = match content.kind {
            Kind::Text => {
                ask.push(Role::Assistant, Block::text(content.raw));
                Vec::new()
            }
            _ => got.list("content")?,
        };
        for part in parts {
            let Some((kind, got)) = walk.union(part, &table::SAID)? else {
                continue;
            };
            let block = match kind {
                "refusal" => Block::Refusal {
                    text: got.text("refusal")?.keep(),
                },
                _ => Block::Text {
                    text: got.text("text")?.keep(),
                    cache: got.keep("cache_control"),
                },
            };
            ask.push(Role::Assistant, block);
        }
    }
    if let Some(text) = got.string("refusal")? {
        ask.push(Role::Assistant, Block::Refusal { text: text.keep() });
    }
    for call in got.list("tool_calls")? {
        ask.push(Role::Assistant, read_call(call, walk)?);
    }
    Ok(())
}

fn read_call<'a>(call: Val<'a>, walk: &mut Walk) -> Result<Block<'a>, Error> {
    let Some((kind, got)) = walk.union(call, &table::CALL)? else {
        return Err(refuse(table::CALL.path.to_owned(), "is of an unknown type"));
    };
    let id = name(got.text("id")?);
    let (called, input) = if kind == "custom" {
        let called = walk.object(got.need("custom")?, &table::CALLED_CUSTOM)?;
        (called.text("name")?, Input::Freeform(called.text("input")?.keep()))
    } else {
        let called = walk.object(got.need("function")?, &table::CALLED)?;
        (called.text("name")?, Input::Json(called.text("arguments")?.keep()))
    };
    Ok(Block::Call {
        id,
        name: name(called),
        input,
        cache: None,
    })
}

/// Thoughts as this gateway told them: pieces with one `index` are one thought, and one of them holds its seal.
fn thoughts<'a>(details: Vec<Val<'a>>, walk: &mut Walk) -> Result<Vec<Block<'a>>, Error> {
    let mut thoughts: Vec<(u64, String, Option<Seal<'static>>)> = Vec::new();
    for detail in details {
        let [index, text, signature] = detail.pick(["index", "text", "signature"]).map_err(broken)?;
        let index = index.and_then(Val::count).unwrap_or(thoughts.len() as u64);
        if thoughts.last().is_none_or(|(last, ..)| *last != index) {
            thoughts.push((index, String::new(), None));
        }
        let Some((_, all, seal)) = thoughts.last_mut() else {
            continue;
        };
        all.push_str(&text.and_then(Val::text).unwrap_or_default());
        *seal = signature
            .and_then(Val::text)
            .and_then(|tagged| Seal::read(&tagged))
            .or(seal.take());
    }
    let mut blocks = Vec::new();
    for (_, text, seal) in thoughts {
        match (walk.column, seal) {
            (0, Some(seal @ (Seal::Signature(_) | Seal::Redacted(_)))) | (1, Some(seal @ Seal::Encrypted { .. })) => {
                blocks.push(Block::Thought {
                    text: Cow::Owned(quoted(&text)),
                    seal,
                });
            }
            _ => walk.ignore("messages[assistant].reasoning_details"),
        }
    }
    Ok(blocks)
}

fn read_tool<'a>(tool: Val<'a>, walk: &mut Walk) -> Result<Option<Tool<'a>>, Error> {
    let Some((kind, got)) = walk.union(tool, &table::TOOL)? else {
        return Ok(None);
    };
    if kind == "custom" {
        let custom = walk.object(got.need("custom")?, &table::CUSTOM)?;
        let mut grammar = None;
        if let Some(format) = custom.get("format")
            && let Some(("grammar", got)) = walk.union(format, &table::GRAMMAR)?
        {
            grammar = got.keep("grammar");
        }
        return Ok(Some(Tool {
            name: name(custom.text("name")?),
            description: custom.string("description")?.map(Val::keep),
            schema: None,
            strict: false,
            freeform: Some(grammar),
            inside: None,
            cache: None,
        }));
    }
    let function = walk.object(got.need("function")?, &table::FUNCTION)?;
    Ok(Some(Tool {
        name: name(function.text("name")?),
        description: function.string("description")?.map(Val::keep),
        schema: function.keep("parameters"),
        strict: function.get("strict").is_some_and(Val::is_true),
        freeform: None,
        inside: None,
        cache: got.keep("cache_control"),
    }))
}

fn read_choice<'a>(choice: Val<'a>, walk: &mut Walk) -> Result<Option<Choice<'a>>, Error> {
    if choice.kind == Kind::Text {
        return Ok(Some(match choice.inner() {
            "auto" => Choice::Auto,
            "none" => Choice::None,
            "required" => Choice::Any,
            _ => {
                let why = "must be \"auto\", \"none\", \"required\" or an object";
                return Err(refuse("tool_choice".to_owned(), why));
            }
        }));
    }
    let Some((kind, got)) = walk.union(choice, &table::CHOICE)? else {
        return Ok(None);
    };
    Ok(Some(match kind {
        "function" => Choice::One(name(walk.object(got.need("function")?, &table::NAMED)?.text("name")?)),
        "custom" => Choice::One(name(
            walk.object(got.need("custom")?, &table::NAMED_CUSTOM)?.text("name")?,
        )),
        _ => {
            let allowed = walk.object(got.need("allowed_tools")?, &table::ALLOWED)?;
            Choice::Some {
                must: allowed.text("mode")?.inner() == "required",
                names: names(allowed.list("tools")?)?,
            }
        }
    }))
}

/// Names of tools in a list of allowed ones, which differs between the dialects by one level.
pub(crate) fn names<'a>(tools: Vec<Val<'a>>) -> Result<Vec<Cow<'a, str>>, Error> {
    let mut names = Vec::new();
    for tool in tools {
        let [own, function, custom] = tool.pick(["name", "function", "custom"]).map_err(broken)?;
        let inner = match function.or(custom) {
            Some(inner) => inner.pick(["name"]).map_err(broken)?[0],
            None => own,
        };
        names.extend(inner.map(name));
    }
    Ok(names)
}

fn read_format<'a>(format: Val<'a>, walk: &mut Walk) -> Result<Option<Format<'a>>, Error> {
    Ok(match walk.union(format, &table::FORMAT)? {
        Some(("json_object", _)) => Some(Format::Object),
        Some(("json_schema", got)) => {
            let schema = walk.object(got.need("json_schema")?, &table::JSON_SCHEMA)?;
            Some(Format::Schema {
                name: schema.keep("name"),
                description: schema.keep("description"),
                schema: schema.need("schema")?.keep(),
                strict: schema.keep("strict"),
            })
        }
        _ => None,
    })
}
