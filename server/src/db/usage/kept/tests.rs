#![allow(clippy::unwrap_used)]
use uuid::Uuid;

use super::*;

fn id(number: u128) -> OrganizationId {
    OrganizationId(Uuid::from_u128(number))
}

/// A day of so many parts with a call each.
fn day(parts: usize) -> Arc<Day> {
    let part = |n: usize| Part {
        user_id: Uuid::from_u128(n as u128),
        api_key_id: Uuid::nil(),
        model: Arc::from("sonnet"),
        sums: Sums {
            requests: 1,
            ..Sums::default()
        },
    };
    Arc::new(Day::new((0..parts).map(part).collect()))
}

fn days(starts: impl IntoIterator<Item = i64>, parts: usize) -> Days {
    starts.into_iter().map(|start| (start, day(parts))).collect()
}

fn kept(kept: &Kept, organization: OrganizationId) -> Option<Vec<i64>> {
    Some(kept.organizations().get(&organization)?.days.keys().copied().collect())
}

#[test]
fn only_the_large_get_a_place() {
    let store = Kept::new(3, 10);
    store.notice(id(1), 3);
    store.notice(id(2), 4);
    assert!(store.days(id(1)).is_none());
    assert!(store.days(id(2)).unwrap().is_empty());
    store.put(id(1), days([0], 1), (0, 1));
    assert_eq!((kept(&store, id(1)), kept(&store, id(2))), (None, Some(vec![])));
}

#[test]
fn least_recently_asked_organization_goes_first() {
    let store = Kept::new(0, 10);
    for organization in [1, 2, 3] {
        store.notice(id(organization), 1);
        store.put(id(organization), days([0], 3), (0, 1));
    }
    store.days(id(1));
    store.put(id(3), days([1], 4), (0, 2));
    assert_eq!(kept(&store, id(1)), Some(vec![0]));
    assert_eq!(kept(&store, id(2)), None);
    assert_eq!(kept(&store, id(3)), Some(vec![0, 1]));
}

#[test]
fn one_organization_keeps_no_more_than_fits() {
    let store = Kept::new(0, 10);
    store.notice(id(1), 1);
    store.put(id(1), days(0..3, 3), (0, 3));
    store.put(id(1), days(3..5, 3), (2, 5));
    assert_eq!(kept(&store, id(1)), Some(vec![2, 3, 4]));
}

#[test]
fn folded_sums_are_of_the_days_as_they_were_seen() {
    let store = Kept::new(0, 100);
    store.notice(id(1), 1);
    let fold = |days: Days| {
        let seen = days.iter().map(|(start, day)| (*start, day.witness)).collect();
        store.folded(id(1), &days, seen)
    };
    let first = fold(days([0, 1], 3));
    assert_eq!((first.total.requests, first.by_member.len()), (6, 3));
    assert!(Arc::ptr_eq(&first, &fold(days([0, 1], 3))));
    assert_eq!(fold(days([0, 1], 4)).total.requests, 8);
    assert_eq!(fold(days([1], 3)).total.requests, 3);
    assert_eq!(fold(days([0, 1], 3)).total.requests, 6);
}
