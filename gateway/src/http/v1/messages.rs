//! Anthropic Messages.

use axum::{
    extract::{Request, State},
    response::Response,
};
use llm::Dialect;

use crate::{Gateway, run::Endpoint};

static MESSAGES: Endpoint = Endpoint {
    dialect: Dialect::Anthropic,
    path: "/v1/messages",
    stream: None,
};
static ALWAYS_JSON: Endpoint = Endpoint {
    dialect: Dialect::Anthropic,
    path: "/api/llm/messages",
    stream: Some(false),
};
static ALWAYS_STREAM: Endpoint = Endpoint {
    dialect: Dialect::Anthropic,
    path: "/api/llm/messages/stream",
    stream: Some(true),
};

/// Anthropic Messages, JSON or SSE as the body asks.
#[utoipa::path(post, path = "/v1/messages", tag = "models", responses((status = 200, description = "The upstream's answer, byte for byte")))]
pub async fn messages(State(gateway): State<Gateway>, request: Request) -> Response {
    super::call(gateway, &MESSAGES, request).await
}

/// Anthropic Messages, always JSON.
#[utoipa::path(post, path = "/api/llm/messages", tag = "models", responses((status = 200, description = "The upstream's answer")))]
pub async fn always_json(State(gateway): State<Gateway>, request: Request) -> Response {
    super::call(gateway, &ALWAYS_JSON, request).await
}

/// Anthropic Messages, always SSE.
#[utoipa::path(post, path = "/api/llm/messages/stream", tag = "models", responses((status = 200, description = "The upstream's stream")))]
pub async fn always_stream(State(gateway): State<Gateway>, request: Request) -> Response {
    super::call(gateway, &ALWAYS_STREAM, request).await
}
