//! A leaky bucket in whole numbers: what was taken drains evenly, a whole limit in a minute.

use types::Timestamp;

const MINUTE: u64 = 60_000;

/// `taken` counts units times the milliseconds of a minute, so that nothing is lost by rounding.
#[derive(Default)]
pub(super) struct Bucket {
    taken: u64,
    at: Timestamp,
}

impl Bucket {
    /// Brings it to `now`. Without a limit it is empty. A clock that was set back drains nothing.
    pub fn drain(&mut self, limit: Option<u32>, now: Timestamp) {
        let passed = u64::try_from(now.0.saturating_sub(self.at.0)).unwrap_or(0);
        self.at = now;
        self.taken = limit.map_or(0, |limit| {
            self.taken.saturating_sub(passed.saturating_mul(u64::from(limit)))
        });
    }

    /// Milliseconds until `units` fit; 0 = now. `limit` is not 0.
    pub fn wait(&self, limit: u32, units: u64) -> u64 {
        let holds = u64::from(limit) * MINUTE;
        let over = self
            .taken
            .saturating_add(units.saturating_mul(MINUTE))
            .saturating_sub(holds);
        over.div_ceil(u64::from(limit))
    }

    /// Milliseconds until it is empty.
    pub fn empty_in(&self, limit: u32) -> u64 {
        self.taken.div_ceil(u64::from(limit))
    }

    /// Whole units that fit.
    pub fn left(&self, limit: u32) -> u32 {
        let taken = u32::try_from(self.taken.div_ceil(MINUTE)).unwrap_or(u32::MAX);
        limit.saturating_sub(taken)
    }

    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }

    pub fn take(&mut self, units: u64) {
        self.taken = self.taken.saturating_add(units.saturating_mul(MINUTE));
    }

    pub fn give_back(&mut self, units: u64) {
        self.taken = self.taken.saturating_sub(units.saturating_mul(MINUTE));
    }
}
