//! The head of a request: what the gateway must know of a body before it passes it on.
//!
//! One pass over the bytes, no tree: the watched fields of the outermost object are kept as spans, everything else is
//! validated and skipped. The body itself is not changed here ([`crate::splice`] does) and nothing of it is copied but
//! the model's name.

use std::{borrow::Cow, ops::Range};

use types::Dialect;

use crate::{
    Error, anthropic, embeddings,
    json::{Fault, Kind, Scanner, Text, Value},
    openai, responses, usage,
};

/// Characters of a model's name.
const MODEL_MOST: usize = 256;
/// Largest cap or count accepted. No model comes near it, and products of two still fit into an `i64`.
const COUNT_MOST: u64 = i32::MAX as u64;

/// Fields that would lead another gateway behind us to an address, a credential or a model of the caller's choice. Where the
/// vendors know them at all they name models that nobody here has allowed or priced, so they are refused before anybody sees them.
const REDIRECTS: [&str; 20] = [
    "api_base",
    "base_url",
    "api_key",
    "custom_host",
    "extra_headers",
    "extra_body",
    "headers",
    "organization",
    "litellm_credential_name",
    "aws_bedrock_runtime_endpoint",
    "azure_ad_token",
    "vertex_credentials",
    "models",
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "litellm_params",
    "model_list",
    "user_config",
    "router_settings_override",
];

/// The watched facts of a body, with the places where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub dialect: Dialect,
    /// Escapes resolved; 1 to 256 characters.
    pub model: String,
    /// The model's JSON string, quotes included.
    pub model_span: Range<usize>,
    /// The caller wants a stream.
    pub stream: bool,
    /// The value of `stream`, when the field is there.
    pub stream_span: Option<Range<usize>>,
    /// The caller's cap on output tokens of one choice; the larger one when two are given.
    pub max_tokens: Option<u64>,
    /// Such caps, and where each stands.
    pub caps: Caps,
    /// Choices asked for.
    pub n: u64,
    pub stream_options: StreamOptions,
    /// What is asked: `messages`, or `input` where the dialect calls it so. Empty when a Responses call asks by other fields alone.
    pub messages_span: Range<usize>,
    /// Just after the outermost `{`: where a field can be put in.
    pub open: usize,
    /// Bytes of the body.
    pub len: usize,
}

/// Caps on output tokens with the places of their values. Chat Completions has two names for one, the other dialects one.
pub type Caps = [Option<(u64, Range<usize>)>; 2];

/// What stands in `stream_options` (OpenAI).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamOptions {
    Absent,
    Null(Range<usize>),
    Object {
        /// Just after its `{`.
        open: usize,
        empty: bool,
        /// Where `include_usage` stands, when it is there, and whether it is `true`.
        include_usage: Option<(Range<usize>, bool)>,
    },
}

impl Head {
    /// The caller asked for the usage chunk, so it is not ours to take out.
    pub fn asks_usage(&self) -> bool {
        matches!(
            &self.stream_options,
            StreamOptions::Object {
                include_usage: Some((_, true)),
                ..
            }
        )
    }

    /// Input tokens when the upstream never says: see [`crate::estimate`].
    pub fn input_estimate(&self) -> u64 {
        usage::estimate(self.len as u64)
    }
}

/// A field of the outermost object that somebody here reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Model,
    Messages,
    Stream,
    MaxTokens,
    MaxCompletionTokens,
    N,
    StreamOptions,
    Input,
    MaxOutputTokens,
    PreviousResponse,
    Conversation,
    Prompt,
    EncodingFormat,
    Dimensions,
}

impl Field {
    const COUNT: usize = 14;

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Field::Model => "model",
            Field::Messages => "messages",
            Field::Stream => "stream",
            Field::MaxTokens => "max_tokens",
            Field::MaxCompletionTokens => "max_completion_tokens",
            Field::N => "n",
            Field::StreamOptions => "stream_options",
            Field::Input => "input",
            Field::MaxOutputTokens => "max_output_tokens",
            Field::PreviousResponse => "previous_response_id",
            Field::Conversation => "conversation",
            Field::Prompt => "prompt",
            Field::EncodingFormat => "encoding_format",
            Field::Dimensions => "dimensions",
        }
    }
}

/// The watched values of one body.
pub(crate) struct Found<'a> {
    body: &'a [u8],
    values: [Option<Value>; Field::COUNT],
}

impl Found<'_> {
    pub(crate) fn get(&self, field: Field) -> Option<&Value> {
        self.values[field as usize].as_ref()
    }

    fn set(&mut self, field: Field, value: Value) -> Result<(), Error> {
        match self.values[field as usize].replace(value) {
            None => Ok(()),
            Some(_) => Err(Error::field_wrong(
                field.name(),
                format!("`{}` stands in the body twice. Send it once.", field.name()),
            )),
        }
    }

    /// The field is there and says something.
    pub(crate) fn says(&self, field: Field) -> bool {
        self.get(field).is_some_and(|value| value.kind != Kind::Null)
    }

    /// A [`Found::count`] and where it stands.
    pub(crate) fn cap(&self, field: Field, nullable: bool) -> Result<Option<(u64, Range<usize>)>, Error> {
        let count = self.count(field, nullable)?;
        Ok(count.zip(self.get(field).map(|value| value.span.clone())))
    }

    /// A whole number from 1 to 2³¹−1, written plainly. `null` counts as absent where the dialect says so.
    pub(crate) fn count(&self, field: Field, nullable: bool) -> Result<Option<u64>, Error> {
        let Some(value) = self.get(field) else { return Ok(None) };
        if nullable && value.kind == Kind::Null {
            return Ok(None);
        }
        let raw = value.raw(self.body);
        let plain = raw.iter().all(u8::is_ascii_digit);
        str::from_utf8(raw)
            .ok()
            .filter(|_| plain)
            .and_then(|digits| digits.parse().ok())
            .filter(|count| (1..=COUNT_MOST).contains(count))
            .map(Some)
            .ok_or_else(|| {
                let name = field.name();
                Error::field_wrong(
                    name,
                    format!("`{name}` must be a whole number from 1 to {COUNT_MOST}, such as 1024."),
                )
            })
    }
}

/// Reads the head of `body`. Any error is the caller's (400).
pub fn scan(dialect: Dialect, body: &[u8]) -> Result<Head, Error> {
    let (watched, asked, caps): (_, Asked, FindCaps) = match dialect {
        Dialect::Anthropic => (anthropic::request::WATCHED, messages, anthropic::request::caps),
        Dialect::Openai => (openai::request::WATCHED, messages, openai::request::caps),
        Dialect::Responses => (
            responses::request::WATCHED,
            responses::request::input,
            responses::request::caps,
        ),
        Dialect::Embeddings => (embeddings::request::WATCHED, embeddings::request::input, one_uncapped),
    };
    read(dialect, body, watched, asked, caps)
}

/// Reads the head of a request that only asks how many tokens it would have (Anthropic): it has no cap and no stream.
pub fn scan_count(body: &[u8]) -> Result<Head, Error> {
    read(
        Dialect::Anthropic,
        body,
        anthropic::request::WATCHED_TO_COUNT,
        messages,
        one_uncapped,
    )
}

/// Finds what is asked.
type Asked = fn(&Found<'_>) -> Result<Range<usize>, Error>;
/// Finds the caps on output tokens and the number of choices.
type FindCaps = fn(&Found<'_>) -> Result<(Caps, u64), Error>;

fn read(dialect: Dialect, body: &[u8], watched: &[Field], asked: Asked, caps: FindCaps) -> Result<Head, Error> {
    check_text(dialect, body)?;
    let (open, found) = find(dialect, body, watched)?;
    let (model, model_span) = model(&found)?;
    let messages_span = asked(&found)?;
    let (stream, stream_span) = stream(&found)?;
    let (caps, n) = caps(&found)?;
    Ok(Head {
        dialect,
        model,
        model_span,
        stream,
        stream_span,
        max_tokens: caps.iter().flatten().map(|(cap, _)| *cap).max(),
        caps,
        n,
        stream_options: stream_options(&found)?,
        messages_span,
        open,
        len: body.len(),
    })
}

fn one_uncapped(_: &Found<'_>) -> Result<(Caps, u64), Error> {
    Ok(([None, None], 1))
}

/// What is asked, by the dialect's name for it.
const fn asking(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic | Dialect::Openai => "messages",
        Dialect::Responses | Dialect::Embeddings => "input",
    }
}

fn check_text(dialect: Dialect, body: &[u8]) -> Result<(), Error> {
    if body.is_empty() {
        return Err(Error::body_wrong(format!(
            "The body is empty. Send a JSON object with `model` and `{}`.",
            asking(dialect)
        )));
    }
    if body.starts_with(b"\xEF\xBB\xBF") {
        return Err(Error::body_wrong(
            "The body begins with a byte order mark. Send plain UTF-8 without it.",
        ));
    }
    match str::from_utf8(body) {
        Ok(_) => Ok(()),
        Err(wrong) => Err(Error::body_wrong(format!(
            "The body is not valid UTF-8 (at byte {}). Encode it as UTF-8.",
            wrong.valid_up_to()
        ))),
    }
}

fn find<'a>(dialect: Dialect, body: &'a [u8], watched: &[Field]) -> Result<(usize, Found<'a>), Error> {
    let mut found = Found {
        body,
        values: Default::default(),
    };
    let mut scanner = Scanner::new(body);
    if !scanner.enter_object() {
        return Err(Error::body_wrong(format!(
            "The body is not a JSON object. Send one with `model` and `{}`.",
            asking(dialect)
        )));
    }
    let open = scanner.at();
    let mut first = true;
    while let Some(key) = scanner.next_key(&mut first).map_err(not_json)? {
        let field = watch(body, &key, watched)?;
        let value = scanner.value(1).map_err(not_json)?;
        if let Some(field) = field {
            found.set(field, value)?;
        }
    }
    scanner.end().map_err(not_json)?;
    Ok((open, found))
}

fn not_json(fault: Fault) -> Error {
    Error::body_wrong(format!(
        "The body is not valid JSON: {} (at byte {}). Send one JSON object.",
        fault.what, fault.at
    ))
}

/// Which watched field the key names. Some upstreams match keys without case, so one that differs only by case is an
/// attempt to show us another value than them, or a mistake; it is refused.
fn watch(body: &[u8], key: &Text, watched: &[Field]) -> Result<Option<Field>, Error> {
    let key = key.resolve(body);
    if let Some(field) = watched.iter().find(|field| field.name() == key) {
        return Ok(Some(*field));
    }
    let folded = fold(&key);
    if let Some(field) = watched.iter().find(|field| field.name() == folded) {
        let name = field.name();
        return Err(Error::field_wrong(
            name,
            format!("A field differs from `{name}` only by case. Write it as `{name}`."),
        ));
    }
    if let Some(name) = REDIRECTS.into_iter().find(|name| *name == folded) {
        return Err(Error::field_wrong(
            name,
            format!(
                "`{name}` is not accepted in the body: where a call goes is the gateway's configuration. Leave it out."
            ),
        ));
    }
    Ok(None)
}

/// Lower case, with the two letters that fold into ASCII from outside it: `ſ` (s) and `K` (the Kelvin sign, k).
fn fold(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return Cow::Borrowed(key);
    }
    Cow::Owned(key.replace('ſ', "s").to_lowercase())
}

pub(crate) fn missing(field: Field, remedy: &str) -> Error {
    let name = field.name();
    Error::field_wrong(name, format!("{name}: Field required. {remedy}"))
}

fn model(found: &Found<'_>) -> Result<(String, Range<usize>), Error> {
    const REMEDY: &str = "Send the name of a model as listed by GET /v1/models.";
    let Some(value) = found.get(Field::Model) else {
        return Err(missing(Field::Model, REMEDY));
    };
    if value.kind != Kind::Text {
        return Err(Error::field_wrong(
            "model",
            format!("`model` must be a string. {REMEDY}"),
        ));
    }
    let escaped = value.raw(found.body).contains(&b'\\');
    let name = Text {
        span: value.span.clone(),
        escaped,
    }
    .resolve(found.body)
    .into_owned();
    if name.is_empty() {
        return Err(Error::field_wrong("model", format!("`model` is empty. {REMEDY}")));
    }
    if name.chars().nth(MODEL_MOST).is_some() {
        return Err(Error::field_wrong(
            "model",
            format!("`model` is longer than {MODEL_MOST} characters. {REMEDY}"),
        ));
    }
    Ok((name, value.span.clone()))
}

fn messages(found: &Found<'_>) -> Result<Range<usize>, Error> {
    const REMEDY: &str =
        "Send an array with at least one message, such as {\"role\": \"user\", \"content\": \"Hello\"}.";
    let Some(value) = found.get(Field::Messages) else {
        return Err(missing(Field::Messages, REMEDY));
    };
    if value.kind != Kind::Array {
        return Err(Error::field_wrong(
            "messages",
            format!("`messages` must be an array. {REMEDY}"),
        ));
    }
    if value.is_empty_container(found.body) {
        return Err(Error::field_wrong("messages", format!("`messages` is empty. {REMEDY}")));
    }
    Ok(value.span.clone())
}

/// Where `input` stands: a text or a list, neither of them empty.
///
/// `None` when it is absent or null, which not every dialect forgives.
pub(crate) fn input(found: &Found<'_>, remedy: &str) -> Result<Option<Range<usize>>, Error> {
    let Some(value) = found.get(Field::Input).filter(|value| value.kind != Kind::Null) else {
        return Ok(None);
    };
    let empty = match value.kind {
        Kind::Text => value.span.len() == 2,
        Kind::Array => value.is_empty_container(found.body),
        _ => {
            return Err(Error::field_wrong(
                "input",
                format!("`input` must be a string or an array. {remedy}"),
            ));
        }
    };
    if empty {
        return Err(Error::field_wrong("input", format!("`input` is empty. {remedy}")));
    }
    Ok(Some(value.span.clone()))
}

fn stream(found: &Found<'_>) -> Result<(bool, Option<Range<usize>>), Error> {
    let Some(value) = found.get(Field::Stream) else {
        return Ok((false, None));
    };
    let stream = match value.kind {
        Kind::True => true,
        Kind::False | Kind::Null => false,
        _ => return Err(Error::field_wrong("stream", "`stream` must be true or false.")),
    };
    Ok((stream, Some(value.span.clone())))
}

fn stream_options(found: &Found<'_>) -> Result<StreamOptions, Error> {
    const NAME: &str = "stream_options";
    let Some(value) = found.get(Field::StreamOptions) else {
        return Ok(StreamOptions::Absent);
    };
    match value.kind {
        Kind::Null => return Ok(StreamOptions::Null(value.span.clone())),
        Kind::Object => {}
        _ => {
            return Err(Error::field_wrong(
                NAME,
                "`stream_options` must be an object, such as {\"include_usage\": true}.",
            ));
        }
    }
    let raw = value.raw(found.body);
    let start = value.span.start;
    let mut scanner = Scanner::new(raw);
    scanner.enter_object();
    let open = start + scanner.at();
    let mut include_usage = None;
    let mut first = true;
    while let Some(key) = scanner.next_key(&mut first).map_err(not_json)? {
        let key = key.resolve(raw);
        let inner = scanner.value(2).map_err(not_json)?;
        if fold(&key) != "include_usage" {
            continue;
        }
        if key != "include_usage" || include_usage.is_some() {
            return Err(Error::field_wrong(
                NAME,
                "`stream_options.include_usage` must stand there once, in lower case.",
            ));
        }
        let asked = match inner.kind {
            Kind::True => true,
            Kind::False | Kind::Null => false,
            _ => {
                return Err(Error::field_wrong(
                    NAME,
                    "`stream_options.include_usage` must be true or false.",
                ));
            }
        };
        include_usage = Some((start + inner.span.start..start + inner.span.end, asked));
    }
    Ok(StreamOptions::Object {
        open,
        empty: value.is_empty_container(found.body),
        include_usage,
    })
}

#[cfg(test)]
mod tests;
