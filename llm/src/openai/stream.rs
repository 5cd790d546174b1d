//! Chunks of a Chat Completions stream: `choices`, at last `usage`, then `[DONE]`; or an `error` object.

use crate::{
    json::{self, Fault, Kind},
    meter::Reading,
    openai::usage,
    sse::Event,
};

/// Strings in a choice that are not content. `token` stands in log probabilities, beside the content it repeats.
pub(super) const NOT_CONTENT: &[&str] = &[
    "role",
    "type",
    "id",
    "finish_reason",
    "native_finish_reason",
    "token",
    "object",
];

/// Looks at one event; `true`: it is the extra chunk that `stream_options.include_usage` brings, with no choices.
pub(crate) fn read(event: &Event<'_>, reading: &mut Reading) -> Result<bool, Fault> {
    let data = &*event.data;
    if data.trim_ascii() == b"[DONE]" {
        reading.done = true;
        return Ok(false);
    }
    let (mut choices, mut said, mut error) = (None, None, false);
    json::members(data, |key, value| match key {
        "choices" => choices = Some(value),
        "usage" => said = Some(value),
        "error" => error = value.kind != Kind::Null,
        _ => {}
    })?;
    reading.error |= error || event.name == b"error";
    let mut no_choices = false;
    if let Some(choices) = choices {
        no_choices = choices.kind == Kind::Array && choices.is_empty_container(data);
        reading.output_bytes += json::text_bytes(choices.raw(data), NOT_CONTENT);
    }
    // Every chunk but the last carries `"usage": null`.
    let said = said.filter(|value| value.kind != Kind::Null);
    if let Some(value) = &said {
        reading.usage(usage::read(value.raw(data)), true);
    }
    Ok(no_choices && said.is_some() && !error)
}
