//! The doors under `/v1`, a file each, and what they share.

pub mod chat_completions;
pub mod count_tokens;
pub mod embeddings;
pub mod key;
pub mod messages;
pub mod models;
pub mod responses;

use ::http::{HeaderValue, header, request::Parts};
use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;

use super::{
    extract::{self, Caller},
    reply::{Asked, IGNORED, reply},
};
use crate::{
    Error, Gateway,
    run::{self, Endpoint},
};

/// Opens a door: proves the caller, reads the body, runs the call, words the outcome.
async fn call(gateway: Gateway, endpoint: &'static Endpoint, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = extract::request_id(&gateway, &parts.headers);
    let caller = Caller::prove(&gateway, &parts);
    serve(&gateway, endpoint, &parts, body, caller, &request_id).await
}

/// The same for a caller who was proved, or refused, another way.
pub(super) async fn serve(
    gateway: &Gateway,
    endpoint: &'static Endpoint,
    parts: &Parts,
    body: Body,
    caller: Result<Caller, Error>,
    request_id: &str,
) -> Response {
    let asked = Asked::now(endpoint.path, parts, request_id);
    let outcome = async {
        let caller = caller?;
        let body = extract::json_body(gateway, &parts.headers, body)
            .await
            .inspect_err(|error: &Error| run::refused(gateway, &caller, endpoint, "", request_id, error))?;
        run::run(gateway, &caller, endpoint, &parts.headers, body, request_id).await
    }
    .await;
    let mut response = reply(outcome, endpoint.dialect, &asked);
    if let Some(name) = extract::ignored(&parts.headers) {
        response.headers_mut().append(IGNORED, HeaderValue::from(name));
    }
    response
}

/// An answer of our own: JSON that nobody may keep.
fn own_json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
