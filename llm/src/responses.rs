//! OpenAI Responses. Source: <https://platform.openai.com/docs/api-reference/responses>.

pub(crate) mod demo;
pub(crate) mod error;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod stream;
pub(crate) mod usage;
