//! Leaves a neighbour alone that does not answer: after some failures in a row a pause, then one try, then everything again or a longer pause.

use std::sync::{Mutex, MutexGuard, PoisonError};

use types::Timestamp;

/// Failures in a row that begin a pause.
const FAILURES: u32 = 3;
const PAUSE_MS: i64 = 15_000;
const LONGEST_PAUSE_MS: i64 = 300_000;

#[derive(Default)]
pub(super) struct Breaker(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    failures: u32,
    /// No try before then.
    paused_until: Option<Timestamp>,
    /// The one try after a pause is under way.
    probing: bool,
}

impl Breaker {
    /// Leave to try. Errors: until when there is a pause; `now` while somebody else makes the one try after it.
    pub fn enter(&self, now: Timestamp) -> Result<Pass<'_>, Timestamp> {
        let mut inner = self.lock();
        match inner.paused_until {
            Some(until) if now < until => return Err(until),
            Some(_) if inner.probing => return Err(now),
            Some(_) => inner.probing = true,
            None => {}
        }
        Ok(Pass {
            breaker: self,
            told: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One try. Dropped without a word it counts as nothing, and the next may try.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    told: bool,
}

impl Pass<'_> {
    pub fn succeeded(mut self) {
        self.told = true;
        *self.breaker.lock() = Inner::default();
    }

    pub fn failed(mut self, now: Timestamp) {
        self.told = true;
        let mut inner = self.breaker.lock();
        inner.probing = false;
        inner.failures = inner.failures.saturating_add(1);
        if let Some(beyond) = inner.failures.checked_sub(FAILURES) {
            let pause = PAUSE_MS.saturating_mul(1 << beyond.min(10)).min(LONGEST_PAUSE_MS);
            inner.paused_until = Some(now.plus_millis(pause));
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const START: Timestamp = Timestamp(1_795_000_000_000);

    fn fail(breaker: &Breaker, now: Timestamp) {
        breaker.enter(now).ok().unwrap().failed(now);
    }

    #[test]
    fn pause_begins_after_failures_in_a_row_and_doubles() {
        let breaker = Breaker::default();
        fail(&breaker, START);
        fail(&breaker, START);
        breaker.enter(START).ok().unwrap().succeeded();
        fail(&breaker, START);
        fail(&breaker, START);
        fail(&breaker, START);
        let first = START.plus_millis(PAUSE_MS);
        assert_eq!(breaker.enter(START).err(), Some(first));
        assert_eq!(breaker.enter(first.plus_millis(-1)).err(), Some(first));
        fail(&breaker, first);
        let second = first.plus_millis(2 * PAUSE_MS);
        assert_eq!(breaker.enter(first).err(), Some(second));
        let mut now = second;
        for _ in 0..40 {
            fail(&breaker, now);
            let until = breaker.enter(now).err().unwrap();
            assert!(until.millis_since(now) <= LONGEST_PAUSE_MS);
            now = until;
        }
    }

    #[test]
    fn one_tries_after_a_pause_and_its_success_ends_it() {
        let breaker = Breaker::default();
        (0..3).for_each(|_| fail(&breaker, START));
        let later = START.plus_millis(PAUSE_MS);
        let probe = breaker.enter(later).ok().unwrap();
        assert_eq!(breaker.enter(later).err(), Some(later));
        probe.succeeded();
        let first = breaker.enter(later).ok().unwrap();
        let second = breaker.enter(later).ok().unwrap();
        drop((first, second));
        fail(&breaker, later);
        assert!(breaker.enter(later).is_ok(), "the count began anew");
    }

    #[test]
    fn abandoned_try_lets_the_next_one_try() {
        let breaker = Breaker::default();
        (0..3).for_each(|_| fail(&breaker, START));
        let later = START.plus_millis(PAUSE_MS);
        drop(breaker.enter(later).ok().unwrap());
        assert!(breaker.enter(later).is_ok());
    }
}
