//! One guard for one call: owns the open record and the upstream, and settles exactly once, also when it is dropped.
//!
//! Dropped before the dial, while headers are awaited or while the answer is read, it hands what it owns to a tracked task, which
//! reads on for `disconnect_grace` to learn the true usage and then hangs up.

mod attempts;
mod reading;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use llm::meter::Forward;
use server::{
    books::{
        ledger::{Opened, Outcome},
        limits::Admitted,
    },
    directory::ModelEntry,
};
use types::{
    Timestamp, Tokens,
    error::Code,
    usage::{CallStatus, UsageSource},
};

pub use reading::Reading;

use attempts::Attempts;

use crate::{
    Error, Gateway,
    route::{Choice, Failure},
    upstream::{Answer, Broken, Chunks, Dial},
};

/// How a call ended, as far as the books care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    pub status: CallStatus,
    pub http_status: u16,
    pub class: Option<&'static str>,
}

/// A call between its open record and its usage row.
pub struct InFlight {
    gateway: Gateway,
    /// `None` once settled.
    opened: Option<Opened>,
    /// Its place under the limits of a team, until the client is gone or the call has ended.
    admitted: Option<Admitted>,
    phase: Phase,
    attempts: Attempts,
    reading: Reading,
    started: Instant,
    first_content: Option<Duration>,
    last_checkpoint: Instant,
}

/// Why a try got no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// Nothing may be tried any more; the call is settled.
    Over(Error),
    /// The upstream failed.
    Failed(Failure),
}

enum Phase {
    /// Nothing is on its way: before the first try, and between two.
    Idle,
    /// Nothing has been sent yet.
    Ready(Dial),
    /// Sent; headers are awaited.
    Dialling(Dial),
    /// Headers are here, the open record is not durable yet.
    Dialled(Result<Answer, Failure>),
    Answering(Chunks),
    Done,
}

impl InFlight {
    pub fn new(
        gateway: &Gateway,
        opened: Opened,
        admitted: Option<Admitted>,
        model: Arc<ModelEntry>,
        first: Choice,
        started: Instant,
    ) -> Self {
        InFlight {
            gateway: gateway.clone(),
            opened: Some(opened),
            admitted,
            phase: Phase::Idle,
            attempts: Attempts::new(model, first),
            reading: Reading::nothing(),
            started,
            first_content: None,
            last_checkpoint: started,
        }
    }

    /// A try begins. Nothing is sent before [`InFlight::headers`].
    pub fn begin(&mut self, choice: Choice, dial: Dial, reading: Reading) {
        self.attempts.begin(choice);
        self.phase = Phase::Ready(dial);
        self.reading = reading;
        self.first_content = None;
    }

    /// Dials and waits for the upstream's headers and for the open record. With `before_dial` one after the other.
    pub async fn headers(&mut self, before_dial: bool) -> Result<(StatusCode, HeaderMap), NoAnswer> {
        let stopping = self.gateway.state().cut_streams();
        match stopping.run_until_cancelled(self.dial(before_dial)).await {
            Some(Err(NoAnswer::Over(error))) => Err(NoAnswer::Over(self.over(error))),
            Some(outcome) => outcome,
            None => Err(NoAnswer::Over(self.over(restarting()))),
        }
    }

    /// Waits before the next try, with nothing on its way.
    ///
    /// Errors (settled): the process cannot wait any longer.
    pub async fn pause(&mut self, time: Duration) -> Result<(), Error> {
        self.phase = Phase::Idle;
        self.reading = Reading::nothing();
        if time.is_zero() {
            return Ok(());
        }
        let stopping = self.gateway.state().cut_streams();
        match stopping.run_until_cancelled(tokio::time::sleep(time)).await {
            Some(()) => Ok(()),
            None => Err(self.over(restarting())),
        }
    }

    /// Settles a call that ends without an answer.
    fn over(&mut self, error: Error) -> Error {
        let class = error.class();
        self.end(error, class)
    }

    /// The same, with a name of its own for why.
    pub fn end(&mut self, error: Error, class: &'static str) -> Error {
        self.settle(Ending {
            status: CallStatus::UpstreamError,
            http_status: error.status(),
            class: Some(class),
        });
        error
    }

    async fn dial(&mut self, before_dial: bool) -> Result<(StatusCode, HeaderMap), NoAnswer> {
        let settled = || NoAnswer::Over(Error::Internal("the call is settled already".to_owned()));
        let durable = |outcome: Result<(), server::Error>| outcome.map_err(|error| NoAnswer::Over(error.into()));
        let opened = self.opened.as_mut().ok_or_else(settled)?;
        if before_dial {
            durable(opened.durable().await)?;
        }
        self.phase = match std::mem::replace(&mut self.phase, Phase::Done) {
            Phase::Ready(dial) | Phase::Dialling(dial) => Phase::Dialling(dial),
            other => other,
        };
        let phase = &mut self.phase;
        // What arrives is kept in the guard at once: whoever drops it meanwhile must not wait for it again.
        let arrival = async {
            if let Phase::Dialling(dial) = phase {
                let outcome = dial.await;
                *phase = Phase::Dialled(outcome);
            }
            Ok(())
        };
        if before_dial {
            arrival.await?;
        } else {
            // A refused open record ends the call at once; nothing of the answer has been served.
            tokio::try_join!(async { durable(opened.durable().await) }, arrival)?;
        }
        let Phase::Dialled(answer) = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return Err(settled());
        };
        let answer = answer.map_err(NoAnswer::Failed)?;
        self.attempts.answered(answer.status);
        self.phase = Phase::Answering(answer.body);
        Ok((answer.status, answer.headers))
    }

    /// The answer that has begun is one, and the upstream's breaker hears of it at once: a long stream must not keep others waiting for its end.
    pub fn serves(&mut self) {
        self.attempts.serves(self.now());
    }

    /// The try came to nothing, and the upstream's breaker hears of it.
    pub fn failed(&mut self, failure: &Failure) {
        if let Some(key) = self.attempts.failed(failure, self.now()) {
            server::litellm::key_refused(self.gateway.state(), key);
        }
    }

    /// Another try comes after the one that failed.
    pub fn give_up(&mut self, failure: &Failure) {
        self.attempts.give_up(failure);
    }

    /// An answer that had begun broke off, and the upstream's breaker hears of it.
    pub fn broke_off(&self) {
        self.attempts.broke_off(self.now());
    }

    pub fn now(&self) -> Timestamp {
        self.gateway.state().clock().now()
    }

    /// The upstream's next bytes, unmetered. For readers that poll.
    pub fn poll_chunk(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, Broken>>> {
        match &mut self.phase {
            Phase::Answering(chunks) => chunks.poll_next(context),
            _ => std::task::Poll::Ready(None),
        }
    }

    /// The same as [`InFlight::poll_chunk`] for readers that are futures.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Broken>> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    /// Reads usage from bytes that arrived `now`, and returns the part of them that the client gets.
    pub fn inspect(&mut self, chunk: Bytes, now: Instant) -> Result<Option<Forward>, llm::Error> {
        let mut forward = self.reading.push(chunk)?;
        if self.reading.upstream_error() {
            // What the upstream says of itself may quote what it was asked with.
            let secret = self.attempts.credential();
            forward = forward.map(|pieces| {
                let mut clean = Forward::default();
                clean.add(llm::error::redact(pieces.joined(), &[secret]));
                clean
            });
        }
        if self.first_content.is_none() && self.reading.content_seen() {
            self.first_content = Some(now - self.started);
        }
        if now - self.last_checkpoint >= CHECKPOINT_EVERY {
            self.last_checkpoint = now;
            if let Some(opened) = &self.opened {
                opened.checkpoint(self.reading.tally().tokens);
            }
        }
        Ok(forward)
    }

    pub fn reading(&mut self) -> &mut Reading {
        &mut self.reading
    }

    /// Writes the usage row. Every further call does nothing.
    pub fn settle(&mut self, ending: Ending) {
        self.phase = Phase::Done;
        let Some(opened) = self.opened.take() else { return };
        let served = ending.status != CallStatus::UpstreamError || self.reading.anything_read();
        // One that is settled as well served was looked at already.
        let failed = || ending.status != CallStatus::Settled && self.reading.failed_uncounted();
        let (tokens, source) = if served && !failed() {
            let tally = self.reading.tally();
            (tally.tokens, tally.source)
        } else {
            (Tokens::default(), UsageSource::None)
        };
        if let Some(admitted) = self.admitted.take() {
            admitted.spent(tokens.total());
        }
        let (served_by, attempts) = self.attempts.told(ending.class);
        opened.settle(Outcome {
            status: ending.status,
            http_status: ending.http_status,
            source,
            tokens,
            latency_ms: millis(self.started.elapsed()),
            ttft_ms: self.first_content.map(millis),
            error_class: ending.class,
            served_by,
            attempts,
        });
    }

    /// Settles a call whose upstream said in its answer that it gives up. That was the answer's end, whatever came of the connection.
    pub fn gave_up(&mut self) {
        self.broke_off();
        self.settle(Ending {
            status: CallStatus::UpstreamError,
            http_status: SERVED,
            class: Some("upstream_error_event"),
        });
    }

    /// Settles a call whose answer was served whole.
    pub fn complete(&mut self) {
        self.settle(Ending {
            status: CallStatus::Settled,
            http_status: SERVED,
            class: None,
        });
    }
}

/// A JSON answer larger than this is not one of a model.
pub const LARGEST_JSON: usize = 64 * 1024 * 1024;
/// What a client hears whose call was taken on.
const SERVED: u16 = 200;
/// How often a long stream's counts are written to its open record.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);

fn restarting() -> Error {
    Error::refused(Code::Unavailable, "This server is restarting. Send the request again.")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.opened.is_none() {
            return;
        }
        if std::thread::panicking() {
            // Handing the rest to a task would repeat whatever went wrong, for ever.
            return self.settle(Ending {
                status: CallStatus::UpstreamError,
                http_status: SERVED,
                class: Some("panic"),
            });
        }
        if self.reading.complete() {
            // The client hung up after the last event, as some do.
            return self.complete();
        }
        if self.reading.upstream_error() {
            return self.gave_up();
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Done);
        let grace = self.gateway.state().config().gateway.disconnect_grace;
        let gone = Ending {
            status: CallStatus::ClientGone,
            http_status: SERVED,
            class: Some("client_gone"),
        };
        if let Phase::Idle | Phase::Ready(_) | Phase::Done = phase {
            // Nothing is on its way, so nothing is owed.
            self.reading = Reading::nothing();
            return self.settle(gone);
        }
        if grace.is_zero() {
            return self.settle(gone);
        }
        if let Some(admitted) = &mut self.admitted {
            admitted.leave();
        }
        let rest = InFlight {
            gateway: self.gateway.clone(),
            opened: self.opened.take(),
            admitted: self.admitted.take(),
            phase,
            attempts: std::mem::take(&mut self.attempts),
            reading: std::mem::replace(&mut self.reading, Reading::nothing()),
            started: self.started,
            first_content: self.first_content,
            last_checkpoint: self.last_checkpoint,
        };
        self.gateway
            .state()
            .spawn(async move { rest.read_on(grace, gone).await });
    }
}

impl InFlight {
    /// The client is gone: reads on for `grace`, then hangs up and settles.
    async fn read_on(mut self, grace: Duration, gone: Ending) {
        let reading = async {
            let answer = match std::mem::replace(&mut self.phase, Phase::Done) {
                Phase::Dialling(dial) => dial.await.ok(),
                Phase::Dialled(answer) => answer.ok(),
                Phase::Answering(chunks) => {
                    self.phase = Phase::Answering(chunks);
                    return self.read_rest().await;
                }
                Phase::Idle | Phase::Ready(_) | Phase::Done => return,
            };
            if let Some(answer) = answer
                && answer.status.is_success()
            {
                self.phase = Phase::Answering(answer.body);
                self.read_rest().await;
            } else {
                // Refused or broken off: nothing was made, so nothing is owed.
                self.reading = Reading::nothing();
            }
        };
        // Timing out is the plan, not a failure: what is known by then is what the row says.
        let _ = tokio::time::timeout(grace, reading).await;
        self.settle(gone);
    }

    async fn read_rest(&mut self) {
        while let Some(Ok(chunk)) = self.chunk().await {
            let is_too_large = self.inspect(chunk, Instant::now()).is_err() || self.reading.body_len() > LARGEST_JSON;
            if is_too_large || self.reading.upstream_error() {
                return;
            }
        }
    }
}
