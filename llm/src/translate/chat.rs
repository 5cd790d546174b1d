//! OpenAI Chat Completions: its fields, and the way between its form and ours.

pub(crate) mod answer;
mod calls;
pub(crate) mod read;
pub(crate) mod speak;
pub(crate) mod table;
pub(crate) mod write;
