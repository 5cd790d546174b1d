//! The beginning of a stream, while another route could still serve the call: events that carry no content wait for the first one that does, so that
//! an upstream that dies right after it began is replaced unseen.

use bytes::Bytes;
use llm::meter::End;
use tokio::time::Instant;
use types::error::Code;

use super::unreadable;
use crate::{
    Error,
    meter::InFlight,
    route::{Failure, Verdict, What},
};

/// Lifecycle events are small; what is larger is content that is not known as such.
const MOST: usize = 64 * 1024;

/// What became of the beginning.
pub enum Held {
    /// To be handed out first.
    Begun(Vec<Bytes>),
    Died(Failure),
}

/// Reads until there is content, the stream is over, or it is `until`.
pub async fn hold(call: &mut InFlight, until: Instant) -> Held {
    let mut held = Vec::new();
    let mut length = 0;
    loop {
        let chunk = match tokio::time::timeout_at(until, call.chunk()).await {
            Ok(chunk) => chunk,
            Err(_elapsed) => return Held::Begun(held),
        };
        match chunk {
            Some(Ok(chunk)) => match call.inspect(chunk, Instant::now().into_std()) {
                Ok(forward) => {
                    for bytes in forward.into_iter().flatten() {
                        length += bytes.len();
                        held.push(bytes);
                    }
                }
                Err(error) => return died(unreadable(&error)),
            },
            Some(Err(_broken)) => return died("upstream_broke_off"),
            None => {
                return match call.reading().finish().map(|finished| (finished.end, finished.rest)) {
                    Some((End::Complete, rest)) => {
                        held.extend(rest);
                        Held::Begun(held)
                    }
                    Some((End::UpstreamError, _)) => died("upstream_error_event"),
                    _ => died("upstream_truncated"),
                };
            }
        }
        let reading = call.reading();
        if reading.content_seen() || reading.complete() || length > MOST {
            return Held::Begun(held);
        }
        if reading.upstream_error() {
            return died("upstream_error_event");
        }
    }
}

fn died(class: &'static str) -> Held {
    let message = "The upstream broke off before it began to answer. Try again.";
    Held::Died(Failure {
        class,
        verdict: Verdict::Elsewhere,
        asked: None,
        what: What::Said(Error::refused(Code::UpstreamFailed, message)),
    })
}
