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
            "error": { "code": code(report), "message": report.message },
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

/// Of the vendor's closed list, but for the code that Codex shortens a conversation by. It repeats a call after `server_error`.
pub(crate) const fn code(report: &Report<'_>) -> &'static str {
    match report.status {
        _ if report.overflow => "context_length_exceeded",
        429 => "rate_limit_exceeded",
        400..=499 => "invalid_prompt",
        _ => "server_error",
    }
}
