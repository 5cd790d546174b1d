//! Password hashes: argon2id in PHC strings, made and checked on blocking threads, few at a time.
//!
//! Knows nothing of accounts. One hash takes about 19 MiB and 20 ms, so unlimited parallel ones would be a cheap way to take
//! the process down: a process-wide semaphore bounds them, and who waits longer than two seconds is sent away with 503.

use std::{
    alloc::System,
    collections::HashSet,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use allocator_api2::vec::Vec as VecIn;
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use tokio::sync::Semaphore;
use types::{Refusal, error::Code};

use crate::{Error, clock::Clock, crypto, error::Result};

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
    gated(move |memory| make(&password, salt, memory)).await
}

/// Checks against `stored`; without one (no such person, no password) the answer is no, after the same work.
pub async fn verify(clock: &Clock, password: &str, stored: Option<&str>) -> Result<Verdict> {
    let salt = clock.random();
    let password = password.to_owned();
    let known = stored.is_some();
    let stored = stored.unwrap_or(DUMMY).to_owned();
    gated(move |memory| {
        let verdict = check(&password, &stored, salt, memory)?;
        Ok(if known { verdict } else { Verdict::Wrong })
    })
    .await
}

/// Runs `work` on a blocking thread. The permit travels with the work: when the caller gives up, the thread still counts.
async fn gated<T: Send + 'static>(work: impl FnOnce(&mut Memory) -> Result<T> + Send + 'static) -> Result<T> {
    let waiting = Arc::clone(&GATE).acquire_owned();
    let permit = match tokio::time::timeout(QUEUE, waiting).await {
        Ok(Ok(permit)) => permit,
        Ok(Err(_)) | Err(_) => return Err(busy()),
    };
    tokio::task::spawn_blocking(move || {
        let mut memory = Memory::take();
        let outcome = work(&mut memory);
        drop((memory, permit));
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

/// What one hash is computed in. It goes from hash to hash while some are being computed, and is given back to the system when none
/// is. Hence the system's allocator: the process's own keeps freed pieces until something else is allocated, on an idle server for long.
struct Memory(Blocks);

type Blocks = VecIn<Block, System>;

/// KiB asked for, touched or not: from 32 MiB on glibc maps each piece by itself, whatever was freed before, and unmaps it when freed
/// (`M_MMAP_THRESHOLD` in mallopt(3)).
const MAPPED: usize = 33 * 1024;

struct Memories {
    idle: Vec<Blocks>,
    taken: usize,
}

static MEMORIES: Mutex<Memories> = Mutex::new(Memories {
    idle: Vec::new(),
    taken: 0,
});

impl Memory {
    fn take() -> Self {
        let mut all = MEMORIES.lock().unwrap_or_else(PoisonError::into_inner);
        all.taken += 1;
        Memory(
            all.idle
                .pop()
                .unwrap_or_else(|| Blocks::with_capacity_in(MAPPED, System)),
        )
    }

    fn of(&mut self, params: &Params) -> &mut [Block] {
        let blocks = params.block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::default());
        }
        &mut self.0[..blocks]
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut all = MEMORIES.lock().unwrap_or_else(PoisonError::into_inner);
        all.taken = all.taken.saturating_sub(1);
        if all.taken == 0 {
            all.idle = Vec::new();
            return;
        }
        // A stored hash of larger parameters made it grow.
        if self.0.len() <= usize::try_from(MEMORY).unwrap_or(usize::MAX) {
            let kept = std::mem::replace(&mut self.0, Blocks::new_in(System));
            all.idle.push(kept);
        }
    }
}

fn make(password: &str, salt: [u8; 16], memory: &mut Memory) -> Result<String> {
    const LENGTH: usize = 32;
    let params = Params::new(MEMORY, PASSES, LANES, Some(LENGTH)).map_err(Error::internal)?;
    let mut out = [0; LENGTH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), &salt, &mut out, memory.of(&params))
        .map_err(Error::internal)?;
    let plain = Params::new(MEMORY, PASSES, LANES, None).map_err(Error::internal)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&plain).map_err(Error::internal)?,
        salt: Some(Salt::new(&salt).map_err(Error::internal)?),
        hash: Some(Output::new(&out).map_err(Error::internal)?),
    };
    Ok(hash.to_string())
}

fn check(password: &str, stored: &str, salt: [u8; 16], memory: &mut Memory) -> Result<Verdict> {
    let unreadable = || Error::internal("a stored password hash has unreadable parameters");
    let hash = PasswordHash::new(stored).map_err(|_| Error::internal("a stored password hash is not a PHC string"))?;
    let params = Params::try_from(&hash).map_err(|_| unreadable())?;
    if params.m_cost() > MOST_MEMORY || params.t_cost() > MOST_PASSES || params.p_cost() > MOST_LANES {
        return Err(Error::internal(
            "a stored password hash asks for more work than is allowed",
        ));
    }
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| unreadable())?;
    let version = hash.version.unwrap_or(0x13);
    let version = Version::try_from(version).map_err(|_| unreadable())?;
    let (used, expected) = (hash.salt.ok_or_else(unreadable)?, hash.hash.ok_or_else(unreadable)?);
    let mut out = vec![0; expected.as_ref().len()];
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), &used, &mut out, memory.of(&params))
        .map_err(|_| unreadable())?;
    if !crypto::equal(&out, expected.as_ref()) {
        return Ok(Verdict::Wrong);
    }
    let weaker = params.m_cost() < MEMORY || params.t_cost() < PASSES || algorithm != Algorithm::Argon2id;
    let rehash = if weaker {
        Some(make(password, salt, memory)?)
    } else {
        None
    };
    Ok(Verdict::Right { rehash })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use argon2::password_hash::PasswordHasher;

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
    async fn hashes_are_what_argon2_itself_makes_and_takes() {
        use argon2::password_hash::PasswordVerifier;
        let clock = Clock::system();
        let ours = hash(&clock, "correct horse").await.unwrap();
        let parsed = PasswordHash::new(&ours).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
        let params = Params::new(MEMORY, PASSES, LANES, None).unwrap();
        let theirs: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(b"correct horse", &[7; 16])
            .unwrap();
        let verdict = verify(&clock, "correct horse", Some(&theirs.to_string()))
            .await
            .unwrap();
        assert!(matches!(verdict, Verdict::Right { rehash: None }));
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
