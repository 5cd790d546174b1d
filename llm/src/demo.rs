//! The built-in demo: answers like an upstream of any dialect, so that the first call works without a vendor.
//!
//! It receives the body that an upstream would receive (splices in), and returns whole answers; pacing is the gateway's.
//! The text says what it is. Usage is estimated from bytes, consistently between a JSON answer and a stream.

use bytes::Bytes;
use types::{Dialect, Timestamp};

use crate::{Error, Head, anthropic, embeddings, head, openai, responses};

/// What the demo answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Json(Bytes),
    /// One whole event each, to be sent with a pause between them.
    Stream(Vec<Bytes>),
}

/// Choices the demo makes up at most.
const CHOICES_MOST: u64 = 8;

const TEXT: &str = "This is Weirgate's built-in demo model; no vendor was called. Your request passed through the whole \
gateway: the key was checked, the call was put on the books before this answer began, and its tokens and cost stand on \
your dashboard now. Connect a provider to reach a real model: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or list providers \
in weirgate.toml, and start Weirgate again.";

/// One answer before it is written in a dialect.
pub(crate) struct Script<'a> {
    pub head: Head,
    /// Unique part of the answer's id.
    pub id: &'a str,
    pub now: Timestamp,
    /// The text in pieces, one token each.
    pub pieces: Vec<&'static str>,
    /// The caller's cap ended the text.
    pub cut: bool,
    pub input_tokens: u64,
}

impl Script<'_> {
    pub fn text(&self) -> String {
        self.pieces.concat()
    }

    pub fn output_tokens(&self) -> u64 {
        self.pieces.len() as u64
    }

    /// Pieces as they are streamed: a few at a time, so that the whole takes a second or two.
    pub fn strides(&self) -> impl Iterator<Item = String> {
        self.pieces.chunks(4).map(<[&str]>::concat)
    }
}

/// Answers `body`. `id` is unique to the call and made of letters, digits and hyphens.
pub fn answer(dialect: Dialect, body: &[u8], id: &str, now: Timestamp) -> Result<Answer, Error> {
    let head = head::scan(dialect, body)?;
    if dialect == Dialect::Embeddings {
        return embeddings::demo::answer(&head, body);
    }
    if head.n > CHOICES_MOST {
        return Err(Error::field_wrong(
            "n",
            format!("The demo model gives at most {CHOICES_MOST} choices. Send a smaller `n`."),
        ));
    }
    let all: Vec<&str> = TEXT.split_inclusive(' ').collect();
    let most = head
        .max_tokens
        .map_or(all.len(), |most| usize::try_from(most).unwrap_or(usize::MAX));
    let pieces: Vec<&str> = all.iter().copied().take(most).collect();
    let script = Script {
        id,
        now,
        cut: pieces.len() < all.len(),
        pieces,
        input_tokens: crate::estimate(head.messages_span.len() as u64),
        head,
    };
    Ok(match dialect {
        Dialect::Anthropic => anthropic::demo::answer(&script),
        Dialect::Openai => openai::demo::answer(&script),
        Dialect::Responses | Dialect::Embeddings => responses::demo::answer(&script),
    })
}

#[cfg(test)]
mod tests;
