//! Error objects of Anthropic. Source: <https://docs.anthropic.com/en/api/errors>.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::error::Report;

/// How programs know that they have to make the conversation shorter: there is no type for it.
const TOO_LONG: &str = "prompt is too long";

/// The same object as a body and as the data of an `error` event.
pub(crate) fn body(report: &Report<'_>) -> Value {
    let mut message = Cow::Borrowed(report.message);
    if report.overflow && !message.starts_with(TOO_LONG) {
        message = Cow::Owned(format!("{TOO_LONG}: {message}"));
    }
    json!({
        "type": "error",
        "error": { "type": kind(report.status), "message": message },
        "request_id": report.request_id,
    })
}

const fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
