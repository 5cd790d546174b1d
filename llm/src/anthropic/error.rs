//! Error objects of Anthropic. Source: <https://docs.anthropic.com/en/api/errors>.

use serde_json::{Value, json};

use crate::error::Report;

/// The same object as a body and as the data of an `error` event.
pub(crate) fn body(report: &Report<'_>) -> Value {
    json!({
        "type": "error",
        "error": { "type": kind(report.status), "message": report.message },
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
