//! What one commit of the ledger writes. Built from the queue in its order; a group that could not be committed is added to and tried again.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};

use types::Tokens;

use super::call::{Call, Settled};
use crate::db::calls::Rollups;

/// One thing to write.
#[derive(Debug)]
pub(crate) enum Op {
    Open(Arc<Call>),
    /// The counts so far of the open record with this key.
    Checkpoint(i64, Tokens),
    Settle(Settled),
}

/// Refusals that are counted without a row. The number tells, after a commit whose outcome is unknown, whether they were counted.
#[derive(Debug)]
pub(crate) struct CountedRefusals {
    pub number: i64,
    pub counts: Rollups,
}

#[derive(Debug, Default)]
pub(crate) struct Group {
    pub opens: Vec<Arc<Call>>,
    pub checkpoints: Vec<(i64, Tokens)>,
    pub settled: Vec<Settled>,
    /// Open records whose commit failed, perhaps only as far as we know: they must not stay.
    pub forget: Vec<i64>,
    pub refusals: Option<CountedRefusals>,
}

impl Group {
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.refusals.is_none()
    }

    pub fn len(&self) -> usize {
        self.opens.len() + self.checkpoints.len() + self.settled.len() + self.forget.len()
    }

    pub fn add(&mut self, op: Op) {
        match op {
            Op::Open(call) => self.opens.push(call),
            Op::Checkpoint(key, tokens) => self.checkpoints.push((key, tokens)),
            Op::Settle(settled) => {
                if settled.call.key != 0 && settled.call.progress.is_pending() {
                    settled.call.progress.skipped.store(true, Ordering::Relaxed);
                }
                self.settled.push(settled);
            }
        }
    }

    pub fn merge(&mut self, other: Group) {
        self.opens.extend(other.opens);
        self.checkpoints.extend(other.checkpoints);
        self.settled.extend(other.settled);
        self.forget.extend(other.forget);
    }

    /// Leaves the last checkpoint of each call that is not settled here.
    pub fn tidy(&mut self) {
        if self.checkpoints.is_empty() {
            return;
        }
        let mut seen: HashSet<i64> = self.settled.iter().map(|settled| settled.call.key).collect();
        let mut kept: Vec<_> = self
            .checkpoints
            .drain(..)
            .rev()
            .filter(|(key, _)| seen.insert(*key))
            .collect();
        kept.sort_unstable_by_key(|(key, _)| *key);
        self.checkpoints = kept;
    }

    /// Open records to write.
    pub fn written_opens(&self) -> impl Iterator<Item = &Arc<Call>> {
        self.opens
            .iter()
            .filter(|call| !call.progress.skipped.load(Ordering::Relaxed))
    }

    /// Keys whose open records go: those of settled calls, unless they were never written, and the forgotten.
    pub fn closed_keys(&self) -> Vec<i64> {
        let settled = self
            .settled
            .iter()
            .filter(|settled| settled.call.key != 0 && !settled.call.progress.skipped.load(Ordering::Relaxed));
        settled
            .map(|settled| settled.call.key)
            .chain(self.forget.iter().copied())
            .collect()
    }
}
