//! The one task that writes: takes what is queued, commits it as a group, and tells the waiters.
//!
//! When a commit fails, calls that wait for their open record are refused, and everything else is tried again until it is written.
//! Repeating is safe (see `db::calls`), so an outcome that is unknown is treated as a failure.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    group::{CountedRefusals, Group, Op},
    queue::{Shared, Taken},
};
use crate::{
    db::{
        Db,
        calls::{Failed, Writer},
    },
    error::Error,
};

/// A commit that takes longer refuses those who wait for it.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// A commit that takes longer is given up and its connection closed.
const STUCK: Duration = Duration::from_secs(15);
/// How often others may run between two commits. Each time the runtime also looks at its sockets; without it callers split into two halves that wait
/// for each other, and a call costs half as much again.
const COURTESY: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A commit that was cut off may still be carried out by a PostgreSQL that has not noticed: its open records are deleted once more after this time.
const DOUBT: Duration = Duration::from_secs(60);

pub(super) async fn run(db: Db, node: i32, shared: Arc<Shared>) {
    let mut task = Task {
        writer: Writer::new(&db, node),
        shared: Arc::clone(&shared),
        up_to: None,
        refusals: 0,
        doubtful: VecDeque::new(),
    };
    task.run().await;
    shared.set_ended();
}

struct Task {
    writer: Writer,
    shared: Arc<Shared>,
    /// Where the queue was when the group was last added to.
    up_to: Option<u64>,
    /// Batches of counted refusals so far.
    refusals: i64,
    doubtful: VecDeque<(Instant, Vec<i64>)>,
}

impl Task {
    async fn run(&mut self) {
        loop {
            let due = self.doubtful.front().map(|(due, _)| *due);
            let Some(taken) = self.shared.next(due).await else {
                return;
            };
            let mut group = Group::default();
            self.add(&mut group, taken);
            while self.doubtful.front().is_some_and(|(due, _)| *due <= Instant::now()) {
                let again = self.doubtful.pop_front().map(|(_, keys)| keys);
                group.forget.extend(again.unwrap_or_default());
            }
            if !self.write_out(group).await {
                return;
            }
            // Those who were woken go first: what they hand over next shares the next commit instead of waiting for the one after it.
            for _ in 0..COURTESY {
                tokio::task::yield_now().await;
            }
        }
    }

    fn add(&mut self, group: &mut Group, taken: Taken) {
        for op in taken.ops {
            group.add(op);
        }
        if let Some(counts) = taken.refusals {
            self.refusals += 1;
            group.refusals = Some(CountedRefusals {
                number: self.refusals,
                counts,
            });
        }
        self.up_to = taken.up_to.or(self.up_to);
    }

    /// Commits the group, again and again if need be. False when told to stop trying.
    async fn write_out(&mut self, mut group: Group) -> bool {
        let mut pause = FIRST_PAUSE;
        let mut tried = false;
        while !group.is_empty() {
            group.tidy();
            let Err(failed) = self.attempt(&group).await else {
                group = committed(group);
                continue;
            };
            if !failed.for_good && !std::mem::replace(&mut tried, true) {
                // Most often a connection that the server closed while it was idle.
                self.doubt(&group);
                continue;
            }
            let error = &failed.error;
            tracing::warn!(error_class = error.class(), detail = %error, records = group.len(), "the ledger could not be written");
            if failed.for_good {
                group = self.one_by_one(group).await;
                continue;
            }
            self.refuse_waiters(&mut group);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.shared.stopped().cancelled_owned() => return false,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            let more = self.shared.take_now(group.refusals.is_none());
            self.add(&mut group, more);
        }
        self.shared.set_trouble(false);
        if let Some(up_to) = self.up_to.take() {
            self.shared.publish(up_to);
        }
        true
    }

    /// One commit. Those who wait are refused when it takes too long, while it goes on.
    async fn attempt(&mut self, group: &Group) -> Result<(), Failed> {
        let mut commit = pin!(self.writer.commit(group));
        tokio::select! {
            outcome = &mut commit => return outcome,
            () = tokio::time::sleep(PATIENCE) => {}
        }
        self.shared.set_trouble(true);
        for call in &group.opens {
            call.progress.set_failed();
        }
        self.shared.fail_queued_opens();
        match tokio::time::timeout(STUCK, commit).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failed {
                error: Error::unavailable("a commit of the ledger was given up"),
                for_good: false,
            }),
        }
    }

    /// The group's open records may stand in the database although the commit failed.
    fn doubt(&mut self, group: &Group) {
        let keys: Vec<i64> = group.written_opens().map(|call| call.key).collect();
        if !keys.is_empty() {
            self.doubtful.push_back((Instant::now() + DOUBT, keys));
        }
    }

    fn refuse_waiters(&mut self, group: &mut Group) {
        self.shared.set_trouble(true);
        self.doubt(group);
        let unwritten: Vec<i64> = group.written_opens().map(|call| call.key).collect();
        group.forget.extend(unwritten);
        for call in group.opens.drain(..) {
            call.progress.set_failed();
        }
        self.shared.fail_queued_opens();
    }

    /// The database refuses a row of the group for good: finds it, so that it does not stand in the way of the others. Returns what is left.
    async fn one_by_one(&mut self, group: Group) -> Group {
        let mut rest = Group {
            forget: group.forget,
            refusals: group.refusals,
            ..Group::default()
        };
        let opens = group.opens.into_iter().map(Op::Open);
        let checkpoints = group
            .checkpoints
            .into_iter()
            .map(|(key, tokens)| Op::Checkpoint(key, tokens));
        let settled = group.settled.into_iter().map(Op::Settle);
        for op in opens.chain(checkpoints).chain(settled) {
            let mut piece = Group::default();
            piece.add(op);
            match self.attempt(&piece).await {
                Ok(()) => rest.forget.append(&mut committed(piece).forget),
                Err(failed) if failed.for_good => set_aside(&piece, &failed.error),
                Err(_) => rest.merge(piece),
            }
        }
        rest
    }
}

/// Wakes the waiters. Returns what was refused meanwhile but has been written after all: it is deleted by the next round.
fn committed(group: Group) -> Group {
    let mut late = Group::default();
    for call in &group.opens {
        call.progress.set_durable();
        if call.progress.has_failed() && !call.progress.skipped.load(Ordering::Relaxed) {
            late.forget.push(call.key);
        }
    }
    late
}

/// A bug, not an outage. The log keeps the numbers; the open record, if there is one, is booked as lost at the next start.
fn set_aside(piece: &Group, error: &Error) {
    for call in &piece.opens {
        call.progress.set_failed();
        tracing::error!(call_id = %call.id, detail = %error, "an open record was refused by the database");
    }
    for settled in &piece.settled {
        tracing::error!(
            call_id = %settled.call.id,
            tokens = settled.tokens.total(),
            cost_nanos = settled.cost.0,
            status = settled.status.name(),
            detail = %error,
            "a usage row was refused by the database and is missing from the books"
        );
    }
}
