//! OpenAI Chat Completions. Source: <https://platform.openai.com/docs/api-reference/chat>.

pub(crate) mod demo;
pub(crate) mod error;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod stream;
pub(crate) mod usage;
