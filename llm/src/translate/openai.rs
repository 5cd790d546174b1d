//! What both of OpenAI's dialects write alike.

use super::{
    ask::{Ask, Effort, Input, Raw, Target},
    out::Out,
    value::compact,
    walk::Walk,
};

/// Longest `user` that the vendor takes.
const USER_MOST: usize = 64;

/// Models that reason refuse to be told how to sample, but for what goes without saying.
pub(super) fn sampling(out: &mut Out, ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) {
    let reasons = match (to.options.reasoning, word(ask.effort.as_ref())) {
        (Some(false), _) => false,
        (_, Some(word)) => word != "\"none\"",
        (reasons, None) => reasons == Some(true),
    };
    for (name, value) in [("temperature", &ask.temperature), ("top_p", &ask.top_p)] {
        match value {
            Some(value) if !reasons => {
                out.field(name, value);
            }
            Some(value) if value.parse() != Ok(1.0) => walk.ignore(name),
            _ => {}
        }
    }
}

/// OpenAI's word for an effort; `None`: its own default.
pub(super) fn word<'a>(effort: Option<&Effort<'a>>) -> Option<Raw<'a>> {
    match effort? {
        Effort::Word(word) => Some(word.clone()),
        Effort::Budget(0..4096) => Some(Raw::Borrowed("\"low\"")),
        Effort::Budget(4096..16_384) => Some(Raw::Borrowed("\"medium\"")),
        Effort::Budget(_) => Some(Raw::Borrowed("\"high\"")),
        Effort::Open | Effort::None => None,
    }
}

/// Names the wish for no thoughts: not every model takes a word for it, and one that has none needs none.
pub(super) fn without_thoughts(ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) {
    if matches!(ask.effort, Some(Effort::None)) && to.options.reasoning != Some(false) {
        walk.ignore("thinking");
    }
}

/// Names the wish for effort that a model without thoughts cannot have.
pub(super) fn without_effort(ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) {
    let messages = match ask.effort {
        Some(Effort::Word(_)) => "output_config.effort",
        _ => "thinking",
    };
    walk.ignore(to.named(messages, "reasoning_effort", "reasoning.effort"));
}

/// Whom the call is for. Claude Code's name for them is longer than the vendor takes.
pub(super) fn user(out: &mut Out, ask: &Ask<'_>, to: &Target<'_>, walk: &mut Walk) {
    let Some(user) = &ask.user else { return };
    let by_its_own_name = |(name, value): &(&str, Raw<'_>)| *name == "safety_identifier" && value == user;
    if ask.shared.iter().any(by_its_own_name) {
        return;
    }
    if user.len() > USER_MOST + 2 {
        walk.ignore(to.named("metadata.user_id", "user", "user"));
    } else {
        out.field("user", user);
    }
}

/// Arguments are a string here, and programs expect JSON in it.
pub(super) fn arguments(out: &mut Out, input: &Input<'_>) {
    match input {
        Input::Object(object) => out.field_text("arguments", &compact(object)),
        Input::Json(text) if text.trim_matches('"').trim().is_empty() => out.field_text("arguments", "{}"),
        Input::Json(text) => out.field("arguments", text),
        Input::Freeform(text) => out.field_text("arguments", &format!("{{\"input\":{text}}}")),
    };
}

pub(super) fn data_url(out: &mut Out, media: &str, data: &str) {
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

pub(super) fn parallel(out: &mut Out, ask: &Ask<'_>) {
    if let Some(parallel) = ask.parallel {
        out.field("parallel_tool_calls", if parallel { "true" } else { "false" });
    }
}
