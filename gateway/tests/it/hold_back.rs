//! The beginning of a stream waits for content only while another route could still serve it, and a client never sees that one died.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use types::usage::{CallStatus, UsageSource};

use super::support::{House, chat, in_turn, messages, routed};

#[tokio::test]
async fn upstream_that_dies_right_after_its_start_is_replaced_unseen() {
    // Events 1 and 2 are lifecycle alone in both dialects' fakes; the first content is the third of Messages and the second of Chat.
    for (fault, outcome) in [
        ("cut=2", "upstream_broke_off"),
        ("end=2", "upstream_truncated"),
        ("error_mid=1", "upstream_error_event"),
    ] {
        let dying = format!("fake:events=8&{fault}");
        let house = House::open_with(|config| in_turn(config, "two", &[&dying, "fake:events=3"])).await;
        let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let text = reply.text().await.unwrap();
        assert_eq!(text.matches("event: message_start").count(), 1, "{fault}: {text}");
        assert!(
            !text.contains("event: error") && text.contains("message_stop"),
            "{fault}: {text}"
        );
        let call = house.call().await;
        assert_eq!((call.status, call.source), (CallStatus::Settled, UsageSource::Provider));
        let outcomes: Vec<_> = call.attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
        assert_eq!(outcomes, [outcome, "served"]);
        // What the first one counted is not the caller's to pay.
        assert_eq!(call.tokens.input, house.upstream.calls()[1].usage.unwrap().input);
        house.close().await;
    }
}

#[tokio::test]
async fn chat_stream_that_dies_after_its_role_is_replaced_unseen() {
    let house = House::open_with(|config| {
        let routes = [
            ("openai-fake", "fake:events=8&end=1", 1, 0),
            ("openai-fake", "fake:events=3", 1, 1),
        ];
        routed(config, "two", &routes);
    })
    .await;
    let reply = house
        .post("/v1/chat/completions", &chat("two", true))
        .send()
        .await
        .unwrap();
    let text = reply.text().await.unwrap();
    assert_eq!(text.matches("\"role\":\"assistant\"").count(), 1, "{text}");
    assert!(text.trim_end().ends_with("data: [DONE]"), "{text}");
    assert_eq!(house.call().await.attempts.len(), 2);
    house.close().await;
}

#[tokio::test]
async fn bytes_held_back_are_the_upstreams_bytes() {
    let house = House::open_with(|config| {
        in_turn(config, "two", &["fake:events=20&split=7&crlf&comments", "fake"]);
    })
    .await;
    let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
    let got = reply.bytes().await.unwrap();
    assert_eq!(got, house.upstream.calls()[0].answer);
    house.close().await;
}

#[tokio::test]
async fn slow_start_is_passed_on_when_the_patience_is_over() {
    let house = House::open_with(|config| {
        config.gateway.hold_back = Duration::from_millis(200);
        in_turn(config, "two", &["fake:slow=2000&events=2", "fake"]);
    })
    .await;
    let began = Instant::now();
    let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
    let mut stream = reply.bytes_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: message_start"));
    let waited = began.elapsed();
    assert!(
        waited >= Duration::from_millis(200) && waited < Duration::from_millis(1900),
        "{waited:?}"
    );
    drop(stream);
    house.calls(1).await;
    house.close().await;
}

#[tokio::test]
async fn single_route_is_passed_on_at_once() {
    let house = House::open_with(|config| in_turn(config, "one", &["fake:slow=3000&events=2"])).await;
    let began = Instant::now();
    let reply = house.post("/v1/messages", &messages("one", true)).send().await.unwrap();
    let mut stream = reply.bytes_stream();
    stream.next().await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    drop(stream);
    house.calls(1).await;
    house.close().await;
}

#[tokio::test]
async fn single_route_that_dies_right_after_its_start_ends_with_an_error_event() {
    let house = House::open_with(|config| in_turn(config, "one", &["fake:events=8&end=2"])).await;
    let reply = house.post("/v1/messages", &messages("one", true)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let text = reply.text().await.unwrap();
    assert!(
        text.contains("event: message_start") && text.contains("event: error"),
        "{text}"
    );
    assert_eq!(house.call().await.status, CallStatus::UpstreamTruncated);
    house.close().await;
}

#[tokio::test]
async fn client_that_leaves_while_the_beginning_is_held_back_is_settled() {
    let house = House::open_with(|config| {
        config.gateway.hold_back = Duration::from_secs(60);
        config.gateway.disconnect_grace = Duration::from_millis(50);
        in_turn(config, "two", &["fake:stall=1", "fake"]);
    })
    .await;
    let sending = tokio::spawn(house.post("/v1/messages", &messages("two", true)).send());
    let limit = Duration::from_secs(10);
    let begun = |calls: &[fake_upstream::Call]| calls.iter().any(|call| call.events_sent == 1);
    assert!(house.upstream.log.wait_for(limit, begun).await);
    sending.abort();
    assert_eq!(house.call().await.status, CallStatus::ClientGone);
    house.close().await;
}
