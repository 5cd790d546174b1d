//! Server-sent events as bytes: where an event ends, and what stands in it.
//!
//! Follows the WHATWG rules (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>);
//! a property test holds it equal to eventsource-stream, which allocates per event and re-reads long lines. A whole
//! event is looked at where it lies; only one that straddles chunks is copied together.

use std::{borrow::Cow, ops::Range};

use memchr::memchr2;

use crate::Error;

/// Longest event accepted, framing included. A stream is never held beyond it.
pub const EVENT_MOST: usize = 1 << 20;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Finds the ends of events in a stream that arrives in arbitrary pieces.
///
/// For each chunk: [`begin`](Framer::begin), then [`next`](Framer::next) until it returns `None`.
#[derive(Default)]
pub(crate) struct Framer {
    /// The beginning of an event that has not ended yet.
    carry: Vec<u8>,
    /// `carry` was handed out and is to be cleared.
    spent: bool,
    /// Where in the chunk scanning goes on, and where its current event begins.
    at: usize,
    start: usize,
    /// The current line holds something.
    line_open: bool,
    /// The last byte was a CR: a LF that follows belongs to it.
    after_cr: bool,
    started: bool,
    /// The stream began with something, and not like a page.
    is_no_page: bool,
}

/// A whole event.
pub(crate) struct Framed<'a> {
    /// Its bytes, blank line included, a BOM at the start of the stream left out.
    pub raw: &'a [u8],
    /// Its bytes in this chunk.
    pub span: Range<usize>,
    /// It began in an earlier chunk.
    pub carried: bool,
}

impl Framer {
    /// A chunk begins. `true`: its first byte is the LF of a CR LF whose CR ended the chunk before, and with it an event.
    pub fn begin(&mut self, chunk: &[u8]) -> bool {
        (self.at, self.start) = (0, 0);
        if chunk.is_empty() {
            return false;
        }
        let split = std::mem::take(&mut self.after_cr) && chunk[0] == b'\n';
        self.at = usize::from(split);
        let outside = split && !self.pending();
        self.start = usize::from(outside);
        outside
    }

    /// Whether an event has begun and not ended.
    pub fn pending(&self) -> bool {
        !self.spent && !self.carry.is_empty()
    }

    /// The next event that ends in `chunk`; `None` when the rest was taken in.
    pub fn next<'a>(&'a mut self, chunk: &'a [u8]) -> Result<Option<Framed<'a>>, Error> {
        if std::mem::take(&mut self.spent) {
            self.carry.clear();
        }
        if !self.is_no_page {
            self.look_for_page(chunk)?;
        }
        loop {
            let Some(offset) = memchr2(b'\n', b'\r', &chunk[self.at..]) else {
                self.line_open |= self.at < chunk.len();
                self.at = chunk.len();
                break;
            };
            let blank = offset == 0 && !self.line_open;
            self.at += offset;
            let cr = chunk[self.at] == b'\r';
            self.at += 1;
            if cr {
                match chunk.get(self.at) {
                    Some(b'\n') => self.at += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            self.line_open = false;
            if blank {
                return self.framed(chunk).map(Some);
            }
        }
        self.fits(chunk.len() - self.start)?;
        self.carry.extend_from_slice(&chunk[self.start..]);
        self.start = chunk.len();
        Ok(None)
    }

    /// A proxy's page under the label of a stream has no event that a client would see, and may say more than its readers should know.
    fn look_for_page(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let first = chunk
            .iter()
            .find(|byte| !byte.is_ascii_whitespace() && !BOM.contains(byte));
        self.is_no_page = first.is_some();
        match first {
            Some(b'<') => Err(Error::NoEvents),
            Some(_) | None => Ok(()),
        }
    }

    fn framed<'a>(&'a mut self, chunk: &'a [u8]) -> Result<Framed<'a>, Error> {
        let span = self.start..self.at;
        self.fits(span.len())?;
        self.start = self.at;
        let carried = !self.carry.is_empty();
        let mut raw = &chunk[span.clone()];
        if carried {
            self.carry.extend_from_slice(raw);
            self.spent = true;
            raw = &self.carry;
        }
        if !std::mem::replace(&mut self.started, true) {
            raw = raw.strip_prefix(BOM).unwrap_or(raw);
        }
        Ok(Framed { raw, span, carried })
    }

    fn fits(&self, more: usize) -> Result<(), Error> {
        if self.carry.len() + more > EVENT_MOST {
            Err(Error::EventTooLarge)
        } else {
            Ok(())
        }
    }
}

/// What an event says. `id` and `retry` have no meaning in the vendors' streams.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// Empty when the event has none.
    pub name: &'a [u8],
    /// Lines joined by LF.
    pub data: Cow<'a, [u8]>,
}

/// Reads the fields of one framed event; `None` when it has no `data`, so that a client would not see it.
pub(crate) fn parse(raw: &[u8]) -> Option<Event<'_>> {
    let mut name: &[u8] = b"";
    let mut data: Option<Cow<'_, [u8]>> = None;
    let mut rest = raw;
    while !rest.is_empty() {
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = match after {
            [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
            [] => after,
        };
        // Of the fields that matter none is longer than five letters.
        let colon = line.iter().take(6).position(|byte| *byte == b':');
        let (field, value) = match colon {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = value,
            b"data" => match &mut data {
                None => data = Some(Cow::Borrowed(value)),
                Some(data) => {
                    let data = data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            _ => {}
        }
    }
    data.map(|data| Event { name, data })
}

#[cfg(test)]
mod tests;
