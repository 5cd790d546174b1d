//! OpenAI Responses.

use axum::{
    extract::{Request, State},
    response::Response,
};
use llm::Dialect;

use crate::{Gateway, run::Endpoint};

static RESPONSES: Endpoint = Endpoint {
    dialect: Dialect::Responses,
    path: "/v1/responses",
    stream: None,
};

/// OpenAI Responses, JSON or SSE as the body asks. Nothing is kept here, whatever `store` says.
#[utoipa::path(post, path = "/v1/responses", tag = "models", responses((status = 200, description = "The upstream's answer, byte for byte")))]
pub async fn responses(State(gateway): State<Gateway>, request: Request) -> Response {
    super::call(gateway, &RESPONSES, request).await
}
