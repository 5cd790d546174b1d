//! OpenAI Chat Completions.

use axum::{
    extract::{Request, State},
    response::Response,
};
use llm::Dialect;

use crate::{Gateway, run::Endpoint};

static CHAT_COMPLETIONS: Endpoint = Endpoint {
    dialect: Dialect::Openai,
    path: "/v1/chat/completions",
    stream: None,
};

/// OpenAI Chat Completions, JSON or SSE as the body asks.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "models", responses((status = 200, description = "The upstream's answer, byte for byte")))]
pub async fn chat_completions(State(gateway): State<Gateway>, request: Request) -> Response {
    super::call(gateway, &CHAT_COMPLETIONS, request).await
}
