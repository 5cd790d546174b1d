//! What is read equals what was booked, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::field_reassign_with_default
)]

use std::{collections::BTreeMap, sync::Arc};

use jiff::tz::TimeZone;
use types::{
    CallId, ConversationId, KeyId, OrganizationId, Price, PriceId, Timestamp, Tokens, UserId,
    money::Prices,
    usage::{CallStatus, UsageSource},
};
use uuid::Uuid;

use super::{ACCESS_TOKEN, Names, days::daily_of, recent_of, summary_and_days_of, summary_of};
use crate::{
    books::ledger::{Call, Group, OpenCall, Outcome, Settled},
    db::{
        Db,
        calls::{DAY, Left, Writer, left_behind},
        testing::{House, START, on_both_databases},
        usage::{by_conversation, kept_days},
    },
    error::Error,
};

on_both_databases!(
    days_are_summed_in_any_time_zone,
    summary_counts_what_was_opened_in_its_time,
    summary_is_sliced_by_model_key_and_member,
    members_sums_are_their_own,
    latest_calls_come_first_with_those_under_way,
    another_organizations_books_stay_closed,
    conversation_sums_are_of_ones_own_calls,
    wrong_questions_are_refused,
    kept_days_say_what_the_books_say,
    late_calls_are_in_the_next_answer,
    small_organizations_keep_nothing,
    kept_days_are_of_one_organization,
);

const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(1));
const HOUR: i64 = 3_600_000;
/// After everything that is asked about.
const LATER: Timestamp = Timestamp(1_900_000_000_000);

/// Key 3 is the laptop; nobody else has a name.
fn names() -> Names<'static> {
    Names {
        key: Box::new(|id| (id == Uuid::from_u128(3)).then(|| "laptop".to_owned())),
        user: Box::new(|_| None),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn open(opened_at: Timestamp) -> OpenCall {
    let prices = Prices {
        input: Price(1_000_000),
        ..Prices::default()
    };
    OpenCall {
        call_id: CallId(Uuid::now_v7()),
        request_id: "req".to_owned(),
        organization_id: ORGANIZATION,
        user_id: UserId(Uuid::from_u128(2)),
        key_id: Some(KeyId(Uuid::from_u128(3))),
        model: "sonnet".to_owned(),
        provider: "vendor".to_owned(),
        upstream_model: "sonnet".to_owned(),
        price: Some((PriceId(Uuid::from_u128(4)), prices)),
        endpoint: "/v1/messages",
        stream: false,
        opened_at,
        conversation_id: None,
    }
}

/// Costs 1,000 nano-dollars a token.
fn settled(call: OpenCall, input: u64) -> Settled {
    let settled_at = call.opened_at.plus_secs(1);
    let outcome = Outcome {
        status: CallStatus::Settled,
        http_status: 200,
        source: UsageSource::Provider,
        tokens: Tokens {
            input,
            ..Tokens::default()
        },
        latency_ms: 1_000,
        ttft_ms: None,
        error_class: None,
        served_by: None,
        attempts: None,
    };
    Settled::new(Arc::new(Call::open(1, call)), outcome, settled_at)
}

async fn book(house: &House, settled: Vec<Settled>) {
    let group = Group {
        settled,
        ..Group::default()
    };
    Writer::new(&house.db, 1).commit(&group).await.unwrap();
}

async fn days_are_summed_in_any_time_zone(house: &House) {
    // A call every 47 minutes over the changes of the clocks in New Zealand, Europe and America, each with a count of its own.
    let (first, last) = (at("2026-09-22T00:00:00Z"), at("2026-11-06T00:00:00Z"));
    let times: Vec<i64> = (first.0..last.0).step_by(47 * 60_000 + 13).collect();
    book(
        house,
        times
            .iter()
            .zip(1..)
            .map(|(time, input)| settled(open(Timestamp(*time)), input))
            .collect(),
    )
    .await;
    let now = at("2026-11-04T15:00:00Z");
    for name in [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Pacific/Auckland",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
    ] {
        let zone = TimeZone::get(name).unwrap();
        let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for (time, input) in times.iter().zip(1..) {
            let date = jiff::Timestamp::from_millisecond(*time)
                .unwrap()
                .to_zoned(zone.clone())
                .date();
            let day = expected.entry(date.to_string()).or_default();
            *day = (day.0 + 1, day.1 + input);
        }
        let days = daily_of(&house.db, ORGANIZATION, None, 45, name, now).await.unwrap();
        assert_eq!(days.len(), 45);
        assert!(days.windows(2).all(|pair| pair[0].date < pair[1].date));
        for day in days {
            let (requests, input) = expected.get(&day.date).copied().unwrap_or_default();
            assert_eq!(
                (day.sums.requests, day.sums.tokens.input),
                (requests, input),
                "{name} {}",
                day.date
            );
            assert_eq!(day.sums.cost_nanos.0, i64::try_from(input * 1_000).unwrap());
            assert_eq!(day.sums.cost, day.sums.cost_nanos.to_decimal());
        }
    }
}

async fn summary_counts_what_was_opened_in_its_time(house: &House) {
    let start = at("2026-10-30T00:00:00Z");
    let times: Vec<i64> = (0..6 * 24 * 4).map(|quarter| start.0 + quarter * 900_000 + 1).collect();
    book(
        house,
        times.iter().map(|time| settled(open(Timestamp(*time)), 1)).collect(),
    )
    .await;
    let spans = [
        (start, start.plus_millis(6 * 24 * HOUR)),
        (start.plus_millis(HOUR), start.plus_millis(2 * HOUR)),
        (start.plus_millis(5 * HOUR), start.plus_millis(100 * HOUR)),
        (start.plus_millis(23 * HOUR), start.plus_millis(25 * HOUR)),
        (start.plus_millis(24 * HOUR), start.plus_millis(72 * HOUR)),
        (start.plus_millis(HOUR), start.plus_millis(HOUR)),
        (start.plus_millis(2 * HOUR), start.plus_millis(HOUR)),
    ];
    for (from, to) in spans {
        let expected = times.iter().filter(|time| **time >= from.0 && **time < to.0).count();
        let summary = summary_of(&house.db, ORGANIZATION, None, (from, to), LATER, &names())
            .await
            .unwrap();
        assert_eq!(summary.total.requests, expected as u64, "{from} {to}");
        assert_eq!((summary.from, summary.to), (from, to));
    }
    // The quarter of an hour that is under way is in it.
    let summary = summary_of(
        &house.db,
        ORGANIZATION,
        None,
        (start, start.plus_millis(2)),
        LATER,
        &names(),
    )
    .await
    .unwrap();
    assert_eq!((summary.total.requests, summary.total.cost.as_str()), (1, "0.000001"));
    // Up to now: the day that is not over comes from its own sum.
    let now = Timestamp(times[times.len() - 1] + 1);
    for from in [0, 3, 5 * 24 + 7] {
        let from = start.plus_millis(from * HOUR);
        let expected = times.iter().filter(|time| **time >= from.0).count();
        let summary = summary_of(&house.db, ORGANIZATION, None, (from, now), now, &names())
            .await
            .unwrap();
        assert_eq!((summary.total.requests, summary.to), (expected as u64, now), "{from}");
    }
}

async fn summary_is_sliced_by_model_key_and_member(house: &House) {
    let time = at("2026-11-18T10:00:00Z");
    let small = OpenCall {
        model: "haiku".to_owned(),
        key_id: None,
        user_id: UserId(Uuid::from_u128(5)),
        ..open(time)
    };
    book(
        house,
        vec![settled(open(time), 10), settled(open(time), 20), settled(small, 5)],
    )
    .await;
    let summary = summary_of(
        &house.db,
        ORGANIZATION,
        None,
        (time, time.plus_secs(60)),
        LATER,
        &names(),
    )
    .await
    .unwrap();
    let shown = |slices: &[types::usage::Slice]| -> Vec<(String, String, u64, i64)> {
        slices
            .iter()
            .map(|s| (s.id.clone(), s.name.clone(), s.sums.requests, s.sums.cost_nanos.0))
            .collect()
    };
    let line = |id: &str, name: &str, requests, cost| (id.to_owned(), name.to_owned(), requests, cost);
    assert_eq!(
        shown(&summary.by_model),
        [line("sonnet", "sonnet", 2, 30_000), line("haiku", "haiku", 1, 5_000)]
    );
    let key = Uuid::from_u128(3).to_string();
    assert_eq!(
        shown(&summary.by_key),
        [line(&key, "laptop", 2, 30_000), line(ACCESS_TOKEN, "", 1, 5_000)]
    );
    assert_eq!(summary.by_member.len(), 2);
    assert_eq!(summary.total.tokens.input, 35);
    assert_eq!(summary.total.cost, "0.000035");

    let calls = recent_of(&house.db, ORGANIZATION, 10, &names()).await.unwrap();
    let names: Vec<_> = calls
        .iter()
        .map(|call| call.key.as_ref().map(|key| key.name.as_str()))
        .collect();
    assert_eq!(names.iter().filter(|name| **name == Some("laptop")).count(), 2);
    assert_eq!(names.iter().filter(|name| name.is_none()).count(), 1);
}

async fn members_sums_are_their_own(house: &House) {
    let time = at("2026-11-18T10:00:00Z");
    let (mine, other) = (UserId(Uuid::from_u128(2)), UserId(Uuid::from_u128(5)));
    let theirs = OpenCall {
        user_id: other,
        ..open(time)
    };
    let elsewhere = OpenCall {
        organization_id: OrganizationId(Uuid::from_u128(9)),
        ..open(time)
    };
    let calls = vec![settled(open(time), 10), settled(theirs, 20), settled(elsewhere, 40)];
    book(house, calls).await;
    let until = time.plus_secs(60);
    for (user, input) in [(mine, 10), (other, 20), (UserId(Uuid::from_u128(7)), 0)] {
        let summary = summary_of(&house.db, ORGANIZATION, Some(user), (time, until), LATER, &names())
            .await
            .unwrap();
        assert_eq!(summary.total.tokens.input, input);
        assert!(summary.by_member.iter().all(|slice| slice.id == user.to_string()));
        let keys: u64 = summary.by_key.iter().map(|slice| slice.sums.tokens.input).sum();
        assert_eq!(keys, input);
        // Days too, also where they are put together from quarter-hours.
        for zone in ["UTC", "Asia/Kathmandu"] {
            let days = daily_of(&house.db, ORGANIZATION, Some(user), 3, zone, until)
                .await
                .unwrap();
            let days: u64 = days.iter().map(|day| day.sums.tokens.input).sum();
            assert_eq!(days, input, "{zone}");
        }
    }
}

async fn latest_calls_come_first_with_those_under_way(house: &House) {
    let start = at("2026-11-18T10:00:00Z");
    let mut group = Group::default();
    group.settled = (0..30).map(|n| settled(open(start.plus_secs(n)), 1)).collect();
    group.opens = vec![Arc::new(Call::open(77, open(start.plus_secs(100))))];
    Writer::new(&house.db, 1).commit(&group).await.unwrap();
    let calls = recent_of(&house.db, ORGANIZATION, 20, &names()).await.unwrap();
    assert_eq!(calls.len(), 20);
    assert!(calls.windows(2).all(|pair| pair[0].created_at > pair[1].created_at));
    assert_eq!((calls[0].status, calls[0].settled_at), (CallStatus::Open, None));
    assert_eq!(
        (calls[1].status, calls[1].settled_at),
        (CallStatus::Settled, Some(start.plus_secs(30)))
    );
    assert_eq!(calls[1].latency_ms, Some(1_000));
}

async fn another_organizations_books_stay_closed(house: &House) {
    let time = at("2026-11-18T10:00:00Z");
    book(house, vec![settled(open(time), 10)]).await;
    let mut group = Group::default();
    group.opens = vec![Arc::new(Call::open(78, open(time)))];
    Writer::new(&house.db, 1).commit(&group).await.unwrap();
    let other = OrganizationId(Uuid::from_u128(99));
    assert!(recent_of(&house.db, other, 20, &names()).await.unwrap().is_empty());
    assert_eq!(
        summary_of(&house.db, other, None, (time, time.plus_secs(60)), LATER, &names())
            .await
            .unwrap()
            .total
            .requests,
        0
    );
    let days = daily_of(&house.db, other, None, 2, "UTC", time).await.unwrap();
    assert!(days.iter().all(|day| day.sums.requests == 0));
}

async fn conversation_sums_are_of_ones_own_calls(house: &House) {
    let time = at("2026-11-18T10:00:00Z");
    let id = |number| ConversationId(Uuid::from_u128(number));
    let named = |call: OpenCall, number| OpenCall {
        conversation_id: Some(id(number)),
        ..call
    };
    let stranger = OpenCall {
        user_id: UserId(Uuid::from_u128(9)),
        ..open(time)
    };
    let unpriced = OpenCall {
        price: None,
        ..open(time)
    };
    let mut failed = settled(named(open(time), 50), 1);
    failed.status = CallStatus::UpstreamTruncated;
    let calls = vec![
        settled(named(open(time), 50), 10),
        settled(named(unpriced, 50), 20),
        failed,
        settled(named(open(time), 51), 100),
        settled(named(stranger, 50), 1_000),
        settled(open(time), 10_000),
    ];
    book(house, calls).await;
    // One that is under way keeps its name, also for those who book it as lost.
    let mut group = Group::default();
    group.opens = vec![Arc::new(Call::open(79, named(open(time), 50)))];
    Writer::new(&house.db, 1).commit(&group).await.unwrap();
    let found = left_behind(&house.db, Left::ByAllBut(2), 10).await.unwrap();
    assert_eq!(found[0].call.conversation_id, Some(id(50)));

    let user = UserId(Uuid::from_u128(2));
    let mut sums = by_conversation(&house.db, user, &[id(52), id(51), id(50)])
        .await
        .unwrap();
    sums.sort_by_key(|(id, _)| *id);
    let shown: Vec<_> = sums
        .iter()
        .map(|(id, sums)| {
            let counts = (sums.requests, sums.refused, sums.failed, sums.unpriced);
            (*id, counts, sums.tokens.input, sums.cost_nanos.0)
        })
        .collect();
    assert_eq!(
        shown,
        [(id(50), (3, 0, 1, 1), 31, 11_000), (id(51), (1, 0, 0, 0), 100, 100_000)]
    );
    assert_eq!(sums[0].1.cost, "0.000011");
    assert!(by_conversation(&house.db, user, &[]).await.unwrap().is_empty());
    let nobody = UserId(Uuid::from_u128(99));
    assert!(by_conversation(&house.db, nobody, &[id(50)]).await.unwrap().is_empty());
}

async fn wrong_questions_are_refused(house: &House) {
    let now = at("2026-11-18T10:00:00Z");
    for (days, zone, field) in [
        (0, "UTC", "days"),
        (367, "UTC", "days"),
        (30, "Mars/Olympus", "time_zone"),
        (30, "", "time_zone"),
    ] {
        match daily_of(&house.db, ORGANIZATION, None, days, zone, now).await {
            Err(Error::Refused(refusal)) => {
                assert_eq!(refusal.status(), 422);
                assert!(refusal.errors.contains_key(field), "{refusal:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        daily_of(&house.db, ORGANIZATION, None, 366, "Europe/Berlin", now)
            .await
            .unwrap()
            .len(),
        366
    );
}

/// A call every 47 minutes from 2026-10-05 until now, of enough keys that the organization's days are kept.
fn many(organization: OrganizationId) -> Vec<Settled> {
    let times = (at("2026-10-05T00:00:00Z").0..START.0).step_by(47 * 60_000 + 13);
    let call = |(time, n): (i64, u64)| {
        let call = OpenCall {
            organization_id: organization,
            user_id: UserId(Uuid::from_u128(u128::from(n % 40))),
            key_id: Some(KeyId(Uuid::from_u128(u128::from(n % 300)))),
            model: format!("model {}", n % 3),
            ..open(Timestamp(time))
        };
        settled(call, n)
    };
    times.zip(1..).map(call).collect()
}

async fn month(db: &Db, organization: OrganizationId, from: Timestamp, to: Timestamp) -> types::usage::Summary {
    summary_of(db, organization, None, (from, to), START, &names())
        .await
        .unwrap()
}

async fn thirty(db: &Db, organization: OrganizationId, zone: &str) -> Vec<types::usage::Day> {
    daily_of(db, organization, None, 30, zone, START).await.unwrap()
}

async fn page(db: &Db, organization: OrganizationId, zone: &str) -> (types::usage::Summary, Vec<types::usage::Day>) {
    let from = at("2026-10-31T23:00:00Z");
    summary_and_days_of(db, organization, None, from, (30, zone), START, &names())
        .await
        .unwrap()
}

async fn kept_days_say_what_the_books_say(house: &House) {
    let calls = many(ORGANIZATION);
    let total = calls.len() as u64;
    book(house, calls).await;
    let (start, today) = (at("2026-10-05T00:00:00Z"), at("2026-11-18T00:00:00Z"));
    let spans = [
        (start, START),
        (start.plus_millis(DAY), START.plus_millis(DAY)),
        (start.plus_millis(3 * HOUR), today),
        (start.plus_millis(DAY + 1), today.plus_millis(HOUR)),
        (start.plus_millis(2 * DAY), start.plus_millis(30 * DAY)),
        (today, START),
        (today, start),
    ];
    for (from, to) in spans {
        // What has kept nothing yet answers from the rows.
        let expected = month(&house.another().await, ORGANIZATION, from, to).await;
        for _ in 0..3 {
            assert_eq!(month(&house.db, ORGANIZATION, from, to).await, expected, "{from} {to}");
        }
    }
    assert_eq!(month(&house.db, ORGANIZATION, start, START).await.total.requests, total);
    for zone in [
        "UTC",
        "Asia/Kathmandu",
        "America/New_York",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
    ] {
        let fresh = house.another().await;
        let expected = thirty(&fresh, ORGANIZATION, zone).await;
        assert_eq!(thirty(&house.db, ORGANIZATION, zone).await, expected, "{zone}");
        let (summary, days) = page(&house.db, ORGANIZATION, zone).await;
        assert_eq!(days, expected, "{zone}");
        assert_eq!(summary, month(&fresh, ORGANIZATION, summary.from, START).await);
    }
    // Whole days that are over, and none else.
    let over: Vec<i64> = (start.0..today.0).step_by(usize::try_from(DAY).unwrap()).collect();
    assert_eq!(kept_days(&house.db, ORGANIZATION), Some(over));
    // One person's sums are not out of everybody's.
    let user = UserId(Uuid::from_u128(7));
    let own = summary_of(&house.db, ORGANIZATION, Some(user), (start, START), START, &names())
        .await
        .unwrap();
    assert_eq!((own.by_member.len(), own.total.requests), (1, (total - 7) / 40 + 1));
}

async fn late_calls_are_in_the_next_answer(house: &House) {
    book(house, many(ORGANIZATION)).await;
    let (from, late) = (at("2026-11-01T00:00:00Z"), at("2026-11-17T23:50:00Z"));
    for _ in 0..3 {
        month(&house.db, ORGANIZATION, from, START).await;
    }
    assert_eq!(kept_days(&house.db, ORGANIZATION).unwrap().len(), 17);
    let another = house.another().await;
    let before = page(&house.db, ORGANIZATION, "Europe/Berlin").await;
    let expected = |days: &[types::usage::Day], date: &str, times: u64| {
        let mut sums: BTreeMap<String, u64> = days.iter().map(|day| (day.date.clone(), day.sums.requests)).collect();
        *sums.get_mut(date).unwrap() += times;
        sums.into_values().collect::<Vec<u64>>()
    };
    let requests = |days: &[types::usage::Day]| days.iter().map(|day| day.sums.requests).collect::<Vec<u64>>();
    let utc = thirty(&house.db, ORGANIZATION, "UTC").await;
    // By this node into rows that are there and into new ones, and by another one.
    let known = OpenCall {
        user_id: UserId(Uuid::from_u128(1)),
        key_id: Some(KeyId(Uuid::from_u128(1))),
        model: "model 1".to_owned(),
        ..open(late)
    };
    let writers = [
        (&house.db, 1, known.clone()),
        (&house.db, 1, open(late)),
        (&another, 2, known),
    ];
    for ((db, node, call), times) in writers.into_iter().zip(1..) {
        let group = Group {
            settled: vec![settled(
                OpenCall {
                    call_id: CallId(Uuid::now_v7()),
                    ..call
                },
                1,
            )],
            ..Group::default()
        };
        Writer::new(db, node).commit(&group).await.unwrap();
        let summary = month(&house.db, ORGANIZATION, from, START).await;
        let all = month(&house.another().await, ORGANIZATION, from, START).await;
        assert_eq!(summary, all);
        let days = thirty(&house.db, ORGANIZATION, "UTC").await;
        assert_eq!(requests(&days), expected(&utc, "2026-11-17", times));
        // In Berlin it is the next day.
        let (summary, days) = page(&house.db, ORGANIZATION, "Europe/Berlin").await;
        assert_eq!(summary.total.requests, before.0.total.requests + times);
        assert_eq!(requests(&days), expected(&before.1, "2026-11-18", times));
    }
}

async fn small_organizations_keep_nothing(house: &House) {
    // Of two keys that are used a lot.
    let calls = many(ORGANIZATION).into_iter().filter(|settled| {
        let key = settled.call.key_id.unwrap().0.as_u128();
        key < 2
    });
    book(house, calls.collect()).await;
    for _ in 0..3 {
        let (summary, days) = page(&house.db, ORGANIZATION, "UTC").await;
        assert!(summary.total.requests > 0 && days.len() == 30);
    }
    assert_eq!(kept_days(&house.db, ORGANIZATION), None);
}

async fn kept_days_are_of_one_organization(house: &House) {
    let other = OrganizationId(Uuid::from_u128(9));
    book(house, many(ORGANIZATION)).await;
    // Without every tenth, so that no sum of one is the other's.
    let calls = many(other).into_iter().enumerate().filter(|(n, _)| n % 10 != 0);
    book(house, calls.map(|(_, call)| call).collect()).await;
    for organization in [ORGANIZATION, other, ORGANIZATION, other, ORGANIZATION, other] {
        let expected = page(&house.another().await, organization, "Asia/Kathmandu").await;
        assert_eq!(page(&house.db, organization, "Asia/Kathmandu").await, expected);
    }
    for organization in [ORGANIZATION, other] {
        assert!(!kept_days(&house.db, organization).unwrap().is_empty());
    }
    assert_eq!(kept_days(&house.db, OrganizationId(Uuid::from_u128(10))), None);
}
