//! How often the account API may be asked: one budget for every signed-in person, a smaller one for every address without a
//! sign-in. Answers say what is left (`RateLimit-Policy`, `RateLimit`: draft-ietf-httpapi-ratelimit-headers).
//!
//! Doors that sign people in are counted here like all others, and by `sign_in::limits` more strictly; health checks by nobody. The
//! layer finds out who asks and leaves it for the extractors, so that it is looked up once.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use governor::{
    NotUntil, Quota, RateLimiter, clock::Clock as Ticks, middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use types::{Refusal, UserId, error::Code};

use super::RequestId;
use crate::{
    clock::Clock,
    config::RateLimits,
    http::{
        extract::{self, Asker},
        problem, rate_fields,
    },
};

/// Keys kept apart. What comes beyond shares keys, so memory is bounded and nobody goes uncounted.
const MOST_KEYS: usize = 50_000;
const SHARED_KEYS: u64 = 1024;
/// The store's size is looked at once in so many requests.
const LOOK_EVERY: u32 = 256;

/// Doors whose answers do not say what is left: two refused sign-ins are equal to the byte.
const SILENT: [&str; 5] = [
    "/auth/register",
    "/auth/signup",
    "/auth/login",
    "/auth/cli-login",
    "/auth/request-link",
];

/// The process's counts of the account API. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

struct Inner {
    people: Class<UserId>,
    addresses: Class<Network>,
}

impl Limiter {
    pub fn new(rules: &RateLimits, clock: &Clock) -> Self {
        Limiter(Arc::new(Inner {
            people: Class::new("user", rules.max_requests, rules.window, clock),
            addresses: Class::new("anonymous", rules.anonymous_requests, rules.window, clock),
        }))
    }
}

/// Who proved who they are, told outwards in the response's extensions.
#[derive(Clone, Copy)]
pub(super) struct AskedBy(pub(super) UserId);

/// Refuses with 429 what is over the limit, before anything behind it runs.
pub async fn limits(State(state): State<crate::State>, request: Request, next: Next) -> Response {
    let door = door(request.uri().path());
    if door == Some("/health") {
        return next.run(request).await;
    }
    let is_silent = door.is_some_and(|door| SILENT.contains(&door));
    let limiter = state.limiter().clone();
    let (mut parts, body) = request.into_parts();
    let mut asked_by = None;
    let verdict = match Asker::of(&state, &parts).await {
        // Wrong credentials, and those that cannot be checked now, are told by the door; here they are nobody's.
        Err(_) | Ok(None) => limiter
            .0
            .addresses
            .check(Network::of(extract::client_address(&state, &parts))),
        Ok(Some(asker)) => {
            let id = asker.user().id();
            asked_by = Some(AskedBy(id));
            let verdict = limiter.0.people.check(id);
            parts.extensions.insert(asker);
            verdict
        }
    };
    let request = Request::from_parts(parts, body);
    let mut response = match verdict.wait {
        None => next.run(request).await,
        Some(seconds) => {
            let refusal = Refusal {
                retry_after: Some(seconds),
                ..Refusal::new(
                    Code::RateLimited,
                    format!("Too many requests. Try again in {seconds} s."),
                )
            };
            problem::render(
                &refusal,
                &RequestId::of(&state, request.extensions(), request.headers()).0,
            )
        }
    };
    if let Some(asked_by) = asked_by {
        response.extensions_mut().insert(asked_by);
    }
    if !is_silent {
        verdict.write(response.headers_mut());
    }
    response
}

/// The path below the mount.
pub(super) fn door(path: &str) -> Option<&str> {
    let rests = ["/api/v1", "/api", "/v1"]
        .iter()
        .filter_map(|mount| path.strip_prefix(mount));
    rests.into_iter().find(|rest| rest.starts_with('/'))
}

/// An address, or the network that one IPv6 customer has.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 4]),
    V6([u8; 8]),
    Unknown,
}

impl Network {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Network::V4(address.octets()),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Network::V6([a, b, c, d, e, f, g, h])
            }
            None => Network::Unknown,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key<K> {
    Own(K),
    Shared(u64),
}

/// The process's clock as governor wants it.
#[derive(Clone)]
struct Time(Clock);

impl Ticks for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0))
    }
}

type Store<K> = DashMapStateStore<Key<K>>;

/// One budget per key.
struct Class<K: Clone + Eq + Hash> {
    name: &'static str,
    most: u32,
    window: Duration,
    clock: Time,
    limiter: RateLimiter<Key<K>, Store<K>, Time, StateInformationMiddleware>,
    asked: AtomicU32,
    full: AtomicBool,
    hasher: RandomState,
}

impl<K: Clone + Eq + Hash> Class<K> {
    fn new(name: &'static str, most: u32, window: Duration, clock: &Clock) -> Self {
        let burst = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
        // None only for a window shorter than a nanosecond a request.
        let quota = Quota::with_period(window / burst.get()).unwrap_or_else(|| Quota::per_second(burst));
        let quota = quota.allow_burst(burst);
        let clock = Time(clock.clone());
        Class {
            name,
            most: burst.get(),
            window,
            limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()).with_middleware(),
            clock,
            asked: AtomicU32::new(0),
            full: false.into(),
            hasher: RandomState::new(),
        }
    }

    fn check(&self, key: K) -> Verdict {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            if self.limiter.len() >= MOST_KEYS {
                self.limiter.retain_recent();
            }
            self.full.store(self.limiter.len() >= MOST_KEYS, Ordering::Relaxed);
        }
        let key = if self.full.load(Ordering::Relaxed) {
            Key::Shared(self.share(&key))
        } else {
            Key::Own(key)
        };
        let (left, wait) = match self.limiter.check_key(&key) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), None),
            Err(until) => (0, Some(self.wait(&until))),
        };
        Verdict {
            name: self.name,
            most: self.most,
            window: self.window,
            left,
            wait,
        }
    }

    fn share(&self, key: &K) -> u64 {
        self.hasher.hash_one(key) % SHARED_KEYS
    }

    fn wait(&self, until: &NotUntil<Duration>) -> u64 {
        let wait = until.wait_time_from(self.clock.now());
        u64::try_from(wait.as_millis().div_ceil(1000))
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

/// What is left of a budget.
struct Verdict {
    name: &'static str,
    most: u32,
    window: Duration,
    left: u32,
    /// Seconds until the next request; only when this one is over the limit.
    wait: Option<u64>,
}

impl Verdict {
    fn write(&self, headers: &mut HeaderMap) {
        let spent = u64::from(self.most - self.left.min(self.most));
        let window = u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX);
        let full_in = window.saturating_mul(spent).div_ceil(u64::from(self.most));
        let quota = rate_fields::Quota {
            name: self.name,
            most: self.most,
            window: window.div_ceil(1000),
            left: self.left,
            full_in: full_in.div_ceil(1000),
        };
        rate_fields::write(&[quota], headers);
    }
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    #[test]
    fn door_is_the_same_at_every_mount() {
        for path in ["/api/v1/auth/login", "/api/auth/login", "/v1/auth/login"] {
            assert_eq!(door(path), Some("/auth/login"));
        }
        assert_eq!(door("/auth/login"), None);
        assert_eq!(door("/api/v1"), Some("/v1"));
    }

    #[test]
    fn keys_beyond_the_most_share_and_memory_stays_bounded() {
        let clock = Clock::settable(Timestamp(1_795_000_000_000));
        let class = Class::<u32>::new("user", 2, Duration::from_secs(60), &clock);
        let keys = u32::try_from(MOST_KEYS).unwrap_or(u32::MAX) * 2;
        for key in 0..keys {
            class.check(key);
        }
        let most = MOST_KEYS + usize::try_from(SHARED_KEYS).unwrap_or(0) + usize::try_from(LOOK_EVERY).unwrap_or(0);
        assert!(class.limiter.len() <= most, "{}", class.limiter.len());
        // Everybody beyond is refused by now: 50,000 requests for 1,024 shares of two.
        assert!(class.check(keys + 1).wait.is_some());
        clock.advance(60_000);
        for key in 0..LOOK_EVERY {
            class.check(key);
        }
        assert!(class.check(keys + 2).wait.is_none());
    }
}
