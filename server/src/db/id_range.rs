//! Ids are UUID v7, so a span of time is a span of ids, and a filter by time a range of the primary key.

use types::Timestamp;
use uuid::Uuid;

/// A row's id is made a moment before or after its time is read.
const SLACK_MILLIS: i64 = 60_000;
/// Such ids hold 48 bits of time.
const LAST_MILLI: i64 = (1 << 48) - 1;

/// The smallest id that can be made at `time`.
pub(super) fn at(time: Timestamp) -> Uuid {
    let millis = u128::try_from(time.0.clamp(0, LAST_MILLI)).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

/// No row of `time` or later has a smaller id.
pub(super) fn since(time: Timestamp) -> Uuid {
    at(time.plus_millis(-SLACK_MILLIS))
}

/// Every row from before `time` has a smaller id.
pub(super) fn until(time: Timestamp) -> Uuid {
    at(time.plus_millis(SLACK_MILLIS))
}

/// When something began whose request has this id: from a little before it was made to an hour later, since a body may take its time. None for
/// an id of another kind.
pub(super) fn begun(request: Uuid) -> Option<(Timestamp, Timestamp)> {
    const HOUR_MILLIS: i64 = 3_600_000;
    if request.get_version_num() != 7 {
        return None;
    }
    let made = Timestamp(i64::try_from(request.as_u128() >> 80).ok()?);
    Some((made.plus_millis(-SLACK_MILLIS), made.plus_millis(HOUR_MILLIS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn id_lies_in_the_range_of_its_time() {
        let now = Timestamp(1_795_000_000_000);
        let id = Clock::settable(now).new_id();
        assert!(at(now) <= id && id < at(now.plus_millis(1)));
        assert!(since(now) <= id && id < until(now));
        assert!(id < since(now.plus_millis(SLACK_MILLIS + 1)));
        assert_eq!(at(Timestamp(-1)), Uuid::nil());
        assert!(at(Timestamp(i64::MAX)) > id);
    }

    #[test]
    fn what_a_request_began_is_looked_for_around_its_time() {
        let now = Timestamp(1_795_000_000_000);
        let begun = begun(Clock::settable(now).new_id());
        assert!(begun.is_some_and(|(since, until)| since < now && until > now.plus_millis(SLACK_MILLIS)));
        assert_eq!(super::begun(Uuid::nil()), None);
        assert_eq!(super::begun(Uuid::from_u128(4 << 76)), None);
    }
}
