//! Anthropic Messages: its fields, and the way between its form and ours.

pub(crate) mod answer;
mod cache;
pub(crate) mod read;
mod schema;
pub(crate) mod speak;
pub(crate) mod table;
mod thinking;
pub(crate) mod write;
