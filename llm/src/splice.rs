//! The upstream's body: the caller's bytes as they came, with the edits put in by position.
//!
//! Nothing is re-serialised. What is not edited is a slice of the body received, without a copy.

use std::ops::Range;

use bytes::Bytes;
use types::Dialect;

use crate::head::{Head, StreamOptions};

/// What the gateway changes in a body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Edits<'a> {
    /// The upstream's name of the model.
    pub model: Option<&'a str>,
    /// The most output that the model can give: a larger cap than this is lowered to it.
    pub most_output: Option<u64>,
    /// Streaming forced on or off, whatever the caller wrote.
    pub stream: Option<bool>,
    /// Ask for usage in a stream, where the dialect has to be asked (OpenAI).
    pub include_usage: bool,
}

impl Edits<'_> {
    /// Whether the upstream will stream.
    pub fn streams(&self, head: &Head) -> bool {
        self.stream.unwrap_or(head.stream)
    }

    /// Whether the usage chunk is asked for by us and not by the caller, who must then not see it.
    pub fn injects_usage(&self, head: &Head) -> bool {
        self.include_usage && head.dialect == Dialect::Openai && self.streams(head) && !head.asks_usage()
    }
}

/// New text for a span of the body; an empty span is an insertion.
struct Edit {
    span: Range<usize>,
    text: Bytes,
}

impl Edit {
    fn insert(at: usize, text: &'static str) -> Self {
        Edit {
            span: at..at,
            text: Bytes::from_static(text.as_bytes()),
        }
    }

    fn replace(span: &Range<usize>, text: impl Into<Bytes>) -> Self {
        Edit {
            span: span.clone(),
            text: text.into(),
        }
    }
}

/// The parts to be sent, in order. `head` must come from [`crate::head::scan`] of the same `body`.
pub fn upstream_body(head: &Head, body: &Bytes, edits: &Edits<'_>) -> Vec<Bytes> {
    let mut list = Vec::new();
    list.extend(stream_edit(head, edits));
    list.extend(usage_edit(head, edits));
    if let Some(model) = edits.model.filter(|model| *model != head.model) {
        let text = serde_json::Value::from(model).to_string();
        list.push(Edit::replace(&head.model_span, text));
    }
    if let Some(most) = edits.most_output {
        let larger = head.caps.iter().flatten().filter(|(cap, _)| *cap > most);
        list.extend(larger.map(|(_, span)| Edit::replace(span, most.to_string())));
    }
    // Stable: two insertions at one place keep their order. Spans never overlap, being those of different values.
    list.sort_by_key(|edit| edit.span.start);

    let mut parts = Vec::with_capacity(2 * list.len() + 1);
    let mut from = 0;
    for Edit { span, text } in list {
        if from < span.start {
            parts.push(body.slice(from..span.start));
        }
        parts.push(text);
        from = span.end;
    }
    if from < body.len() {
        parts.push(body.slice(from..));
    }
    parts
}

/// Bytes of all parts: the `content-length`.
pub fn length(parts: &[Bytes]) -> usize {
    parts.iter().map(Bytes::len).sum()
}

fn stream_edit(head: &Head, edits: &Edits<'_>) -> Option<Edit> {
    let stream = edits.stream.filter(|stream| *stream != head.stream)?;
    Some(match (&head.stream_span, stream) {
        (Some(span), true) => Edit::replace(span, "true"),
        (Some(span), false) => Edit::replace(span, "false"),
        // An insertion may end in a comma: a body that was scanned has other fields.
        (None, true) => Edit::insert(head.open, "\"stream\":true,"),
        (None, false) => Edit::insert(head.open, "\"stream\":false,"),
    })
}

fn usage_edit(head: &Head, edits: &Edits<'_>) -> Option<Edit> {
    if !edits.injects_usage(head) {
        return None;
    }
    Some(match &head.stream_options {
        StreamOptions::Absent => Edit::insert(head.open, "\"stream_options\":{\"include_usage\":true},"),
        StreamOptions::Null(span) => Edit::replace(span, "{\"include_usage\":true}"),
        StreamOptions::Object {
            include_usage: Some((span, _)),
            ..
        } => Edit::replace(span, "true"),
        StreamOptions::Object { open, empty: true, .. } => Edit::insert(*open, "\"include_usage\":true"),
        StreamOptions::Object { open, empty: false, .. } => Edit::insert(*open, "\"include_usage\":true,"),
    })
}

#[cfg(test)]
mod tests;
