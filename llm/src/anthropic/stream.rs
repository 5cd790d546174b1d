//! Events of a Messages stream: `message_start`, content blocks, `message_delta`, `message_stop`, `ping`, `error`.
//!
//! Unknown events and unknown kinds of content are passed over, as the vendor asks of its clients.

use crate::{
    anthropic::usage,
    json::{self, Fault, Kind, Value},
    meter::Reading,
    sse::Event,
};

/// Strings in a content block that are not content.
pub(super) const NOT_CONTENT: &[&str] = &["type", "id", "tool_use_id", "signature", "media_type"];

/// Looks at one event.
pub(crate) fn read(event: &Event<'_>, reading: &mut Reading) -> Result<(), Fault> {
    let data = &*event.data;
    let mut fields = Fields::default();
    json::members(data, |key, value| match key {
        "type" => fields.kind = Some(value),
        "message" => fields.message = Some(value),
        "usage" => fields.usage = Some(value),
        "delta" | "content_block" => fields.content = Some(value),
        _ => {}
    })?;
    // Both are sent and agree; behind a proxy either may be missing.
    let kind = fields.kind.map(|kind| kind.raw(data)).unwrap_or_default();
    let kind = kind
        .strip_prefix(b"\"")
        .and_then(|kind| kind.strip_suffix(b"\""))
        .unwrap_or(event.name);
    reading.error |= event.name == b"error";
    match kind {
        b"content_block_delta" | b"content_block_start" => {
            let content = fields.content.map(|content| content.raw(data)).unwrap_or_default();
            reading.output_bytes += json::text_bytes(content, NOT_CONTENT);
        }
        b"message_start" => {
            let message = fields.message.filter(|message| message.kind == Kind::Object);
            let message = message.map(|message| message.raw(data)).unwrap_or(b"{}");
            let mut inner = None;
            json::members(message, |key, value| {
                if key == "usage" {
                    inner = Some(value);
                }
            })?;
            if let Some(inner) = inner {
                reading.usage(usage::read(inner.raw(message)), false);
            }
        }
        b"message_delta" => {
            if let Some(value) = fields.usage {
                reading.usage(usage::read(value.raw(data)), true);
            }
        }
        b"message_stop" => reading.done = true,
        b"error" => reading.error = true,
        _ => {}
    }
    Ok(())
}

#[derive(Default)]
struct Fields {
    kind: Option<Value>,
    message: Option<Value>,
    usage: Option<Value>,
    content: Option<Value>,
}
