//! Recovery codes: ten, each good for one sign-in in place of the second factor, kept as hashes.

use serde_json::json;
use types::factors::RecoveryCodes;

use crate::{State, audit, clock::Clock, crypto, db, error::Result, sessions::User};

const COUNT: usize = 10;
/// 16 characters of 5 random bits each.
const LENGTH: usize = 16;
/// Crockford's: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new set, in plain until it is shown.
pub(super) struct Set(Vec<String>);

impl Set {
    pub fn new(clock: &Clock) -> Self {
        let code = |_| {
            let random = clock.random::<LENGTH>();
            random
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .collect()
        };
        Set((0..COUNT).map(code).collect())
    }

    pub fn hashes(&self) -> Vec<Vec<u8>> {
        let hash = |code: &String| crypto::sha256(code.as_bytes()).to_vec();
        self.0.iter().map(hash).collect()
    }

    /// In groups of four, as people read them.
    pub fn show(self) -> RecoveryCodes {
        let grouped = |code: &String| {
            let groups: Vec<&str> = (0..LENGTH).step_by(4).map(|at| &code[at..at + 4]).collect();
            groups.join("-")
        };
        RecoveryCodes {
            recovery_codes: self.0.iter().map(grouped).collect(),
        }
    }
}

/// The hash of what was typed, if it has the shape of a recovery code. Case, spaces and hyphens do not matter, nor do the letters
/// that people read for digits.
pub(super) fn read(typed: &str) -> Option<Vec<u8>> {
    if typed.len() > 4 * LENGTH {
        return None;
    }
    let code: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let known = code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
    known.then(|| crypto::sha256(code.as_bytes()).to_vec())
}

/// Spends the code, if it is one of this person's.
pub(super) async fn take(state: &State, user: &User, hash: Vec<u8>) -> Result<bool> {
    let (id, clock) = (user.id(), state.clock().clone());
    let event = super::event(user, "recovery_code.used", json!({}));
    let write = state.write(move |tx| {
        Box::pin(async move {
            if !db::factors::take_recovery_code(tx, id, hash).await? {
                return Ok(false);
            }
            audit::record(tx, &clock, event).await?;
            Ok(true)
        })
    });
    write.await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn code_is_read_as_people_type_it() {
        let set = Set::new(&Clock::system());
        let hashes = set.hashes();
        let shown = set.show().recovery_codes;
        assert_eq!((shown.len(), hashes.len()), (COUNT, COUNT));
        for (code, hash) in shown.iter().zip(hashes) {
            assert_eq!(code.len(), 19);
            for typed in [
                code.clone(),
                code.to_uppercase(),
                code.replace('-', ""),
                code.replace('-', " "),
                code.replace('0', "o").replace('1', "L"),
            ] {
                assert_eq!(read(&typed).as_ref(), Some(&hash), "{typed}");
            }
        }
        for wrong in [
            "",
            "123456",
            "0123-4567-89ab-cdeu",
            "0123-4567-89ab-cde",
            "ключ-ключ-ключ-ключ",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read(&"-".repeat(100_000)), None);
    }
}
