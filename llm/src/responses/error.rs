//! The event that ends a Responses stream which has begun. Error bodies are those of Chat Completions.
//!
//! `response.failed` instead of `error`: every SDK and Codex show its text.

use serde_json::{Value, json};

use crate::error::Report;

pub(crate) fn failed(report: &Report<'_>) -> Value {
    json!({
        "type": "response.failed",
        "sequence_number": report.sequence,
        "response": {
            // The one the stream began with is not kept; ids in this shape are what clients check for, if anything.
            "id": format!("resp_{}", report.request_id),
            "object": "response",
            "created_at": 0,
            "status": "failed",
            "error": { "code": code(report.status), "message": report.message },
            "incomplete_details": null,
            "instructions": null,
            "metadata": {},
            "model": "",
            "output": [],
            "parallel_tool_calls": true,
            "temperature": null,
            "tool_choice": "auto",
            "tools": [],
            "top_p": null,
            "usage": null,
        },
    })
}

/// Of the vendor's closed list.
const fn code(status: u16) -> &'static str {
    match status {
        429 => "rate_limit_exceeded",
        _ => "server_error",
    }
}
