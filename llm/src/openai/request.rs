//! What is watched in a Chat Completions request.

use crate::{
    Error,
    head::{Caps, Field, Found},
};

pub(crate) const WATCHED: &[Field] = &[
    Field::Model,
    Field::Messages,
    Field::Stream,
    Field::MaxTokens,
    Field::MaxCompletionTokens,
    Field::N,
    Field::StreamOptions,
];

/// The caps on output tokens of a choice and the number of choices. `max_tokens` is the deprecated name of
/// `max_completion_tokens`; upstreams differ in which one wins, so the larger one counts. Both may be null.
pub(crate) fn caps(found: &Found<'_>) -> Result<(Caps, u64), Error> {
    let old = found.cap(Field::MaxTokens, true)?;
    let new = found.cap(Field::MaxCompletionTokens, true)?;
    let n = found.count(Field::N, true)?;
    Ok(([old, new], n.unwrap_or(1)))
}
