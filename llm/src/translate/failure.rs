//! An upstream's refusal in the words of another dialect.

use bytes::Bytes;
use types::Dialect;

use super::{chat, event::Failure, messages, stream::report, value::Val};
use crate::error;

/// An upstream's error body for a caller of another dialect, with the same text; `None` when it is no error of its dialect.
///
/// `status` is what the caller gets, which decides the type of the error.
pub fn error(client: Dialect, upstream: Dialect, body: &[u8], status: u16, request_id: &str) -> Option<Bytes> {
    let failure = read(upstream, body)?;
    let report = report(&failure, request_id).with_status(status);
    Some(error::body(client, &report))
}

/// The status that an upstream's error body stands for.
pub fn error_status(upstream: Dialect, body: &[u8]) -> Option<u16> {
    read(upstream, body).map(|failure| failure.status)
}

fn read(upstream: Dialect, body: &[u8]) -> Option<Failure<'_>> {
    if !error::is_native(upstream, body) {
        return None;
    }
    let [error] = Val::document(std::str::from_utf8(body).ok()?)
        .ok()?
        .pick(["error"])
        .ok()?;
    match upstream {
        Dialect::Anthropic => messages::answer::failure(error).ok(),
        _ => chat::answer::failure(error).ok(),
    }
}
