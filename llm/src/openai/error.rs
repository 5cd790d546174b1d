//! Error objects of OpenAI. Source: <https://platform.openai.com/docs/guides/error-codes>.

use serde_json::{Value, json};
use types::error::Code;

use crate::error::Report;

/// The same object as a body and as the data of an event. The request id travels in its header.
pub(crate) fn body(report: &Report<'_>) -> Value {
    json!({
        "error": {
            "message": report.message,
            "type": kind(report.status),
            "param": report.param,
            "code": if report.overflow { "context_length_exceeded" } else { code(report.code) },
        }
    })
}

const fn kind(status: u16) -> &'static str {
    match status {
        402 => "billing_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

/// The vendor's own code where programs look for it, else ours.
const fn code(code: Code) -> &'static str {
    match code {
        Code::InvalidCredential => "invalid_api_key",
        Code::UnknownModel => "model_not_found",
        Code::RateLimited => "rate_limit_exceeded",
        other => other.name(),
    }
}
