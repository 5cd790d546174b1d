//! Our form into a Messages request.

use std::borrow::Cow;

use super::{
    cache, schema,
    thinking::{Thinking, sampling, takes_schemas, thinking},
};
use crate::{
    Error,
    translate::{
        ask::{Ask, Block, Choice, Format, Input, Raw, Role, Source, Target, Tool, Turn},
        freeform,
        out::Out,
        seal::Seal,
        value::{Val, object_in, quoted},
        walk::{Walk, broken},
    },
};

/// Most tokens of an answer when neither the client nor the catalogue says.
const MAX_TOKENS: u64 = 4096;
/// Longest `metadata.user_id` that the vendor takes.
const USER_MOST: usize = 256;

pub(crate) fn write(ask: &mut Ask<'_>, to: &Target<'_>, walk: &mut Walk) -> Result<Out, Error> {
    let mut out = Out::with_capacity(to.size);
    let max_tokens = match &ask.max_tokens {
        Some(most) => most.parse().ok(),
        None => Some(to.options.max_output_tokens.unwrap_or(MAX_TOKENS)),
    };
    let thinking = thinking(ask, max_tokens.unwrap_or(0), to, walk);
    begin(ask);
    trim_end(ask);
    let schema = format(ask, to, walk);
    if ask.cached {
        cache::mark(ask);
    }
    out.open().field_text("model", to.options.upstream_model);
    match (&ask.max_tokens, max_tokens) {
        (None, Some(most)) => out.field_count("max_tokens", most),
        (asked, _) => out.field_if("max_tokens", asked.as_ref()),
    };
    if ask.system.iter().any(says_something) {
        out.key("system").list();
        ask.system.iter().try_for_each(|block| write_block(&mut out, block))?;
        out.unlist();
    }
    write_turns(&mut out, &ask.turns)?;
    write_tools(&mut out, ask)?;
    sampling(&mut out, ask, &thinking, to, walk)?;
    write_stop(&mut out, &ask.stop, walk);
    let effort = match thinking {
        Thinking::Off => None,
        Thinking::Budget(budget) => {
            out.key("thinking").open().field_text("type", "enabled");
            out.field_count("budget_tokens", budget).close();
            None
        }
        Thinking::Adaptive(effort) => {
            // Later models tell nothing of their thoughts unless they are asked to.
            out.key("thinking").open().field_text("type", "adaptive");
            out.field_text("display", "summarized").close();
            Some(effort)
        }
    };
    if effort.is_some() || schema.is_some() {
        out.key("output_config").open().field_if("effort", effort.as_ref());
        if let Some(schema) = schema {
            let path = to.named(
                "output_config.format.schema",
                "response_format[json_schema].json_schema.schema",
                "text.format[json_schema].schema",
            );
            out.key("format").open().field_text("type", "json_schema").key("schema");
            schema::closed(&mut out, Val::document(&schema).map_err(broken)?, path, walk)?;
            out.close();
        }
        out.close();
    }
    match &ask.user {
        Some(user) if is_anonymous(user) => {
            out.key("metadata").open().field("user_id", user).close();
        }
        Some(_) => walk.ignore(to.named("metadata.user_id", "user", "user")),
        None => {}
    }
    if ask.stream {
        out.field("stream", "true");
    }
    out.close();
    Ok(out)
}

/// The vendor wants a conversation; where there is none, the last of the instructions begins it.
fn begin(ask: &mut Ask<'_>) {
    if ask.turns.iter().flat_map(|turn| &turn.blocks).any(says_something) {
        return;
    }
    while let Some(last) = ask.system.pop() {
        if says_something(&last) {
            ask.push(Role::User, last);
            return;
        }
    }
}

/// An answer that the model is to go on with must not end with white space.
fn trim_end(ask: &mut Ask<'_>) {
    let last = ask
        .turns
        .iter_mut()
        .rev()
        .find(|turn| turn.blocks.iter().any(says_something));
    let Some(turn) = last.filter(|turn| turn.role == Role::Assistant) else {
        return;
    };
    if let Some(Block::Text { text, .. }) = turn.blocks.iter_mut().rev().find(|block| says_something(block))
        && let Some(said) = Val::document(text).ok().and_then(Val::text)
        && said.trim_end().len() < said.len()
    {
        *text = Cow::Owned(quoted(said.trim_end()));
    }
}

/// The schema of the answer. What the model cannot be held to is asked for in words, and named.
fn format<'a>(ask: &mut Ask<'a>, to: &Target<'_>, walk: &mut Walk) -> Option<Raw<'a>> {
    let mut words = "Answer with one JSON object and nothing else.".to_owned();
    match ask.format.take()? {
        Format::Schema { schema, .. } if takes_schemas(to.options.upstream_model) => return Some(schema),
        Format::Schema { schema, .. } => {
            words.push_str(&format!(" It must follow this JSON schema:\n{schema}"));
            walk.ignore(to.named("output_config.format", "response_format", "text.format"));
        }
        Format::Object => walk.ignore(to.named(
            "output_config.format",
            "response_format[json_object]",
            "text.format[json_object]",
        )),
    }
    ask.system.push(Block::text(quoted(&words)));
    None
}

/// The vendor takes no stop sequences of white space.
fn write_stop(out: &mut Out, stop: &[Raw<'_>], walk: &mut Walk) {
    if stop.iter().any(|stop| is_blank(stop)) {
        walk.ignore("stop");
    }
    let mut told = stop.iter().filter(|stop| !is_blank(stop)).peekable();
    if told.peek().is_some() {
        out.key("stop_sequences").list();
        for stop in told {
            out.raw(stop);
        }
        out.unlist();
    }
}

/// The vendor refuses what looks like somebody's address or telephone number.
fn is_anonymous(user: &str) -> bool {
    let inner = user.trim_matches('"');
    let number = inner
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-(). ".contains(&byte));
    inner.len() <= USER_MOST && !inner.contains('@') && !(number && inner.len() >= 7)
}

/// Everything between two turns of the model's is one message of the user's, results first: the vendor wants them directly after
/// their calls.
fn write_turns(out: &mut Out, turns: &[Turn<'_>]) -> Result<(), Error> {
    out.key("messages").list();
    let said = |turn: &Turn<'_>| turn.role == Role::Assistant;
    for turns in turns.chunk_by(|one, next| said(one) == said(next)) {
        let all = turns
            .iter()
            .flat_map(|turn| turn.blocks.iter().map(|block| (turn.role, block)));
        let mut blocks: Vec<_> = all.filter(|(_, block)| says_something(block)).collect();
        if blocks.is_empty() {
            continue;
        }
        let model = turns.first().is_some_and(said);
        if !model {
            // A stable sort: among themselves both keep their order.
            blocks.sort_by_key(|(_, block)| !matches!(block, Block::Result { .. }));
        }
        out.open()
            .field_text("role", if model { "assistant" } else { "user" })
            .key("content")
            .list();
        for (role, block) in blocks {
            match (role, block) {
                (Role::System, Block::Text { text, cache }) => instruction(out, text, cache.as_ref()),
                _ => write_block(out, block)?,
            }
        }
        out.unlist().close();
    }
    out.unlist();
    Ok(())
}

/// In a conversation this dialect has no place for instructions; they stand in the user's turn, marked.
fn instruction(out: &mut Out, text: &str, cache: Option<&Raw<'_>>) {
    out.open().field_text("type", "text");
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    out.key("text")
        .raw("\"<system>\\n")
        .frame(inner)
        .frame("\\n</system>\"");
    out.field_if("cache_control", cache).close();
}

/// The vendor refuses texts of white space, and turns without anything in them.
pub(super) fn says_something(block: &Block<'_>) -> bool {
    !matches!(block, Block::Text { text, .. } | Block::Refusal { text } if is_blank(text))
}

/// A JSON string of white space, which stands in it as itself or as an escape.
fn is_blank(text: &str) -> bool {
    let mut rest = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    loop {
        rest = rest.trim_start();
        match ["\\n", "\\r", "\\t", "\\f"]
            .iter()
            .find_map(|escape| rest.strip_prefix(escape))
        {
            Some(after) => rest = after,
            None => return rest.is_empty(),
        }
    }
}

fn write_block(out: &mut Out, block: &Block<'_>) -> Result<(), Error> {
    match block {
        empty if !says_something(empty) => {}
        Block::Text { text, cache } => {
            out.open().field_text("type", "text").field("text", text);
            out.field_if("cache_control", cache.as_ref()).close();
        }
        Block::Refusal { text } => {
            out.open().field_text("type", "text").field("text", text).close();
        }
        Block::Image { source, cache, .. } => {
            out.open().field_text("type", "image");
            write_source(out, source);
            out.field_if("cache_control", cache.as_ref()).close();
        }
        Block::File { source, name, cache } => {
            out.open().field_text("type", "document");
            write_source(out, source);
            out.field_if("title", name.as_ref())
                .field_if("cache_control", cache.as_ref())
                .close();
        }
        Block::Call { id, name, input, cache } => {
            out.open()
                .field_text("type", "tool_use")
                .field_text("id", &tool_id(id))
                .field_text("name", name);
            out.key("input");
            write_input(out, input);
            out.field_if("cache_control", cache.as_ref()).close();
        }
        Block::Result {
            id,
            error,
            content,
            cache,
            ..
        } => {
            out.open()
                .field_text("type", "tool_result")
                .field_text("tool_use_id", &tool_id(id));
            if content.iter().any(says_something) {
                out.key("content").list();
                content.iter().try_for_each(|block| write_block(out, block))?;
                out.unlist();
            }
            if *error {
                out.field("is_error", "true");
            }
            out.field_if("cache_control", cache.as_ref()).close();
        }
        Block::Thought { text, seal } => match seal {
            Seal::Signature(signature) => {
                out.open().field_text("type", "thinking").field("thinking", text);
                out.field_text("signature", signature).close();
            }
            Seal::Redacted(data) => {
                out.open()
                    .field_text("type", "redacted_thinking")
                    .field_text("data", data)
                    .close();
            }
            Seal::Encrypted { .. } | Seal::Plain => {}
        },
    }
    Ok(())
}

fn write_source(out: &mut Out, source: &Source<'_>) {
    out.key("source").open();
    match source {
        Source::Base64 { media, data } => {
            out.field_text("type", "base64")
                .field_text("media_type", media)
                .field_text("data", data);
        }
        Source::Url(url) => {
            out.field_text("type", "url").field("url", url);
        }
        Source::Kept(id) => {
            out.field_text("type", "file").field("file_id", id);
        }
    }
    out.close();
}

/// This dialect wants an object. What a model wrote that is none (its answer was cut, say) goes on as text, so that the
/// conversation does.
fn write_input(out: &mut Out, input: &Input<'_>) {
    match input {
        Input::Object(object) => {
            out.raw(object);
        }
        Input::Json(text) => {
            let text: String = serde_json::from_str(text).unwrap_or_default();
            match object_in(&text) {
                Some(object) => out.raw(object),
                None if text.trim().is_empty() => out.raw("{}"),
                None => out.open().field_text("invalid_arguments", &text).close(),
            };
        }
        Input::Freeform(text) => {
            out.open().field("input", text).close();
        }
    }
}

/// The vendor takes letters, digits, `_` and `-`. Anything else is written as its code, the same in call and result.
fn tool_id(id: &str) -> Cow<'_, str> {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !id.is_empty() && id.chars().all(fine) {
        return Cow::Borrowed(id);
    }
    let mut safe = String::with_capacity(id.len() + 8);
    for letter in id.chars() {
        if fine(letter) {
            safe.push(letter);
        } else {
            safe.push_str(&format!("-{:x}-", u32::from(letter)));
        }
    }
    if safe.is_empty() {
        safe.push('-');
    }
    Cow::Owned(safe)
}

fn write_tools(out: &mut Out, ask: &Ask<'_>) -> Result<(), Error> {
    let allowed = |name: &str| match &ask.choice {
        Some(Choice::Some { names, .. }) => names.iter().any(|allowed| allowed == name),
        _ => true,
    };
    let mut called: Vec<&str> = Vec::new();
    if ask.tools.is_empty() {
        // The vendor wants every tool of a conversation defined, also when none may be used any more.
        for block in ask.turns.iter().flat_map(|turn| &turn.blocks) {
            if let Block::Call { name, .. } = block
                && !called.contains(&&**name)
            {
                called.push(name);
            }
        }
        if called.is_empty() {
            return Ok(());
        }
    }
    out.key("tools").list();
    for tool in ask.tools.iter().filter(|tool| allowed(&tool.name)) {
        write_tool(out, tool)?;
    }
    for name in &called {
        out.open()
            .field_text("name", name)
            .field("input_schema", "{\"type\":\"object\"}")
            .close();
    }
    out.unlist();
    let single = ask.parallel == Some(false);
    let kind = match &ask.choice {
        _ if !called.is_empty() => "none",
        Some(Choice::None) => "none",
        Some(Choice::Any | Choice::Some { must: true, .. }) => "any",
        Some(Choice::One(_)) => "tool",
        Some(Choice::Auto | Choice::Some { .. }) => "auto",
        None if single => "auto",
        None => return Ok(()),
    };
    out.key("tool_choice").open().field_text("type", kind);
    if let (Some(Choice::One(name)), "tool") = (&ask.choice, kind) {
        out.field_text("name", name);
    }
    if single && kind != "none" {
        out.field("disable_parallel_tool_use", "true");
    }
    out.close();
    Ok(())
}

/// Strict tools are not asked for: the vendor takes few of them in a call, and closed ones only.
fn write_tool(out: &mut Out, tool: &Tool<'_>) -> Result<(), Error> {
    out.open().field_text("name", &tool.name);
    match &tool.freeform {
        None => {
            out.field_if("description", tool.description.as_ref())
                .key("input_schema");
            schema::input(out, tool.schema.as_deref().unwrap_or("{}"))?;
        }
        Some(grammar) => {
            freeform::describe(out, tool.description.as_deref(), grammar.as_deref());
            out.field("input_schema", freeform::SCHEMA);
        }
    }
    out.field_if("cache_control", tool.cache.as_ref()).close();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_ids_become_fine_ones_and_stay_apart() {
        assert_eq!(tool_id("toolu_01-A"), "toolu_01-A");
        assert_eq!(tool_id("functions.bash:0"), "functions-2e-bash-3a-0");
        assert_ne!(tool_id("a.b"), tool_id("a:b"));
    }

    #[test]
    fn white_space_says_nothing() {
        for blank in ["\"\"", "\" \"", "\"\\n\\n\"", "\" \\r\\t\\f\""] {
            assert!(is_blank(blank), "{blank}");
        }
        for words in ["\"a\"", "\"\\n.\"", "\"\\\\n\"", "\"\\\"\""] {
            assert!(!is_blank(words), "{words}");
        }
    }

    #[test]
    fn people_are_not_named_by_address_or_number() {
        for fine in ["\"u\"", "\"user-17\"", "\"123456\""] {
            assert!(is_anonymous(fine), "{fine}");
        }
        for other in [
            "\"ann@example.org\"",
            "\"+49 (30) 901820\"",
            &format!("\"{}\"", "x".repeat(257)),
        ] {
            assert!(!is_anonymous(other), "{other}");
        }
    }
}
