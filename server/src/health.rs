//! How the ways to models fare: a circuit breaker for each deployment (a provider's model), in memory.
//!
//! Asked before every attempt and told of its outcome; both are a few atomic operations and take no lock. It opens when too many of the last
//! calls failed, then nothing goes through for a pause; after that one call may try, and the first that succeeds closes it. There are as many
//! as the catalogue has routes. Knows nothing of what was asked or answered.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use types::{ProviderId, Timestamp, catalogue::Availability};

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Calls count for between a half and the whole of it.
    pub window: Duration,
    /// Fewer calls in the window tell nothing.
    pub least_calls: u32,
    /// Of a hundred calls, how many failed ones are too many.
    pub failure_percent: u32,
    /// How long nothing goes through; doubled, up to eight times, each time the call that tries fails too.
    pub pause: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            window: Duration::from_secs(30),
            least_calls: 5,
            failure_percent: 50,
            pause: Duration::from_secs(15),
        }
    }
}

/// However long an upstream asks to be left alone.
const PAUSE_MOST: Duration = Duration::from_secs(300);
const DOUBLINGS_MOST: u32 = 3;

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Closed,
    /// Nothing goes through until then.
    Open(Timestamp),
    /// The pause is over: one call may try.
    Due,
}

/// How a call went through, to be given back with its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    Usual,
    /// The one that tries whether the upstream is back.
    Trial,
}

/// One provider's model.
#[derive(Debug)]
pub struct Deployment {
    /// Provider and model, for the log.
    name: String,
    rules: Rules,
    /// When the pause ends, in Unix milliseconds; 0 = closed.
    open_until: AtomicI64,
    /// When it opened last; of several that are open, the earliest is tried first.
    opened_at: AtomicI64,
    /// How often it opened since it was closed.
    times: AtomicU32,
    /// The current half of the window and the one before, in turns.
    halves: [AtomicU64; 2],
}

/// Calls and failures of half a window, in one word: number of the half, calls, failures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Half {
    number: u32,
    calls: u16,
    failures: u16,
}

impl Half {
    fn of(word: u64) -> Self {
        Half {
            number: (word >> 32) as u32,
            calls: (word >> 16) as u16,
            failures: word as u16,
        }
    }

    fn word(self) -> u64 {
        u64::from(self.number) << 32 | u64::from(self.calls) << 16 | u64::from(self.failures)
    }
}

impl Deployment {
    pub fn new(name: String, rules: Rules) -> Self {
        Deployment {
            name,
            rules,
            open_until: AtomicI64::new(0),
            opened_at: AtomicI64::new(0),
            times: AtomicU32::new(0),
            halves: [AtomicU64::new(0), AtomicU64::new(0)],
        }
    }

    pub fn condition(&self, now: Timestamp) -> Condition {
        match self.open_until.load(Relaxed) {
            0 => Condition::Closed,
            until if now.0 < until => Condition::Open(Timestamp(until)),
            _ => Condition::Due,
        }
    }

    /// Lets a call through, or not. Of many that come when the pause is over only one tries, and the pause begins anew for the others.
    pub fn pass(&self, now: Timestamp) -> Option<Pass> {
        let until = self.open_until.load(Relaxed);
        if until == 0 {
            return Some(Pass::Usual);
        }
        let again = now.0.saturating_add(millis(self.rules.pause));
        let taken = now.0 >= until && self.open_until.compare_exchange(until, again, Relaxed, Relaxed).is_ok();
        taken.then_some(Pass::Trial)
    }

    /// When it opened: of several that let nothing through the one with the least is tried when nothing else is left.
    pub fn opened_at(&self) -> Timestamp {
        Timestamp(self.opened_at.load(Relaxed))
    }

    /// The upstream answered, be it with a refusal that is the caller's own business.
    pub fn succeeded(&self, now: Timestamp) {
        if self.open_until.swap(0, Relaxed) != 0 {
            self.times.store(0, Relaxed);
            self.halves.iter().for_each(|half| half.store(0, Relaxed));
            tracing::info!(deployment = self.name, "an upstream is back");
        }
        self.count(now, 1, 0);
    }

    /// The call failed. `asked` is how long the upstream wants to be left alone.
    pub fn failed(&self, pass: Pass, now: Timestamp, asked: Option<Duration>) {
        self.count(now, 1, 1);
        self.judge(pass, now, asked);
    }

    /// A call that had [`succeeded`](Deployment::succeeded) broke off in the middle of its answer.
    pub fn broke_off(&self, now: Timestamp) {
        self.count(now, 0, 1);
        self.judge(Pass::Usual, now, None);
    }

    /// Calls and failures that count now.
    pub fn seen(&self, now: Timestamp) -> (u32, u32) {
        let number = self.number(now);
        self.halves
            .iter()
            .map(|half| Half::of(half.load(Relaxed)))
            .filter(|half| half.number == number || half.number == number.wrapping_sub(1))
            .fold((0, 0), |(calls, failures), half| {
                (calls + u32::from(half.calls), failures + u32::from(half.failures))
            })
    }

    fn judge(&self, pass: Pass, now: Timestamp, asked: Option<Duration>) {
        let is_open = self.open_until.load(Relaxed) != 0;
        let opens = match pass {
            Pass::Trial => true,
            // Calls that began before it opened and fail now tell nothing new.
            Pass::Usual if is_open => false,
            Pass::Usual => {
                let (calls, failures) = self.seen(now);
                calls >= self.rules.least_calls && failures * 100 >= calls * self.rules.failure_percent
            }
        };
        if !opens {
            return;
        }
        let times = self.times.fetch_add(1, Relaxed).min(DOUBLINGS_MOST);
        let pause = self
            .rules
            .pause
            .saturating_mul(1 << times)
            .max(asked.unwrap_or_default())
            .min(PAUSE_MOST.max(self.rules.pause));
        self.opened_at.store(now.0, Relaxed);
        self.open_until.store(now.0.saturating_add(millis(pause)), Relaxed);
        if !is_open {
            tracing::warn!(
                deployment = self.name,
                seconds = pause.as_secs(),
                "an upstream fails and is left alone"
            );
        }
    }

    fn number(&self, now: Timestamp) -> u32 {
        let half = (millis(self.rules.window) / 2).max(1);
        // Neighbours stay neighbours, whatever is cut off.
        (now.0 / half) as u32
    }

    fn count(&self, now: Timestamp, calls: u16, failures: u16) {
        let number = self.number(now);
        let half = &self.halves[(number & 1) as usize];
        let mut word = half.load(Relaxed);
        loop {
            let mut counts = Half::of(word);
            if counts.number != number {
                counts = Half {
                    number,
                    ..Half::default()
                };
            }
            counts.calls = counts.calls.saturating_add(calls);
            counts.failures = counts.failures.saturating_add(failures);
            match half.compare_exchange_weak(word, counts.word(), Relaxed, Relaxed) {
                Ok(_) => return,
                Err(other) => word = other,
            }
        }
    }
}

/// Of a model with these deployments.
pub fn availability<'a>(deployments: impl Iterator<Item = &'a Deployment>, now: Timestamp) -> Availability {
    let (mut all, mut open) = (0, 0);
    for deployment in deployments {
        all += 1;
        open += usize::from(deployment.condition(now) != Condition::Closed);
    }
    match (all, open) {
        (_, 0) if all > 0 => Availability::Available,
        _ if open < all => Availability::Degraded,
        _ => Availability::Unavailable,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Every deployment there is. What is known of one outlives a change of the catalogue that keeps it.
#[derive(Debug, Default)]
pub struct Deployments {
    rules: Rules,
    known: Mutex<HashMap<(ProviderId, String), Weak<Deployment>>>,
}

impl Deployments {
    pub fn new(rules: Rules) -> Self {
        Deployments {
            rules,
            known: Mutex::default(),
        }
    }

    pub fn of(&self, provider: ProviderId, provider_name: &str, upstream_model: &str) -> Arc<Deployment> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.entry((provider, upstream_model.to_owned())).or_default();
        if let Some(deployment) = place.upgrade() {
            return deployment;
        }
        let name = format!("{provider_name}/{upstream_model}");
        let deployment = Arc::new(Deployment::new(name, self.rules));
        *place = Arc::downgrade(&deployment);
        deployment
    }

    /// Forgets those that no route leads to any more.
    pub fn forget_gone(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, deployment| deployment.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests;
