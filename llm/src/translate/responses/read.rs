//! A Responses request into our form.

use std::borrow::Cow;

use super::{items, table};
use crate::{
    Error,
    json::Kind,
    translate::{
        ask::{Ask, Block, Choice, Effort, Format, Raw, Role, Tool},
        chat::read::names,
        table::Union,
        value::{Val, compact, quoted},
        walk::{Walk, broken, refuse},
    },
};

/// Fields that Chat Completions has under the same name.
const SHARED: [&str; 5] = [
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
];

/// Fields that the vendor repeats in its answer, with what it says where they are missing. It repeats instructions and tools
/// too; they are left out, since each answer would carry them three times.
const REPEATED: [(&str, &str); 11] = [
    ("max_output_tokens", ""),
    ("metadata", "{}"),
    ("prompt_cache_key", ""),
    ("reasoning", ""),
    ("safety_identifier", ""),
    ("temperature", "null"),
    ("user", ""),
    ("parallel_tool_calls", "true"),
    ("tool_choice", "\"auto\""),
    ("text", "{\"format\":{\"type\":\"text\"}}"),
    ("top_p", "null"),
];

pub(crate) fn read<'a>(body: Val<'a>, walk: &mut Walk) -> Result<Ask<'a>, Error> {
    let got = walk.object(body, &table::BODY)?;
    let mut ask = Ask {
        max_tokens: got.keep("max_output_tokens"),
        temperature: got.keep("temperature"),
        top_p: got.keep("top_p"),
        stream: got.get("stream").is_some_and(Val::is_true),
        parallel: got.get("parallel_tool_calls").map(Val::is_true),
        user: got.keep("user").or(got.keep("safety_identifier")),
        cached: got.get("prompt_cache_key").is_some(),
        include_usage: true,
        ..Ask::default()
    };
    for name in SHARED {
        ask.shared.extend(got.keep(name).map(|value| (name, value)));
    }
    if let Some(options) = got.get("stream_options") {
        walk.object(options, &table::STREAM_OPTIONS)?;
    }
    for value in got.list("include")? {
        if value.inner() != "reasoning.encrypted_content" {
            walk.ignore(format!("include[{}]", value.inner()));
        }
    }
    if let Some(instructions) = got.string("instructions")? {
        ask.system.push(Block::text(instructions.raw));
    }
    let input = got.need("input")?;
    if input.kind == Kind::Text {
        ask.push(Role::User, Block::text(input.raw));
    } else {
        for item in got.list("input")? {
            items::read(item, walk, &mut ask)?;
        }
    }
    for tool in got.list("tools")? {
        read_tool(tool, &table::TOOL, None, walk, &mut ask)?;
    }
    if let Some(choice) = got.get("tool_choice") {
        ask.choice = read_choice(choice, walk)?;
    }
    if let Some(reasoning) = got.get("reasoning") {
        let got = walk.object(reasoning, &table::REASONING)?;
        ask.effort = got.keep("effort").map(Effort::Word);
    }
    if let Some(text) = got.get("text") {
        let got = walk.object(text, &table::TEXT)?;
        ask.verbosity = got.keep("verbosity");
        if let Some(format) = got.get("format") {
            ask.format = read_format(format, walk)?;
        }
    }
    ask.echo = echo(body)?;
    Ok(ask)
}

/// Members of the answer's object, with their defaults.
fn echo(body: Val<'_>) -> Result<String, Error> {
    let mut echo = String::new();
    for ((name, default), value) in REPEATED
        .into_iter()
        .zip(body.pick(REPEATED.map(|(name, _)| name)).map_err(broken)?)
    {
        let value = value.map_or(Cow::Borrowed(default), |value| compact(value.raw));
        if !value.is_empty() {
            echo.push_str(&format!(",\"{name}\":{value}"));
        }
    }
    echo.remove(0);
    Ok(echo)
}

/// A tool's name with its namespace, as upstreams know it.
pub(crate) fn wire<'a>(space: Option<Val<'a>>, name: Val<'a>) -> Cow<'a, str> {
    let name = name.text().unwrap_or_default();
    match space.and_then(Val::text) {
        Some(space) => Cow::Owned(format!("{space}__{name}")),
        None => name,
    }
}

type Space<'a> = Option<(Val<'a>, Option<Val<'a>>)>;

fn read_tool<'a>(
    tool: Val<'a>,
    union: &'static Union,
    space: Space<'a>,
    walk: &mut Walk,
    ask: &mut Ask<'a>,
) -> Result<(), Error> {
    let Some((kind, got)) = walk.union(tool, union)? else {
        return Ok(());
    };
    let name = got.text("name")?;
    if kind == "namespace" {
        for tool in got.list("tools")? {
            read_tool(
                tool,
                &table::INNER_TOOL,
                Some((name, got.string("description")?)),
                walk,
                ask,
            )?;
        }
        return Ok(());
    }
    let mut freeform = None;
    if kind == "custom" {
        freeform = Some(None);
        if let Some(format) = got.get("format")
            && let Some(("grammar", got)) = walk.union(format, &table::GRAMMAR)?
        {
            let (syntax, definition) = (got.text("syntax")?.raw, got.text("definition")?.raw);
            let grammar = format!("{{\"syntax\":{syntax},\"definition\":{definition}}}");
            freeform = Some(Some(Raw::Owned(grammar)));
        }
    }
    let own = got.string("description")?;
    let description = match (space.and_then(|(_, about)| about), own) {
        (Some(about), Some(own)) => {
            let both = [about, own].map(|text| text.text().unwrap_or_default());
            Some(Raw::Owned(quoted(&both.join("\n\n"))))
        }
        (about, own) => own.or(about).map(Val::keep),
    };
    ask.tools.push(Tool {
        name: wire(space.map(|(space, _)| space), name),
        description,
        schema: got.keep("parameters"),
        strict: got.get("strict").is_some_and(Val::is_true),
        freeform,
        inside: space.map(|(space, _)| (space.text().unwrap_or_default(), name.text().unwrap_or_default())),
        cache: None,
    });
    Ok(())
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
    Ok(match walk.union(choice, &table::CHOICE)? {
        Some(("allowed_tools", got)) => Some(Choice::Some {
            must: got.text("mode")?.inner() == "required",
            names: names(got.list("tools")?)?,
        }),
        Some((_, got)) => Some(Choice::One(got.text("name")?.text().unwrap_or_default())),
        None => None,
    })
}

fn read_format<'a>(format: Val<'a>, walk: &mut Walk) -> Result<Option<Format<'a>>, Error> {
    Ok(match walk.union(format, &table::FORMAT)? {
        Some(("json_object", _)) => Some(Format::Object),
        Some(("json_schema", got)) => Some(Format::Schema {
            name: got.keep("name"),
            description: got.keep("description"),
            schema: got.need("schema")?.keep(),
            strict: got.keep("strict"),
        }),
        _ => None,
    })
}
