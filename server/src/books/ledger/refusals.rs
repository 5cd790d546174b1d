//! Refusals are cheap to provoke, so they are counted: a row at most once per key, reason and second, the rest only in the sums.

use std::collections::HashMap;

use types::Timestamp;
use uuid::Uuid;

use super::call::Refused;
use crate::db::calls::{Rollups, add_refusal};

/// Beyond so many remembered pairs those of earlier seconds are forgotten.
const MOST_REMEMBERED: usize = 4_096;

#[derive(Default)]
pub(super) struct Refusals {
    /// The second of the last row, by key (or user) and reason.
    last_row: HashMap<(Uuid, &'static str), i64>,
    counts: Rollups,
}

impl Refusals {
    pub fn gets_a_row(&mut self, refused: &Refused, now: Timestamp) -> bool {
        let second = now.0.div_euclid(1000);
        if self.last_row.len() >= MOST_REMEMBERED {
            self.last_row.retain(|_, last| *last == second);
        }
        let who = refused.key_id.map_or(refused.user_id.0, Uuid::from);
        self.last_row.insert((who, refused.reason), second) != Some(second)
    }

    pub fn count(&mut self, refused: &Refused, now: Timestamp) {
        add_refusal(&mut self.counts, refused, now);
    }

    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    pub fn take(&mut self) -> Option<Rollups> {
        (!self.is_empty()).then(|| std::mem::take(&mut self.counts))
    }
}
