//! How answers and errors leave: in the caller's dialect, with the request's id, and with a word on whether to try again.

use std::time::Instant;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use axum::{body::Body, extract::OriginalUri, response::Response};
use llm::Dialect;
use server::{
    books::limits::Left,
    http::{
        line::Line,
        rate_fields::{self, Quota},
    },
};
use tracing::Level;

use crate::Error;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The vendors' SDKs do as it says.
pub const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// What of a request was not understood or has no meaning upstream, and was left out, by name.
pub const IGNORED: HeaderName = HeaderName::from_static("x-weirgate-ignored");

const REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
const TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

/// Tells the caller what was left out of a call on its way through, if anything was.
pub fn name_ignored(response: &mut Response, ignored: &[String]) {
    if !ignored.is_empty()
        && let Ok(names) = HeaderValue::from_str(&ignored.join(", "))
    {
        response.headers_mut().append(IGNORED, names);
    }
}

/// Says what is left of the limits, in place of what an upstream says of its own: as `RateLimit` fields and as the vendors' SDKs know it.
pub fn tell_limits(left: &Left, headers: &mut HeaderMap) {
    let told = [("requests", REQUESTS, left.requests), ("tokens", TOKENS, left.tokens)];
    let mut quotas = Vec::new();
    for (name, [most, rest, reset], budget) in told {
        let Some(budget) = budget else {
            [most, rest, reset]
                .iter()
                .for_each(|header| drop(headers.remove(header)));
            continue;
        };
        quotas.push(Quota {
            name,
            most: budget.most,
            window: 60,
            left: budget.left,
            full_in: budget.full_in,
        });
        headers.insert(most, budget.most.into());
        headers.insert(rest, budget.left.into());
        if let Ok(seconds) = HeaderValue::try_from(format!("{}s", budget.full_in)) {
            headers.insert(reset, seconds);
        }
    }
    rate_fields::write(&quotas, headers);
}

/// A request, as its answer and the log's line name it.
pub struct Asked<'a> {
    request_id: &'a str,
    method: &'a Method,
    /// The door's path, without prefixes.
    route: &'static str,
    since: Instant,
}

impl<'a> Asked<'a> {
    /// It begins now.
    pub fn now(route: &'static str, parts: &'a Parts, request_id: &'a str) -> Self {
        Asked {
            request_id,
            method: &parts.method,
            route,
            since: Instant::now(),
        }
    }

    /// A call is a row in the books, so its line waits for whoever looks for something.
    fn log(&self, status: u16, error: Option<&Error>) {
        let line = Line {
            request_id: self.request_id,
            route: self.route,
            method: self.method,
            status,
            since: self.since,
            error_class: error.map(Error::class),
            detail: error.and_then(Error::detail),
        };
        line.write(Level::DEBUG);
    }
}

/// Turns an outcome into a response, and writes the log's line.
pub fn reply(outcome: Result<Response, Error>, dialect: Dialect, asked: &Asked<'_>) -> Response {
    let request_id = asked.request_id;
    let mut response = match outcome {
        Ok(response) => {
            asked.log(response.status().as_u16(), None);
            response
        }
        Err(error) => {
            asked.log(error.status(), Some(&error));
            render(error, dialect, request_id)
        }
    };
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Errors on paths that both dialects share are Anthropic's when the client says so, by its header or by the prefix it calls under.
pub fn shared_dialect(parts: &Parts) -> Dialect {
    let prefixed = |prefix: &str| {
        let whole = parts.extensions.get::<OriginalUri>();
        whole.is_some_and(|OriginalUri(uri)| uri.path().starts_with(prefix))
    };
    let anthropic = parts.headers.contains_key("anthropic-version") && !prefixed("/openai/");
    if anthropic || prefixed("/anthropic/") {
        Dialect::Anthropic
    } else {
        Dialect::Openai
    }
}

fn render(error: Error, dialect: Dialect, request_id: &str) -> Response {
    let status = error.status();
    let left = match &error {
        Error::OverLimit(over) => Some(over.left),
        _ => None,
    };
    let mut response = match error {
        Error::PassedOn(answer) => {
            let mut response = Response::new(Body::from(answer.body));
            *response.headers_mut() = answer.headers;
            response
        }
        error => {
            let refusal = error.refusal();
            let report = llm::error::Report::new(refusal.code, &refusal.message, request_id);
            let mut response = Response::new(Body::from(llm::error::body(dialect, &report)));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if let Some(seconds) = refusal.retry_after {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
    };
    if let Some(left) = left {
        tell_limits(&left, response.headers_mut());
    }
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if llm::error::terminal(status) || asks_for_patience(response.headers()) {
        response
            .headers_mut()
            .insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    if status == 401 {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Whether the wait asked for is longer than a minute. The vendors' SDKs wait no longer than that, and then ask again in vain.
fn asks_for_patience(headers: &HeaderMap) -> bool {
    let seconds = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.is_some_and(|seconds: u64| seconds > 60)
}
