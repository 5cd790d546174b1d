//! The upstream's answer on its way to the client: a chunk is forwarded first and inspected on the way, nothing is rewritten.

mod failed;
mod hold;
mod stall;
mod stream;

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, header};
use axum::{body::Body, response::Response};
use tokio::time::Instant;
use types::{error::Code, usage::CallStatus};

pub use failed::{Voices, refuse, wait_told};
pub use hold::{Held, hold};
pub use stall::Readers;
pub use stream::{Voice, stream};

use crate::{
    Error,
    http::reply,
    meter::{Ending, InFlight, LARGEST_JSON},
    route::{Failure, Verdict, What},
};

/// Reads a JSON answer whole, settles, and serves it as it came.
///
/// Errors (settled): 502 when the upstream breaks off or sends no JSON, 504 when it falls silent.
pub async fn json(mut call: InFlight, headers: &HeaderMap, limits: Limits) -> Result<Response, Error> {
    let outcome = read_json(&mut call, limits).await.and_then(|()| {
        call.reading().answer().map_err(|odd| {
            let message = format!("The upstream's answer could not be translated. {odd}");
            (Error::refused(Code::UpstreamFailed, message), CallStatus::UpstreamError)
        })
    });
    let answer = match outcome {
        Ok(answer) => answer,
        Err((error, status)) => {
            call.broke_off();
            call.settle(Ending {
                status,
                http_status: error.status(),
                class: Some(error.class()),
            });
            return Err(error);
        }
    };
    let mut response = Response::new(Body::from(answer.body));
    *response.headers_mut() = passed_headers(headers);
    reply::name_ignored(&mut response, &answer.ignored);
    if call.reading().failed() {
        call.gave_up();
    } else {
        call.complete();
    }
    Ok(response)
}

async fn read_json(call: &mut InFlight, limits: Limits) -> Result<(), (Error, CallStatus)> {
    let failed = |status: CallStatus, message: &str| (Error::refused(Code::UpstreamFailed, message), status);
    loop {
        let patience = limits.patience(call.reading().anything_read());
        let until = (Instant::now() + patience).min(limits.ends_at);
        let chunk = match tokio::time::timeout_at(until, call.chunk()).await {
            Ok(chunk) => chunk,
            Err(_elapsed) => {
                let message = match until == limits.ends_at {
                    true => "The answer took longer than this server allows.",
                    false => "The upstream fell silent in the middle of its answer. Try again later.",
                };
                return Err((
                    Error::refused(Code::UpstreamTimeout, message),
                    CallStatus::UpstreamTruncated,
                ));
            }
        };
        let inspected = match chunk {
            None => return Ok(()),
            Some(Ok(chunk)) => call.inspect(chunk, Instant::now().into_std()),
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
    /// From the answer's headers to the first chunk.
    pub first: Duration,
    /// Between two chunks.
    pub idle: Duration,
    /// The last moment of the call.
    pub ends_at: Instant,
    /// A stream that is silent for so long gets a comment.
    pub heartbeat: Duration,
}

impl Limits {
    /// How long an upstream may be silent of which something was heard, or nothing yet.
    const fn patience(&self, heard: bool) -> Duration {
        if heard { self.idle } else { self.first }
    }
}

/// Headers of the upstream that reach the client: an allow-list, so that cookies, servers and locations do not.
pub fn passed_headers(upstream: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::with_capacity(8);
    for (name, value) in upstream {
        let text = name.as_str();
        let allowed = *name == header::CONTENT_TYPE
            || text == "request-id"
            || text.starts_with("anthropic-ratelimit-")
            || text.starts_with("x-ratelimit-");
        if allowed {
            passed.append(name.clone(), value.clone());
        }
    }
    // OpenAI's name for it is taken: our own id goes out under it.
    if !passed.contains_key("request-id")
        && let Some(id) = upstream.get("x-request-id")
    {
        passed.insert("request-id", id.clone());
    }
    passed.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    passed
}

/// What is wrong with an answer of success that is of another kind than the one asked for: a page, say.
pub fn wrong_kind(headers: &HeaderMap, stream: bool) -> Option<Failure> {
    let (kind, class, message) = if stream {
        (
            "text/event-stream",
            "upstream_no_stream",
            "The upstream was asked for a stream and answered with something else.",
        )
    } else {
        (
            "application/json",
            "upstream_no_json",
            "The upstream answered with something that is not JSON.",
        )
    };
    (!is_kind(headers, kind)).then(|| Failure {
        class,
        verdict: Verdict::Elsewhere,
        asked: None,
        what: What::Said(Error::refused(Code::UpstreamFailed, message)),
    })
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

/// The class, for the books, of a stream that cannot be passed on.
const fn unreadable(error: &llm::Error) -> &'static str {
    match error {
        llm::Error::EventTooLarge => "upstream_event_too_large",
        llm::Error::NoEvents => "upstream_no_stream",
        _ => "upstream_untranslatable",
    }
}
