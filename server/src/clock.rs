//! Time, ids and randomness: the one source of each, replaceable in tests.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use rand::RngCore;
use types::Timestamp;
use uuid::Uuid;

/// Cheap to clone; clones of a settable clock move together.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Settable(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// Stands at `now` until it is moved.
    pub fn settable(now: Timestamp) -> Self {
        Clock(Source::Settable(Arc::new(AtomicI64::new(now.0))))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is what everything else asks for the time"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp(jiff::Timestamp::now().as_millisecond()),
            Source::Settable(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a settable clock; the system's cannot be moved.
    pub fn set(&self, now: Timestamp) {
        if let Source::Settable(millis) = &self.0 {
            millis.store(now.0, Ordering::SeqCst);
        }
    }

    pub fn advance(&self, by_millis: i64) {
        if let Source::Settable(millis) = &self.0 {
            millis.fetch_add(by_millis, Ordering::SeqCst);
        }
    }

    /// UUID v7: sorts by the time it was made.
    pub fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.now().0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.random()).into_uuid()
    }

    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Fills from a cryptographic generator seeded by the operating system.
    pub fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_carries_the_clocks_time_and_sorts_by_it() {
        let clock = Clock::settable(Timestamp(1_795_000_000_000));
        let first = clock.new_id();
        clock.advance(1);
        let second = clock.new_id();
        assert!(first < second);
        assert_eq!(first.get_version_num(), 7);
        assert_eq!(first.as_u128() >> 80, 1_795_000_000_000);
    }

    #[test]
    fn clones_of_a_settable_clock_move_together() {
        let clock = Clock::settable(Timestamp(5));
        let other = clock.clone();
        clock.set(Timestamp(9));
        assert_eq!(other.now(), Timestamp(9));
    }
}
