//! What a failed try means for the next one: whether there is one, where, and after which pause.
//!
//! Another route may take over after anything that is the upstream's own trouble. The same upstream is asked again only where it has
//! surely not done the work: it could not be reached, it broke off without a word, or it said that it is busy. After a time-out, a 502 or a 504
//! it may still be at work, and would bill twice.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, StatusCode, header};
use server::{clock::Clock, config::GatewayConfig, health::Condition};
use tokio::time::Instant;

use super::{Choice, Plan};
use crate::Error;

/// Where the call may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nowhere: the answer is the caller's own business.
    Nowhere,
    /// By another route.
    Elsewhere,
    /// By another route, or by the same after a pause.
    Again,
}

/// A try that came to nothing.
#[derive(Debug)]
pub struct Failure {
    /// Low-cardinality.
    pub class: &'static str,
    pub verdict: Verdict,
    /// How long the upstream wants to be left alone.
    pub asked: Option<Duration>,
    pub what: What,
}

/// What the caller hears when nothing comes after.
#[derive(Debug)]
pub enum What {
    Said(Error),
    /// The upstream's answer, whose body is still to be read.
    Answered(StatusCode, HeaderMap),
}

impl Failure {
    /// Whether the upstream has something against who asks, not against what is asked.
    pub fn is_about_credential(&self) -> bool {
        self.class == UPSTREAM_AUTH
    }

    /// Whether the call's time ran out while it was awaited.
    pub fn is_out_of_time(&self) -> bool {
        self.class == OUT_OF_TIME
    }

    /// Whether it has something against how fast, or how much, it is asked.
    pub fn is_about_pace(&self) -> bool {
        self.class == RATE_LIMITED
    }

    /// Of an upstream whose status is not one of success. `now` in Unix seconds, for dates.
    pub fn answered(status: StatusCode, headers: HeaderMap, now: i64) -> Self {
        let verdict = match status.as_u16() {
            429 | 500 | 503 | 529 if headers.get("x-should-retry").is_none_or(|value| value != "false") => {
                Verdict::Again
            }
            // About our credential or our bill; late; or no answer of the dialect at all.
            300..=399 | 401..=403 | 408 | 429 | 500.. => Verdict::Elsewhere,
            _ => Verdict::Nowhere,
        };
        Failure {
            class: class(status),
            verdict,
            asked: retry_after(&headers, now),
            what: What::Answered(status, headers),
        }
    }
}

const UPSTREAM_AUTH: &str = "upstream_auth";
/// All tries of a call together took longer than it may take.
pub const OUT_OF_TIME: &str = "upstream_total";
const RATE_LIMITED: &str = "upstream_rate_limited";

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401..=403 => UPSTREAM_AUTH,
        429 => RATE_LIMITED,
        503 | 529 => "upstream_overloaded",
        400..500 => "upstream_refused",
        _ => "upstream_failed",
    }
}

const IN_MILLISECONDS: HeaderName = HeaderName::from_static("retry-after-ms");

/// How long an answer asks to be left alone: milliseconds as OpenAI writes them, seconds or a date (RFC 9110 §10.2.3). Anything else is nothing.
pub fn retry_after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(millis) = text(&IN_MILLISECONDS).and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(millis));
    }
    let text = text(&header::RETRY_AFTER)?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(at.saturating_sub(u64::try_from(now).ok()?)))
}

/// The tries that a call has left.
pub struct Tries<'a> {
    clock: &'a Clock,
    left: u32,
    /// The next pause before the same upstream is asked again.
    pause: Duration,
    /// What may still be spent on pauses.
    patience: Duration,
    ends_at: Instant,
}

/// Where to go on, and after which pause.
#[derive(Debug, Clone, Copy)]
pub struct Next {
    pub choice: Choice,
    pub pause: Duration,
}

impl<'a> Tries<'a> {
    /// No try begins after `ends_at`.
    pub fn new(config: &GatewayConfig, clock: &'a Clock, ends_at: Instant) -> Self {
        Tries {
            clock,
            left: config.retries,
            pause: config.retry_pause,
            patience: config.retry_wait,
            ends_at,
        }
    }

    /// Whether another route may still take over.
    pub fn may_move(&self, plan: &Plan) -> bool {
        self.left > 0 && plan.has_next(self.clock.now())
    }

    /// What came of [`Tries::next`] was no try: nothing was sent.
    pub fn give_back(&mut self) {
        self.left += 1;
    }

    /// What comes after `last` failed, if anything.
    pub fn next(&mut self, plan: &mut Plan, last: Choice, failure: &Failure) -> Option<Next> {
        let left = self.ends_at.saturating_duration_since(Instant::now());
        if self.left == 0 || failure.verdict == Verdict::Nowhere || left.is_zero() {
            return None;
        }
        let now = self.clock.now();
        if let Some(choice) = plan.next(now) {
            self.left -= 1;
            return Some(Next {
                choice,
                pause: Duration::ZERO,
            });
        }
        let is_open = plan.route(last).deployment.condition(now) != Condition::Closed;
        if failure.verdict != Verdict::Again || is_open {
            return None;
        }
        let pause = self.with_chance(self.pause).max(failure.asked.unwrap_or_default());
        if pause > self.patience || pause >= left {
            return None;
        }
        self.left -= 1;
        self.patience -= pause;
        self.pause = self.pause.saturating_mul(2);
        Some(Next { choice: last, pause })
    }

    /// Between a half and the whole, so that callers who failed together do not come back together.
    fn with_chance(&self, pause: Duration) -> Duration {
        let [chance] = self.clock.random::<1>();
        pause.mul_f64(0.5 + f64::from(chance) / 512.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn retry_after_is_read_in_every_spelling_and_garbage_is_nothing() {
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
            // Sun, 06 Nov 1994 08:49:37 GMT
            retry_after(&headers, 784_111_777)
        };
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked(" 604800 "), Some(Duration::from_secs(604_800)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:42 GMT"), Some(Duration::from_secs(5)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        for garbage in ["", "soon", "-5", "1.5", "99999999999999999999999", "Sun, 99 Nov 1994"] {
            assert_eq!(asked(garbage), None, "{garbage}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("retry-after-ms", "250".parse().unwrap());
        headers.insert(header::RETRY_AFTER, "1".parse().unwrap());
        assert_eq!(retry_after(&headers, 0), Some(Duration::from_millis(250)));
    }

    #[test]
    fn status_says_where_the_call_may_be_tried_again() {
        let verdict =
            |status: u16| Failure::answered(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), 0).verdict;
        for status in [429, 500, 503, 529] {
            assert_eq!(verdict(status), Verdict::Again, "{status}");
        }
        for status in [307, 401, 402, 403, 408, 502, 504, 520] {
            assert_eq!(verdict(status), Verdict::Elsewhere, "{status}");
        }
        for status in [400, 404, 409, 413, 422] {
            assert_eq!(verdict(status), Verdict::Nowhere, "{status}");
        }
    }

    #[test]
    fn upstream_that_says_do_not_retry_is_not_asked_again() {
        let mut headers = HeaderMap::new();
        headers.insert("x-should-retry", "false".parse().unwrap());
        let failure = Failure::answered(StatusCode::TOO_MANY_REQUESTS, headers, 0);
        assert_eq!(failure.verdict, Verdict::Elsewhere);
    }
}
