//! A whole Messages answer.

use crate::{
    JsonUsage,
    anthropic::{stream::NOT_CONTENT, usage},
    json,
};

pub(crate) fn usage(body: &[u8]) -> JsonUsage {
    let mut answer = JsonUsage::default();
    let read = json::members(body, |key, value| match key {
        "content" => answer.output_bytes = json::text_bytes(value.raw(body), NOT_CONTENT),
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
