//! Secrets at rest and their comparison: encryption under the master key, hashes, HMACs, constant-time equality.
//!
//! Passwords are not here (see `passwords`): these functions are for values that are random already.

use std::sync::Arc;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// Text that must not be shown: no `Debug`, `Display` or `Serialize`, so that a log line with it does not compile.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for the one place that sends or checks it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

const FORMAT: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;
const HEADER: usize = 1 + KEY_ID + NONCE;

/// Encrypts what must be read back (provider credentials): XChaCha20-Poly1305 under a key derived from the configured secret.
///
/// Sealed form: format (1) ‖ key id (4) ‖ nonce (24) ‖ ciphertext and tag. The key id tells a wrong key from a damaged row.
#[derive(Clone)]
pub struct MasterKey {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID],
}

impl MasterKey {
    pub fn derive(secret: &Secret) -> Self {
        let key = hmac_sha256(secret.expose().as_bytes(), &[b"weirgate credential encryption v1"]);
        let id = hmac_sha256(&key, &[b"key id"]);
        MasterKey {
            cipher: XChaCha20Poly1305::new(&key.into()),
            id: [id[0], id[1], id[2], id[3]],
        }
    }

    /// `context` is authenticated, not stored: the same must be given to open (the id of the row that holds it).
    pub fn seal(&self, plain: &[u8], context: &[u8], nonce: [u8; NONCE]) -> Result<Vec<u8>> {
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::internal("a credential could not be encrypted"))?;
        let mut out = Vec::with_capacity(HEADER + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>> {
        let damaged = || Error::internal("a stored credential is damaged or belongs to another row");
        if sealed.len() < HEADER || sealed[0] != FORMAT {
            return Err(damaged());
        }
        if sealed[1..=KEY_ID] != self.id {
            return Err(Error::internal(
                "a stored credential was encrypted with another key: restore auth.encryption_secret (or the file encryption.key in the data directory)",
            ));
        }
        let nonce: [u8; NONCE] = sealed[1 + KEY_ID..HEADER].try_into().map_err(|_| damaged())?;
        let payload = Payload {
            msg: &sealed[HEADER..],
            aad: context,
        };
        self.cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| damaged())
    }
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lower-case digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// What [`hex`] wrote; capital letters too.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| (pair[0] << 4) | pair[1]).collect())
}

/// HMAC over the parts in order; give parts of variable length a separator of their own.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed::<Hmac<Sha256>>(key);
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

pub fn hmac_sha512(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    let mut mac = keyed::<Hmac<Sha512>>(key);
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn keyed<M: Mac + KeyInit>(key: &[u8]) -> M {
    match M::new_from_slice(key) {
        Ok(mac) => mac,
        // RFC 2104 takes keys of every length.
        Err(_) => unreachable!("HMAC refused a key"),
    }
}

/// Compares without telling by its time where the difference is. Different lengths are unequal at once.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key(text: &str) -> MasterKey {
        MasterKey::derive(&Secret::new(text))
    }

    #[test]
    fn sealed_text_opens_only_with_its_key_and_context() {
        let sealed = key("one").seal(b"sk-live", b"row 1", [7; 24]).unwrap();
        assert_eq!(key("one").open(&sealed, b"row 1").unwrap(), b"sk-live");
        assert!(key("one").open(&sealed, b"row 2").is_err());
        let other = key("two").open(&sealed, b"row 1").unwrap_err();
        assert!(other.to_string().contains("encryption_secret"));
        assert!(!sealed.windows(7).any(|window| window == b"sk-live"));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealed = key("one").seal(b"sk-live", b"row 1", [7; 24]).unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(key("one").open(&changed, b"row 1").is_err(), "byte {index}");
            assert!(key("one").open(&sealed[..index], b"row 1").is_err(), "cut at {index}");
        }
    }

    #[test]
    fn hmac_is_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(mac[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        let mac = hmac_sha512(b"Jefe", &[b"what do ya want for nothing?"]);
        assert_eq!(mac[..4], [0x16, 0x4b, 0x7a, 0x7b]);
    }

    #[test]
    fn equal_compares_lengths_too() {
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"ab"));
        assert!(!equal(b"abc", b"abd"));
    }
}
