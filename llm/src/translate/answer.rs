//! A whole answer put together from events: what a JSON answer is written from, and what the last events of a Responses
//! stream repeat.

use std::borrow::Cow;

use super::{
    event::{Event, Part, Stop, Usage},
    names::Names,
    value::Val,
};
use crate::Error;

/// Most bytes of an answer that are kept; as much as the gateway reads of a JSON answer.
const BYTES_MOST: usize = 64 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Whole {
    pub id: String,
    pub model: String,
    pub parts: Vec<Said>,
    pub reason: Stop,
    /// JSON.
    pub sequence: Option<String>,
    pub usage: Option<Usage>,
    pub dropped: Names,
    bytes: usize,
}

/// One part.
pub(crate) struct Said {
    pub part: Part<'static>,
    /// The inside of a JSON string.
    pub inner: String,
    /// As clients keep it.
    pub seal: Option<String>,
}

impl Said {
    /// A JSON string.
    pub fn token(&self) -> String {
        format!("\"{}\"", self.inner)
    }

    /// The characters meant.
    pub fn text(&self) -> Cow<'_, str> {
        if self.inner.contains('\\') {
            Cow::Owned(serde_json::from_str(&self.token()).unwrap_or_default())
        } else {
            Cow::Borrowed(&self.inner)
        }
    }
}

impl Whole {
    pub fn take(&mut self, event: &Event<'_>) -> Result<(), Error> {
        match event {
            Event::Start { id, model, usage } => {
                (self.id, self.model) = (id.to_string(), model.to_string());
                self.usage = Some(*usage).filter(|usage| *usage != Usage::default());
            }
            Event::Open(part) => self.parts.push(Said {
                part: part.clone().keep(),
                inner: String::new(),
                seal: None,
            }),
            Event::Delta(piece) => {
                self.bytes += piece.len();
                if self.bytes > BYTES_MOST {
                    return Err(Error::Upstream("The upstream's answer is too large."));
                }
                if let (Some(said), Ok(piece)) = (self.parts.last_mut(), Val::document(piece)) {
                    said.inner.push_str(piece.inner());
                }
            }
            Event::Seal(seal) => {
                if let Some(said) = self.parts.last_mut() {
                    let tagged = seal.tagged();
                    self.bytes += tagged.len();
                    said.seal = Some(tagged);
                }
            }
            Event::Stop {
                reason,
                sequence,
                usage,
            } => {
                self.reason = *reason;
                self.sequence = sequence.as_deref().map(str::to_owned);
                self.usage = usage.or(self.usage);
            }
            Event::Dropped(path) => {
                self.dropped.add(path);
            }
            Event::Failed(_) => return Err(Error::Upstream("The upstream gave up on its answer.")),
            Event::Close | Event::Ping => {}
        }
        Ok(())
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        self.bytes
    }

    pub fn calls(&self) -> impl Iterator<Item = (&Said, &str, &str, bool)> {
        self.parts.iter().filter_map(|said| match &said.part {
            Part::Call { id, name, freeform } => Some((said, &**id, &**name, *freeform)),
            _ => None,
        })
    }
}

impl Part<'_> {
    fn keep(self) -> Part<'static> {
        match self {
            Part::Text => Part::Text,
            Part::Refusal => Part::Refusal,
            Part::Thought => Part::Thought,
            Part::Call { id, name, freeform } => Part::Call {
                id: Cow::Owned(id.into_owned()),
                name: Cow::Owned(name.into_owned()),
                freeform,
            },
        }
    }
}
