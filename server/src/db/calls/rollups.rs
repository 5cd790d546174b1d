//! Sums of finished calls by quarter-hour and UTC day, added up in memory before they are written.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use types::{Timestamp, usage::CallStatus};
use uuid::Uuid;

use crate::books::ledger::{Refused, Settled};

pub(crate) const QUARTER: i64 = 15 * 60 * 1000;
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;
/// Sums of one row.
pub(super) const COLUMNS: usize = 11;

/// The primary key without the node. Ordered, so that every transaction takes its rows in the same order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RollupKey {
    pub organization_id: Uuid,
    /// Start of the bucket in milliseconds.
    pub bucket: i64,
    pub user_id: Uuid,
    /// Nil when the call came with an access token.
    pub api_key_id: Uuid,
    pub model: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RollupSums {
    pub requests: i64,
    pub refused: i64,
    pub failed: i64,
    pub unpriced: i64,
    pub input: i64,
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub output: i64,
    pub cost_nanos: i64,
    pub latency_ms: i64,
}

/// Sums by key, of quarter-hours or of days.
pub(crate) type Rollups = BTreeMap<RollupKey, RollupSums>;

pub(crate) const fn bucket(time: Timestamp, length: i64) -> i64 {
    time.0.div_euclid(length) * length
}

/// Counts beyond `i64` do not happen; clamping keeps a broken upstream's number from wrapping.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl RollupSums {
    pub fn of(settled: &Settled) -> Self {
        let refused = settled.status == CallStatus::Refused;
        let fine = matches!(settled.status, CallStatus::Settled | CallStatus::ClientGone);
        RollupSums {
            requests: i64::from(!refused),
            refused: i64::from(refused),
            failed: i64::from(!refused && !fine),
            unpriced: i64::from(settled.unpriced),
            input: signed(settled.tokens.input),
            cache_read: signed(settled.tokens.cache_read),
            cache_write_5m: signed(settled.tokens.cache_write_5m),
            cache_write_1h: signed(settled.tokens.cache_write_1h),
            output: signed(settled.tokens.output),
            cost_nanos: settled.cost.0,
            latency_ms: signed(settled.latency_ms.unwrap_or(0)),
        }
    }

    /// In the order of the table's columns.
    pub fn in_columns(&self) -> [i64; COLUMNS] {
        [
            self.requests,
            self.refused,
            self.failed,
            self.unpriced,
            self.input,
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.output,
            self.cost_nanos,
            self.latency_ms,
        ]
    }

    pub fn add(&mut self, other: &RollupSums) {
        let add = |sum: &mut i64, more: i64| *sum = sum.saturating_add(more);
        add(&mut self.requests, other.requests);
        add(&mut self.refused, other.refused);
        add(&mut self.failed, other.failed);
        add(&mut self.unpriced, other.unpriced);
        add(&mut self.input, other.input);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_write_5m, other.cache_write_5m);
        add(&mut self.cache_write_1h, other.cache_write_1h);
        add(&mut self.output, other.output);
        add(&mut self.cost_nanos, other.cost_nanos);
        add(&mut self.latency_ms, other.latency_ms);
    }
}

/// A call counts in the quarter-hour in which it was opened, whenever it ends.
pub(super) fn add_call(quarters: &mut Rollups, settled: &Settled) {
    let key = RollupKey {
        organization_id: settled.call.organization_id.0,
        bucket: bucket(settled.call.opened_at, QUARTER),
        user_id: settled.call.user_id.0,
        api_key_id: settled.call.key_id.map_or(Uuid::nil(), Uuid::from),
        model: Arc::clone(&settled.call.model),
    };
    add(quarters, key, &RollupSums::of(settled));
}

/// A refusal that gets no row of its own.
pub(crate) fn add_refusal(quarters: &mut Rollups, refused: &Refused, now: Timestamp) {
    let key = RollupKey {
        organization_id: refused.organization_id.0,
        bucket: bucket(now, QUARTER),
        user_id: refused.user_id.0,
        api_key_id: refused.key_id.map_or(Uuid::nil(), Uuid::from),
        model: Arc::from(refused.model.as_str()),
    };
    let one = RollupSums {
        refused: 1,
        ..RollupSums::default()
    };
    add(quarters, key, &one);
}

pub(super) fn add(rollups: &mut Rollups, key: RollupKey, sums: &RollupSums) {
    match rollups.entry(key) {
        Entry::Occupied(mut entry) => entry.get_mut().add(sums),
        Entry::Vacant(entry) => {
            entry.insert(*sums);
        }
    }
}

/// The same sums by UTC day.
pub(super) fn days(quarters: &Rollups) -> Rollups {
    let mut days = Rollups::new();
    for (key, sums) in quarters {
        let key = RollupKey {
            bucket: bucket(Timestamp(key.bucket), DAY),
            ..key.clone()
        };
        add(&mut days, key, sums);
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_is_the_start_of_its_time_also_before_the_epoch() {
        assert_eq!(bucket(Timestamp(QUARTER + 1), QUARTER), QUARTER);
        assert_eq!(bucket(Timestamp(QUARTER), QUARTER), QUARTER);
        assert_eq!(bucket(Timestamp(-1), DAY), -DAY);
    }
}
