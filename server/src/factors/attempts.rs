//! Wrong codes of an account, counted in this process's memory: who knows the password may guess codes five times in 15 minutes.
//!
//! That is one chance in 700 a day. Only who gave the first factor gets here, so nobody else can lock the owner out.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use types::{Refusal, Timestamp, UserId, error::Code};

use crate::error::Result;

const MOST: usize = 5;
const WINDOW_MILLIS: i64 = 900_000;
/// Above this the accounts whose windows have passed are swept.
const MANY: usize = 1_000;

#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<UserId, Vec<Timestamp>>>);

impl Attempts {
    /// Counts an attempt as a wrong one until it turns out right.
    ///
    /// Errors: 429 with the seconds until the oldest is forgotten.
    pub fn begin(&self, user: UserId, now: Timestamp) -> Result<Timestamp> {
        let recent = |at: &Timestamp| now.millis_since(*at) < WINDOW_MILLIS;
        let mut attempts = self.lock();
        if attempts.len() >= MANY {
            attempts.retain(|_, times| times.iter().any(recent));
        }
        let times = attempts.entry(user).or_default();
        times.retain(recent);
        if let Some(oldest) = times.first()
            && times.len() >= MOST
        {
            let wait = WINDOW_MILLIS - now.millis_since(*oldest);
            let refusal = Refusal {
                retry_after: u64::try_from(wait.div_euclid(1000) + 1).ok(),
                ..Refusal::new(Code::RateLimited, "Too many wrong codes. Wait a while and try again.")
            };
            return Err(refusal.into());
        }
        times.push(now);
        Ok(now)
    }

    /// It was right: what was wrong before it does not count any more.
    pub fn forget(&self, user: UserId) {
        self.lock().remove(&user);
    }

    /// It could not be checked.
    pub fn undo(&self, user: UserId, attempt: Timestamp) {
        if let Some(times) = self.lock().get_mut(&user)
            && let Some(index) = times.iter().position(|at| *at == attempt)
        {
            times.remove(index);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn five_wrong_codes_are_the_most_and_time_forgives_them() {
        let (attempts, user, other) = (
            Attempts::default(),
            UserId(uuid::Uuid::from_u128(1)),
            UserId(uuid::Uuid::from_u128(2)),
        );
        for second in 0..5 {
            attempts.begin(user, Timestamp(second * 1000)).unwrap();
        }
        let refusal = attempts.begin(user, Timestamp(10_000)).unwrap_err().refusal();
        assert_eq!((refusal.code, refusal.retry_after), (Code::RateLimited, Some(891)));
        attempts.begin(other, Timestamp(10_000)).unwrap();
        attempts.begin(user, Timestamp(900_000)).unwrap();
        assert!(attempts.begin(user, Timestamp(900_001)).is_err());
    }

    #[test]
    fn right_code_forgets_and_a_check_that_failed_does_not_count() {
        let (attempts, user) = (Attempts::default(), UserId(uuid::Uuid::from_u128(1)));
        for _ in 0..20 {
            let attempt = attempts.begin(user, Timestamp(0)).unwrap();
            attempts.undo(user, attempt);
        }
        for _ in 0..5 {
            attempts.begin(user, Timestamp(0)).unwrap();
        }
        attempts.forget(user);
        attempts.begin(user, Timestamp(0)).unwrap();
    }
}
