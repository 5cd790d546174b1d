//! What is watched in an Embeddings request. How the vectors are written (`encoding_format`, `dimensions`) is between client and upstream;
//! both are watched so that nobody reads another value than we let pass.

use std::ops::Range;

use crate::{
    Error,
    head::{self, Field, Found},
};

pub(crate) const WATCHED: &[Field] = &[Field::Model, Field::Input, Field::EncodingFormat, Field::Dimensions];

const REMEDY: &str = "Send a text, or an array of texts or token numbers.";

pub(crate) fn input(found: &Found<'_>) -> Result<Range<usize>, Error> {
    head::input(found, REMEDY)?.ok_or_else(|| head::missing(Field::Input, REMEDY))
}
