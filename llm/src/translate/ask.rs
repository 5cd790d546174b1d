//! A request in no vendor's form: what every reader makes and every writer takes.
//!
//! Values are slices of the client's body wherever they need no change. `Raw` is one JSON value as text; where a string is
//! meant, its quotes are part of it.

use std::borrow::Cow;

use types::Dialect;

use super::{Disguised, Options, seal::Seal};

pub(crate) type Raw<'a> = Cow<'a, str>;

#[derive(Default)]
pub(crate) struct Ask<'a> {
    /// What stands before the conversation: text only.
    pub system: Vec<Block<'a>>,
    pub turns: Vec<Turn<'a>>,
    pub tools: Vec<Tool<'a>>,
    pub choice: Option<Choice<'a>>,
    /// Several tool calls in one answer.
    pub parallel: Option<bool>,
    pub max_tokens: Option<Raw<'a>>,
    pub temperature: Option<Raw<'a>>,
    pub top_p: Option<Raw<'a>>,
    pub top_k: Option<Raw<'a>>,
    pub stop: Vec<Raw<'a>>,
    pub stream: bool,
    /// The client wants the usage chunk (Chat Completions).
    pub include_usage: bool,
    pub format: Option<Format<'a>>,
    pub effort: Option<Effort<'a>>,
    /// The client wants to see what the model thought.
    pub summaries: bool,
    pub verbosity: Option<Raw<'a>>,
    /// Whoever the call is for, as the client names them.
    pub user: Option<Raw<'a>>,
    /// The client counts on the prompt being cached.
    pub cached: bool,
    /// Fields that both of OpenAI's dialects have under one name.
    pub shared: Vec<(&'static str, Raw<'a>)>,
    /// See [`super::Context`].
    pub echo: String,
}

/// Whom a request is written for.
pub(crate) struct Target<'a> {
    pub options: &'a Options<'a>,
    pub client: Dialect,
    /// About how many bytes it will have.
    pub size: usize,
}

impl Target<'_> {
    /// A field's name in the client's dialect.
    pub fn named(&self, messages: &'static str, chat: &'static str, responses: &'static str) -> &'static str {
        match self.client {
            Dialect::Anthropic => messages,
            Dialect::Openai => chat,
            _ => responses,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
    /// An instruction in the middle of a conversation.
    System,
}

pub(crate) struct Turn<'a> {
    pub role: Role,
    pub blocks: Vec<Block<'a>>,
}

pub(crate) enum Block<'a> {
    Text {
        text: Raw<'a>,
        /// Anthropic's `cache_control`.
        cache: Option<Raw<'a>>,
    },
    Refusal {
        text: Raw<'a>,
    },
    Image {
        source: Source<'a>,
        detail: Option<Raw<'a>>,
        cache: Option<Raw<'a>>,
    },
    File {
        source: Source<'a>,
        name: Option<Raw<'a>>,
        cache: Option<Raw<'a>>,
    },
    Call {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        input: Input<'a>,
        cache: Option<Raw<'a>>,
    },
    Result {
        id: Cow<'a, str>,
        error: bool,
        content: Vec<Block<'a>>,
        cache: Option<Raw<'a>>,
        freeform: bool,
    },
    Thought {
        text: Raw<'a>,
        seal: Seal<'a>,
    },
}

pub(crate) enum Source<'a> {
    /// Both without quotes; base64 and media types need no escapes.
    Base64 {
        media: Cow<'a, str>,
        data: Cow<'a, str>,
    },
    Url(Raw<'a>),
    /// A file that the vendor keeps.
    Kept(Raw<'a>),
}

pub(crate) enum Input<'a> {
    /// An object.
    Object(Raw<'a>),
    /// A string that holds one, as the model wrote it.
    Json(Raw<'a>),
    /// A string that follows no schema.
    Freeform(Raw<'a>),
}

pub(crate) struct Tool<'a> {
    pub name: Cow<'a, str>,
    pub description: Option<Raw<'a>>,
    /// An object; `None`: no parameters.
    pub schema: Option<Raw<'a>>,
    pub strict: bool,
    /// Takes text instead of an object; its grammar, if any.
    pub freeform: Option<Option<Raw<'a>>>,
    /// The client's namespace and name, where `name` is made of them.
    pub inside: Option<(Cow<'a, str>, Cow<'a, str>)>,
    pub cache: Option<Raw<'a>>,
}

pub(crate) enum Choice<'a> {
    Auto,
    None,
    Any,
    One(Cow<'a, str>),
    /// Only these, and at least one of them when `must`.
    Some {
        must: bool,
        names: Vec<Cow<'a, str>>,
    },
}

pub(crate) enum Format<'a> {
    /// Any JSON object.
    Object,
    Schema {
        name: Option<Raw<'a>>,
        description: Option<Raw<'a>>,
        schema: Raw<'a>,
        strict: Option<Raw<'a>>,
    },
}

/// How much the model should think.
pub(crate) enum Effort<'a> {
    /// `"low"`, `"high"` and so on.
    Word(Raw<'a>),
    /// Tokens for it.
    Budget(u64),
    /// As much as it sees fit.
    Open,
    None,
}

impl<'a> Block<'a> {
    pub fn text(text: impl Into<Raw<'a>>) -> Self {
        Block::Text {
            text: text.into(),
            cache: None,
        }
    }
}

impl<'a> Ask<'a> {
    /// Tools whose name or form upstream is not the client's.
    pub fn disguised(&self, upstream: Dialect) -> Vec<Disguised> {
        let wrapped = |tool: &Tool<'_>| tool.freeform.is_some() && upstream != Dialect::Responses;
        let other = self.tools.iter().filter(|tool| wrapped(tool) || tool.inside.is_some());
        other
            .map(|tool| Disguised {
                wire: tool.name.to_string(),
                inside: tool
                    .inside
                    .as_ref()
                    .map(|(space, name)| (space.to_string(), name.to_string())),
                freeform: wrapped(tool),
            })
            .collect()
    }

    /// Adds to the last turn when it is of the same role: vendors want one turn a side.
    pub fn push(&mut self, role: Role, block: Block<'a>) {
        match self.turns.last_mut() {
            Some(last) if last.role == role => last.blocks.push(block),
            _ => self.turns.push(Turn {
                role,
                blocks: vec![block],
            }),
        }
    }
}
