//! Every call ends on the books once, with the numbers the upstream billed.

use types::usage::{CallStatus, UsageSource};

use super::support::{House, chat, messages};

#[tokio::test]
async fn streams_and_json_of_both_dialects_equal_the_upstreams_bill() {
    let house = House::open().await;
    for model in ["plain", "cached", "odd", "bom"] {
        for stream in [true, false] {
            house
                .post("/v1/messages", &messages(model, stream))
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
            house
                .post("/v1/chat/completions", &chat(model, stream))
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
        }
    }
    let calls = house.calls(16).await;
    assert!(
        calls
            .iter()
            .all(|call| call.status == CallStatus::Settled && call.source == UsageSource::Provider),
        "{calls:?}"
    );
    let ours: u64 = calls.iter().map(|call| call.tokens.total()).sum();
    let theirs: u64 = house
        .upstream
        .calls()
        .iter()
        .map(|call| call.usage.unwrap())
        .map(|usage| usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h + usage.output)
        .sum();
    assert_eq!(ours, theirs);
    house.close().await;
}

#[tokio::test]
async fn cost_is_the_price_times_the_tokens() {
    let house = House::open().await;
    house
        .post("/v1/messages", &messages("cached", true))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let call = house.call().await;
    let tokens = call.tokens;
    assert_eq!(
        (tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h),
        (400, 100, 50)
    );
    let pico = tokens.input * 3_000_000 + 400 * 300_000 + 100 * 3_750_000 + 50 * 6_000_000 + tokens.output * 15_000_000;
    assert_eq!(call.cost_nanos.0 as u64, pico / 1000);
    house.close().await;
}

#[tokio::test]
async fn model_without_a_price_is_flagged_and_not_silently_free() {
    let house = House::open().await;
    house
        .post("/v1/chat/completions", &chat("unpriced", false))
        .send()
        .await
        .unwrap();
    let call = house.call().await;
    assert!(call.unpriced);
    assert_eq!(call.cost_nanos.0, 0);
    house.close().await;
}

#[tokio::test]
async fn upstream_that_names_no_usage_is_estimated_and_says_so() {
    let house = House::open().await;
    house
        .post("/v1/chat/completions", &chat("nousage", true))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let call = house.call().await;
    assert_eq!(
        (call.status, call.source),
        (CallStatus::Settled, UsageSource::Estimated)
    );
    assert!(call.tokens.input > 0 && call.tokens.output > 0);
    house.close().await;
}

#[tokio::test]
async fn hundred_parallel_calls_are_a_hundred_rows() {
    let house = House::open().await;
    let sends = (0..100).map(|number| {
        let stream = number % 2 == 0;
        let request = if number % 3 == 0 {
            house.post("/v1/messages", &messages("plain", stream))
        } else {
            house.post("/v1/chat/completions", &chat("plain", stream))
        };
        async move {
            let reply = request.send().await.unwrap();
            let status = reply.status();
            let text = reply.text().await.unwrap();
            assert_eq!(status, 200, "{text}");
        }
    });
    futures_util::future::join_all(sends).await;
    let calls = house.calls(100).await;
    let ids: std::collections::BTreeSet<_> = calls.iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), 100);
    let now = house.state.clock().now();
    let day = types::Timestamp(now.0 - 86_400_000);
    let total = server::books::usage::summary(&house.state, &house.user, day, now.plus_secs(3600))
        .await
        .unwrap()
        .total;
    assert_eq!(total.requests, 100);
    assert_eq!(
        total.tokens.output,
        calls.iter().map(|call| call.tokens.output).sum::<u64>()
    );
    assert_eq!(
        total.cost_nanos.0,
        calls.iter().map(|call| call.cost_nanos.0).sum::<i64>()
    );
    house.close().await;
}

#[tokio::test]
async fn open_record_before_the_dial_serves_too() {
    let house = House::open_with(|config| config.ledger.open = server::config::OpenMode::BeforeDial).await;
    let reply = house
        .post("/v1/messages", &messages("plain", true))
        .send()
        .await
        .unwrap();
    assert!(reply.text().await.unwrap().contains("message_stop"));
    assert_eq!(house.call().await.status, CallStatus::Settled);
    house.close().await;
}
