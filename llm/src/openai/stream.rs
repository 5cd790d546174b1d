//! Chunks of a Chat Completions stream: `choices`, at last `usage`, then `[DONE]`; or an `error` object.

use serde_json::{Map, Value};

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

/// Looks at one event; `true`: it is the extra chunk that `stream_options.include_usage` brings, whose choices say nothing.
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
    if let Some(choices) = &choices {
        reading.output_bytes += json::text_bytes(choices.raw(data), NOT_CONTENT);
    }
    // Every chunk but the last carries `"usage": null`.
    let said = said.filter(|value| value.kind != Kind::Null);
    if let Some(value) = &said {
        reading.usage(usage::read(value.raw(data)), true);
    }
    let extra = said.is_some() && !error && choices.is_some_and(|choices| say_nothing(choices.raw(data)));
    Ok(extra)
}

/// OpenAI's extra chunk has no choices; LiteLLM's has one with an empty delta. A chunk that names a role, a finish reason or
/// any content is the client's.
fn say_nothing(choices: &[u8]) -> bool {
    let empty = |value: &Value| value.is_null() || value == "" || value.as_object().is_some_and(Map::is_empty);
    let silent = |choice: &Value| {
        let delta = choice.get("delta").and_then(Value::as_object);
        choice.get("finish_reason").is_none_or(Value::is_null)
            && delta.is_none_or(|delta| delta.values().all(empty))
            && choice.get("text").is_none_or(empty)
    };
    serde_json::from_slice::<Vec<Value>>(choices).is_ok_and(|choices| choices.iter().all(silent))
}

#[cfg(test)]
mod tests {
    use super::say_nothing;

    #[test]
    fn only_a_chunk_that_says_nothing_is_the_extra_one() {
        for extra in [
            "[]",
            r#"[{"index":0,"delta":{}}]"#,
            r#"[{"index":0,"delta":{"content":null},"finish_reason":null}]"#,
        ] {
            assert!(say_nothing(extra.as_bytes()), "{extra}");
        }
        for kept in [
            r#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#,
            r#"[{"index":0,"delta":{"role":"assistant","content":""}}]"#,
            r#"[{"index":0,"delta":{"content":"x"}}]"#,
            r#"[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]"#,
            r#"{}"#,
        ] {
            assert!(!say_nothing(kept.as_bytes()), "{kept}");
        }
    }
}
