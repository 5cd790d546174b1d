//! What is watched in a Messages request.

use crate::{
    Error,
    head::{Caps, Field, Found},
};

pub(crate) const WATCHED: &[Field] = &[Field::Model, Field::Messages, Field::Stream, Field::MaxTokens];
/// Of a request to count its tokens.
pub(crate) const WATCHED_TO_COUNT: &[Field] = &[Field::Model, Field::Messages];

/// The cap on output tokens, which this dialect demands, and the number of choices, which is always one.
pub(crate) fn caps(found: &Found<'_>) -> Result<(Caps, u64), Error> {
    let max_tokens = found.cap(Field::MaxTokens, false)?;
    if max_tokens.is_none() {
        return Err(Error::field_wrong(
            "max_tokens",
            "max_tokens: Field required. Send the most tokens the answer may have, such as 1024.",
        ));
    }
    Ok(([max_tokens, None], 1))
}
