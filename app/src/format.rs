//! Words for numbers, money and times in the reader's language and time zone, and the views made of them.
//!
//! Only integers: money is rounded for tiles and axes, and shown to the last digit in tables.

use jiff::{Zoned, tz::TimeZone};
use server::sessions::User;
use types::{Timestamp, usage};

use crate::{
    api::{
        Moment,
        keys::{KeyState, KeyView},
        organization_usage::{SumsOf, SumsView},
        overview::{CallView, FirstToken, Month},
        playground::Figures,
    },
    locale::Locale,
    request::{Request, cookie},
};

mod chart;
mod device;
mod numbers;
pub mod recipe;

pub use device::device;
pub use numbers::Numbers;

pub struct Format {
    pub numbers: Numbers,
    pub zone_name: String,
    zone: TimeZone,
    now: Timestamp,
}

impl Format {
    /// The account's time zone; an account that never chose one takes the browser's.
    pub fn of(request: &Request, user: &User) -> Self {
        let stored = Some(user.entry().time_zone.as_str()).filter(|name| *name != "UTC");
        let browser = cookie::read(&request.parts.headers, cookie::ZONE);
        let known = |name: &&str| name.len() <= 64 && TimeZone::get(name).is_ok();
        let name = stored.filter(known).or(browser.filter(known)).unwrap_or("UTC");
        Format::new(request.locale(), name, request.state.clock().now())
    }

    pub fn new(locale: Locale, zone: &str, now: Timestamp) -> Self {
        Format {
            numbers: Numbers(locale),
            zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
            zone_name: zone.to_owned(),
            now,
        }
    }

    fn zoned(&self, at: Timestamp) -> Zoned {
        jiff::Timestamp::from_millisecond(at.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
    }

    /// When this month began for the reader.
    pub fn month_start(&self, now: Timestamp) -> Timestamp {
        let first = self.zoned(now).first_of_month().and_then(|day| day.start_of_day());
        first.map_or(now, |start| Timestamp(start.timestamp().as_millisecond()))
    }

    /// A time today, a day with its time otherwise.
    pub fn moment(&self, at: Timestamp) -> Moment {
        let (then, now) = (self.zoned(at), self.zoned(self.now));
        let clock = |seconds: bool| {
            let (hour, minute) = (then.hour(), then.minute());
            if seconds {
                format!("{hour:02}:{minute:02}:{:02}", then.second())
            } else {
                format!("{hour:02}:{minute:02}")
            }
        };
        let text = if then.date() == now.date() {
            clock(true)
        } else if then.year() == now.year() {
            format!("{} {}", self.numbers.day(then.day(), then.month()), clock(false))
        } else {
            self.date_text(&then)
        };
        Moment {
            iso: at.to_rfc3339(),
            text,
        }
    }

    /// When a day such as `2026-11-28` begins for the reader, and when the next one does.
    pub fn day(&self, text: &str) -> Option<(Timestamp, Timestamp)> {
        let day: jiff::civil::Date = text.parse().ok()?;
        let begins = |day: jiff::civil::Date| {
            let start = day.to_zoned(self.zone.clone()).ok()?;
            Some(Timestamp(start.timestamp().as_millisecond()))
        };
        Some((begins(day)?, begins(day.tomorrow().ok()?)?))
    }

    pub fn date(&self, at: Timestamp) -> Moment {
        Moment {
            iso: at.to_rfc3339(),
            text: self.date_text(&self.zoned(at)),
        }
    }

    fn date_text(&self, at: &Zoned) -> String {
        format!("{} {}", self.numbers.day(at.day(), at.month()), at.year())
    }

    pub fn key(&self, key: &types::keys::Key) -> KeyView {
        let expired = key.expires_at.is_some_and(|at| at <= self.now);
        KeyView {
            id: key.id.to_string(),
            name: key.name.clone(),
            hint: key.hint.clone(),
            models: key.models.clone(),
            created: self.date(key.created_at),
            last_used: key.last_used_at.map(|at| self.moment(at)),
            expires: key.expires_at.map(|at| self.date(at)),
            state: match (key.revoked_at, expired) {
                (Some(_), _) => KeyState::Revoked,
                (None, true) => KeyState::Expired,
                (None, false) => KeyState::Active,
            },
        }
    }

    pub fn call(&self, call: &usage::Call) -> CallView {
        let (tokens, numbers) = (&call.tokens, &self.numbers);
        let cached = [tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h];
        CallView {
            request_id: call.request_id.clone(),
            at: self.moment(call.created_at),
            model: call.model.clone(),
            key: call.key.as_ref().map(|key| key.name.clone()),
            input: numbers.count(tokens.input),
            cached: numbers.count(cached.into_iter().fold(0, u64::saturating_add)),
            output: numbers.count(tokens.output),
            cost: (!call.unpriced).then(|| numbers.money(call.cost_nanos)),
            first_token: call.ttft_ms.map(|ms| numbers.millis(ms)),
            status: call.status,
            reason: call.error_class.clone(),
            estimated: call.source == usage::UsageSource::Estimated,
        }
    }

    pub fn figures(&self, call: &usage::Call) -> Figures {
        let (tokens, numbers) = (&call.tokens, &self.numbers);
        Figures {
            input: numbers.count(tokens.input),
            cache_read: numbers.count(tokens.cache_read),
            cache_write: numbers.count(tokens.cache_write_5m.saturating_add(tokens.cache_write_1h)),
            output: numbers.count(tokens.output),
            cost: (!call.unpriced).then(|| numbers.money(call.cost_nanos)),
            first_token: call.ttft_ms.map(|ms| numbers.millis(ms)),
            total: call.latency_ms.map(|ms| numbers.millis(ms)),
            status: call.status,
            estimated: call.source == usage::UsageSource::Estimated,
        }
    }

    pub fn month(&self, sums: &usage::Sums, today: Option<&usage::Day>) -> Month {
        let numbers = &self.numbers;
        let tokens = &sums.tokens;
        let some = |count: u64| (count > 0).then(|| numbers.count(count));
        let input = tokens.total().saturating_sub(tokens.output);
        Month {
            cost: numbers.money_short(sums.cost_nanos),
            cost_today: numbers.money_short(today.map(|day| day.sums.cost_nanos).unwrap_or_default()),
            tokens: numbers.compact(tokens.total()),
            cached: (tokens.cache_read > 0 && input > 0).then(|| numbers.share(tokens.cache_read, input)),
            requests: numbers.count(sums.requests),
            any_requests: sums.requests > 0,
            failed: some(sums.failed),
            unpriced: some(sums.unpriced),
        }
    }

    /// A line each for the dearest hundred, and one for all others.
    pub fn sums(&self, slices: Vec<usage::Slice>) -> Vec<SumsView> {
        let (leading, others) = server::books::usage::leading(slices, 100);
        let named = |slice: &usage::Slice| match (slice.name.as_str(), slice.id.as_str()) {
            ("", server::books::usage::ACCESS_TOKEN) => SumsOf::Tokens,
            ("", _) => SumsOf::Gone,
            (name, _) => SumsOf::Named(name.to_owned()),
        };
        let mut lines: Vec<_> = leading
            .iter()
            .map(|slice| self.line(named(slice), &slice.sums))
            .collect();
        lines.extend(others.map(|(count, sums)| {
            let count = self.numbers.count(u64::try_from(count).unwrap_or(u64::MAX));
            self.line(SumsOf::Others(count), &sums)
        }));
        lines
    }

    fn line(&self, name: SumsOf, sums: &usage::Sums) -> SumsView {
        SumsView {
            name,
            cost: self.numbers.money(sums.cost_nanos),
            tokens: self.numbers.count(sums.tokens.total()),
            requests: self.numbers.count(sums.requests),
        }
    }

    /// Over the calls given, as far as they had a first token.
    pub fn first_token(&self, calls: &[usage::Call]) -> Option<FirstToken> {
        let mut times: Vec<u64> = calls.iter().filter_map(|call| call.ttft_ms).collect();
        times.sort_unstable();
        let count = u64::try_from(times.len()).ok()?;
        let median = *times.get(times.len().saturating_sub(1) / 2)?;
        let sum = times.iter().fold(0u64, |sum, time| sum.saturating_add(*time));
        Some(FirstToken {
            median: self.numbers.millis(median),
            mean: self.numbers.millis(sum.checked_div(count)?),
            calls: self.numbers.count(count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-18T11:06:40Z
    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    #[test]
    fn moment_is_told_in_the_readers_zone_and_language() {
        let english = Format::new(Locale::En, "UTC", NOW);
        assert_eq!(english.moment(NOW).text, "11:06:40");
        assert_eq!(english.moment(NOW).iso, "2026-11-18T11:06:40.000Z");
        assert_eq!(english.moment(NOW.plus_secs(-86_400)).text, "17\u{a0}Nov 11:06");
        assert_eq!(english.moment(NOW.plus_secs(-400 * 86_400)).text, "14\u{a0}Oct 2025");
        let russian = Format::new(Locale::Ru, "Asia/Tokyo", NOW.plus_secs(4 * 3600));
        assert_eq!(russian.moment(NOW).text, "18\u{a0}нояб. 20:06");
    }

    #[test]
    fn day_is_the_readers() {
        let tokyo = Format::new(Locale::En, "Asia/Tokyo", NOW);
        let (from, to) = tokyo.day("2026-11-18").unwrap_or_default();
        assert_eq!(from.to_rfc3339(), "2026-11-17T15:00:00.000Z");
        assert_eq!(to.to_rfc3339(), "2026-11-18T15:00:00.000Z");
        for wrong in ["", "yesterday", "2026-13-01", "2026-02-30", "18.11.2026"] {
            assert_eq!(tokyo.day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn month_begins_at_the_readers_midnight() {
        let tokyo = Format::new(Locale::En, "Asia/Tokyo", NOW);
        assert_eq!(tokyo.month_start(NOW).to_rfc3339(), "2026-10-31T15:00:00.000Z");
    }
}
