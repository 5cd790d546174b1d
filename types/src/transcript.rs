//! The transcript hash: one number that two people compare to see that they hold the same conversation, without showing it.
//!
//! SHA-256 over `role`, a line break and the content of each message, joined by a line of three hyphens. In the content every run of
//! spaces, tabs and line breaks counts as one space and none at the ends, so that what editors and wires do to white space does not
//! matter. Only ASCII is folded (space, `\t`, `\n`, `\v`, `\f`, `\r`); a no-break space is a character like any other.
//! `tests/transcript_vectors.json` holds what every implementation must answer.

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use sha2::{Digest, Sha256};

const BETWEEN: &[u8] = b"\n---\n";
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// One message as a client keeps it. Fields beside these two are not part of the transcript.
#[derive(Clone, Deserialize)]
pub struct Message {
    /// As sent: neither folded nor known by a list.
    pub role: String,
    /// The text; of content that came in parts, the text parts with a line break between them.
    #[serde(default, deserialize_with = "text")]
    pub content: String,
}

/// 64 lower-case hexadecimal digits. Of no messages it is the hash of nothing.
pub fn hash(messages: &[Message]) -> String {
    let mut hash = Sha256::new();
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            hash.update(BETWEEN);
        }
        hash.update(message.role.as_bytes());
        hash.update(b"\n");
        for (index, word) in words(&message.content).enumerate() {
            if index > 0 {
                hash.update(b" ");
            }
            hash.update(word.as_bytes());
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    digest
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Whether a text looks like what [`hash`] answers.
pub fn well_formed(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|byte| DIGITS.contains(&byte))
}

fn words(content: &str) -> impl Iterator<Item = &str> {
    // `char::is_ascii_whitespace` leaves out the vertical tab.
    let space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    content.split(space).filter(|word| !word.is_empty())
}

/// Content that is no string is its text parts; one without any, such as a call of a tool, is empty.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content {
        Text(String),
        Parts(Vec<Part>),
        Other(IgnoredAny),
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Part {
        Text {
            #[serde(rename = "type")]
            kind: String,
            text: String,
        },
        Other(IgnoredAny),
    }

    Ok(match Content::deserialize(deserializer)? {
        Content::Text(text) => text,
        Content::Parts(parts) => {
            let texts = parts.into_iter().filter_map(|part| match part {
                // What Messages and Chat Completions call `text` has two names in Responses.
                Part::Text { kind, text } if ["text", "input_text", "output_text"].contains(&kind.as_str()) => {
                    Some(text)
                }
                Part::Text { .. } | Part::Other(IgnoredAny) => None,
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        Content::Other(IgnoredAny) => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: &str, content: &str) -> Message {
        Message {
            role: role.to_owned(),
            content: content.to_owned(),
        }
    }

    #[test]
    fn payload_is_the_contracts_example() {
        let messages = [
            message("system", "You are Lumen."),
            message("user", " I want to feel\tcalmer\r\ntoday. "),
            message("assistant", "Let's take a breath together."),
        ];
        let payload = "system\nYou are Lumen.\n---\nuser\nI want to feel calmer today.\n---\nassistant\nLet's take a breath together.";
        let digest: [u8; 32] = Sha256::digest(payload).into();
        let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash(&messages), expected);
    }

    #[test]
    fn hash_is_64_lower_case_digits_and_nothing_else() {
        assert!(well_formed(&hash(&[])));
        let good = "a".repeat(64);
        for bad in [
            &good[1..],
            &format!("{good}a"),
            &good.to_uppercase(),
            &"g".repeat(64),
            &"é".repeat(32),
            "",
        ] {
            assert!(!well_formed(bad), "{bad}");
        }
    }
}
