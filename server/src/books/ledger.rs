//! The ledger: a call's open record is durable before its first byte is served, and its usage row is written exactly once.
//!
//! Callers hand records over without waiting; one task writes them in groups (see `writer`). A caller waits only for its own open record.
//! Nothing here knows what a call was about; prompts and answers never come this way.

mod call;
mod group;
mod queue;
mod refusals;
mod sweep;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use types::{
    CallId, Tokens,
    usage::{CallStatus, UsageSource},
};

use crate::{
    clock::Clock,
    db::{self, Db, nodes::Node},
    error::{Error, Result},
};

pub(crate) use call::{Call, Progress, Settled};
pub use call::{OpenCall, Outcome, Refused, ServedBy};
pub(crate) use group::Group;
use group::Op;
use queue::Shared;

/// How long a flush or a shutdown waits for the database.
const FLUSH_PATIENCE: Duration = Duration::from_secs(10);

/// Cheap to clone; clones write to the same books.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    clock: Clock,
    db: Db,
    /// Keys are this node's number and a count, so that no two nodes meet.
    next_key: AtomicI64,
    node: Option<Node>,
}

/// An open record and the duty to settle it. Dropped without being settled, it is settled as an upstream error.
pub struct Opened {
    call: Arc<Call>,
    ledger: Ledger,
    settled: bool,
}

impl Ledger {
    /// Makes this process a node, books as lost what dead nodes left open, and starts writing.
    pub(crate) async fn start(db: &Db) -> Result<Self> {
        let node = db::nodes::register(db).await?;
        sweep::at_start(db, node.id).await?;
        let shared = Arc::new(Shared::new());
        db.spawn(writer::run(db.clone(), node.id, Arc::clone(&shared)));
        if !db.is_sqlite() {
            db.spawn(sweep::from_time_to_time(db.clone(), node.id, shared.stopped()));
        }
        let first = i64::from(node.id) << KEY_BITS;
        Ok(Self::new(db, shared, first + 1, Some(node)))
    }

    /// A ledger that opens nothing, for processes that serve no calls.
    pub(crate) fn off(db: &Db) -> Self {
        let shared = Arc::new(Shared::new());
        shared.close();
        Self::new(db, shared, 1, None)
    }

    fn new(db: &Db, shared: Arc<Shared>, first_key: i64, node: Option<Node>) -> Self {
        Ledger(Arc::new(Inner {
            shared,
            clock: db.clock().clone(),
            db: db.clone(),
            next_key: AtomicI64::new(first_key),
            node,
        }))
    }

    /// This process's number among those that serve; none for one that serves no calls.
    pub(crate) fn node(&self) -> Option<i32> {
        self.0.node.as_ref().map(|node| node.id)
    }

    /// Hands over the open record of a call. Never blocks; wait with [`Opened::durable`] before anything is served.
    pub fn open(&self, call: OpenCall) -> Opened {
        let key = self.0.next_key.fetch_add(1, Ordering::Relaxed);
        let call = Arc::new(Call::open(key, call));
        if !self.0.shared.push_open(&call) {
            call.progress.set_failed();
        }
        Opened {
            call,
            ledger: self.clone(),
            settled: false,
        }
    }

    /// Whether open records are taken; not while the database refuses or keeps waiting what is to be written.
    pub fn is_well(&self) -> bool {
        self.0.shared.is_well()
    }

    /// Counts a refusal. It gets a row of its own at most once per key, reason and second.
    pub fn refused(&self, refused: Refused) {
        let now = self.0.clock.now();
        let id = || CallId(self.0.clock.new_id());
        self.0.shared.push_refusal(refused, now, id);
    }

    /// Waits until everything handed over so far is in the database.
    pub async fn flush(&self) -> Result<()> {
        match tokio::time::timeout(FLUSH_PATIENCE, self.0.shared.flushed()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(Error::unavailable("the ledger could not be written in time")),
        }
    }

    /// Open records in the database, of all nodes, once everything handed over so far is written; after [`Ledger::close`] how many there were then.
    pub async fn open_records(&self) -> Result<u64> {
        if let Some(count) = self.0.shared.left_open() {
            return Ok(count);
        }
        if self.0.node.is_some() {
            self.flush().await?;
        }
        db::calls::count_open(&self.0.db).await
    }

    /// Writes what is left and stops. What is handed over afterwards is booked at the next start, as lost.
    pub(crate) async fn close(&self) -> Result<()> {
        let Some(node) = &self.0.node else { return Ok(()) };
        let flushed = self.flush().await;
        self.0.shared.close();
        self.0.shared.writer_ended(FLUSH_PATIENCE).await;
        let count = db::calls::count_open(&self.0.db).await;
        self.0.shared.set_left_open(*count.as_ref().unwrap_or(&0));
        if flushed.is_ok() && matches!(count, Ok(0)) {
            db::nodes::leave(&self.0.db, node.id).await?;
        }
        node.stop();
        flushed
    }
}

/// A node may open 2⁴⁰ calls and there may be 2²³ starts of a process.
const KEY_BITS: u32 = 40;

impl Opened {
    /// Returns when the open record is committed, or cannot be: then nothing stays open and the call must be refused (503).
    pub async fn durable(&mut self) -> Result<()> {
        if self.call.progress.is_pending() {
            self.ledger.0.shared.hurry();
        }
        poll_fn(|context| self.call.progress.poll(context)).await
    }

    pub fn id(&self) -> CallId {
        self.call.id
    }

    /// Notes the counts so far, for the case that this process ends before the call does. Call it every few seconds.
    pub fn checkpoint(&self, tokens: Tokens) {
        if !self.call.progress.has_failed() {
            self.ledger.0.shared.push(Op::Checkpoint(self.call.key, tokens));
        }
    }

    /// Hands over the usage row. Never blocks, and is written whatever happens to the caller.
    ///
    /// Does nothing when the open record could not be written: nothing was served then.
    pub fn settle(mut self, outcome: Outcome) {
        self.hand_over(outcome);
    }

    fn hand_over(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.settled, true) || self.call.progress.has_failed() {
            return;
        }
        let now = self.ledger.0.clock.now();
        let settled = Settled::new(Arc::clone(&self.call), outcome, now);
        self.ledger.0.shared.push(Op::Settle(settled));
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let latency = self.ledger.0.clock.now().millis_since(self.call.opened_at);
        self.hand_over(Outcome {
            status: CallStatus::UpstreamError,
            http_status: 500,
            source: UsageSource::None,
            tokens: Tokens::default(),
            latency_ms: u64::try_from(latency).unwrap_or(0),
            ttft_ms: None,
            error_class: Some("dropped"),
            served_by: None,
            attempts: None,
        });
    }
}
