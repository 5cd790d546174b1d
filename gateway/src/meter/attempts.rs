//! The tries of one call: which route is being tried, which failed and why. A call that needs only one, as nearly all do, keeps no list.

use std::{sync::Arc, time::Instant};

use ::http::StatusCode;
use server::{
    books::ledger::ServedBy,
    directory::{ModelEntry, Route},
    health::Pass,
};
use types::{KeyId, Timestamp, usage::Attempt};

use super::millis;
use crate::route::{Choice, Failure, Verdict};

pub struct Attempts {
    model: Option<Arc<ModelEntry>>,
    /// Whom the open record names.
    first: usize,
    current: Choice,
    /// Between two tries there is none.
    is_trying: bool,
    began: Instant,
    /// What the upstream answered with, and after how many milliseconds.
    answer: Option<(StatusCode, u64)>,
    /// That answer is one of a model.
    is_serving: bool,
    failed: Vec<Attempt>,
}

impl Default for Attempts {
    fn default() -> Self {
        Attempts {
            model: None,
            first: 0,
            current: Choice {
                index: 0,
                pass: Pass::Usual,
            },
            is_trying: false,
            began: Instant::now(),
            answer: None,
            is_serving: false,
            failed: Vec::new(),
        }
    }
}

impl Attempts {
    pub fn new(model: Arc<ModelEntry>, first: Choice) -> Self {
        Attempts {
            model: Some(model),
            first: first.index,
            current: first,
            ..Attempts::default()
        }
    }

    pub fn begin(&mut self, choice: Choice) {
        self.current = choice;
        self.is_trying = true;
        self.began = Instant::now();
        self.answer = None;
        self.is_serving = false;
    }

    fn route(&self) -> Option<&Route> {
        self.model.as_ref()?.routes.get(self.current.index)
    }

    /// What the current try is made with; empty when that is nothing.
    pub fn credential(&self) -> &str {
        self.route().map_or("", |route| route.provider.kind.credential())
    }

    /// Headers came.
    pub fn answered(&mut self, status: StatusCode) {
        self.answer = Some((status, millis(self.began.elapsed())));
    }

    /// They are those of an answer. This closes a breaker.
    pub fn serves(&mut self, now: Timestamp) {
        self.is_serving = true;
        if let Some(route) = self.route() {
            route.deployment.succeeded(now);
        }
    }

    /// Tells the breaker. Returns the key whose own credential the upstream refused.
    pub fn failed(&mut self, failure: &Failure, now: Timestamp) -> Option<KeyId> {
        let route = self.route()?;
        // What a proxy has against one key says nothing of the calls of others. A limit may be the key's own there.
        let refused = route.of_key.filter(|_| failure.is_about_credential());
        let is_the_keys = refused.is_some() || route.of_key.is_some() && failure.is_about_pace();
        match (self.is_serving, failure.verdict) {
            (true, _) => route.deployment.broke_off(now),
            // It had all the time there was, and took it.
            (false, Verdict::Nowhere) if failure.is_out_of_time() => {
                route.deployment.failed(self.current.pass, now, None)
            }
            // The caller's own mistake: an upstream that finds it is well.
            (false, Verdict::Nowhere) => route.deployment.succeeded(now),
            (false, _) if is_the_keys => route.deployment.succeeded(now),
            (false, _) => route.deployment.failed(self.current.pass, now, failure.asked),
        }
        refused
    }

    pub fn broke_off(&self, now: Timestamp) {
        if let Some(route) = self.route() {
            route.deployment.broke_off(now);
        }
    }

    /// Puts the try that failed on the list: another comes.
    pub fn give_up(&mut self, failure: &Failure) {
        let attempt = self.attempt(failure.class);
        self.failed.extend(attempt);
        self.is_trying = false;
    }

    /// What the call's row says beside its end: who served it, when that is not whom the open record names, and the list.
    pub fn told(&mut self, class: Option<&str>) -> (Option<ServedBy>, Option<String>) {
        let moved = self.route().filter(|_| self.current.index != self.first);
        let served_by = moved.map(|route| ServedBy {
            provider: route.provider.name.clone(),
            upstream_model: route.upstream_model.clone(),
        });
        if self.failed.is_empty() {
            return (served_by, None);
        }
        let mut list = std::mem::take(&mut self.failed);
        list.extend(self.attempt(class.unwrap_or("served")));
        (served_by, serde_json::to_string(&list).ok())
    }

    fn attempt(&self, outcome: &str) -> Option<Attempt> {
        let route = self.route().filter(|_| self.is_trying)?;
        let (status, ms) = self.answer.unzip();
        Some(Attempt {
            provider: route.provider.name.clone(),
            model: route.upstream_model.clone(),
            outcome: outcome.to_owned(),
            status: status.map(|status| status.as_u16()),
            ms: ms.unwrap_or_else(|| millis(self.began.elapsed())),
        })
    }
}
