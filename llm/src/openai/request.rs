//! What is watched in a Chat Completions request.

use crate::{
    Error,
    head::{Field, Found},
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

/// The cap on output tokens of a choice and the number of choices. `max_tokens` is the deprecated name of
/// `max_completion_tokens`; upstreams differ in which one wins, so the larger one counts. Both may be null.
pub(crate) fn caps(found: &Found<'_>) -> Result<(Option<u64>, u64), Error> {
    let old = found.count(Field::MaxTokens, true)?;
    let new = found.count(Field::MaxCompletionTokens, true)?;
    let n = found.count(Field::N, true)?;
    Ok((old.max(new), n.unwrap_or(1)))
}
