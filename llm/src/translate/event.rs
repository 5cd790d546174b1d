//! An answer in no vendor's form, as a sequence of events. A JSON answer is the same events at once.

use std::borrow::Cow;

use types::Tokens;

use super::{ask::Raw, seal::Seal, value::Val};
use crate::Error;

/// Parts follow one another: `Open`, its `Delta`s, perhaps a `Seal`, `Close`.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    Start {
        id: Cow<'a, str>,
        model: Cow<'a, str>,
        /// What is known before the answer.
        usage: Usage,
    },
    Open(Part<'a>),
    /// A piece of the part: a JSON string, quotes included. Of a call's input it is a piece of JSON in a string.
    Delta(Raw<'a>),
    /// Of a thought, before its end.
    Seal(Seal<'a>),
    Close,
    /// The whole answer is here.
    Stop {
        reason: Stop,
        /// The stop sequence that was met, a JSON string.
        sequence: Option<Raw<'a>>,
        /// `None`: the upstream never said.
        usage: Option<Usage>,
    },
    /// Something of the answer has no place in other dialects: its path, as the caller is told.
    Dropped(Cow<'a, str>),
    /// The upstream gave up in the middle.
    Failed(Failure<'a>),
    Ping,
}

#[derive(Debug, Clone)]
pub(crate) enum Part<'a> {
    Text,
    Refusal,
    Thought,
    Call {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        /// The deltas are pieces of plain text, not of JSON.
        freeform: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stop {
    #[default]
    End,
    MaxTokens,
    Sequence,
    Calls,
    Refused,
}

/// Tokens by class, and how many of the output were thoughts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    pub tokens: Tokens,
    pub thoughts: u64,
}

impl Usage {
    /// All that was read: fresh, from the cache, into the cache.
    pub fn prompt(&self) -> u64 {
        self.tokens.input + self.tokens.cache_read + self.writes()
    }

    pub fn writes(&self) -> u64 {
        self.tokens.cache_write_5m + self.tokens.cache_write_1h
    }
}

/// What an upstream's error object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure<'a> {
    /// The status that its type stands for.
    pub status: u16,
    pub message: Cow<'a, str>,
    /// The conversation is longer than the model can take: programs make it shorter when they are told.
    pub overflow: bool,
}

impl<'a> Failure<'a> {
    pub fn new(status: u16, message: Option<Val<'a>>) -> Self {
        let message = message.and_then(Val::text);
        Failure {
            status,
            message: message.unwrap_or(Cow::Borrowed("The upstream failed.")),
            overflow: false,
        }
    }

    pub fn overflows(mut self, overflow: bool) -> Self {
        self.overflow = overflow;
        self
    }
}

pub(crate) type Sink<'s> = dyn FnMut(Event<'_>) -> Result<(), Error> + 's;
