//! A whole Chat Completions answer.

use crate::{
    JsonUsage, json,
    openai::{stream::NOT_CONTENT, usage},
};

pub(crate) fn usage(body: &[u8]) -> JsonUsage {
    let mut answer = JsonUsage::default();
    let read = json::members(body, |key, value| match key {
        "choices" => answer.output_bytes = json::text_bytes(value.raw(body), NOT_CONTENT),
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
