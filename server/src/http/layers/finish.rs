//! The outermost layer: every reply gets its `x-request-id`, every refusal its problem body.

use axum::{
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tracing::Level;

use crate::http::{
    line::{Begun, Line},
    problem::{self, Failure},
};

const HEADER: &str = "x-request-id";
const LONGEST: usize = 128;

/// The request's id: the client's when it is well-formed, else a new one. In the extensions of every request behind [`finish`].
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl RequestId {
    /// The one that a layer further out chose, else the client's, else a new one.
    pub fn of(state: &crate::State, extensions: &Extensions, headers: &HeaderMap) -> Self {
        if let Some(known) = extensions.get::<RequestId>() {
            return known.clone();
        }
        let sent = headers.get(HEADER).and_then(|value| value.to_str().ok());
        match sent.filter(|text| well_formed(text)) {
            Some(text) => RequestId(text.to_owned()),
            None => RequestId(state.clock().new_id().to_string()),
        }
    }
}

/// 8 to 128 letters, digits, `-`, `_`, `.`: what ends up in logs and headers unescaped.
fn well_formed(text: &str) -> bool {
    (8..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Probes ask every few seconds for ever, and nobody wants to read about it.
fn is_asked_by_machines(route: &str) -> bool {
    route.ends_with("/health") || matches!(route, "/livez" | "/readyz" | "/healthz")
}

/// Gives the request its id, renders a failure as a problem, also turns the router's bare 404, 405, 413 … into problems, and writes the log's line.
pub async fn finish(State(state): State<crate::State>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(&state, request.extensions(), request.headers());
    request.extensions_mut().insert(id.clone());
    let begun = Begun::now(&request);
    let mut response = next.run(request).await;
    let status = response.status();
    let failure = response.extensions_mut().remove::<Failure>();
    let class = failure.as_ref().map(|Failure(error)| error.class());
    if let Some(Failure(error)) = &failure {
        response = keep_headers(response, problem::render(&error.refusal(), &id.0));
    } else if (status.is_client_error() || status.is_server_error()) && !is_finished(&response) {
        let mut rendered = problem::render(&problem::of_status(status), &id.0);
        *rendered.status_mut() = status;
        response = keep_headers(response, rendered);
    }
    let line = Line {
        error_class: class.or_else(|| problem::class_of(status)),
        detail: failure.as_ref().and_then(|Failure(error)| error.detail()),
        ..begun.answered(&id.0, response.status().as_u16())
    };
    line.write(if is_asked_by_machines(line.route) {
        Level::DEBUG
    } else {
        Level::INFO
    });
    if let Ok(value) = HeaderValue::try_from(id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// A body that says itself what it is: a problem, or a handler's own JSON (`/readyz`).
fn is_finished(response: &Response) -> bool {
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.ends_with("json"))
}

/// `allow` and the like stay; what described the old body goes.
fn keep_headers(old: Response, mut new: Response) -> Response {
    for (name, value) in old.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH && !new.headers().contains_key(name) {
            new.headers_mut().append(name, value.clone());
        }
    }
    new
}

/// Replies about accounts are nobody else's and not for later.
pub async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_may_name_its_request_in_plain_letters_only() {
        for good in ["12345678", "0199f7c2-7a3e-7000-8000-000000000000", "a.b_c-d.e"] {
            assert!(well_formed(good), "{good}");
        }
        let long = "x".repeat(129);
        for bad in ["", "short", "a b c d e f", "abcdefgh\u{1b}[0m", "имя-имя-имя", &long] {
            assert!(!well_formed(bad), "{bad}");
        }
    }
}
