//! Our form into a Messages request.

use std::borrow::Cow;

use crate::{
    Error,
    translate::{
        ask::{Ask, Block, Choice, Effort, Format, Input, Raw, Role, Source, Target, Tool, Turn},
        out::Out,
        seal::Seal,
        value::object_in,
        walk::{Walk, refuse},
    },
};

/// Most tokens of an answer when neither the client nor the catalogue says.
const MAX_TOKENS: u64 = 4096;
/// The vendor's smallest budget for thoughts.
const BUDGET_LEAST: u64 = 1024;
const EPHEMERAL: Raw<'static> = Cow::Borrowed("{\"type\":\"ephemeral\"}");

pub(crate) fn write(ask: &mut Ask<'_>, to: &Target<'_>, walk: &mut Walk) -> Result<Out, Error> {
    let mut out = Out::with_capacity(to.size);
    let max_tokens = match &ask.max_tokens {
        Some(most) => most.parse().ok(),
        None => Some(to.options.max_output_tokens.unwrap_or(MAX_TOKENS)),
    };
    let thinking = thinking(ask, max_tokens.unwrap_or(0), to, walk);
    if ask.cached {
        mark(ask);
    }
    out.open().field_text("model", to.options.upstream_model);
    match (&ask.max_tokens, max_tokens) {
        (None, Some(most)) => out.field_count("max_tokens", most),
        (asked, _) => out.field_if("max_tokens", asked.as_ref()),
    };
    if !ask.system.is_empty() {
        out.key("system").list();
        ask.system.iter().try_for_each(|block| write_block(&mut out, block))?;
        out.unlist();
    }
    write_turns(&mut out, &ask.turns)?;
    write_tools(&mut out, ask);
    sampling(&mut out, ask, &thinking, walk)?;
    let mut config = false;
    let mut in_config = |out: &mut Out| {
        if !std::mem::replace(&mut config, true) {
            out.key("output_config").open();
        }
    };
    match &thinking {
        Thinking::Off => {}
        Thinking::Budget(budget) => {
            out.key("thinking").open().field_text("type", "enabled");
            out.field_count("budget_tokens", *budget).close();
        }
        Thinking::Adaptive(effort) => {
            out.key("thinking").open().field_text("type", "adaptive").close();
            if let Some(effort) = effort {
                in_config(&mut out);
                out.field("effort", effort);
            }
        }
    }
    match &ask.format {
        Some(Format::Schema { schema, .. }) => {
            in_config(&mut out);
            out.key("format")
                .open()
                .field_text("type", "json_schema")
                .field("schema", schema)
                .close();
        }
        Some(Format::Object) => walk.ignore(to.named("output_config.format", "response_format", "text.format")),
        None => {}
    }
    if config {
        out.close();
    }
    if let Some(user) = &ask.user {
        out.key("metadata").open().field("user_id", user).close();
    }
    if ask.stream {
        out.field("stream", "true");
    }
    out.close();
    Ok(out)
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

/// The vendor refuses empty texts and turns.
fn says_something(block: &Block<'_>) -> bool {
    !matches!(block, Block::Text { text, .. } | Block::Refusal { text } if text == "\"\"")
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
            if !content.is_empty() {
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

fn write_tools(out: &mut Out, ask: &Ask<'_>) {
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
            return;
        }
    }
    out.key("tools").list();
    for tool in ask.tools.iter().filter(|tool| allowed(&tool.name)) {
        write_tool(out, tool);
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
        None => return,
    };
    out.key("tool_choice").open().field_text("type", kind);
    if let (Some(Choice::One(name)), "tool") = (&ask.choice, kind) {
        out.field_text("name", name);
    }
    if single && kind != "none" {
        out.field("disable_parallel_tool_use", "true");
    }
    out.close();
}

fn write_tool(out: &mut Out, tool: &Tool<'_>) {
    out.open().field_text("name", &tool.name);
    match &tool.freeform {
        None => {
            out.field_if("description", tool.description.as_ref());
            out.field(
                "input_schema",
                tool.schema.as_deref().unwrap_or("{\"type\":\"object\"}"),
            );
            if tool.strict {
                out.field("strict", "true");
            }
        }
        Some(grammar) => {
            crate::translate::freeform::describe(out, tool.description.as_deref(), grammar.as_deref());
            out.field("input_schema", crate::translate::freeform::SCHEMA);
        }
    }
    out.field_if("cache_control", tool.cache.as_ref()).close();
}

/// What this dialect refuses in any case is refused here, where it can be named.
fn sampling(out: &mut Out, ask: &Ask<'_>, thinking: &Thinking<'_>, walk: &mut Walk) -> Result<(), Error> {
    let free = matches!(thinking, Thinking::Off);
    if let Some(temperature) = &ask.temperature {
        if temperature.parse::<f64>().is_ok_and(|heat| heat > 1.0) {
            return Err(refuse(
                "temperature".to_owned(),
                "must be at most 1 for this model: its provider knows no higher one.",
            ));
        }
        if free {
            out.field("temperature", temperature);
        } else if temperature.parse() != Ok(1.0) {
            walk.ignore("temperature");
        }
    }
    for (name, value) in [("top_p", &ask.top_p), ("top_k", &ask.top_k)] {
        match value {
            Some(value) if free => {
                out.field(name, value);
            }
            Some(_) => walk.ignore(name),
            None => {}
        }
    }
    if !ask.stop.is_empty() {
        out.key("stop_sequences").list();
        for stop in &ask.stop {
            out.raw(stop);
        }
        out.unlist();
    }
    Ok(())
}

enum Thinking<'a> {
    Off,
    Budget(u64),
    Adaptive(Option<Raw<'a>>),
}

/// How the wish for effort is put to a model of this vendor.
///
/// Models from 4.6 on think adaptively and take an effort; older ones, and other vendors that speak this dialect, take a
/// budget. A budget needs room in `max_tokens`, no forced tool, and the thoughts of a tool loop that is under way.
fn thinking<'a>(ask: &Ask<'a>, max_tokens: u64, to: &Target<'_>, walk: &mut Walk) -> Thinking<'a> {
    let field = to.named("thinking", "reasoning_effort", "reasoning.effort");
    let Some(Effort::Word(word)) = &ask.effort else {
        return Thinking::Off;
    };
    let wanted = match word.trim_matches('"') {
        "none" => return Thinking::Off,
        "minimal" => BUDGET_LEAST,
        "low" => 2048,
        "medium" => 8192,
        "high" => 16_384,
        "xhigh" | "max" => 32_768,
        _ => {
            walk.ignore(field);
            return Thinking::Off;
        }
    };
    let forced = matches!(
        ask.choice,
        Some(Choice::Any | Choice::One(_) | Choice::Some { must: true, .. })
    );
    if to.options.reasoning == Some(false) || forced {
        walk.ignore(field);
        return Thinking::Off;
    }
    if adaptive(to.options.upstream_model) {
        let effort = if word == "\"minimal\"" {
            Raw::Borrowed("\"low\"")
        } else {
            word.clone()
        };
        return Thinking::Adaptive(Some(effort));
    }
    let budget = wanted.min(max_tokens / 2);
    if budget < BUDGET_LEAST || loop_without_thoughts(ask) {
        walk.ignore(field);
        return Thinking::Off;
    }
    Thinking::Budget(budget)
}

/// `claude-<family>-<major>-<minor>…` of 4.6 or later.
fn adaptive(model: &str) -> bool {
    let Some(at) = model.find("claude-") else { return false };
    let mut numbers = model[at..]
        .split(['-', '@', ':', '.'])
        .filter_map(|part| part.parse::<u32>().ok());
    let major = numbers.next().unwrap_or(0);
    // A date is no minor version.
    let minor = numbers.next().filter(|minor| *minor < 100).unwrap_or(0);
    (5..100).contains(&major) || (major == 4 && minor >= 6)
}

/// The last turn of the model called tools and does not begin with a thought that can be given back.
fn loop_without_thoughts(ask: &Ask<'_>) -> bool {
    let mut turns = ask.turns.iter().rev();
    let results = |turn: &Turn<'_>| {
        turn.role == Role::User && turn.blocks.iter().any(|block| matches!(block, Block::Result { .. }))
    };
    if !turns.next().is_some_and(results) {
        return false;
    }
    let last = turns.find(|turn| turn.role == Role::Assistant);
    last.is_some_and(|turn| {
        !matches!(
            turn.blocks.first(),
            Some(Block::Thought {
                seal: Seal::Signature(_) | Seal::Redacted(_),
                ..
            })
        )
    })
}

/// Clients of OpenAI count on their prompts being cached; here it has to be asked for. The marks go to the end of what is
/// written before the conversation and to the end of the conversation, unless the client set its own.
fn mark(ask: &mut Ask<'_>) {
    let blocks = ask.system.iter().chain(ask.turns.iter().flat_map(|turn| &turn.blocks));
    let own = blocks.filter_map(cache_of).next().is_some() || ask.tools.iter().any(|tool| tool.cache.is_some());
    if own {
        return;
    }
    let last = ask.turns.iter_mut().rev().find(|turn| turn.role == Role::User);
    let ends = [ask.system.last_mut(), last.and_then(|turn| turn.blocks.last_mut())];
    for block in ends.into_iter().flatten() {
        match block {
            Block::Text { text, .. } if text == "\"\"" => {}
            Block::Text { cache, .. }
            | Block::Image { cache, .. }
            | Block::File { cache, .. }
            | Block::Result { cache, .. } => *cache = Some(EPHEMERAL),
            _ => {}
        }
    }
    if ask.system.is_empty()
        && let Some(tool) = ask.tools.last_mut()
    {
        tool.cache = Some(EPHEMERAL);
    }
}

fn cache_of<'b>(block: &'b Block<'_>) -> Option<&'b Raw<'b>> {
    match block {
        Block::Text { cache, .. }
        | Block::Image { cache, .. }
        | Block::File { cache, .. }
        | Block::Call { cache, .. }
        | Block::Result { cache, .. } => cache.as_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_from_4_6_on_think_adaptively() {
        for model in [
            "claude-opus-4-6",
            "claude-sonnet-5",
            "anthropic/claude-opus-4.7",
            "eu.claude-haiku-4-8-20260801",
        ] {
            assert!(adaptive(model), "{model}");
        }
        for model in [
            "claude-sonnet-4-5",
            "claude-sonnet-4-20250514",
            "claude-3-7-sonnet-latest",
            "kimi-k2",
            "claude-opus-4-1",
        ] {
            assert!(!adaptive(model), "{model}");
        }
    }

    #[test]
    fn odd_ids_become_fine_ones_and_stay_apart() {
        assert_eq!(tool_id("toolu_01-A"), "toolu_01-A");
        assert_eq!(tool_id("functions.bash:0"), "functions-2e-bash-3a-0");
        assert_ne!(tool_id("a.b"), tool_id("a:b"));
    }
}
