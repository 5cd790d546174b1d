//! What a vendor wants back with the model's thoughts, carried through a client that speaks another dialect.
//!
//! Anthropic signs thoughts, OpenAI encrypts them, others send plain text. Each is put where the client's dialect keeps such a
//! thing (`signature`, `encrypted_content`, `reasoning_details[].signature`) behind a tag that says whose it is, so that it only
//! ever returns to where it came from:
//!
//! | tag | then |
//! |---|---|
//! | `wg1.a.` | the `signature` of a `thinking` block |
//! | `wg1.x.` | the `data` of a `redacted_thinking` block |
//! | `wg1.r.` | the id of a `reasoning` item, a dot, its `encrypted_content` |
//! | `wg1.c.` | nothing: the text is `reasoning_content` of Chat Completions |

use std::borrow::Cow;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seal<'a> {
    Signature(Cow<'a, str>),
    Redacted(Cow<'a, str>),
    Encrypted { id: Cow<'a, str>, content: Cow<'a, str> },
    Plain,
}

impl Seal<'_> {
    /// As clients keep it.
    pub fn tagged(&self) -> String {
        match self {
            Seal::Signature(signature) => format!("wg1.a.{signature}"),
            Seal::Redacted(data) => format!("wg1.x.{data}"),
            Seal::Encrypted { id, content } => format!("wg1.r.{id}.{content}"),
            Seal::Plain => "wg1.c.".to_owned(),
        }
    }

    /// What a client sent back; `None` when it is not ours.
    pub fn read(tagged: &str) -> Option<Seal<'static>> {
        let (tag, rest) = tagged.strip_prefix("wg1.")?.split_once('.')?;
        let rest = || Cow::Owned(rest.to_owned());
        match tag {
            "a" => Some(Seal::Signature(rest())),
            "x" => Some(Seal::Redacted(rest())),
            "c" => Some(Seal::Plain),
            "r" => rest().split_once('.').map(|(id, content)| Seal::Encrypted {
                id: Cow::Owned(id.to_owned()),
                content: Cow::Owned(content.to_owned()),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_survive_a_client() {
        for seal in [
            Seal::Signature("EqQBCgIYAh+/=".into()),
            Seal::Redacted("x.y.z".into()),
            Seal::Encrypted {
                id: "rs_1".into(),
                content: "gAAA.b=".into(),
            },
            Seal::Plain,
        ] {
            assert_eq!(Seal::read(&seal.tagged()), Some(seal));
        }
    }

    #[test]
    fn what_is_not_ours_is_no_seal() {
        for other in ["", "EqQBCgIYAh", "wg1", "wg1.", "wg1.q.x", "wg1.r.noid", "wg2.a.x"] {
            assert_eq!(Seal::read(other), None, "{other}");
        }
    }
}
