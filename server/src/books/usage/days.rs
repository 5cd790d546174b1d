//! Days as people count them: in their time zone, with 23 and 25 hours where the clocks change. All offsets of our time are quarters of an hour, so any
//! such day is a sum of quarter-hours.

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use types::{
    OrganizationId, Refusal, Timestamp, UserId,
    error::FieldErrors,
    usage::{Day, Sums},
};

use super::{priced, take_away};
use crate::{
    db::{
        self, Db,
        calls::{DAY, bucket},
        usage::{DaysAndSpans, Question, Span, add},
    },
    error::{Error, Result},
};

/// Most days that one question may cover: a leap year.
pub const MOST_DAYS: u32 = 366;

pub(crate) async fn daily_of(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    days: u32,
    time_zone: &str,
    now: Timestamp,
) -> Result<Vec<Day>> {
    let calendar = Calendar::of(days, time_zone, now)?;
    let question = Question {
        organization,
        user,
        quarters: None,
        days: Some(calendar.spans()),
    };
    let answer = db::usage::ask(db, question).await?;
    Ok(calendar.fill(&answer.days))
}

/// The last days in a time zone. Their sums are those of whole UTC days; only what lies between a bound and the midnight nearest to it is
/// read by quarter-hours, and added or taken away.
pub(super) struct Calendar {
    dates: Vec<Date>,
    /// Where each date begins, and the end of the last.
    bounds: Vec<i64>,
    /// The midnight nearest to each bound.
    anchors: Vec<i64>,
    /// Places of the bounds that are not their anchors.
    uneven: Vec<usize>,
}

impl Calendar {
    pub fn of(days: u32, time_zone: &str, now: Timestamp) -> Result<Self> {
        let zone = TimeZone::get(time_zone).ok();
        let mut errors = FieldErrors::new();
        if !(1..=MOST_DAYS).contains(&days) {
            errors.insert("days".into(), vec!["out_of_range".into()]);
        }
        if zone.is_none() {
            errors.insert("time_zone".into(), vec!["unknown_value".into()]);
        }
        Refusal::fields(errors)?;
        let (dates, bounds) = bounds(days, zone.unwrap_or(TimeZone::UTC), now).map_err(Error::internal)?;
        let anchors: Vec<i64> = bounds
            .iter()
            .map(|bound| bucket(Timestamp(bound + DAY / 2), DAY))
            .collect();
        let uneven = (0..bounds.len()).filter(|n| bounds[*n] != anchors[*n]).collect();
        Ok(Calendar {
            dates,
            bounds,
            anchors,
            uneven,
        })
    }

    /// The UTC days and the spans to ask the books for.
    pub fn spans(&self) -> (Span, Vec<Span>) {
        let (bounds, anchors) = (&self.bounds, &self.anchors);
        let span = |n: &usize| (bounds[*n].min(anchors[*n]), bounds[*n].max(anchors[*n]));
        let ends = (
            anchors.first().copied().unwrap_or_default(),
            anchors.last().copied().unwrap_or_default(),
        );
        (ends, self.uneven.iter().map(span).collect())
    }

    /// The days with what the books say of [`Self::spans`].
    pub fn fill(&self, (whole, rests): &DaysAndSpans) -> Vec<Day> {
        let mut more: Vec<Sums> = vec![Sums::default(); self.dates.len()];
        let mut less = more.clone();
        for (day, sums) in whole {
            // The last place that begins at or before this day.
            let place = self.anchors.partition_point(|anchor| anchor <= day);
            if let Some(place) = place.checked_sub(1).and_then(|place| more.get_mut(place)) {
                add(place, sums);
            }
        }
        for (place, sums) in rests {
            let Some(bound) = self.uneven.get(*place).copied() else {
                continue;
            };
            // What follows the midnight is of the day before the bound; what precedes it is of the day after.
            let (before, after) = match self.bounds[bound] > self.anchors[bound] {
                true => (&mut more, &mut less),
                false => (&mut less, &mut more),
            };
            if let Some(day) = bound.checked_sub(1).and_then(|day| before.get_mut(day)) {
                add(day, sums);
            }
            if let Some(day) = after.get_mut(bound) {
                add(day, sums);
            }
        }
        for (sums, less) in more.iter_mut().zip(&less) {
            take_away(sums, less);
        }
        let day = |(date, sums): (&Date, &Sums)| Day {
            date: date.to_string(),
            sums: priced(sums),
        };
        self.dates.iter().zip(&more).map(day).collect()
    }
}

/// The dates, oldest first, and where each begins in milliseconds, plus the end of the last.
fn bounds(days: u32, zone: TimeZone, now: Timestamp) -> Result<(Vec<Date>, Vec<i64>), jiff::Error> {
    let today = jiff::Timestamp::from_millisecond(now.0)?.to_zoned(zone.clone()).date();
    let first = today.checked_sub((i64::from(days) - 1).days())?;
    let mut dates = Vec::with_capacity(days as usize);
    let mut bounds = Vec::with_capacity(days as usize + 1);
    for offset in 0..=i64::from(days) {
        let date = first.checked_add(offset.days())?;
        // The first moment of the date, also where midnight is skipped.
        bounds.push(
            date.to_zoned(zone.clone())?
                .start_of_day()?
                .timestamp()
                .as_millisecond(),
        );
        dates.push(date);
    }
    dates.pop();
    Ok((dates, bounds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::db::calls::QUARTER;

    const HOUR: i64 = 4 * QUARTER;

    fn lengths(zone: &str, days: u32, now: &str) -> Vec<i64> {
        let zone = TimeZone::get(zone).unwrap();
        let (_, bounds) = bounds(days, zone, Timestamp::parse(now).unwrap()).unwrap();
        bounds.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn day_of_the_clock_change_has_23_or_25_hours() {
        // 2026-03-29 and 2026-10-25 in Berlin; 2026-03-08 and 2026-11-01 in New York.
        assert_eq!(lengths("Europe/Berlin", 2, "2026-03-29T12:00:00Z"), [DAY, DAY - HOUR]);
        assert_eq!(lengths("Europe/Berlin", 2, "2026-10-25T12:00:00Z"), [DAY, DAY + HOUR]);
        assert_eq!(lengths("America/New_York", 1, "2026-03-08T12:00:00Z"), [DAY - HOUR]);
        assert_eq!(lengths("America/New_York", 1, "2026-11-01T12:00:00Z"), [DAY + HOUR]);
        // Cairo skips midnight itself.
        assert_eq!(lengths("Africa/Cairo", 1, "2026-04-24T12:00:00Z"), [DAY - HOUR]);
    }

    #[test]
    fn every_zones_days_begin_on_a_quarter_of_an_hour() {
        let now = Timestamp::parse("2026-06-30T12:00:00Z").unwrap();
        for name in jiff::tz::db().available() {
            let zone = TimeZone::get(name.as_str()).unwrap();
            let (dates, bounds) = bounds(366, zone, now).unwrap();
            assert_eq!(dates.len(), 366);
            assert!(bounds.iter().all(|bound| bound % QUARTER == 0), "{name}");
        }
    }

    #[test]
    fn today_is_the_readers_today() {
        let now = Timestamp::parse("2026-06-30T20:00:00Z").unwrap();
        let today = |zone: &str| bounds(1, TimeZone::get(zone).unwrap(), now).unwrap().0[0].to_string();
        assert_eq!(today("UTC"), "2026-06-30");
        assert_eq!(today("Asia/Kathmandu"), "2026-07-01");
        assert_eq!(today("America/New_York"), "2026-06-30");
    }
}
