//! One guard for one call: owns the open record and the upstream, and settles exactly once, also when it is dropped.
//!
//! Dropped before the dial, while headers are awaited or while the answer is read, it hands what it owns to a tracked task, which
//! reads on for `disconnect_grace` to learn the true usage and then hangs up.

mod reading;

use std::time::{Duration, Instant};

use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use llm::meter::Forward;
use server::books::ledger::{Opened, Outcome};
use types::{
    Tokens,
    usage::{CallStatus, UsageSource},
};

pub use reading::Reading;

use crate::{
    Error, Gateway,
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
    phase: Phase,
    reading: Reading,
    started: Instant,
    first_content: Option<Duration>,
    last_checkpoint: Instant,
}

enum Phase {
    /// Nothing has been sent yet.
    Ready(Dial),
    /// Sent; headers are awaited.
    Dialling(Dial),
    /// Headers are here, the open record is not durable yet.
    Dialled(Result<Answer, Error>),
    Answering(Chunks),
    Done,
}

impl InFlight {
    pub fn new(gateway: &Gateway, opened: Opened, dial: Dial, reading: Reading, started: Instant) -> Self {
        InFlight {
            gateway: gateway.clone(),
            opened: Some(opened),
            phase: Phase::Ready(dial),
            reading,
            started,
            first_content: None,
            last_checkpoint: started,
        }
    }

    /// Dials and waits for the upstream's headers and for the open record. With `before_dial` one after the other.
    ///
    /// An error has settled the call.
    pub async fn headers(&mut self, before_dial: bool) -> Result<(StatusCode, HeaderMap), Error> {
        match self.dial(before_dial).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.settle(Ending {
                    status: CallStatus::UpstreamError,
                    http_status: error.status(),
                    class: Some(error.class()),
                });
                Err(error)
            }
        }
    }

    async fn dial(&mut self, before_dial: bool) -> Result<(StatusCode, HeaderMap), Error> {
        let settled = || Error::Internal("the call is settled already".to_owned());
        let opened = self.opened.as_mut().ok_or_else(settled)?;
        if before_dial {
            opened.durable().await?;
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
            tokio::try_join!(async { opened.durable().await.map_err(Error::from) }, arrival)?;
        }
        let Phase::Dialled(answer) = std::mem::replace(&mut self.phase, Phase::Done) else {
            return Err(settled());
        };
        let answer = answer?;
        self.phase = Phase::Answering(answer.body);
        Ok((answer.status, answer.headers))
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

    /// Reads usage from bytes that arrived, and returns the part of them that the client gets.
    pub fn inspect(&mut self, chunk: Bytes) -> Result<Option<Forward>, llm::Error> {
        let now = Instant::now();
        let forward = self.reading.push(chunk)?;
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
        let (tokens, source) = if served {
            let tally = self.reading.tally();
            (tally.tokens, tally.source)
        } else {
            (Tokens::default(), UsageSource::None)
        };
        opened.settle(Outcome {
            status: ending.status,
            http_status: ending.http_status,
            source,
            tokens,
            latency_ms: millis(self.started.elapsed()),
            ttft_ms: self.first_content.map(millis),
            error_class: ending.class,
            served_by: None,
            attempts: None,
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

/// What a client hears whose call was taken on.
const SERVED: u16 = 200;
/// How often a long stream's counts are written to its open record.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);

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
        let phase = std::mem::replace(&mut self.phase, Phase::Done);
        let grace = self.gateway.state().config().gateway.disconnect_grace;
        let gone = Ending {
            status: CallStatus::ClientGone,
            http_status: SERVED,
            class: Some("client_gone"),
        };
        if let Phase::Ready(_) | Phase::Done = phase {
            // Nothing was sent, so nothing is owed.
            self.reading = Reading::json(llm::Dialect::Anthropic, 0);
            return self.settle(gone);
        }
        if grace.is_zero() {
            return self.settle(gone);
        }
        let rest = InFlight {
            gateway: self.gateway.clone(),
            opened: self.opened.take(),
            phase,
            reading: std::mem::replace(&mut self.reading, Reading::json(llm::Dialect::Anthropic, 0)),
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
                Phase::Dialling(dial) => dial.await,
                Phase::Dialled(answer) => answer,
                Phase::Answering(chunks) => {
                    self.phase = Phase::Answering(chunks);
                    return self.read_rest().await;
                }
                Phase::Ready(_) | Phase::Done => return,
            };
            if let Ok(answer) = answer
                && answer.status.is_success()
            {
                self.phase = Phase::Answering(answer.body);
                self.read_rest().await;
            }
        };
        // Timing out is the plan, not a failure: what is known by then is what the row says.
        let _ = tokio::time::timeout(grace, reading).await;
        self.settle(gone);
    }

    async fn read_rest(&mut self) {
        while let Some(Ok(chunk)) = self.chunk().await {
            if self.inspect(chunk).is_err() {
                return;
            }
        }
    }
}
