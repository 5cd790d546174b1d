//! The `Host` of a request. Nothing here is chosen by it, but a proxy in front may choose by it, so one that can be read in two ways is refused.

use axum::{
    extract::Request,
    http::{HeaderValue, Version, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use types::{Refusal, error::Code};

use crate::Error;

/// [`check`] as a layer.
pub async fn one_host(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => Error::from(refusal).into_response(),
    }
}

/// Errors: 400 for two hosts, none where HTTP/1.1 wants one, or one that is more than a name and a port (RFC 9112 §3.2).
pub fn check(parts: &Parts) -> Result<(), Refusal> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let good = match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_authority(host),
        // HTTP/2 tells it in the address, HTTP/1.0 not at all.
        (None, _) => parts.version != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    good.then_some(()).ok_or_else(|| {
        Refusal::new(
            Code::BadRequest,
            "Send one Host header with a name and, if need be, a port.",
        )
    })
}

fn is_authority(host: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(byte);
    !host.is_empty() && host.as_bytes().iter().all(plain)
}
