//! A JSON value as a slice of the text it stands in: nothing is copied, and what is passed on stays as it was written.

use std::borrow::Cow;

use crate::json::{Fault, Kind, Scanner, Text};

/// One JSON value, brackets and quotes included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Val<'a> {
    pub raw: &'a str,
    pub kind: Kind,
}

impl<'a> Val<'a> {
    /// The one value that `text` holds.
    pub fn document(text: &'a str) -> Result<Self, Fault> {
        let mut scanner = Scanner::new(text.as_bytes());
        let value = scanner.value(0)?;
        scanner.end()?;
        Ok(Val {
            raw: text.get(value.span).unwrap_or_default(),
            kind: value.kind,
        })
    }

    /// Keys, escapes resolved, and values of an object.
    pub fn members(self) -> Result<Vec<(Cow<'a, str>, Val<'a>)>, Fault> {
        let bytes = self.raw.as_bytes();
        let mut scanner = Scanner::new(bytes);
        let mut members = Vec::with_capacity(8);
        if !scanner.enter_object() {
            return Err(Fault {
                what: "it is not an object",
                at: 0,
            });
        }
        let mut first = true;
        while let Some(key) = scanner.next_key(&mut first)? {
            let value = scanner.value(1)?;
            members.push((key.resolve(bytes), self.part(&value)));
        }
        Ok(members)
    }

    /// The values of the named fields, `None` for what is missing or null. Of two equal keys the later one counts.
    pub fn pick<const N: usize>(self, names: [&str; N]) -> Result<[Option<Val<'a>>; N], Fault> {
        let mut picked = [None; N];
        if self.kind != Kind::Object {
            return Ok(picked);
        }
        let bytes = self.raw.as_bytes();
        let mut scanner = Scanner::new(bytes);
        scanner.enter_object();
        let mut first = true;
        while let Some(key) = scanner.next_key(&mut first)? {
            let value = scanner.value(1)?;
            let key = key.resolve(bytes);
            if let Some(at) = names.iter().position(|name| *name == key) {
                picked[at] = Some(self.part(&value)).filter(|value| value.kind != Kind::Null);
            }
        }
        Ok(picked)
    }

    /// Nothing when it is no array.
    pub fn elements(self) -> Result<Vec<Val<'a>>, Fault> {
        let mut elements = Vec::new();
        if self.kind == Kind::Array {
            crate::json::elements(self.raw.as_bytes(), |value| elements.push(self.part(&value)))?;
        }
        Ok(elements)
    }

    fn part(self, value: &crate::json::Value) -> Val<'a> {
        Val {
            raw: self.raw.get(value.span.clone()).unwrap_or_default(),
            kind: value.kind,
        }
    }

    /// A string's characters, escapes resolved.
    pub fn text(self) -> Option<Cow<'a, str>> {
        (self.kind == Kind::Text).then(|| {
            Text {
                span: 0..self.raw.len(),
                escaped: self.raw.contains('\\'),
            }
            .resolve(self.raw.as_bytes())
        })
    }

    /// A string as it was written, without its quotes.
    pub fn inner(self) -> &'a str {
        match self.kind {
            Kind::Text => &self.raw[1..self.raw.len() - 1],
            _ => "",
        }
    }

    pub fn is_true(self) -> bool {
        self.kind == Kind::True
    }

    pub fn count(self) -> Option<u64> {
        self.raw.parse().ok()
    }

    /// As something to be passed on.
    pub fn keep(self) -> Cow<'a, str> {
        Cow::Borrowed(self.raw)
    }
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The one object that a string of JSON holds, white space around it removed; `None` when it holds something else.
pub(crate) fn object_in(text: &str) -> Option<&str> {
    let value = Val::document(text).ok()?;
    (value.kind == Kind::Object).then_some(value.raw)
}

/// White space outside of strings removed, so that the value fits on one line of a stream.
pub(crate) fn compact(raw: &str) -> Cow<'_, str> {
    if !raw.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return Cow::Borrowed(raw);
    }
    let (mut inside, mut escaped) = (false, false);
    let kept = raw.chars().filter(|letter| {
        if inside {
            match letter {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => inside = false,
                _ => {}
            }
            return true;
        }
        inside = *letter == '"';
        !letter.is_ascii_whitespace()
    });
    Cow::Owned(kept.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_slices_of_what_was_written() {
        let value = Val::document(r#" {"a":0.1,"b":[1e2, "x\/y"],"\u0061":1.00,"n":null} "#).unwrap();
        let [a, b, n] = value.pick(["a", "b", "n"]).unwrap();
        assert_eq!(a.unwrap().raw, "1.00");
        assert!(n.is_none());
        let elements = b.unwrap().elements().unwrap();
        assert_eq!(elements[0].raw, "1e2");
        assert_eq!(elements[1].text().unwrap(), "x/y");
        assert_eq!(elements[1].inner(), r"x\/y");
        assert_eq!(value.members().unwrap().len(), 4);
    }

    #[test]
    fn only_one_whole_object_is_an_object() {
        assert_eq!(object_in(" {\"a\": 1}\n"), Some("{\"a\": 1}"));
        for other in ["", "[]", "{", "{}{}", "1", "\"{}\""] {
            assert_eq!(object_in(other), None, "{other}");
        }
    }

    #[test]
    fn compacting_leaves_strings_alone() {
        assert_eq!(compact("{ \"a b\\\" \" :\n [1,\t2] }"), "{\"a b\\\" \":[1,2]}");
    }
}
