//! What the fake served, call by call: the other side of Weirgate's books. Kept in memory, and written out as lines when asked.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::sync::watch;

/// How a call ended, seen from the vendor's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Still running.
    Open,
    /// All of it was written.
    Complete,
    /// A status other than 200, as asked for or because the request was wrong.
    Refused,
    /// Reset on purpose in the middle.
    Cut,
    /// Ended on purpose before the protocol's end.
    Ended,
    /// An error event was sent on purpose.
    ErrorEvent,
    /// The other side closed before the end.
    ClientGone,
}

/// Tokens as billed: `input` leaves out the cached ones, whatever the dialect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    pub output: u64,
}

/// One request and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Its place in the log.
    pub number: usize,
    pub method: String,
    pub path: String,
    /// With the question mark; empty without a query.
    pub query: String,
    /// The credential presented, without `Bearer`.
    pub credential: Option<String>,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    #[serde(serialize_with = "text")]
    pub body: Vec<u8>,
    pub model: Option<String>,
    pub stream: bool,
    pub status: u16,
    pub outcome: Outcome,
    /// What had been told to the client when the call ended.
    pub usage: Option<Usage>,
    /// What the vendor would put on its bill.
    pub billed: Option<Usage>,
    pub events_sent: usize,
    pub bytes_sent: usize,
    /// The answer's body as written, without the framing of HTTP.
    #[serde(skip)]
    pub answer: Vec<u8>,
    pub started_ms: u64,
    pub ended_ms: Option<u64>,
}

impl Call {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Sums over the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub calls: usize,
    pub open: usize,
    pub complete: usize,
    pub refused: usize,
    pub usage: Usage,
}

/// The log; clones are the same log.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    calls: Mutex<Vec<Call>>,
    file: Mutex<Option<File>>,
    changed: watch::Sender<usize>,
}

impl Log {
    pub(crate) fn new(file: Option<&Path>) -> io::Result<Self> {
        let file = match file {
            Some(path) => Some(OpenOptions::new().create(true).append(true).open(path)?),
            None => None,
        };
        Ok(Self(Arc::new(Inner {
            calls: Mutex::default(),
            file: Mutex::new(file),
            changed: watch::Sender::new(0),
        })))
    }

    pub fn calls(&self) -> Vec<Call> {
        lock(&self.0.calls).clone()
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for call in lock(&self.0.calls).iter() {
            totals.calls += 1;
            match call.outcome {
                Outcome::Open => totals.open += 1,
                Outcome::Complete => totals.complete += 1,
                Outcome::Refused => totals.refused += 1,
                _ => {}
            }
            if let Some(usage) = call.usage {
                totals.usage.input += usage.input;
                totals.usage.cache_read += usage.cache_read;
                totals.usage.cache_write_5m += usage.cache_write_5m;
                totals.usage.cache_write_1h += usage.cache_write_1h;
                totals.usage.output += usage.output;
            }
        }
        totals
    }

    /// Waits until the log looks as wished; `false` when it still does not after `limit`.
    pub async fn wait_for(&self, limit: Duration, wished: impl Fn(&[Call]) -> bool) -> bool {
        let mut changed = self.0.changed.subscribe();
        tokio::time::timeout(limit, async {
            loop {
                if wished(&lock(&self.0.calls)) {
                    return;
                }
                if changed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        })
        .await
        .is_ok()
    }

    /// How many calls of this model name came before that one.
    pub(crate) fn before(&self, number: usize, model: &Option<String>) -> usize {
        let calls = lock(&self.0.calls);
        calls.iter().take(number).filter(|call| call.model == *model).count()
    }

    /// Notes a call that begins, and gives it its number.
    pub(crate) fn begin(&self, mut call: Call) -> usize {
        let mut calls = lock(&self.0.calls);
        let number = calls.len();
        call.number = number;
        calls.push(call);
        drop(calls);
        self.announce();
        number
    }

    pub(crate) fn update(&self, number: usize, change: impl FnOnce(&mut Call)) {
        let mut calls = lock(&self.0.calls);
        if let Some(call) = calls.get_mut(number) {
            let was_open = call.outcome == Outcome::Open;
            change(call);
            if was_open && call.outcome != Outcome::Open {
                call.ended_ms = Some(now_ms());
                if let Some(file) = lock(&self.0.file).as_mut()
                    && let Ok(mut line) = serde_json::to_vec(call)
                {
                    line.push(b'\n');
                    // A full disk fails the test that reads the file; there is nobody else to tell.
                    let _ = file.write_all(&line);
                }
            }
        }
        drop(calls);
        self.announce();
    }

    fn announce(&self) {
        self.0.changed.send_modify(|version| *version = version.wrapping_add(1));
    }
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}
