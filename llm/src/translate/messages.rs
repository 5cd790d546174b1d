//! Anthropic Messages: its fields, and the way between its form and ours.

pub(crate) mod answer;
pub(crate) mod read;
pub(crate) mod speak;
pub(crate) mod table;
pub(crate) mod write;
