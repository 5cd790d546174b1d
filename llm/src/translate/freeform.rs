//! Tools that take text instead of an object, for upstreams that know only objects.
//!
//! Such a tool is offered as a function with one string, `input`; what the model writes into it is handed to the client as it
//! comes, unpacked from the JSON around it.

use std::borrow::Cow;

use super::{out::Out, value::Val};

pub(crate) const SCHEMA: &str = "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"],\"additionalProperties\":false}";

/// Writes the description with the grammar (its JSON) behind it.
pub(crate) fn describe(out: &mut Out, description: Option<&str>, grammar: Option<&str>) {
    let mut text: String = description
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str("Put the whole text for this tool into `input`, with nothing around it.");
    let grammar = grammar.and_then(|grammar| Val::document(grammar).ok());
    if let Some(Ok([Some(syntax), Some(definition)])) = grammar.map(|grammar| grammar.pick(["syntax", "definition"])) {
        let part = |value: Val<'_>| value.text().unwrap_or_default().into_owned();
        text.push_str(&format!(
            " It must follow this {} grammar:\n{}",
            part(syntax),
            part(definition)
        ));
    }
    out.field_text("description", &text);
}

/// Takes the text out of `{"input": "…"}` while it arrives.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    state: State,
    /// An escape whose end has not come.
    pending: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the string that follows the key.
    #[default]
    Before,
    InKey,
    AfterKey,
    Inside,
    Done,
}

impl Unpacker {
    /// A piece of the JSON; returns the piece of the text in it, as a JSON string.
    pub fn push(&mut self, json: &str) -> Option<Cow<'static, str>> {
        let mut inner = String::new();
        for letter in json.chars() {
            match self.state {
                State::Before if letter == '"' => self.state = State::InKey,
                State::InKey if letter == '"' => self.state = State::AfterKey,
                State::AfterKey if letter == '"' => self.state = State::Inside,
                State::Inside => self.letter(letter, &mut inner),
                _ => {}
            }
        }
        (!inner.is_empty()).then(|| Cow::Owned(format!("\"{inner}\"")))
    }

    /// What stands in the JSON stands in the client's JSON: escapes are kept, but whole, and surrogates in pairs.
    fn letter(&mut self, letter: char, inner: &mut String) {
        if self.pending.is_empty() {
            match letter {
                '"' => self.state = State::Done,
                '\\' => self.pending.push('\\'),
                // Some models write raw line ends where JSON wants escapes.
                '\n' => inner.push_str("\\n"),
                '\r' => inner.push_str("\\r"),
                '\t' => inner.push_str("\\t"),
                '\0'..'\x20' => {}
                _ => inner.push(letter),
            }
            return;
        }
        self.pending.push(letter);
        if self.whole() {
            // An escape that JSON does not know is meant as it stands.
            match serde_json::from_str::<String>(&format!("\"{}\"", self.pending)) {
                Ok(_) => inner.push_str(&self.pending),
                Err(_) => inner.push_str(&self.pending.replace('\\', "\\\\")),
            }
            self.pending.clear();
        }
    }

    fn whole(&self) -> bool {
        let pending = self.pending.as_bytes();
        if pending.get(1) != Some(&b'u') {
            return true;
        }
        match pending.len() {
            0..6 => false,
            6 => !matches!(
                &self.pending.as_bytes()[2..],
                [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..]
            ),
            7 => pending[6] != b'\\',
            8 => pending[7] != b'u',
            length => length >= 12,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_comes_out_the_same_however_it_is_cut() {
        let text = "*** Begin Patch\n+\"a\\b\"\t\u{e9}\u{1f600}/";
        let json = " {\"input\" : \"*** Begin Patch\\n+\\\"a\\\\b\\\"\\t\\u00e9\\ud83d\\ude00\\/\"} ";
        let read = |cuts: &[&str]| {
            let mut unpacker = Unpacker::default();
            let pieces = cuts.iter().filter_map(|cut| unpacker.push(cut));
            pieces
                .map(|piece| serde_json::from_str::<String>(&piece).unwrap())
                .collect::<String>()
        };
        assert_eq!(read(&[json]), text);
        for cut in 0..json.len() {
            let (left, right) = json.split_at(cut);
            assert_eq!(read(&[left, right]), text, "{cut}");
        }
        let letters: Vec<String> = json.chars().map(String::from).collect();
        assert_eq!(read(&letters.iter().map(String::as_str).collect::<Vec<_>>()), text);
    }

    #[test]
    fn odd_escapes_are_taken_as_text() {
        let mut unpacker = Unpacker::default();
        assert_eq!(unpacker.push("{\"input\":\"a\\q\nb\"}").unwrap(), "\"a\\\\q\\nb\"");
    }
}
