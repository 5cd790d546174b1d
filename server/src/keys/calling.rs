//! A key told to the client that calls with it.

use types::{
    Timestamp,
    keys::{CallingKey, KeyLimits, Permissions, Remaining, Spent, SpentBy},
    usage::Sums,
};

use crate::{
    State,
    db::{self, calls::DAY},
    directory::KeyEntry,
    error::{Error, Result},
    teams,
};

/// What the key may do and has spent, today and this month by the books' own days (UTC). `models`: those it may use now.
///
/// For a caller who presented the key; one who did not gets no [`KeyEntry`] from a request.
pub async fn calling(state: &State, key: &KeyEntry, models: Vec<String>) -> Result<CallingKey> {
    let now = state.clock().now();
    let today = Timestamp(db::calls::bucket(now, DAY));
    let (month, next_month) = month_of(now)?;
    let days = db::usage::days_of_key(state.db(), key.organization_id, key.id, month).await?;
    let sum = |from: Timestamp| {
        let mut sum = Sums::default();
        for (_, more) in days.iter().filter(|(day, _)| *day >= from) {
            sum.requests += more.requests;
            sum.cost_nanos = sum.cost_nanos.saturating_add(more.cost_nanos);
        }
        sum
    };
    let spent = |from: Timestamp, resets_at: Timestamp| {
        let sum = sum(from);
        Spent {
            requests: sum.requests,
            cost_nanos: sum.cost_nanos,
            cost: sum.cost_nanos.to_decimal(),
            resets_at,
        }
    };
    let team = teams::of_key(state, key)?.ok_or_else(teams::unknown)?;
    let left = state.pace().left(&team, key.user_id, now);
    Ok(CallingKey {
        id: key.id,
        name: key.name.clone(),
        organization_id: key.organization_id,
        team_id: key.team_id,
        permissions: Permissions {
            read: key.can_read,
            write: key.can_write,
        },
        models,
        expires_at: key.expires_at,
        limits: KeyLimits {
            budget: None,
            team: team.limits,
        },
        remaining: Remaining {
            requests: left.requests.map(|budget| budget.left),
            tokens: left.tokens.map(|budget| budget.left),
            parallel: left.parallel,
        },
        spent: SpentBy {
            today: spent(today, today.plus_millis(DAY)),
            this_month: spent(month, next_month),
        },
    })
}

/// The first moments of `now`'s month and of the next one, in UTC.
fn month_of(now: Timestamp) -> Result<(Timestamp, Timestamp)> {
    let wrong = |error: jiff::Error| Error::internal(error);
    let day = jiff::Timestamp::from_millisecond(now.0)
        .map_err(wrong)?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let start = |date: jiff::civil::Date| {
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(wrong)?;
        Ok::<_, Error>(Timestamp(zoned.timestamp().as_millisecond()))
    };
    let after = day.last_of_month().tomorrow().map_err(wrong)?;
    Ok((start(day.first_of_month())?, start(after)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn month_begins_and_ends_at_midnight_utc() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        assert_eq!(
            month_of(at("2026-11-28T10:31:03.5Z")).unwrap(),
            (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"))
        );
        assert_eq!(
            month_of(at("2028-02-01T00:00:00Z")).unwrap(),
            (at("2028-02-01T00:00:00Z"), at("2028-03-01T00:00:00Z"))
        );
        assert_eq!(
            month_of(at("2026-12-31T23:59:59.999Z")).unwrap().1,
            at("2027-01-01T00:00:00Z")
        );
    }
}
