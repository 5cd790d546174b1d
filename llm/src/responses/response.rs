//! A whole Responses answer; the same object stands in the last event of a stream.

use crate::{JsonUsage, json, responses::usage};

/// Strings in an item or an event's delta that are not content. `token` stands in log probabilities, beside the content it repeats.
pub(super) const NOT_CONTENT: &[&str] = &[
    "type",
    "id",
    "call_id",
    "item_id",
    "role",
    "status",
    "phase",
    "encrypted_content",
    "token",
];

pub(crate) fn usage(body: &[u8]) -> JsonUsage {
    let mut answer = JsonUsage::default();
    let read = json::members(body, |key, value| match key {
        "output" => answer.output_bytes = json::text_bytes(value.raw(body), NOT_CONTENT),
        "usage" => match usage::read(value.raw(body)) {
            Ok(counts) => answer.tokens = counts.output.and(counts.tokens()),
            Err(_) => answer.flagged = true,
        },
        _ => {}
    });
    answer.valid = read.is_ok();
    answer.flagged |= read.is_err();
    answer
}
