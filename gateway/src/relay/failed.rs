//! An upstream that answered with an error: what of it may reach the caller.

use std::time::Duration;

use ::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use llm::Dialect;
use types::{error::Code, usage::CallStatus};

use super::{is_kind, passed_headers};
use crate::{
    Error,
    error::PassedOn,
    meter::{Ending, InFlight},
};

/// More error text than this is a page, not a message.
const LARGEST_ERROR: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Settles a call that the upstream refused, and says what the caller hears.
///
/// 401 and 403 are about our credential, so they become 502 without the upstream's text; redirects are not followed; anything else
/// is passed on when it is an error of the dialect, with our credential taken out should it stand in it.
pub async fn refuse(
    mut call: InFlight,
    status: StatusCode,
    headers: HeaderMap,
    dialect: Dialect,
    credential: &str,
) -> Error {
    let error = match status.as_u16() {
        401 | 403 => Error::refused(
            Code::UpstreamAuth,
            "The upstream refused this server's credential. Tell the operator of this server.",
        ),
        400..600 => match read(&mut call, &headers, dialect, credential).await {
            Some(body) => Error::PassedOn(PassedOn {
                status: status.as_u16(),
                headers: passed_headers(&headers),
                body,
            }),
            None => wordless(status, &headers),
        },
        _ => Error::refused(
            Code::UpstreamFailed,
            "The upstream answered with a redirect, which is not followed.",
        ),
    };
    call.settle(Ending {
        status: CallStatus::UpstreamError,
        http_status: error.status(),
        class: Some(class(status)),
    });
    error
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "upstream_auth",
        429 => "upstream_rate_limited",
        503 | 529 => "upstream_overloaded",
        400..500 => "upstream_refused",
        _ => "upstream_failed",
    }
}

async fn read(call: &mut InFlight, headers: &HeaderMap, dialect: Dialect, credential: &str) -> Option<Bytes> {
    if !is_kind(headers, "application/json") {
        return None;
    }
    let reading = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = call.chunk().await {
            let chunk = chunk.ok()?;
            if body.len() + chunk.len() > LARGEST_ERROR {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        Some(body.freeze())
    };
    let body = tokio::time::timeout(PATIENCE, reading).await.ok().flatten()?;
    llm::error::is_native(dialect, &body).then(|| llm::error::redact(body, &[credential]))
}

/// The upstream's status without its text.
fn wordless(status: StatusCode, headers: &HeaderMap) -> Error {
    let (code, message) = match status.as_u16() {
        429 => (
            Code::RateLimited,
            "The upstream asks for fewer requests. Try again later.",
        ),
        503 | 529 => (Code::Unavailable, "The upstream is overloaded. Try again later."),
        504 => (
            Code::UpstreamTimeout,
            "The upstream did not answer in time. Try again later.",
        ),
        _ => (
            Code::UpstreamFailed,
            "The upstream failed and did not say why in a form that can be passed on.",
        ),
    };
    let mut refusal = types::Refusal::new(code, message);
    refusal.retry_after = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    Error::Refused(refusal)
}
