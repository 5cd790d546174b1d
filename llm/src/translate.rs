//! Translation: any chat dialect to any chat upstream.
//!
//! One neutral form stands between the dialects: a request ([`ask`]) and an answer as a sequence of events ([`event`]). Each
//! dialect has a reader and a writer for both, so a new one brings four functions, not four for every other dialect. What
//! becomes of each field of a request stands in tables ([`table`]) along which the readers walk.
//!
//! Bytes in, bytes out, as in all of this crate. Of a stream nothing is held back but an unfinished event; only what the Responses
//! dialect repeats in its last events is kept meanwhile.

mod answer;
mod ask;
mod chat;
mod event;
mod failure;
mod freeform;
mod messages;
mod names;
mod openai;
mod out;
pub mod reference;
mod responses;
mod rows;
mod seal;
mod stream;
pub mod table;
mod value;
mod walk;

use std::borrow::Cow;

use bytes::Bytes;
use types::{Dialect, Timestamp};

pub use failure::{error, error_status};
pub use stream::{Broken, Stream};

use crate::Error;
use answer::Whole;
use stream::Adapter;
use value::Val;
use walk::Walk;

/// The version of Anthropic's API that translated requests are made for: in `2026-10-21` no model takes `temperature`, `top_p` and
/// `top_k`; in this one the older ones do.
pub const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Which upstreams a client's dialect can be served by, the best first: its own, then the one that loses least.
pub const fn upstreams(client: Dialect) -> &'static [Dialect] {
    match client {
        Dialect::Anthropic => &[Dialect::Anthropic, Dialect::Responses, Dialect::Openai],
        Dialect::Openai => &[Dialect::Openai, Dialect::Responses, Dialect::Anthropic],
        Dialect::Responses => &[Dialect::Responses, Dialect::Anthropic, Dialect::Openai],
        Dialect::Embeddings => &[Dialect::Embeddings],
    }
}

/// The tables of the three dialects.
pub static TABLES: [&table::Client; 3] = [
    &messages::table::CLIENT,
    &chat::table::CLIENT,
    &responses::table::CLIENT,
];

/// What a translation needs to know besides the body.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The upstream's name of the model.
    pub upstream_model: &'a str,
    /// The most output the model can give, where the catalogue knows it: Messages demands a cap.
    pub max_output_tokens: Option<u64>,
    /// Whether the model reasons, where the catalogue knows it. `Some(false)`: wishes for effort are left out and named. `Some(true)`:
    /// wishes for how to sample are, where OpenAI's dialects are spoken.
    pub reasoning: Option<bool>,
    /// A stream forced on or off, whatever the caller wrote.
    pub stream: Option<bool>,
    /// The call's id: names what the upstream leaves unnamed.
    pub call_id: &'a str,
    pub now: Timestamp,
}

/// A request for the upstream.
pub struct Translated {
    pub body: Bytes,
    /// Fields of the caller's that were left out, as paths. They go into `x-weirgate-ignored`; letters, digits and `_-.[]?` only.
    pub ignored: Vec<String>,
    /// For the answer.
    pub context: Context,
}

/// What the answer's translation needs of its request. Holds pieces of it, so it has no `Debug`.
#[derive(Clone)]
pub struct Context {
    client: Dialect,
    upstream: Dialect,
    model: String,
    call_id: String,
    /// Seconds.
    created: u64,
    include_usage: bool,
    /// Tools that go by another name or form upstream.
    disguised: Vec<Disguised>,
    /// Members of the object that a Responses answer repeats from its request.
    echo: String,
}

#[derive(Clone)]
struct Disguised {
    wire: String,
    /// The client's own name, in its namespace.
    inside: Option<(String, String)>,
    /// Takes text, but was offered as a function.
    freeform: bool,
}

impl Context {
    pub const fn client(&self) -> Dialect {
        self.client
    }

    pub const fn upstream(&self) -> Dialect {
        self.upstream
    }

    /// An answer's id with the client's prefix instead of the upstream's.
    fn answer_id<'a>(&'a self, prefix: &str, id: &'a str) -> Cow<'a, str> {
        let bare = ["msg_", "chatcmpl-", "resp_"]
            .iter()
            .find_map(|known| id.strip_prefix(known))
            .unwrap_or(id);
        let bare = if bare.is_empty() { &self.call_id } else { bare };
        Cow::Owned(format!("{prefix}{bare}"))
    }

    /// The upstream's name of the model that answered, as callers see it when nothing is translated.
    fn model<'a>(&'a self, said: &'a str) -> &'a str {
        if said.is_empty() { &self.model } else { said }
    }

    fn disguised(&self, wire: &str) -> Option<&Disguised> {
        self.disguised.iter().find(|tool| tool.wire == wire)
    }
}

/// Translates a request whose head has been scanned. Any error is the caller's (400).
pub fn request(client: Dialect, upstream: Dialect, body: &[u8], options: &Options<'_>) -> Result<Translated, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::body_wrong("The body is not valid UTF-8."))?;
    let value = Val::document(text).map_err(walk::broken)?;
    let mut walk = Walk::new(column(client, upstream)?);
    let mut ask = match client {
        Dialect::Anthropic => messages::read::read(value, &mut walk)?,
        Dialect::Openai => chat::read::read(value, &mut walk)?,
        _ => responses::read::read(value, &mut walk)?,
    };
    if let Some(stream) = options.stream {
        ask.stream = stream;
    }
    // A model cannot give more than its most, and vendors refuse to be asked for it.
    if let (Some(most), Some(asked)) = (options.max_output_tokens, &ask.max_tokens)
        && asked.parse::<u64>().is_ok_and(|asked| asked > most)
    {
        ask.max_tokens = Some(Cow::Owned(most.to_string()));
    }
    let to = ask::Target {
        options,
        client,
        size: body.len() + 256,
    };
    let context = Context {
        client,
        upstream,
        model: options.upstream_model.to_owned(),
        call_id: options.call_id.to_owned(),
        created: u64::try_from(options.now.0.div_euclid(1000)).unwrap_or(0),
        include_usage: ask.include_usage,
        disguised: ask.disguised(upstream),
        echo: std::mem::take(&mut ask.echo),
    };
    let out = match upstream {
        Dialect::Anthropic => messages::write::write(&mut ask, &to, &mut walk)?,
        Dialect::Openai => chat::write::write(&ask, &to, &mut walk)?,
        _ => responses::write::write(&ask, &to, &mut walk)?,
    };
    Ok(Translated {
        body: out.into_bytes(),
        ignored: walk.into_ignored(),
        context,
    })
}

/// Which rule of a client's rows counts for an upstream.
fn column(client: Dialect, upstream: Dialect) -> Result<usize, Error> {
    let table = TABLES.iter().find(|table| table.dialect == client);
    table
        .and_then(|table| table.upstreams.iter().position(|known| *known == upstream))
        .ok_or_else(|| {
            Error::body_wrong(format!(
                "A {} call cannot be translated for a provider that speaks {}.",
                client.name(),
                upstream.name()
            ))
        })
}

/// An answer for the client.
pub struct Answer {
    pub body: Bytes,
    /// What of the upstream's answer was left out, as paths that begin with `answer.`. They go where [`Translated::ignored`] goes.
    pub ignored: Vec<String>,
}

/// Translates a whole JSON answer. An error is the upstream's (502): it sent something else.
pub fn answer(body: &[u8], context: &Context) -> Result<Answer, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::Upstream("The upstream's answer is not valid UTF-8."))?;
    let value = Val::document(text).map_err(Error::odd)?;
    let mut whole = Whole::default();
    let mut adapter = Adapter::default();
    let mut sink = |event: event::Event<'_>| adapter.pass(event, context, &mut |event| whole.take(&event));
    match context.upstream {
        Dialect::Anthropic => messages::answer::whole(value, &mut sink)?,
        Dialect::Openai => chat::answer::whole(value, &mut sink)?,
        _ => responses::answer::whole(value, &mut sink)?,
    }
    let out = match context.client {
        Dialect::Anthropic => messages::speak::whole(&whole, context),
        Dialect::Openai => chat::speak::whole(&whole, context),
        _ => responses::speak::whole(&whole, context),
    };
    Ok(Answer {
        body: out.into_bytes(),
        ignored: whole.dropped.into_vec(),
    })
}
