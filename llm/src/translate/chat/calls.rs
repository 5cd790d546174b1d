//! Tool calls of a Chat Completions stream, put into the order that other dialects want: one after the other.
//!
//! Nearly every upstream sends them so, and then each piece passes as it comes. Where one mixes the pieces of several calls,
//! those of the later ones wait until the arguments of the first are whole.

use std::borrow::Cow;

use crate::{EVENT_MOST, Error, translate::value::Val};

pub(crate) enum Piece<'a> {
    Open {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
    },
    /// A JSON string.
    Delta(Cow<'a, str>),
    Close,
}

#[derive(Default)]
pub(crate) struct Calls {
    /// Index and id of every call so far; its place is its number.
    known: Vec<(u64, String)>,
    /// The call that is being passed on.
    current: Option<usize>,
    whole: Whole,
    /// Later ones: number, id, name, the insides of their strings.
    waiting: Vec<Waiting>,
    held: usize,
    /// Calls that were closed before their arguments were whole.
    cut: Vec<usize>,
}

struct Waiting {
    number: usize,
    id: String,
    name: String,
    arguments: String,
}

impl Calls {
    /// A piece of a call as the upstream sent it; what can be passed on now.
    pub fn take<'a>(
        &mut self,
        index: Option<u64>,
        id: &str,
        name: &str,
        arguments: Cow<'a, str>,
    ) -> Result<Vec<Piece<'a>>, Error> {
        let (number, new) = self.number(index, id);
        let mut pieces = Vec::new();
        if new {
            if self.current.is_some() && !self.whole.yes() {
                self.hold(number, id, name, &arguments)?;
                return Ok(pieces);
            }
            if self.current.is_some() {
                pieces.push(Piece::Close);
            }
            self.open(number, id.to_owned(), name.to_owned(), &mut pieces);
        }
        if self.current != Some(number) {
            if self.waiting.iter().any(|waiting| waiting.number == number) {
                self.hold(number, id, name, &arguments)?;
            } else if self.cut.contains(&number) && arguments != "\"\"" {
                return Err(Error::Upstream(
                    "The upstream said something else in the middle of a tool call's arguments.",
                ));
            }
            // What follows the whole arguments of a call that is over is white space at most.
            return Ok(pieces);
        }
        self.pass(arguments, &mut pieces);
        if self.whole.yes() && !self.waiting.is_empty() {
            pieces.push(Piece::Close);
            self.current = None;
            self.next(&mut pieces);
        }
        Ok(pieces)
    }

    /// The current call was closed from outside; the ones that wait follow.
    pub fn rest(&mut self) -> Vec<Piece<'static>> {
        let mut pieces = Vec::new();
        self.leave();
        while !self.waiting.is_empty() {
            self.next(&mut pieces);
            if self.leave() {
                pieces.push(Piece::Close);
            }
        }
        pieces
    }

    /// Whether there was a call to leave.
    fn leave(&mut self) -> bool {
        let left = self.current.take();
        self.cut.extend(left.filter(|_| !self.whole.yes()));
        left.is_some()
    }

    /// A call is known by its index; some upstreams give all the same one and tell them apart by id, some give none.
    fn number(&mut self, index: Option<u64>, id: &str) -> (usize, bool) {
        let index = index.unwrap_or_else(|| match self.known.last() {
            Some((_, last)) if !id.is_empty() && last != id => self.known.len() as u64,
            Some((last, _)) => *last,
            None => 0,
        });
        let same = |(known, own): &(u64, String)| *known == index && (id.is_empty() || own.is_empty() || own == id);
        match self.known.iter().rposition(same) {
            Some(number) => (number, false),
            None => {
                self.known.push((index, id.to_owned()));
                (self.known.len() - 1, true)
            }
        }
    }

    fn open(&mut self, number: usize, id: String, name: String, pieces: &mut Vec<Piece<'_>>) {
        self.current = Some(number);
        self.whole = Whole::default();
        pieces.push(Piece::Open {
            id: Cow::Owned(id),
            name: Cow::Owned(name),
        });
    }

    fn pass<'a>(&mut self, arguments: Cow<'a, str>, pieces: &mut Vec<Piece<'a>>) {
        if arguments != "\"\"" {
            self.whole.look(&arguments);
            pieces.push(Piece::Delta(arguments));
        }
    }

    fn hold(&mut self, number: usize, id: &str, name: &str, arguments: &str) -> Result<(), Error> {
        let inner = &arguments[1..arguments.len() - 1];
        self.held += inner.len();
        if self.held > EVENT_MOST {
            return Err(Error::EventTooLarge);
        }
        match self.waiting.iter_mut().find(|waiting| waiting.number == number) {
            Some(waiting) => waiting.arguments.push_str(inner),
            None => self.waiting.push(Waiting {
                number,
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: inner.to_owned(),
            }),
        }
        Ok(())
    }

    /// Opens what waits, as far as its arguments are whole.
    fn next(&mut self, pieces: &mut Vec<Piece<'_>>) {
        while !self.waiting.is_empty() {
            let waiting = self.waiting.remove(0);
            self.held -= waiting.arguments.len();
            self.open(waiting.number, waiting.id, waiting.name, pieces);
            self.pass(Cow::Owned(format!("\"{}\"", waiting.arguments)), pieces);
            if !self.whole.yes() || self.waiting.is_empty() {
                return;
            }
            pieces.push(Piece::Close);
            self.current = None;
        }
    }
}

/// Whether JSON that arrives in pieces is one whole value.
#[derive(Default)]
struct Whole {
    depth: u32,
    begun: bool,
    inside: bool,
    escaped: bool,
}

impl Whole {
    fn yes(&self) -> bool {
        self.begun && self.depth == 0 && !self.inside
    }

    fn look(&mut self, token: &str) {
        let Some(text) = Val::document(token).ok().and_then(Val::text) else {
            return;
        };
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.inside => self.escaped = true,
                b'"' => {
                    self.inside = !self.inside;
                    self.begun = true;
                }
                _ if self.inside => {}
                b'{' | b'[' => {
                    self.depth += 1;
                    self.begun = true;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn play(steps: &[(u64, &str, &str)]) -> String {
        let mut calls = Calls::default();
        let mut played = String::new();
        let mut write = |pieces: Vec<Piece<'_>>| {
            for piece in pieces {
                match piece {
                    Piece::Open { id, .. } => played.push_str(&format!("<{id}>")),
                    Piece::Delta(piece) => played.push_str(&serde_json::from_str::<String>(&piece).unwrap()),
                    Piece::Close => played.push('|'),
                }
            }
        };
        for (index, id, arguments) in steps {
            let token = serde_json::Value::from(*arguments).to_string();
            write(calls.take(Some(*index), id, "f", token.into()).unwrap());
        }
        write(calls.rest());
        played
    }

    #[test]
    fn calls_in_order_pass_as_they_come() {
        let steps = [
            (0, "a", ""),
            (0, "", "{\"x\":"),
            (0, "", "1}"),
            (1, "b", "{"),
            (1, "", "}"),
        ];
        assert_eq!(play(&steps), "<a>{\"x\":1}|<b>{}");
    }

    #[test]
    fn mixed_calls_come_one_after_the_other() {
        let steps = [
            (0, "a", ""),
            (1, "b", ""),
            (2, "c", "{}"),
            (0, "", "{\"x\":\"}"),
            (1, "", "{\"y\""),
            (0, "", "\"}"),
            (1, "", ":2}"),
        ];
        assert_eq!(play(&steps), "<a>{\"x\":\"}\"}|<b>{\"y\":2}|<c>{}");
    }

    #[test]
    fn calls_that_share_an_index_are_told_apart_by_id() {
        assert_eq!(play(&[(0, "a", "{}"), (0, "b", "{\"y\":2}")]), "<a>{}|<b>{\"y\":2}");
    }

    #[test]
    fn call_without_arguments_lets_the_next_ones_wait_for_its_end() {
        assert_eq!(play(&[(0, "a", ""), (1, "b", "{}")]), "<a><b>{}|");
    }

    #[test]
    fn arguments_that_go_on_after_something_else_are_not_cut_in_silence() {
        let mut calls = Calls::default();
        calls.take(Some(0), "a", "f", Cow::Borrowed("\"{\"")).unwrap();
        calls.take(Some(1), "b", "f", Cow::Borrowed("\"{}\"")).unwrap();
        calls.rest();
        assert!(calls.take(Some(1), "", "", Cow::Borrowed("\" \"")).is_ok());
        assert!(calls.take(Some(0), "", "", Cow::Borrowed("\"\"")).is_ok());
        assert!(matches!(
            calls.take(Some(0), "", "", Cow::Borrowed("\"}\"")),
            Err(Error::Upstream(_))
        ));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut calls = Calls::default();
        calls.take(Some(0), "a", "f", Cow::Borrowed("\"{\"")).unwrap();
        let block = format!("\"{}\"", "x".repeat(EVENT_MOST / 2));
        calls.take(Some(1), "b", "f", Cow::Borrowed(&block)).unwrap();
        calls.take(Some(1), "", "f", Cow::Borrowed(&block)).unwrap();
        assert_eq!(
            calls.take(Some(1), "", "f", Cow::Borrowed("\"x\"")).err(),
            Some(Error::EventTooLarge)
        );
    }
}
