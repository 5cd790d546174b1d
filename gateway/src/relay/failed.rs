//! An upstream that answered with an error: what of it may reach the caller.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::{Bytes, BytesMut};
use llm::Dialect;
use types::{Timestamp, error::Code};

use super::{is_kind, passed_headers};
use crate::route;
use crate::{Error, error::PassedOn, http::reply::SHOULD_RETRY, meter::InFlight};

/// More error text than this is a page, not a message.
const LARGEST_ERROR: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait that a caller is asked for: programs do as they are told, and would sit there for a week.
const RETRY_AFTER_MOST: u64 = 3600;

/// Settles a call that the upstream refused, and says what the caller hears.
///
/// 401, 402 and 403, and whatever says in its text that it is one of these, are about our credential and our bill, so they become 502
/// without the upstream's text; redirects are not followed; anything else is passed on when it is an error of the dialect, with our credential taken out should it stand in it.
pub async fn refuse(
    mut call: InFlight,
    status: StatusCode,
    headers: HeaderMap,
    voices: Voices<'_>,
    credential: &str,
    class: &'static str,
) -> Error {
    let wait = wait_told(&headers, call.now());
    let error = match status.as_u16() {
        401..=403 => Error::refused(Code::UpstreamAuth, llm::error::UPSTREAM_AUTH),
        400..600 => match read(&mut call, &headers, status, voices, credential).await {
            Said::OfUs => {
                let error = Error::refused(Code::UpstreamAuth, llm::error::UPSTREAM_AUTH);
                return call.end(error, Code::UpstreamAuth.name());
            }
            Said::OfTheCall(body) => {
                let mut passed = passed_headers(&headers);
                if let Some(seconds) = wait {
                    passed.insert(header::RETRY_AFTER, seconds.into());
                }
                if headers.get(SHOULD_RETRY).is_some_and(|value| value == "false") {
                    passed.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
                }
                Error::PassedOn(PassedOn {
                    status: status.as_u16(),
                    headers: passed,
                    body,
                })
            }
            Said::Nothing => wordless(status, wait),
        },
        _ => Error::refused(
            Code::UpstreamFailed,
            "The upstream answered with a redirect, which is not followed.",
        ),
    };
    call.end(error, class)
}

/// The seconds that a caller is told to wait.
pub fn wait_told(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let asked = route::retry_after(headers, now.0 / 1000);
    asked.map(|wait| wait.as_secs().min(RETRY_AFTER_MOST))
}

/// Who says it, and to whom.
#[derive(Debug, Clone, Copy)]
pub struct Voices<'a> {
    pub client: Dialect,
    pub upstream: Dialect,
    pub request_id: &'a str,
}

/// What an upstream's text is about.
enum Said {
    /// Our credential or our bill.
    OfUs,
    /// For the caller, in their dialect.
    OfTheCall(Bytes),
    Nothing,
}

async fn read(
    call: &mut InFlight,
    headers: &HeaderMap,
    status: StatusCode,
    voices: Voices<'_>,
    credential: &str,
) -> Said {
    if !is_kind(headers, "application/json") {
        return Said::Nothing;
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
    let Some(body) = tokio::time::timeout(PATIENCE, reading).await.ok().flatten() else {
        return Said::Nothing;
    };
    // Proxies refuse a call in one form before they know what it asks for: LiteLLM in OpenAI's, whatever was asked.
    let spoken = [voices.upstream, Dialect::Openai, Dialect::Anthropic]
        .into_iter()
        .find_map(|dialect| Some((dialect, llm::translate::error_status(dialect, &body)?)));
    let dialect = match spoken {
        None => return Said::Nothing,
        Some((_, 401..=403)) => return Said::OfUs,
        Some((dialect, _)) => dialect,
    };
    let body = llm::error::redact(body, &[credential]);
    if voices.client == dialect {
        return Said::OfTheCall(body);
    }
    llm::translate::error(voices.client, dialect, &body, status.as_u16(), voices.request_id)
        .map_or(Said::Nothing, Said::OfTheCall)
}

/// The upstream's status without its text.
fn wordless(status: StatusCode, wait: Option<u64>) -> Error {
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
    refusal.retry_after = wait;
    Error::Refused(refusal)
}
