//! Password hashes: argon2id in PHC strings, made and checked on blocking threads, few at a time.
//!
//! Knows nothing of accounts. One hash takes about 19 MiB and 20 ms, so unlimited parallel ones would be a cheap way to take
//! the process down: a process-wide semaphore bounds them, and who waits longer than two seconds is sent away with 503.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use types::{Refusal, error::Code};

use crate::{Error, clock::Clock, error::Result};

/// OWASP's smallest recommendation for argon2id (Password Storage Cheat Sheet): KiB, passes, lanes.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A stored hash that asks for more than this is refused instead of computed: whoever can write one could else exhaust memory.
const MOST_MEMORY: u32 = 262_144;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 8;

const QUEUE: Duration = Duration::from_secs(2);

/// Verified against when there is no hash to verify, so that a miss takes as long as a wrong password. Nothing hashes to it.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$d2VpcmdhdGUtZHVtbXktMQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The commonest passwords of eight characters and more; see the head of the file for where they come from.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("passwords/common.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// One permit a core: hashing is pure computation, more at once only costs memory.
static GATE: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Arc::new(Semaphore::new(cores.max(2)))
});

/// What checking a password said.
pub enum Verdict {
    Wrong,
    /// Right. `rehash` is a new hash to store when the old one was made with weaker parameters.
    Right {
        rehash: Option<String>,
    },
}

/// Whether so many people use it that it is guessed first. Case does not make it better.
pub fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    let word = folded.trim_matches(|c: char| !c.is_alphabetic());
    COMMON.contains(folded.as_str()) || word == "weirgate"
}

/// A PHC string of the current parameters with a fresh salt.
pub async fn hash(clock: &Clock, password: &str) -> Result<String> {
    let salt = clock.random();
    let password = password.to_owned();
    gated(move || make(&password, salt)).await
}

/// Checks against `stored`; without one (no such person, no password) the answer is no, after the same work.
pub async fn verify(clock: &Clock, password: &str, stored: Option<&str>) -> Result<Verdict> {
    let salt = clock.random();
    let password = password.to_owned();
    let known = stored.is_some();
    let stored = stored.unwrap_or(DUMMY).to_owned();
    gated(move || {
        let verdict = check(&password, &stored, salt)?;
        Ok(if known { verdict } else { Verdict::Wrong })
    })
    .await
}

/// Runs `work` on a blocking thread. The permit travels with the work: when the caller gives up, the thread still counts.
async fn gated<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let waiting = Arc::clone(&GATE).acquire_owned();
    let permit = match tokio::time::timeout(QUEUE, waiting).await {
        Ok(Ok(permit)) => permit,
        Ok(Err(_)) | Err(_) => return Err(busy()),
    };
    tokio::task::spawn_blocking(move || {
        let outcome = work();
        drop(permit);
        outcome
    })
    .await
    .map_err(|_| Error::internal("a password task did not finish"))?
}

fn busy() -> Error {
    let message = "Too many people are signing in at this moment. Try again in a few seconds.";
    Error::Refused(Refusal {
        retry_after: Some(2),
        ..Refusal::new(Code::Unavailable, message)
    })
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn make(password: &str, salt: [u8; 16]) -> Result<String> {
    let hash: PasswordHash = argon2()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(Error::internal)?;
    Ok(hash.to_string())
}

fn check(password: &str, stored: &str, salt: [u8; 16]) -> Result<Verdict> {
    let hash = PasswordHash::new(stored).map_err(|_| Error::internal("a stored password hash is not a PHC string"))?;
    let params =
        Params::try_from(&hash).map_err(|_| Error::internal("a stored password hash has unreadable parameters"))?;
    if params.m_cost() > MOST_MEMORY || params.t_cost() > MOST_PASSES || params.p_cost() > MOST_LANES {
        return Err(Error::internal(
            "a stored password hash asks for more work than is allowed",
        ));
    }
    if argon2()?.verify_password(password.as_bytes(), &hash).is_err() {
        return Ok(Verdict::Wrong);
    }
    let weaker = params.m_cost() < MEMORY || params.t_cost() < PASSES || hash.algorithm.as_str() != "argon2id";
    let rehash = if weaker { Some(make(password, salt)?) } else { None };
    Ok(Verdict::Right { rehash })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[tokio::test]
    async fn hash_is_argon2id_with_owasp_parameters_and_a_16_byte_salt() {
        let text = hash(&Clock::system(), "correct horse").await.unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let parsed = PasswordHash::new(&text).unwrap();
        assert_eq!(parsed.salt.unwrap().len(), 16);
        assert_eq!(parsed.hash.unwrap().len(), 32);
    }

    #[tokio::test]
    async fn right_password_is_right_and_others_are_wrong() {
        let clock = Clock::system();
        let long = "ж".repeat(600);
        let stored = hash(&clock, &long).await.unwrap();
        let right = verify(&clock, &long, Some(&stored)).await.unwrap();
        assert!(matches!(right, Verdict::Right { rehash: None }));
        for wrong in [&long[..1198], "", &"Ж".repeat(600)] {
            let verdict = verify(&clock, wrong, Some(&stored)).await.unwrap();
            assert!(matches!(verdict, Verdict::Wrong));
        }
    }

    #[tokio::test]
    async fn nobody_has_the_dummy_hash() {
        let verdict = verify(&Clock::system(), "anything", None).await.unwrap();
        assert!(matches!(verdict, Verdict::Wrong));
    }

    #[tokio::test]
    async fn weaker_hash_is_made_anew_on_success() {
        let params = Params::new(8192, 1, 1, None).unwrap();
        let weak: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(b"correct horse", &[7; 16])
            .unwrap();
        let verdict = verify(&Clock::system(), "correct horse", Some(&weak.to_string()))
            .await
            .unwrap();
        let Verdict::Right { rehash: Some(new) } = verdict else {
            panic!("expected a new hash")
        };
        assert!(new.contains("m=19456,t=2,p=1"));
    }

    #[tokio::test]
    async fn hash_that_asks_for_too_much_is_refused() {
        let huge = DUMMY.replace("m=19456", "m=4194304");
        assert!(verify(&Clock::system(), "x", Some(&huge)).await.is_err());
        assert!(verify(&Clock::system(), "x", Some("plain text")).await.is_err());
    }

    #[test]
    fn common_passwords_are_known_in_any_case() {
        for common in ["password", "PassWord", "12345678", "qwertyuiop", "Weirgate2026"] {
            assert!(is_common(common), "{common}");
        }
        assert!(!is_common("correct horse battery"));
    }
}
