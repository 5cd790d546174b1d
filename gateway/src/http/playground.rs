//! The playground's door: Anthropic Messages for the page of the dashboard, with the browser's session in place of a key.
//!
//! The same pipeline as `/v1/messages`, and the only door here at which a cookie counts; no key and no token does.

use ::http::HeaderMap;
use axum::{
    extract::{Request, State},
    response::Response,
};
use llm::Dialect;

use super::{
    extract::{self, Caller},
    v1,
};
use crate::{Gateway, run::Endpoint};

static MESSAGES: Endpoint = Endpoint {
    dialect: Dialect::Anthropic,
    path: "/playground/messages",
    stream: None,
};

/// Anthropic Messages, JSON or SSE as the body asks. The page looks its call up by the request's id, so that is always one of ours.
pub async fn messages(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = extract::request_id(&gateway, &HeaderMap::new());
    let caller = Caller::prove_visitor(&gateway, &parts).await;
    v1::serve(&gateway, &MESSAGES, &parts, body, caller, &request_id).await
}
