//! A stream on its way to the client.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use axum::{body::Body, response::Response};
use bytes::Bytes;
use http_body::Frame;
use llm::{Dialect, meter::End};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use types::{error::Code, usage::CallStatus};

use super::stall::{Readers, Shared};
use super::{Limits, passed_headers, unreadable};
use crate::meter::{Ending, InFlight};

/// What a stream needs to word its own end.
pub struct Voice<'a> {
    pub dialect: Dialect,
    pub request_id: String,
    /// Resolves when the process can wait no longer for its streams.
    pub stopping: WaitForCancellationFutureOwned,
    pub readers: &'a Readers,
}

/// Serves an SSE answer as it arrives, after what was held back of it.
pub fn stream(call: InFlight, headers: &HeaderMap, limits: Limits, voice: Voice<'_>, held: Vec<Bytes>) -> Response {
    let now = Instant::now();
    let patience = limits.patience(!held.is_empty());
    let mut ready = Joined::default();
    held.into_iter().for_each(|bytes| ready.push(bytes));
    let relay = Relay {
        shared: voice.readers.watch(call),
        alarm: Box::pin(tokio::time::sleep_until(limits.next_alarm(patience, now, now))),
        patience,
        last_chunk: now,
        last_beat: now,
        limits,
        dialect: voice.dialect,
        request_id: voice.request_id,
        stopping: Box::pin(voice.stopping),
        ready,
        begun: false,
        turn: 0,
    };
    let mut response = Response::new(Body::new(relay));
    *response.headers_mut() = passed_headers(headers);
    // nginx would otherwise hold events back until its buffer is full.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

impl Limits {
    /// When to look again whether something is overdue.
    fn next_alarm(&self, patience: Duration, last_chunk: Instant, last_beat: Instant) -> Instant {
        let beat = last_chunk.max(last_beat) + self.heartbeat;
        beat.min(last_chunk + patience).min(self.ends_at)
    }
}

/// An SSE comment: every client passes over it.
const HEARTBEAT: Bytes = Bytes::from_static(b": keepalive\n\n");

/// What is to happen because nothing came.
enum Overdue {
    Nothing,
    Heartbeat,
    End(&'static str, Code),
}

struct Relay {
    /// The call; gone once it is settled or given up because the client stopped reading.
    shared: Arc<Shared>,
    /// Set once for the first thing that may be overdue; when it rings it is set again for what is left, so that a chunk costs no timer.
    alarm: Pin<Box<Sleep>>,
    /// How long the upstream may be silent now: before its first chunk another time than between two.
    patience: Duration,
    last_chunk: Instant,
    last_beat: Instant,
    limits: Limits,
    dialect: Dialect,
    request_id: String,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    /// What the client is to get next.
    ready: Joined,
    /// Something was handed out. What comes first leaves in one write with the headers, which would go alone if it waited for more.
    begun: bool,
    /// How often it was asked in vain since something is ready: see [`Relay::poll_turn`].
    turn: u8,
}

/// Whole events that leave in one write. Each write is a system call and a packet, dearer than all else that happens to an event.
#[derive(Default)]
struct Joined {
    parts: Vec<Bytes>,
    length: usize,
}

impl Joined {
    /// More than this is worth a write of its own.
    const MOST: usize = 16 * 1024;

    fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.length += bytes.len();
        self.parts.push(bytes);
    }

    fn take(&mut self) -> Option<Bytes> {
        self.length = 0;
        match self.parts.len() {
            0 | 1 => self.parts.pop(),
            _ => {
                let joined = self.parts.concat().into();
                self.parts.clear();
                Some(joined)
            }
        }
    }
}

impl http_body::Body for Relay {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        let shared = this.shared.clone();
        let mut call = shared.call();
        loop {
            if (call.is_none() || this.ready.length >= Joined::MOST)
                && let Some(bytes) = this.ready.take()
            {
                shared.awaits_client();
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            let Some(open) = call.as_mut() else {
                return Poll::Ready(None);
            };
            match open.poll_chunk(context) {
                Poll::Ready(Some(Ok(chunk))) => {
                    this.turn = 0;
                    let now = Instant::now();
                    this.heard(now);
                    match open.inspect(chunk, now.into_std()) {
                        Ok(forward) => forward.into_iter().flatten().for_each(|bytes| this.ready.push(bytes)),
                        Err(error) => this.break_off(&mut call, unreadable(&error), Code::UpstreamFailed),
                    }
                }
                Poll::Ready(Some(Err(_broken))) => {
                    this.break_off(&mut call, "upstream_broke_off", Code::UpstreamFailed)
                }
                Poll::Ready(None) => this.finish(&mut call),
                Poll::Pending if this.ready.length > 0 => {
                    if this.begun {
                        ready!(this.poll_turn(context));
                    }
                    this.begun = true;
                    if let Some(bytes) = this.ready.take() {
                        shared.awaits_client();
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
                Poll::Pending => match this.overdue(context) {
                    Overdue::End(class, code) => this.break_off(&mut call, class, code),
                    // What was handed out ends where an event ends, so it cannot tear one apart.
                    Overdue::Heartbeat => this.ready.push(HEARTBEAT),
                    Overdue::Nothing => {
                        shared.awaits_upstream();
                        return Poll::Pending;
                    }
                },
            }
        }
    }
}

impl Relay {
    /// hyper asks twice in a row before it lets other tasks run.
    const TURN: u8 = 2;

    /// Lets the task that reads the upstream's connection run once. It hands over one HTTP chunk at a time, so of many that came in
    /// one packet only the first is here; when it has had its turn and brought nothing, there is nothing to wait for.
    ///
    /// A task that wakes itself goes behind those that are ready already, the connection's among them.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.turn < Self::TURN {
            self.turn += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.turn = 0;
        Poll::Ready(())
    }

    /// The upstream's body has ended: settles, and adds an error event if that was before its last event.
    fn finish(&mut self, call: &mut Option<InFlight>) {
        let Some(finished) = call.as_mut().and_then(|call| call.reading().finish()) else {
            return;
        };
        finished.rest.into_iter().for_each(|bytes| self.ready.push(bytes));
        let settle = match finished.end {
            End::Truncated => return self.break_off(call, "upstream_truncated", Code::UpstreamFailed),
            End::UpstreamError => InFlight::gave_up,
            End::Complete => InFlight::complete,
        };
        if let Some(mut call) = call.take() {
            settle(&mut call);
        }
    }

    /// Ends the stream with an error event in the client's dialect, and settles what was delivered. What was forwarded ends at an
    /// event's end, so the event can follow at once.
    fn break_off(&mut self, call: &mut Option<InFlight>, class: &'static str, code: Code) {
        let Some(mut call) = call.take() else { return };
        if call.reading().complete() {
            return call.complete();
        }
        if call.reading().upstream_error() {
            // It has said so itself; the client was told.
            return call.gave_up();
        }
        let before = call.reading().events();
        if !matches!(class, "server_shutting_down" | "upstream_total") {
            call.broke_off();
        }
        call.settle(Ending {
            status: CallStatus::UpstreamTruncated,
            http_status: 200,
            class: Some(class),
        });
        let message = match class {
            "server_shutting_down" => "This server is restarting. Send the request again.",
            "upstream_idle" => "The upstream fell silent. The answer above is not complete.",
            "upstream_total" => "The answer took longer than this server allows. The answer above is not complete.",
            "upstream_no_stream" => "The upstream sent a page instead of a stream of events.",
            _ => "The upstream broke off. The answer above is not complete.",
        };
        let report = llm::error::Report::new(code, message, &self.request_id).after(before);
        let told = call.reading().fail(self.dialect, &report);
        told.into_iter().for_each(|bytes| self.ready.push(bytes));
    }

    /// Something came of the upstream.
    fn heard(&mut self, now: Instant) {
        self.last_chunk = now;
        if self.patience != self.limits.idle {
            self.patience = self.limits.idle;
            let next = self.limits.next_alarm(self.patience, now, self.last_beat);
            self.alarm.as_mut().reset(next);
        }
    }

    fn overdue(&mut self, context: &mut Context<'_>) -> Overdue {
        if self.stopping.as_mut().poll(context).is_ready() {
            return Overdue::End("server_shutting_down", Code::Unavailable);
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            if now >= self.limits.ends_at {
                return Overdue::End("upstream_total", Code::UpstreamTimeout);
            }
            if now >= self.last_chunk + self.patience {
                return Overdue::End("upstream_idle", Code::UpstreamTimeout);
            }
            let is_quiet = now >= self.last_chunk.max(self.last_beat) + self.limits.heartbeat;
            if is_quiet {
                self.last_beat = now;
            }
            let next = self.limits.next_alarm(self.patience, self.last_chunk, self.last_beat);
            self.alarm.as_mut().reset(next);
            if is_quiet {
                return Overdue::Heartbeat;
            }
        }
        Overdue::Nothing
    }
}
