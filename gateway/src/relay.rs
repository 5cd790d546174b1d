//! The upstream's answer on its way to the client: a chunk is forwarded first and inspected on the way, nothing is rewritten.

mod failed;
mod stall;
mod stream;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::{body::Body, response::Response};
use types::{error::Code, usage::CallStatus};

pub use failed::refuse;
pub use stall::Readers;
pub use stream::{Voice, stream};

use crate::{
    Error,
    meter::{Ending, InFlight},
};

/// A JSON answer larger than this is not one of a model.
const LARGEST_JSON: usize = 64 * 1024 * 1024;

/// Reads a JSON answer whole, settles, and serves it as it came.
///
/// Errors (settled): 502 when the upstream breaks off or sends no JSON, 504 when it falls silent.
pub async fn json(mut call: InFlight, headers: &HeaderMap, limits: Limits) -> Result<Response, Error> {
    let outcome = read_json(&mut call, headers, limits).await;
    if let Err((error, status)) = outcome {
        call.settle(Ending {
            status,
            http_status: error.status(),
            class: Some(error.class()),
        });
        return Err(error);
    }
    let mut response = Response::new(Body::from(call.reading().body()));
    *response.headers_mut() = passed_headers(headers);
    call.complete();
    Ok(response)
}

async fn read_json(call: &mut InFlight, headers: &HeaderMap, limits: Limits) -> Result<(), (Error, CallStatus)> {
    let failed = |status: CallStatus, message: &str| (Error::refused(Code::UpstreamFailed, message), status);
    if !is_kind(headers, "application/json") {
        return Err(failed(
            CallStatus::UpstreamError,
            "The upstream answered with something that is not JSON.",
        ));
    }
    loop {
        let chunk = match tokio::time::timeout(limits.idle, call.chunk()).await {
            Ok(chunk) => chunk,
            Err(_elapsed) => {
                let message = "The upstream fell silent in the middle of its answer. Try again later.";
                return Err((
                    Error::refused(Code::UpstreamTimeout, message),
                    CallStatus::UpstreamTruncated,
                ));
            }
        };
        let inspected = match chunk {
            None => return Ok(()),
            Some(Ok(chunk)) => call.inspect(chunk),
            Some(Err(_broken)) => {
                let message = "The upstream broke off in the middle of its answer. Try again.";
                return Err(failed(CallStatus::UpstreamTruncated, message));
            }
        };
        if inspected.is_err() || call.reading().body_len() > LARGEST_JSON {
            return Err(failed(CallStatus::UpstreamError, "The upstream's answer is too large."));
        }
    }
}

/// How long an upstream may keep a client waiting.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Between two chunks.
    pub idle: std::time::Duration,
    /// From the first byte to the last.
    pub total: std::time::Duration,
}

/// Headers of the upstream that reach the client: an allow-list, so that cookies, servers and locations do not.
pub fn passed_headers(upstream: &HeaderMap) -> HeaderMap {
    const EXACT: [HeaderName; 2] = [header::CONTENT_TYPE, header::RETRY_AFTER];
    let mut passed = HeaderMap::with_capacity(8);
    for (name, value) in upstream {
        let text = name.as_str();
        let allowed = EXACT.contains(name)
            || text == "request-id"
            || text.starts_with("anthropic-ratelimit-")
            || text.starts_with("x-ratelimit-");
        if allowed {
            passed.append(name.clone(), value.clone());
        }
    }
    passed.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    passed
}

pub fn is_kind(headers: &HeaderMap, kind: &str) -> bool {
    let essence = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    let packed = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|value| value.as_bytes() != b"identity");
    essence.trim().eq_ignore_ascii_case(kind) && !packed
}
