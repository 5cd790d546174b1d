//! Errors on the account side: RFC 9457 problem details.
//!
//! A handler only returns an [`Error`]; it travels in the response's extensions to [`super::layers::finish`], which knows the
//! request's id and renders. So a problem looks the same whether a handler, an extractor or the router itself refused.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use types::{Refusal, error::Code, problem::Problem};

use crate::Error;

pub const CONTENT_TYPE: &str = "application/problem+json";

/// What a response carries to the layer that renders it.
#[derive(Clone)]
pub(super) struct Failure(pub(super) Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status(&self.refusal());
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A refusal as a response of its own, for layers that answer before the router is reached.
pub fn render(refusal: &Refusal, request_id: &str) -> Response {
    let status = status(refusal);
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail: refusal.message.clone(),
        code: refusal.code.name().to_owned(),
        request_id: request_id.to_owned(),
        errors: refusal.errors.clone(),
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, challenge(refusal.code));
    }
    response
}

/// RFC 6750 §3: the error is named only when a credential was presented.
fn challenge(code: Code) -> HeaderValue {
    HeaderValue::from_static(match code {
        Code::InvalidCredential | Code::TwoCredentials => "Bearer realm=\"weirgate\", error=\"invalid_token\"",
        _ => "Bearer realm=\"weirgate\"",
    })
}

/// The error class, for the log, of an answer that has nothing but a status; none for one that is no failure.
pub fn class_of(status: StatusCode) -> Option<&'static str> {
    (status.is_client_error() || status.is_server_error()).then(|| of_status(status).code.name())
}

/// What to say when the router answered with a bare status.
pub(super) fn of_status(status: StatusCode) -> Refusal {
    let (code, message) = match status {
        StatusCode::NOT_FOUND => (Code::NotFound, "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => (
            Code::MethodNotAllowed,
            "This address does not take this method; `allow` lists those it takes.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLarge, "The request's body is larger than this address takes."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (Code::UnsupportedMediaType, "Send the body as `application/json`."),
        StatusCode::SERVICE_UNAVAILABLE => (Code::Unavailable, "The server cannot do this right now."),
        status if status.is_client_error() => (Code::BadRequest, "The request is not what this address expects."),
        _ => (
            Code::Internal,
            "Something went wrong on the server. The request id leads to it in the server's log.",
        ),
    };
    Refusal::new(code, message)
}
