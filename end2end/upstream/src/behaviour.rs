//! What a call asks the fake to do, read from its model name: `fake`, `fake-fast`, or `fake:` and options joined by `&`, as in
//! `fake:slow=50&events=20&cut=7`. Events are counted from 1 over everything on the stream, so event 1 of a Messages stream is `message_start`.
//!
//! | option | effect |
//! |---|---|
//! | `events=N` | N words of answer, one content event each (default 5) |
//! | `first=MS` | waits before the first byte of the answer |
//! | `slow=MS` | waits between two events |
//! | `cut=K` | resets the connection in the middle of event K (JSON: in the middle of the body) |
//! | `fin=K` | closes the connection in the middle of event K as if all were well |
//! | `badchunk=K` | after event K begins a chunk whose length is none, and closes |
//! | `noblank` | leaves out the blank line after the last event, yet ends properly |
//! | `end=K` | ends the body properly after event K, without the protocol's own end |
//! | `stall=K` | falls silent after event K until the client leaves |
//! | `error_mid=K` | after event K sends the dialect's error event and ends; with `cut`, `fin` or `stall=K+1` not as it should |
//! | `status=N` | refuses with that status in the dialect's shape; with `retry_after=TEXT` as that header |
//! | `quota` | refuses with 429 because the operator's bill is used up (OpenAI's dialects) |
//! | `late=MS` | waits between a stream's headers and its first event |
//! | `leak` | its refusal or its error event quotes the credential it was called with, and an address with a key |
//! | `fail=N` | only the first N calls of this very model name are faulty, all later ones go well |
//! | `reset` | takes the request and resets the connection without a word |
//! | `drip=MS` | a JSON answer's body in ten pieces, so long between two |
//! | `html` | answers with a page instead of JSON (status 502 unless `status` says otherwise), as long as `bigjson` says |
//! | `mislabelled` | calls that page a stream of events |
//! | `packed` | says that the body is compressed, which it is not: nobody may try to unpack it |
//! | `rude` | adds headers that are nobody's business: `Set-Cookie`, `Server`, `Location`, an `x-` of its own |
//! | `redirect` | answers 307 to another path |
//! | `hang` | never answers, not even a status line |
//! | `nousage` | leaves usage out |
//! | `nodone` | leaves out `message_stop` or `[DONE]`, yet ends properly |
//! | `cache[=R,W5,W1H]` | reports R cached tokens read, W5 and W1H written (default 400,100,50) |
//! | `bigjson=BYTES` | one content block of that size |
//! | `split=BYTES` | writes the stream that many bytes at a time, wherever that cuts it |
//! | `crlf`, `bom`, `comments` | the SSE spellings that real servers use too |

use std::{str::FromStr, time::Duration};

/// Everything a model name can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    pub events: usize,
    pub first: Duration,
    pub late: Duration,
    pub slow: Duration,
    pub cut: Option<usize>,
    pub fin: Option<usize>,
    pub bad_chunk: Option<usize>,
    pub no_blank: bool,
    pub end: Option<usize>,
    pub stall: Option<usize>,
    pub error_mid: Option<usize>,
    pub status: Option<u16>,
    pub retry_after: Option<String>,
    pub quota: bool,
    pub leak: bool,
    pub fail: Option<usize>,
    pub reset: bool,
    pub drip: Option<u64>,
    pub html: bool,
    pub mislabelled: bool,
    pub packed: bool,
    pub rude: bool,
    pub redirect: bool,
    pub hang: bool,
    pub no_usage: bool,
    pub no_done: bool,
    pub cache: Option<Cache>,
    pub bigjson: usize,
    pub split: Option<usize>,
    pub crlf: bool,
    pub bom: bool,
    pub comments: bool,
}

/// Cached tokens to report, by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    pub read: u64,
    pub write_5m: u64,
    pub write_1h: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            events: 5,
            first: Duration::ZERO,
            late: Duration::ZERO,
            slow: Duration::ZERO,
            cut: None,
            fin: None,
            bad_chunk: None,
            no_blank: false,
            end: None,
            stall: None,
            error_mid: None,
            status: None,
            retry_after: None,
            quota: false,
            leak: false,
            fail: None,
            reset: false,
            drip: None,
            html: false,
            mislabelled: false,
            packed: false,
            rude: false,
            redirect: false,
            hang: false,
            no_usage: false,
            no_done: false,
            cache: None,
            bigjson: 0,
            split: None,
            crlf: false,
            bom: false,
            comments: false,
        }
    }
}

impl Behaviour {
    /// A misspelt option is an error, so that no test passes because its fault never happened.
    pub fn of(model: &str) -> Result<Self, String> {
        let mut asked = Self::default();
        let Some((_, options)) = model.split_once("fake:") else {
            return Ok(asked);
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (option, None),
            };
            asked
                .set(name, value)
                .ok_or_else(|| format!("the fake upstream has no option `{option}`"))?;
        }
        Ok(asked)
    }

    /// The same without its faults: what comes after the first `fail` calls.
    pub fn well(self) -> Self {
        Self {
            cut: None,
            fin: None,
            bad_chunk: None,
            no_blank: false,
            end: None,
            stall: None,
            error_mid: None,
            status: None,
            html: false,
            mislabelled: false,
            redirect: false,
            hang: false,
            reset: false,
            no_done: false,
            packed: false,
            ..self
        }
    }

    fn set(&mut self, name: &str, value: Option<&str>) -> Option<()> {
        match name {
            "events" => self.events = number(value)?,
            "first" => self.first = Duration::from_millis(number(value)?),
            "late" => self.late = Duration::from_millis(number(value)?),
            "slow" => self.slow = Duration::from_millis(number(value)?),
            "cut" => self.cut = Some(or(value, 3)?),
            "fin" => self.fin = Some(or(value, 3)?),
            "badchunk" => self.bad_chunk = Some(or(value, 3)?),
            "end" => self.end = Some(or(value, 3)?),
            "stall" => self.stall = Some(or(value, 3)?),
            "error_mid" => self.error_mid = Some(or(value, 3)?),
            "status" => self.status = Some(number(value)?),
            "retry_after" => self.retry_after = Some(value?.to_owned()),
            "drip" => self.drip = Some(number(value)?),
            "fail" => self.fail = Some(number(value)?),
            "bigjson" => self.bigjson = number(value)?,
            "split" => self.split = Some(or(value, 1)?).filter(|bytes| *bytes > 0),
            "cache" => self.cache = Some(cache(value)?),
            _ if value.is_some() => return None,
            "html" => self.html = true,
            "mislabelled" => self.mislabelled = true,
            "packed" => self.packed = true,
            "rude" => self.rude = true,
            "redirect" => self.redirect = true,
            "hang" => self.hang = true,
            "reset" => self.reset = true,
            "quota" => self.quota = true,
            "leak" => self.leak = true,
            "nousage" => self.no_usage = true,
            "nodone" => self.no_done = true,
            "noblank" => self.no_blank = true,
            "crlf" => self.crlf = true,
            "bom" => self.bom = true,
            "comments" => self.comments = true,
            _ => return None,
        }
        Some(())
    }
}

fn number<N: FromStr>(value: Option<&str>) -> Option<N> {
    value?.parse().ok()
}

fn or<N: FromStr>(value: Option<&str>, default: N) -> Option<N> {
    match value {
        Some(value) => value.parse().ok(),
        None => Some(default),
    }
}

fn cache(value: Option<&str>) -> Option<Cache> {
    let mut classes = value
        .unwrap_or("400,100,50")
        .split(',')
        .map(|tokens| tokens.parse().ok());
    let cache = Cache {
        read: classes.next()??,
        write_5m: classes.next()??,
        write_1h: classes.next()??,
    };
    classes.next().is_none().then_some(cache)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn options_combine() {
        let asked = Behaviour::of("fake:slow=50&events=20&cut=7&cache=1,2,3&nodone").unwrap();
        assert_eq!(asked.slow, Duration::from_millis(50));
        assert_eq!((asked.events, asked.cut, asked.no_done), (20, Some(7), true));
        assert_eq!(
            asked.cache,
            Some(Cache {
                read: 1,
                write_5m: 2,
                write_1h: 3
            })
        );
    }

    #[test]
    fn a_plain_name_asks_for_nothing() {
        assert_eq!(Behaviour::of("claude-sonnet-4-5").unwrap(), Behaviour::default());
        assert_eq!(Behaviour::of("fake-fast").unwrap(), Behaviour::default());
    }

    #[test]
    fn misspelt_options_are_refused() {
        for model in [
            "fake:slwo=5",
            "fake:slow",
            "fake:cut=x",
            "fake:hang=1",
            "fake:cache=1,2",
            "fake:cache=1,2,3,4",
        ] {
            assert!(Behaviour::of(model).is_err(), "{model}");
        }
    }
}
