//! Between those who hand records over and the one task that writes them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use types::{CallId, Timestamp};

use super::{
    call::{Call, Refused, Settled},
    group::Op,
    refusals::Refusals,
};
use crate::db::calls::Rollups;

/// Records wait this long for company when nobody waits for them.
const LINGER: Duration = Duration::from_millis(3);
/// So many do not wait for more.
const FULL_GROUP: usize = 128;
/// Most records of one transaction.
const LARGEST_GROUP: usize = 512;
/// Above it new calls are refused: the database does not keep up. Records of calls under way are always taken.
const MOST_QUEUED: usize = 10_000;

pub(super) struct Shared {
    queue: Mutex<Queue>,
    wake: Notify,
    /// The last commit failed or hangs: new calls are refused at once instead of waiting for the next try.
    trouble: AtomicBool,
    /// How many of the records ever handed over are durable, counted in their order.
    durable: watch::Sender<u64>,
    /// Set when the writer has ended.
    ended: watch::Sender<bool>,
    stop: CancellationToken,
    left_open: OnceLock<u64>,
}

#[derive(Default)]
struct Queue {
    ops: Vec<Op>,
    refusals: Refusals,
    /// When the oldest of them came.
    since: Option<Instant>,
    /// Somebody waits.
    urgent: bool,
    /// The writer sleeps and must be woken.
    idle: bool,
    accepted: u64,
    closed: bool,
}

/// What the writer gets.
pub(super) struct Taken {
    pub ops: Vec<Op>,
    pub refusals: Option<Rollups>,
    /// What [`Shared::publish`] is told when this and everything before it is durable.
    pub up_to: Option<u64>,
}

impl Shared {
    pub fn new() -> Self {
        Shared {
            queue: Mutex::default(),
            wake: Notify::new(),
            trouble: AtomicBool::new(false),
            durable: watch::Sender::new(0),
            ended: watch::Sender::new(false),
            stop: CancellationToken::new(),
            left_open: OnceLock::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is held, and a half-done push is not possible.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is in the way of what is to be written.
    pub fn is_well(&self) -> bool {
        !self.trouble.load(Ordering::Acquire)
    }

    /// Whether the call's open record was taken.
    pub fn push_open(&self, call: &Arc<Call>) -> bool {
        if !self.is_well() {
            return false;
        }
        let mut queue = self.queue();
        if queue.closed || queue.ops.len() >= MOST_QUEUED {
            return false;
        }
        self.add(&mut queue, Op::Open(Arc::clone(call)));
        true
    }

    pub fn push(&self, op: Op) {
        self.add(&mut self.queue(), op);
    }

    pub fn push_refusal(&self, refused: Refused, now: Timestamp, id: impl FnOnce() -> CallId) {
        let mut queue = self.queue();
        if queue.closed {
            return;
        }
        if queue.refusals.gets_a_row(&refused, now) {
            self.add(&mut queue, Op::Settle(Settled::refused(id(), refused, now)));
        } else {
            queue.refusals.count(&refused, now);
            queue.accepted += 1;
            self.arrived(&mut queue);
        }
    }

    fn add(&self, queue: &mut Queue, op: Op) {
        queue.ops.push(op);
        queue.accepted += 1;
        self.arrived(queue);
    }

    /// Wakes the writer for the first record, which starts the clock, and for a full group.
    fn arrived(&self, queue: &mut Queue) {
        let first = queue.since.is_none();
        if first {
            queue.since = Some(Instant::now());
        }
        if queue.idle && (first || queue.ops.len() >= FULL_GROUP) {
            queue.idle = false;
            self.wake.notify_one();
        }
    }

    /// Somebody waits: what is queued is written now.
    pub fn hurry(&self) {
        let mut queue = self.queue();
        queue.urgent = true;
        if queue.idle {
            queue.idle = false;
            self.wake.notify_one();
        }
    }

    /// Waits until there is reason to write, at the latest until `due`. `None` when closed and empty.
    pub async fn next(&self, due: Option<Instant>) -> Option<Taken> {
        loop {
            let until = {
                let mut queue = self.queue();
                if queue.is_ready() || due.is_some_and(|due| due <= Instant::now()) {
                    return Some(queue.take(true));
                }
                if queue.closed {
                    return None;
                }
                queue.urgent = false;
                queue.idle = true;
                let lingered = queue.since.map(|since| since + LINGER);
                [lingered, due].into_iter().flatten().min()
            };
            match until {
                None => self.wake.notified().await,
                Some(until) => {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep_until(until.into()) => {}
                    }
                }
            }
        }
    }

    /// What is there now, without waiting; refusals only when the writer has none in hand.
    pub fn take_now(&self, refusals: bool) -> Taken {
        self.queue().take(refusals)
    }

    pub fn set_trouble(&self, trouble: bool) {
        self.trouble.store(trouble, Ordering::Release);
    }

    /// Refuses the calls whose open records nobody has tried to write yet.
    pub fn fail_queued_opens(&self) {
        self.queue().ops.retain(|op| match op {
            Op::Open(call) => {
                call.progress.set_failed();
                false
            }
            _ => true,
        });
    }

    pub fn publish(&self, up_to: u64) {
        self.durable.send_if_modified(|durable| {
            let later = up_to > *durable;
            *durable = up_to.max(*durable);
            later
        });
    }

    /// Returns when everything accepted so far is durable.
    pub async fn flushed(&self) {
        let mut durable = self.durable.subscribe();
        let target = self.queue().accepted;
        self.hurry();
        // The sender lives in `self`.
        let _ = durable.wait_for(|durable| *durable >= target).await;
    }

    pub fn close(&self) {
        self.queue().closed = true;
        self.hurry();
    }

    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub fn set_ended(&self) {
        self.ended.send_replace(true);
    }

    /// Waits for the writer to end by itself, then makes it stop trying.
    pub async fn writer_ended(&self, patience: Duration) {
        let mut ended = self.ended.subscribe();
        let _ = tokio::time::timeout(patience, ended.wait_for(|ended| *ended)).await;
        self.stop.cancel();
        let _ = ended.wait_for(|ended| *ended).await;
    }

    pub fn left_open(&self) -> Option<u64> {
        self.left_open.get().copied()
    }

    pub fn set_left_open(&self, count: u64) {
        let _ = self.left_open.set(count);
    }
}

impl Queue {
    fn is_ready(&self) -> bool {
        let Some(since) = self.since else { return false };
        self.urgent || self.closed || self.ops.len() >= FULL_GROUP || since.elapsed() >= LINGER
    }

    fn take(&mut self, refusals: bool) -> Taken {
        let count = self.ops.len().min(LARGEST_GROUP);
        let ops = if count == self.ops.len() {
            std::mem::take(&mut self.ops)
        } else {
            self.ops.drain(..count).collect()
        };
        let refusals = if refusals { self.refusals.take() } else { None };
        let left_out = !self.refusals.is_empty();
        self.idle = false;
        if self.ops.is_empty() && !left_out {
            self.since = None;
            self.urgent = false;
        }
        Taken {
            up_to: (!left_out).then(|| self.accepted - self.ops.len() as u64),
            ops,
            refusals,
        }
    }
}
