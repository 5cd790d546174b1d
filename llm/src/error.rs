//! What goes wrong inside this crate, and how any refusal is written in a caller's dialect.
//!
//! Owns error bodies and error events of all dialects. Does not decide what is refused or which status it gets.

use std::borrow::Cow;

use bytes::Bytes;
use types::{Dialect, error::Code};

use crate::{anthropic, json, openai, responses, sse};

/// Why bytes were not accepted. The text is safe to show: it names fields and positions, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller's body is not what the dialect asks for.
    #[error("{message}")]
    Request {
        field: Option<&'static str>,
        message: String,
    },
    /// One field of the caller's body, by its path, is wrong or cannot be translated.
    #[error("{message}")]
    Field { field: String, message: String },
    /// The upstream sent something that is not its dialect.
    #[error("{0}")]
    Upstream(&'static str),
    /// The upstream sent an event longer than [`crate::EVENT_MOST`].
    #[error(
        "The upstream sent a stream event of more than {} bytes, so the stream was ended.",
        sse::EVENT_MOST
    )]
    EventTooLarge,
    /// What the upstream calls a stream of events begins like a page.
    #[error("The upstream sent a page instead of a stream of events.")]
    NoEvents,
}

impl Error {
    pub(crate) fn field_wrong(field: &'static str, message: impl Into<String>) -> Self {
        Error::Request {
            field: Some(field),
            message: message.into(),
        }
    }

    pub(crate) fn body_wrong(message: impl Into<String>) -> Self {
        Error::Request {
            field: None,
            message: message.into(),
        }
    }

    /// JSON of an upstream's that is none. What stood there is not told.
    pub(crate) fn odd(_: json::Fault) -> Self {
        Error::Upstream("The upstream's answer is not valid JSON.")
    }

    pub const fn code(&self) -> Code {
        match self {
            Error::Request { .. } | Error::Field { .. } => Code::BadRequest,
            Error::Upstream(_) | Error::EventTooLarge | Error::NoEvents => Code::UpstreamFailed,
        }
    }

    pub const fn status(&self) -> u16 {
        self.code().status()
    }

    /// The field of the body that is wrong, when it is one field.
    pub fn field(&self) -> Option<&str> {
        match self {
            Error::Request { field, .. } => *field,
            Error::Field { field, .. } => Some(field),
            Error::Upstream(_) | Error::EventTooLarge | Error::NoEvents => None,
        }
    }
}

/// What a caller hears instead of an upstream's words about our credential or our bill.
pub const UPSTREAM_AUTH: &str = "The upstream refused this server's credential. Tell the operator of this server.";

/// A refusal or failure to be told to a caller.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub status: u16,
    pub code: Code,
    pub message: &'a str,
    pub param: Option<&'a str>,
    pub request_id: &'a str,
    /// The number that an event of a Responses stream carries.
    pub sequence: u64,
    /// The conversation is longer than the model can take. Programs know it by each vendor's own sign.
    pub overflow: bool,
}

impl<'a> Report<'a> {
    /// `message` says what happened and what to do. The status is the code's own.
    pub const fn new(code: Code, message: &'a str, request_id: &'a str) -> Self {
        Report {
            status: code.status(),
            code,
            message,
            param: None,
            request_id,
            sequence: 0,
            overflow: false,
        }
    }

    /// Another status than the code's: an upstream's, passed on.
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// How many events went before it in a stream: see [`crate::StreamMeter::events`].
    pub const fn after(mut self, events: u64) -> Self {
        self.sequence = events;
        self
    }

    /// The field of the request that is meant.
    pub const fn with_param(mut self, param: &'a str) -> Self {
        self.param = Some(param);
        self
    }
}

/// A whole `application/json` error body.
pub fn body(dialect: Dialect, report: &Report<'_>) -> Bytes {
    Bytes::from(match dialect {
        Dialect::Anthropic => anthropic::error::body(report).to_string(),
        Dialect::Openai | Dialect::Responses | Dialect::Embeddings => openai::error::body(report).to_string(),
    })
}

/// One whole SSE event that ends a stream which has begun. It may follow any whole event.
pub fn stream_event(dialect: Dialect, report: &Report<'_>) -> Bytes {
    // A serialised value holds no raw line end, so it is one `data` line.
    Bytes::from(match dialect {
        Dialect::Anthropic => format!("event: error\ndata: {}\n\n", anthropic::error::body(report)),
        Dialect::Responses => format!("event: response.failed\ndata: {}\n\n", responses::error::failed(report)),
        // Embeddings never stream.
        Dialect::Openai | Dialect::Embeddings => format!("data: {}\n\n", openai::error::body(report)),
    })
}

/// Trying the same call again cannot help, so the answer carries `x-should-retry: false`.
///
/// Without it Claude Code and the vendors' SDKs repeat even a 401, silently, for up to 40 s.
pub const fn terminal(status: u16) -> bool {
    matches!(status, 400 | 401 | 402 | 403 | 404 | 413 | 415 | 422)
}

/// Whether an upstream's error body is an error object of this dialect, to be passed on, rather than HTML or the like.
pub fn is_native(dialect: Dialect, body: &[u8]) -> bool {
    let mut error = None;
    let mut typed = false;
    let read = json::members(body, |key, value| match key {
        "error" => error = Some(value),
        "type" => typed = value.raw(body) == b"\"error\"",
        _ => {}
    });
    let Some(error) = error else { return false };
    let mut message = false;
    let inner = json::members(error.raw(body), |key, value| {
        message |= key == "message" && value.kind == json::Kind::Text;
    });
    let shaped = match dialect {
        Dialect::Anthropic => typed,
        Dialect::Openai | Dialect::Responses | Dialect::Embeddings => true,
    };
    read.is_ok() && inner.is_ok() && message && shaped && str::from_utf8(body).is_ok()
}

/// Whether an answer that came with a status of success says itself that it failed; only Responses do.
pub fn failed(dialect: Dialect, body: &[u8]) -> bool {
    if dialect != Dialect::Responses {
        return false;
    }
    let mut failed = false;
    let read = json::members(body, |key, value| {
        failed |= key == "status" && matches!(value.raw(body), b"\"failed\"" | b"\"cancelled\"");
    });
    read.is_ok() && failed
}

/// Shortest secret that is searched for: a shorter one would blank ordinary words.
const SECRET_LEAST: usize = 8;

/// The body without our credentials: each of `secrets`, and the value of any `key=` or `api_key=` of a quoted address,
/// becomes `[redacted]`. The same bytes when there are none.
pub fn redact(body: Bytes, secrets: &[&str]) -> Bytes {
    let mut text = Cow::Borrowed(&*body);
    for secret in secrets.iter().filter(|secret| secret.len() >= SECRET_LEAST) {
        if let Some(clean) = blank(&text, secret.as_bytes(), |_| 0, true) {
            text = Cow::Owned(clean);
        }
    }
    let token = |rest: &[u8]| {
        rest.iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'%'))
            .count()
    };
    for name in ["?key=", "&key=", "?api_key=", "&api_key=", "?api-key=", "&api-key="] {
        if let Some(clean) = blank(&text, name.as_bytes(), token, false) {
            text = Cow::Owned(clean);
        }
    }
    match text {
        Cow::Borrowed(_) => body,
        Cow::Owned(clean) => Bytes::from(clean),
    }
}

/// `text` with each `needle` (kept unless `with_needle`) and the `more` bytes after it blanked; `None` when it has none.
fn blank(text: &[u8], needle: &[u8], more: impl Fn(&[u8]) -> usize, with_needle: bool) -> Option<Vec<u8>> {
    let mut clean = Vec::new();
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, needle) {
        if at < from {
            continue;
        }
        let end = at + needle.len();
        clean.extend_from_slice(&text[from..if with_needle { at } else { end }]);
        clean.extend_from_slice(b"[redacted]");
        from = end + more(&text[end..]);
    }
    if from == 0 {
        return None;
    }
    clean.extend_from_slice(&text[from..]);
    Some(clean)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn read(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn refusal_has_the_shape_of_each_dialect() {
        let report = Report::new(Code::UnknownModel, "No model \"x\".", "req_1").with_param("model");
        assert_eq!(
            read(&body(Dialect::Anthropic, &report)),
            json!({"type": "error", "error": {"type": "not_found_error", "message": "No model \"x\"."}, "request_id": "req_1"})
        );
        assert_eq!(
            read(&body(Dialect::Openai, &report)),
            json!({"error": {"message": "No model \"x\".", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}})
        );
    }

    #[test]
    fn every_status_has_the_vendors_error_type() {
        for (status, anthropic, openai) in [
            (400, "invalid_request_error", "invalid_request_error"),
            (401, "authentication_error", "invalid_request_error"),
            (402, "billing_error", "billing_error"),
            (403, "permission_error", "permission_error"),
            (404, "not_found_error", "invalid_request_error"),
            (413, "request_too_large", "invalid_request_error"),
            (415, "invalid_request_error", "invalid_request_error"),
            (429, "rate_limit_error", "rate_limit_error"),
            (500, "api_error", "server_error"),
            (502, "api_error", "server_error"),
            (503, "overloaded_error", "server_error"),
            (504, "timeout_error", "server_error"),
            (529, "overloaded_error", "server_error"),
        ] {
            let report = Report::new(Code::Internal, "m", "r").with_status(status);
            assert_eq!(
                read(&body(Dialect::Anthropic, &report))["error"]["type"],
                anthropic,
                "{status}"
            );
            assert_eq!(
                read(&body(Dialect::Openai, &report))["error"]["type"],
                openai,
                "{status}"
            );
        }
    }

    #[test]
    fn error_event_is_one_whole_event_even_with_line_ends_in_the_message() {
        let report = Report::new(Code::UpstreamFailed, "a\n\nb\r\"c\"", "r");
        for dialect in [Dialect::Anthropic, Dialect::Openai] {
            let event = stream_event(dialect, &report);
            let parsed = sse::parse(&event).unwrap();
            assert!(event.ends_with(b"\n\n"));
            assert_eq!(read(&parsed.data)["error"]["message"], "a\n\nb\r\"c\"");
        }
        let event = stream_event(Dialect::Responses, &report.after(7));
        let data = read(&sse::parse(&event).unwrap().data);
        assert_eq!(
            (&data["type"], &data["sequence_number"], &data["response"]["status"]),
            (&json!("response.failed"), &json!(7), &json!("failed"))
        );
        assert_eq!(
            data["response"]["error"],
            json!({"code": "server_error", "message": "a\n\nb\r\"c\""})
        );
    }

    #[test]
    fn upstream_error_is_native_only_in_its_own_shape() {
        let anthropic = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let openai = br#"{"error":{"message":"no","type":"x","param":null,"code":null}}"#;
        assert!(is_native(Dialect::Anthropic, anthropic));
        assert!(!is_native(Dialect::Anthropic, openai));
        assert!(is_native(Dialect::Openai, openai));
        for bad in [
            &b"<html>error</html>"[..],
            b"",
            b"{}",
            b"{\"error\":\"no\"}",
            b"{\"error\":{}}",
            b"[1]",
        ] {
            assert!(!is_native(Dialect::Openai, bad));
        }
    }

    #[test]
    fn our_credential_is_taken_out_of_an_upstreams_text() {
        let dirty = Bytes::from_static(b"bad key sk-secret-123! at https://x/y?key=AIza-1_2&a=1 and ?api_key=zz");
        let clean = redact(dirty, &["sk-secret-123", "short"]);
        assert_eq!(
            &*clean,
            b"bad key [redacted]! at https://x/y?key=[redacted]&a=1 and ?api_key=[redacted]"
        );
        let plain = Bytes::from_static(b"nothing here");
        assert_eq!(redact(plain.clone(), &["sk-secret-123"]).as_ptr(), plain.as_ptr());
    }

    #[test]
    fn terminal_statuses_are_those_that_a_retry_cannot_mend() {
        let terminal_ones: Vec<u16> = (100..600).filter(|status| terminal(*status)).collect();
        assert_eq!(terminal_ones, [400, 401, 402, 403, 404, 413, 415, 422]);
    }
}
