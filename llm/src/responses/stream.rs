//! Events of a Responses stream: `response.created`, items, deltas, at last one that holds the whole response.
//!
//! Content is counted by its deltas alone: `…done` events and the last one repeat it. Unknown events are passed over.

use crate::{
    json::{self, Fault, Kind, Value},
    meter::Reading,
    responses::{response::NOT_CONTENT, usage},
    sse::Event,
};

/// Looks at one event.
pub(crate) fn read(event: &Event<'_>, reading: &mut Reading) -> Result<(), Fault> {
    let data = &*event.data;
    if data.trim_ascii() == b"[DONE]" {
        // The vendor sends none; servers that do are not whole because of it.
        return Ok(());
    }
    let mut fields = Fields::default();
    json::members(data, |key, value| match key {
        "type" => fields.kind = Some(value),
        "response" => fields.response = Some(value),
        "delta" => fields.delta = Some(value),
        "error" => fields.error = value.kind != Kind::Null,
        _ => {}
    })?;
    // Both are sent and agree; behind a proxy either may be missing.
    let kind = fields.kind.as_ref().map(|kind| kind.raw(data)).unwrap_or_default();
    let kind = kind
        .strip_prefix(b"\"")
        .and_then(|kind| kind.strip_suffix(b"\""))
        .unwrap_or(event.name);
    let response = fields.response.filter(|response| response.kind == Kind::Object);
    let response = response.map(|response| response.raw(data)).unwrap_or(b"{}");
    match kind {
        b"response.completed" | b"response.incomplete" => {
            last(response, reading)?;
            reading.done = true;
        }
        b"response.failed" | b"response.cancelled" => {
            last(response, reading)?;
            reading.error = true;
        }
        b"error" => reading.error = true,
        _ if kind.ends_with(b".delta") => {
            let delta = fields.delta.map(|delta| delta.raw(data)).unwrap_or_default();
            reading.output_bytes += json::text_bytes(delta, NOT_CONTENT);
        }
        _ => reading.error |= fields.error || event.name == b"error",
    }
    Ok(())
}

/// The response that a stream ends with. Its content counts only where there were no deltas and nobody says how many tokens it has.
fn last(raw: &[u8], reading: &mut Reading) -> Result<(), Fault> {
    let (mut said, mut output) = (None, None);
    json::members(raw, |key, value| match key {
        "usage" => said = Some(value),
        "output" => output = Some(value),
        _ => {}
    })?;
    let said = said.filter(|value| value.kind != Kind::Null);
    match (said, output) {
        (Some(value), _) => reading.usage(usage::read(value.raw(raw)), true),
        (None, Some(output)) if reading.output_bytes == 0 => {
            reading.output_bytes = json::text_bytes(output.raw(raw), NOT_CONTENT);
        }
        (None, _) => {}
    }
    Ok(())
}

#[derive(Default)]
struct Fields {
    kind: Option<Value>,
    response: Option<Value>,
    delta: Option<Value>,
    error: bool,
}
