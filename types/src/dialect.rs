//! The protocols that clients and upstreams speak.

use serde::{Deserialize, Serialize};

/// A request and response format. Adding one: a folder in `llm`, a variant here, fixtures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Anthropic Messages, `POST /v1/messages`.
    Anthropic,
    /// OpenAI Chat Completions, `POST /v1/chat/completions`.
    Openai,
    /// OpenAI Responses, `POST /v1/responses`.
    Responses,
    /// OpenAI Embeddings, `POST /v1/embeddings`.
    Embeddings,
}

impl Dialect {
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Anthropic => "anthropic",
            Dialect::Openai => "openai",
            Dialect::Responses => "responses",
            Dialect::Embeddings => "embeddings",
        }
    }
}
