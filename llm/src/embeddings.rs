//! OpenAI Embeddings: one JSON answer, never a stream. Source: <https://platform.openai.com/docs/api-reference/embeddings>.

pub(crate) mod demo;
pub(crate) mod request;
pub(crate) mod response;
