//! What is watched in a Responses request.

use std::ops::Range;

use crate::{
    Error,
    head::{self, Caps, Field, Found},
};

pub(crate) const WATCHED: &[Field] = &[
    Field::Model,
    Field::Input,
    Field::Stream,
    Field::MaxOutputTokens,
    Field::PreviousResponse,
    Field::Conversation,
    Field::Prompt,
];

const REMEDY: &str =
    "Send a string, or an array with at least one item such as {\"role\": \"user\", \"content\": \"Hello\"}.";

/// The cap on output tokens, which may be null, and the number of answers, which is always one.
pub(crate) fn caps(found: &Found<'_>) -> Result<(Caps, u64), Error> {
    Ok(([found.cap(Field::MaxOutputTokens, true)?, None], 1))
}

/// `input` may be absent where another field says what to answer; the span is then empty.
pub(crate) fn input(found: &Found<'_>) -> Result<Range<usize>, Error> {
    let elsewhere = [Field::PreviousResponse, Field::Conversation, Field::Prompt];
    match head::input(found, REMEDY)? {
        Some(span) => Ok(span),
        None if elsewhere.into_iter().any(|field| found.says(field)) => Ok(0..0),
        None => Err(head::missing(Field::Input, REMEDY)),
    }
}
