//! The shape of keys: `wg-<12>-<43>-<6>`, all base62: public id, secret, CRC-32 of what stands before the last hyphen.
//!
//! The checksum lets a mistyped key be told from an unknown one without a look-up, and secret scanners avoid false alarms.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub const PUBLIC_ID_LENGTH: usize = 12;
pub const SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;

/// The prefix of an API key.
pub const KEY: &str = "wg";
/// The prefix of a personal token.
pub const PERSONAL_TOKEN: &str = "wgp";

/// `count` base62 characters out of random bytes; bytes that would bias the choice are skipped, so give about 1.2 × `count` of them.
/// `None` when the bytes ran out.
pub fn base62(random: &[u8], count: usize) -> Option<String> {
    // 248 = 4 × 62: the largest multiple of 62 in a byte.
    let text: String = random
        .iter()
        .filter(|byte| **byte < 248)
        .take(count)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 62)]))
        .collect();
    (text.len() == count).then_some(text)
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Joins the parts and appends the checksum.
pub fn assemble(prefix: &str, public_id: &str, secret: &str) -> String {
    let body = format!("{prefix}-{public_id}-{secret}");
    let sum = checksum(&body);
    format!("{body}-{sum}")
}

/// Whether `text` says of itself to be a key or token with this prefix, well formed or not.
pub fn claims(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
}

/// Whether `text` has the shape of a key with this prefix and its checksum is right.
pub fn well_formed(prefix: &str, text: &str) -> bool {
    let length = prefix.len() + PUBLIC_ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH + 3;
    if text.len() != length || !text.is_ascii() {
        return false;
    }
    let (body, sum) = text.split_at(length - CHECKSUM_LENGTH - 1);
    let mut parts = body.split('-');
    let fits = parts.next() == Some(prefix)
        && parts
            .next()
            .is_some_and(|part| part.len() == PUBLIC_ID_LENGTH && base62_only(part))
        && parts
            .next()
            .is_some_and(|part| part.len() == SECRET_LENGTH && base62_only(part))
        && parts.next().is_none();
    fits && sum[1..] == checksum(body) && sum.starts_with('-')
}

fn base62_only(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn sample() -> String {
        assemble(KEY, "abcdefABCDEF", &"x1Y".repeat(15)[..SECRET_LENGTH])
    }

    #[test]
    fn assembled_key_is_well_formed_and_every_changed_letter_is_noticed() {
        let key = sample();
        assert_eq!(key.len(), 2 + 12 + 43 + 6 + 3);
        assert!(well_formed(KEY, &key));
        assert!(!well_formed(PERSONAL_TOKEN, &key));
        assert!(claims(KEY, &key) && claims(KEY, "wg-") && !claims(PERSONAL_TOKEN, &key));
        assert!(!claims(KEY, "wgp-x") && !claims(KEY, "wg") && !claims(KEY, "sk-wg-x"));
        for index in 3..key.len() {
            let mut changed = key.clone().into_bytes();
            changed[index] = if changed[index] == b'a' { b'b' } else { b'a' };
            assert!(
                !well_formed(KEY, &String::from_utf8(changed).unwrap()),
                "position {index}"
            );
        }
    }

    #[test]
    fn base62_skips_biased_bytes() {
        assert_eq!(base62(&[255, 0, 61, 62], 3).as_deref(), Some("0z0"));
        assert_eq!(base62(&[255, 254], 1), None);
    }

    proptest! {
        #[test]
        fn nothing_else_is_well_formed(text in "\\PC{0,80}") {
            prop_assert!(!well_formed(KEY, &text));
        }
    }
}
