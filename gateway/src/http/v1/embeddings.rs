//! OpenAI Embeddings.

use axum::{
    extract::{Request, State},
    response::Response,
};
use llm::Dialect;

use crate::{Gateway, run::Endpoint};

static EMBEDDINGS: Endpoint = Endpoint {
    dialect: Dialect::Embeddings,
    path: "/v1/embeddings",
    stream: None,
};

/// OpenAI Embeddings, as floats or base64 as the body asks.
#[utoipa::path(post, path = "/v1/embeddings", tag = "models", responses((status = 200, description = "The upstream's answer, byte for byte")))]
pub async fn embeddings(State(gateway): State<Gateway>, request: Request) -> Response {
    super::call(gateway, &EMBEDDINGS, request).await
}
