//! The promises of the ledger, each with a test that tries to break it, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::field_reassign_with_default
)]

use std::{sync::Arc, time::Duration};

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use types::{
    CallId, KeyId, OrganizationId, Price, PriceId, Timestamp, Tokens, UserId,
    money::Prices,
    usage::{CallStatus, UsageSource},
};
use uuid::Uuid;

use super::{Group, Ledger, OpenCall, Outcome, Refused, Settled, call::Call};
use crate::{
    db::{
        calls::Writer,
        testing::{House, START, on_both_databases},
    },
    error::Error,
};

on_both_databases!(
    call_is_booked_once_it_is_settled,
    settling_the_same_call_again_changes_nothing,
    call_that_ends_at_once_is_booked,
    dropped_call_is_booked,
    call_without_a_price_is_flagged,
    calls_of_a_dead_node_are_booked_as_lost_exactly_once,
    calls_of_a_living_node_are_left_alone,
    sums_are_the_sums_of_the_rows,
    refusals_are_counted_and_get_few_rows,
    counted_refusals_are_not_counted_twice,
    sixty_four_callers_are_booked_without_a_refusal,
    cancelled_caller_is_booked,
    stuck_database_refuses_new_calls_and_loses_none,
    nothing_opens_once_the_ledger_is_closed,
);

const PRICES: Prices = Prices {
    input: Price(3_000_000),
    output: Price(15_000_000),
    cache_read: Some(Price(300_000)),
    cache_write_5m: None,
    cache_write_1h: None,
};

fn call(house: &House) -> OpenCall {
    OpenCall {
        call_id: CallId(Uuid::now_v7()),
        request_id: "req_1".to_owned(),
        organization_id: OrganizationId(Uuid::from_u128(1)),
        user_id: UserId(Uuid::from_u128(2)),
        key_id: Some(KeyId(Uuid::from_u128(3))),
        model: "sonnet".to_owned(),
        provider: "vendor".to_owned(),
        upstream_model: "sonnet-4".to_owned(),
        price: Some((PriceId(Uuid::from_u128(4)), PRICES)),
        endpoint: "/v1/messages",
        stream: true,
        opened_at: house.clock.now(),
        conversation_id: None,
    }
}

fn outcome(input: u64, output: u64) -> Outcome {
    Outcome {
        status: CallStatus::Settled,
        http_status: 200,
        source: UsageSource::Provider,
        tokens: Tokens {
            input,
            output,
            ..Tokens::default()
        },
        latency_ms: 1_200,
        ttft_ms: Some(300),
        error_class: None,
        served_by: None,
        attempts: None,
    }
}

/// Requests and cost as rows, quarter-hours and days have them.
async fn totals(house: &House) -> [(i64, i64); 3] {
    let rows = "SELECT COUNT(*), CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM usage_logs";
    let sums = |table: &str| {
        format!(
            "SELECT CAST(COALESCE(SUM(requests + refused), 0) AS BIGINT), CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM {table}"
        )
    };
    let mut totals = [(0, 0); 3];
    let queries = [rows.to_owned(), sums("usage_quarters"), sums("usage_days")];
    for (total, query) in totals.iter_mut().zip(queries) {
        let row = &house.numbers(&query, 2).await[0];
        *total = (row[0], row[1]);
    }
    totals
}

async fn call_is_booked_once_it_is_settled(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    let mut opened = ledger.open(call(house));
    opened.durable().await.unwrap();
    assert_eq!(ledger.open_records().await.unwrap(), 1);
    opened.checkpoint(Tokens {
        input: 7,
        ..Tokens::default()
    });
    ledger.flush().await.unwrap();
    assert_eq!(house.number("SELECT tok_input FROM calls_open").await, 7);
    opened.settle(outcome(1_000, 10));
    ledger.flush().await.unwrap();
    assert_eq!(ledger.open_records().await.unwrap(), 0);
    assert_eq!(totals(house).await, [(1, 3_150_000); 3]);
    assert_eq!(house.number("SELECT input_tokens FROM usage_logs").await, 1_000);
    ledger.close().await.unwrap();
    assert_eq!(house.count("nodes").await, 0);
}

/// A group of settled calls as a commit with an unknown outcome leaves it: it is committed again.
async fn settling_the_same_call_again_changes_nothing(house: &House) {
    let settled = |key| Settled::new(Arc::new(Call::open(key, call(house))), outcome(1_000, 10), START);
    let mut writer = Writer::new(&house.db, 1);
    let first = settled(1);
    let mut group = Group::default();
    group.settled = vec![first.clone(), settled(2), first.clone()];
    writer.commit(&group).await.unwrap();
    let once = [(2, 6_300_000); 3];
    assert_eq!(totals(house).await, once);
    writer.commit(&group).await.unwrap();
    assert_eq!(totals(house).await, once);
    group.settled = vec![settled(3), first];
    writer.commit(&group).await.unwrap();
    assert_eq!(totals(house).await, [(3, 9_450_000); 3]);
}

async fn call_that_ends_at_once_is_booked(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    for _ in 0..300 {
        ledger.open(call(house)).settle(outcome(1_000, 10));
    }
    ledger.flush().await.unwrap();
    assert_eq!(ledger.open_records().await.unwrap(), 0);
    assert_eq!(totals(house).await, [(300, 300 * 3_150_000); 3]);
    ledger.close().await.unwrap();
}

async fn dropped_call_is_booked(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    let mut opened = ledger.open(call(house));
    opened.durable().await.unwrap();
    house.clock.advance(500);
    drop(opened);
    ledger.flush().await.unwrap();
    assert_eq!(house.texts("SELECT status FROM usage_logs").await, ["upstream_error"]);
    assert_eq!(house.number("SELECT latency_ms FROM usage_logs").await, 500);
    assert_eq!(
        house.number("SELECT CAST(SUM(failed) AS BIGINT) FROM usage_days").await,
        1
    );
    ledger.close().await.unwrap();
}

async fn call_without_a_price_is_flagged(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    let unpriced = OpenCall {
        price: None,
        ..call(house)
    };
    ledger.open(unpriced).settle(outcome(1_000, 10));
    ledger.flush().await.unwrap();
    assert_eq!(totals(house).await, [(1, 0); 3]);
    assert_eq!(
        house
            .number("SELECT CAST(SUM(unpriced) AS BIGINT) FROM usage_quarters")
            .await,
        1
    );
    assert_eq!(house.number("SELECT COUNT(*) FROM usage_logs WHERE unpriced").await, 1);
    ledger.close().await.unwrap();
}

/// What a killed process leaves: open records of a number that nobody holds.
async fn leave_behind(house: &House, node: i32) {
    insert_price(house).await;
    let mut writer = Writer::new(&house.db, node);
    let first = i64::from(node) << 40;
    let mut group = Group::default();
    group.opens = (0..3).map(|n| Arc::new(Call::open(first + n, call(house)))).collect();
    group.checkpoints.push((
        first,
        Tokens {
            input: 1_000,
            output: 10,
            ..Tokens::default()
        },
    ));
    writer.commit(&group).await.unwrap();
}

async fn insert_price(house: &House) {
    let blob = |id: u128| match house.db.is_sqlite() {
        true => format!("X'{:032x}'", id),
        false => format!("'{}'", Uuid::from_u128(id)),
    };
    let model = format!(
        "INSERT INTO models (id, name, routes, managed, is_enabled, created_at, updated_at) VALUES ({}, 'sonnet', '[]', false, true, 0, 0)",
        blob(9)
    );
    let price = format!(
        "INSERT INTO prices (id, model_id, version, input, output, created_at) VALUES ({}, {}, 1, 3000000, 15000000, 0)",
        blob(4),
        blob(9)
    );
    house.db.execute_for_tests(&[model, price]).await;
}

async fn calls_of_a_dead_node_are_booked_as_lost_exactly_once(house: &House) {
    leave_behind(house, 4_000).await;
    assert_eq!(house.count("calls_open").await, 3);
    for _ in 0..2 {
        let ledger = Ledger::start(&house.db).await.unwrap();
        assert_eq!(ledger.open_records().await.unwrap(), 0);
        // One had counts, so it costs what they cost at the price it was admitted with.
        assert_eq!(totals(house).await, [(3, 3_150_000); 3]);
        assert_eq!(
            house
                .number("SELECT COUNT(*) FROM usage_logs WHERE status = 'lost' AND source = 'partial'")
                .await,
            1
        );
        assert_eq!(
            house
                .number("SELECT COUNT(*) FROM usage_logs WHERE status = 'lost' AND source = 'none'")
                .await,
            2
        );
        assert_eq!(
            house.number("SELECT CAST(SUM(failed) AS BIGINT) FROM usage_days").await,
            3
        );
        assert_eq!(house.number("SELECT COUNT(*) FROM usage_logs WHERE unpriced").await, 0);
        ledger.close().await.unwrap();
        drop(ledger);
    }
}

async fn calls_of_a_living_node_are_left_alone(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    let mut opened = ledger.open(call(house));
    opened.durable().await.unwrap();
    let other = house.another().await;
    if house.db.is_sqlite() {
        // One process serves a file.
        assert!(matches!(Ledger::start(&other).await, Err(Error::Unavailable(_))));
    } else {
        let beside = Ledger::start(&other).await.unwrap();
        assert_eq!(beside.open_records().await.unwrap(), 1);
        beside.close().await.unwrap();
    }
    opened.settle(outcome(1_000, 10));
    ledger.close().await.unwrap();
    assert_eq!(house.texts("SELECT status FROM usage_logs").await, ["settled"]);
    other.close().await;
}

fn any_call() -> impl Strategy<Value = (OpenCall, Outcome)> {
    let tokens = (
        0..2_000_000_u64,
        0..2_000_000_u64,
        0..1_000_u64,
        0..1_000_u64,
        0..100_000_u64,
    );
    let status = proptest::sample::select(vec![
        CallStatus::Settled,
        CallStatus::ClientGone,
        CallStatus::UpstreamError,
        CallStatus::UpstreamTruncated,
    ]);
    let who = (
        0..3_u128,
        0..3_u128,
        proptest::option::of(0..4_u128),
        0..3_usize,
        any::<bool>(),
    );
    (who, 0..3 * 86_400_000_i64, tokens, status, 0..100_000_u64).prop_map(
        |((organization, user, key, model, priced), after, tokens, status, latency_ms)| {
            let open = OpenCall {
                call_id: CallId(Uuid::now_v7()),
                request_id: "req".to_owned(),
                organization_id: OrganizationId(Uuid::from_u128(100 + organization)),
                user_id: UserId(Uuid::from_u128(200 + user)),
                key_id: key.map(|key| KeyId(Uuid::from_u128(300 + key))),
                model: ["a", "b", "c"][model].to_owned(),
                provider: "vendor".to_owned(),
                upstream_model: "m".to_owned(),
                price: priced.then_some((PriceId(Uuid::from_u128(4)), PRICES)),
                endpoint: "/v1/messages",
                stream: false,
                opened_at: Timestamp(START.0 + after),
                conversation_id: None,
            };
            let outcome = Outcome {
                status,
                tokens: Tokens {
                    input: tokens.0,
                    cache_read: tokens.1,
                    cache_write_5m: tokens.2,
                    cache_write_1h: tokens.3,
                    output: tokens.4,
                },
                latency_ms,
                ..outcome(0, 0)
            };
            (open, outcome)
        },
    )
}

async fn sums_are_the_sums_of_the_rows(house: &House) {
    let mut runner = TestRunner::new(Config::default());
    let calls = proptest::collection::vec(any_call(), 1_000..1_200)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    let ledger = Ledger::start(&house.db).await.unwrap();
    for (open, outcome) in calls {
        let mut opened = ledger.open(open);
        if outcome.latency_ms % 7 == 0 {
            opened.durable().await.unwrap();
        }
        opened.settle(outcome);
    }
    ledger.flush().await.unwrap();
    for (table, length) in [("usage_quarters", 900_000), ("usage_days", 86_400_000)] {
        let sums = "CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(cache_read_tokens) AS BIGINT), CAST(SUM(cache_write_5m_tokens) AS BIGINT), \
             CAST(SUM(cache_write_1h_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT), CAST(SUM(cost_nanos) AS BIGINT)";
        let group = "organization_id, user_id, bucket, model, api_key_id";
        let rows = format!(
            "SELECT COUNT(*), CAST(SUM(CASE WHEN unpriced THEN 1 ELSE 0 END) AS BIGINT), \
             CAST(SUM(CASE WHEN status LIKE 'upstream%' THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT), {sums} \
             FROM (SELECT usage_logs.*, created_at - created_at % {length} AS bucket FROM usage_logs) AS rows_ GROUP BY {group} \
             ORDER BY organization_id, bucket, user_id, COALESCE(api_key_id, {}), model",
            if house.db.is_sqlite() {
                "X'00'"
            } else {
                "'00000000-0000-0000-0000-000000000000'::uuid"
            },
        );
        let kept = format!(
            "SELECT CAST(SUM(requests) AS BIGINT), CAST(SUM(unpriced) AS BIGINT), CAST(SUM(failed) AS BIGINT), \
             CAST(SUM(latency_ms_sum) AS BIGINT), {sums} FROM {table} GROUP BY {group} ORDER BY organization_id, bucket, user_id, api_key_id, model"
        );
        assert_eq!(
            house.numbers(&rows, 10).await,
            house.numbers(&kept, 10).await,
            "{table}"
        );
    }
    ledger.close().await.unwrap();
}

fn refused(reason: &'static str) -> Refused {
    Refused {
        request_id: "req".to_owned(),
        organization_id: OrganizationId(Uuid::from_u128(1)),
        user_id: UserId(Uuid::from_u128(2)),
        key_id: Some(KeyId(Uuid::from_u128(3))),
        model: String::new(),
        endpoint: "/v1/messages",
        reason,
        http_status: 403,
    }
}

async fn refusals_are_counted_and_get_few_rows(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    for second in 0..3 {
        house.clock.set(START.plus_secs(second));
        for _ in 0..50 {
            ledger.refused(refused("model_not_allowed"));
            ledger.refused(refused("unknown_model"));
        }
    }
    ledger.flush().await.unwrap();
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM usage_logs WHERE status = 'refused'")
            .await,
        6
    );
    for table in ["usage_quarters", "usage_days"] {
        let sums = format!(
            "SELECT CAST(SUM(refused) AS BIGINT), CAST(SUM(requests + failed + unpriced) AS BIGINT) FROM {table}"
        );
        assert_eq!(house.numbers(&sums, 2).await, [[300, 0]], "{table}");
    }
    ledger.close().await.unwrap();
}

async fn counted_refusals_are_not_counted_twice(house: &House) {
    use super::group::CountedRefusals;
    let node = crate::db::nodes::register(&house.db).await.unwrap();
    let mut writer = Writer::new(&house.db, node.id);
    let batch = |number| {
        let mut counts = crate::db::calls::Rollups::new();
        crate::db::calls::add_refusal(&mut counts, &refused("x"), START);
        let mut group = Group::default();
        group.refusals = Some(CountedRefusals { number, counts });
        group
    };
    for number in [1, 1, 2, 2, 1] {
        writer.commit(&batch(number)).await.unwrap();
    }
    assert_eq!(
        house
            .number("SELECT CAST(SUM(refused) AS BIGINT) FROM usage_days")
            .await,
        2
    );
    node.stop();
}

async fn sixty_four_callers_are_booked_without_a_refusal(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let (ledger, call) = (ledger.clone(), call(house));
            tokio::spawn(async move {
                for _ in 0..20 {
                    let call = OpenCall {
                        call_id: CallId(Uuid::now_v7()),
                        ..call.clone()
                    };
                    let mut opened = ledger.open(call);
                    opened.durable().await?;
                    opened.settle(outcome(1_000, 10));
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    ledger.flush().await.unwrap();
    assert_eq!(ledger.open_records().await.unwrap(), 0);
    assert_eq!(totals(house).await, [(1_280, 1_280 * 3_150_000); 3]);
    ledger.close().await.unwrap();
}

async fn cancelled_caller_is_booked(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    for _ in 0..50 {
        let mut opened = ledger.open(call(house));
        // Gone after the first look.
        let _ = tokio::time::timeout(Duration::ZERO, opened.durable()).await;
    }
    ledger.flush().await.unwrap();
    assert_eq!(ledger.open_records().await.unwrap(), 0);
    assert_eq!(totals(house).await[0].0, 50);
    if !house.db.is_sqlite() {
        let idle = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        assert_eq!(house.number(idle).await, 0);
    }
    ledger.close().await.unwrap();
}

async fn stuck_database_refuses_new_calls_and_loses_none(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    let mut served = ledger.open(call(house));
    served.durable().await.unwrap();

    let other = house.another().await;
    let lock = match house.db.is_sqlite() {
        true => "UPDATE nodes SET started_at = 0",
        false => "LOCK TABLE calls_open, usage_logs IN ACCESS EXCLUSIVE MODE",
    };
    let held = other.hold_for_tests(lock).await;
    served.settle(outcome(1_000, 10));
    let mut waiting = ledger.open(call(house));
    let refused = tokio::time::timeout(Duration::from_secs(4), waiting.durable()).await;
    assert!(matches!(refused, Ok(Err(Error::Unavailable(_)))), "{refused:?}");
    waiting.settle(outcome(1, 1));
    // While it lasts, calls are refused without waiting, and a balancer hears of it.
    assert!(!ledger.is_well());
    let mut next = ledger.open(call(house));
    let refused = tokio::time::timeout(Duration::from_millis(100), next.durable()).await;
    assert!(matches!(refused, Ok(Err(Error::Unavailable(_)))), "{refused:?}");
    drop(next);
    held.send(()).unwrap();

    let back = async {
        loop {
            let mut opened = ledger.open(call(house));
            if opened.durable().await.is_ok() {
                return opened.settle(outcome(1_000, 10));
            }
            drop(opened);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(8), back).await.unwrap();
    ledger.close().await.unwrap();
    assert_eq!(ledger.open_records().await.unwrap(), 0);
    // The one that was served and the one that came when it was over.
    assert_eq!(totals(house).await, [(2, 6_300_000); 3]);
    other.close().await;
}

async fn nothing_opens_once_the_ledger_is_closed(house: &House) {
    let ledger = Ledger::start(&house.db).await.unwrap();
    ledger.close().await.unwrap();
    assert!(ledger.open(call(house)).durable().await.is_err());
    let off = Ledger::off(&house.db);
    assert!(off.open(call(house)).durable().await.is_err());
    assert_eq!(house.count("usage_logs").await, 0);
}

/// PostgreSQL cannot store a NUL in a text. A row like that must not stand in the way of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_that_the_database_refuses_does_not_stop_the_others() {
    let Some(house) = House::postgres().await else { return };
    let ledger = Ledger::start(&house.db).await.unwrap();
    let bad = OpenCall {
        request_id: "\0".to_owned(),
        ..call(&house)
    };
    let (mut good, mut bad) = (ledger.open(call(&house)), ledger.open(bad));
    let (first, second) = tokio::join!(good.durable(), bad.durable());
    first.unwrap();
    assert!(second.is_err());
    good.settle(outcome(1_000, 10));
    drop(bad);
    ledger.flush().await.unwrap();
    assert_eq!(totals(&house).await, [(1, 3_150_000); 3]);
    assert_eq!(ledger.open_records().await.unwrap(), 0);
    ledger.close().await.unwrap();
    house.close().await;
}
