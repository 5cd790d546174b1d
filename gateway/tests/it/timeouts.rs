//! How long an upstream may take: each limit has its outcome, and silence in between is filled with comments.

use std::time::{Duration, Instant};

use types::usage::CallStatus;

use super::support::{House, chat, in_turn, messages, routed};

#[tokio::test]
async fn upstream_without_headers_is_504_and_lets_go_of_the_connection() {
    for (path, body) in [
        ("/v1/messages", messages("hang", true)),
        ("/v1/messages", messages("hang", false)),
        ("/v1/chat/completions", chat("hang", true)),
        ("/v1/chat/completions", chat("hang", false)),
    ] {
        let house = House::open_with(|config| config.gateway.first_byte_timeout = Duration::from_millis(150)).await;
        let reply = house.post(path, &body).send().await.unwrap();
        assert_eq!(reply.status(), 504);
        let call = house.call().await;
        assert_eq!(
            (call.status, call.http_status, call.error_class.as_deref()),
            (CallStatus::UpstreamError, 504, Some("upstream_timeout"))
        );
        let gone = |calls: &[fake_upstream::Call]| calls.iter().all(|call| call.ended_ms.is_some());
        assert!(house.upstream.log.wait_for(Duration::from_secs(5), gone).await);
        house.close().await;
    }
}

#[tokio::test]
async fn upstream_that_lets_nobody_in_is_504_in_time() {
    for (path, body) in [
        ("/v1/messages", messages("plain", false)),
        ("/v1/chat/completions", chat("plain", true)),
    ] {
        // It takes the connection, and then says nothing for TLS to begin with.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", silent.local_addr().unwrap());
        let house = House::open_with(|config| {
            config.gateway.connect_timeout = Duration::from_millis(100);
            config.gateway.retries = 0;
            config.point_providers_at(&address).unwrap();
        })
        .await;
        let began = Instant::now();
        let reply = house.post(path, &body).send().await.unwrap();
        assert_eq!(reply.status(), 504, "{path}");
        assert!(began.elapsed() < Duration::from_secs(3));
        let call = house.call().await;
        assert_eq!(
            (call.status, call.http_status, call.error_class.as_deref()),
            (CallStatus::UpstreamError, 504, Some("upstream_unreachable"))
        );
        house.close().await;
    }
}

#[tokio::test]
async fn stream_that_takes_longer_than_allowed_ends_with_an_error_event() {
    let house = House::open_with(|config| {
        config.gateway.total_timeout = Duration::from_millis(300);
        in_turn(config, "long", &["fake:slow=40&events=1000"]);
    })
    .await;
    let reply = house
        .post("/v1/messages", &messages("long", true))
        .send()
        .await
        .unwrap();
    let text = reply.text().await.unwrap();
    assert!(
        text.contains("event: error") && text.contains("longer than this server allows"),
        "{text}"
    );
    let call = house.call().await;
    assert_eq!(
        (call.status, call.error_class.as_deref()),
        (CallStatus::UpstreamTruncated, Some("upstream_total"))
    );
    house.close().await;
}

#[tokio::test]
async fn json_answer_that_takes_longer_than_allowed_is_504() {
    let house = House::open_with(|config| {
        config.gateway.total_timeout = Duration::from_millis(300);
        in_turn(config, "long", &["fake:drip=40"]);
    })
    .await;
    let reply = house
        .post("/v1/messages", &messages("long", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 504);
    assert_eq!(house.call().await.status, CallStatus::UpstreamTruncated);
    house.close().await;
}

#[tokio::test]
async fn total_time_counts_over_all_tries() {
    for stream in [true, false] {
        let house = House::open_with(|config| {
            config.gateway.total_timeout = Duration::from_millis(400);
            config.gateway.first_byte_timeout = Duration::from_millis(250);
            in_turn(config, "hangs", &["fake:hang", "fake:hang&events=9", "fake"]);
        })
        .await;
        let began = Instant::now();
        let reply = house
            .post("/v1/messages", &messages("hangs", stream))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 504);
        assert!(began.elapsed() < Duration::from_secs(3));
        let call = house.call().await;
        assert_eq!(
            (call.status, call.error_class.as_deref()),
            (CallStatus::UpstreamError, Some("upstream_total"))
        );
        assert_eq!(
            house.upstream.calls().len(),
            2,
            "no try begins when there is no time left"
        );
        // Both hung, and both breakers hear of it.
        let now = house.state.clock().now();
        let model = house.state.directory().model("hangs").unwrap();
        let seen: Vec<_> = model.routes.iter().map(|route| route.deployment.seen(now)).collect();
        assert_eq!(seen, [(1, 1), (1, 1), (0, 0)]);
        house.close().await;
    }
}

#[tokio::test]
async fn pause_that_would_outlast_the_call_is_not_made() {
    let house = House::open_with(|config| {
        config.gateway.total_timeout = Duration::from_millis(600);
        in_turn(config, "busy", &["fake:status=503&retry_after=2"]);
    })
    .await;
    let began = Instant::now();
    let reply = house
        .post("/v1/messages", &messages("busy", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 503);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(house.upstream.calls().len(), 1);
    house.close().await;
}

/// An upstream that thinks for long before its first event has said with its headers that it is at work.
#[tokio::test]
async fn silence_before_the_first_event_may_last_longer_than_between_two() {
    for (path, body, provider) in [
        ("/v1/messages", messages("thinks", true), "anthropic-fake"),
        ("/v1/messages", messages("thinks", true), "openai-fake"),
        ("/v1/chat/completions", chat("thinks", true), "openai-fake"),
    ] {
        for (first_byte, class) in [(4000, None), (400, Some("upstream_idle"))] {
            let house = House::open_with(|config| {
                config.gateway.heartbeat = Duration::from_millis(50);
                config.gateway.idle_timeout = Duration::from_millis(200);
                config.gateway.first_byte_timeout = Duration::from_millis(first_byte);
                routed(config, "thinks", &[(provider, "fake:late=900&events=2", 1, 0)]);
            })
            .await;
            let text = house.post(path, &body).send().await.unwrap().text().await.unwrap();
            assert!(text.starts_with(": keepalive\n\n: keepalive\n\n"), "{provider}: {text}");
            let call = house.call().await;
            assert_eq!(call.error_class.as_deref(), class, "{provider}: {text}");
            let status = match class {
                None => CallStatus::Settled,
                Some(_) => CallStatus::UpstreamTruncated,
            };
            assert_eq!(call.status, status);
            house.close().await;
        }
    }
}

#[tokio::test]
async fn silent_upstream_gets_comments_between_its_events_and_its_bytes_stay() {
    for (path, body, provider) in [
        ("/v1/messages", messages("quiet", true), "anthropic-fake"),
        ("/v1/chat/completions", chat("quiet", true), "openai-fake"),
    ] {
        let house = House::open_with(|config| {
            config.gateway.heartbeat = Duration::from_millis(100);
            routed(config, "quiet", &[(provider, "fake:slow=350&events=3", 1, 0)]);
        })
        .await;
        let mut body = body;
        if path == "/v1/chat/completions" {
            body["stream_options"] = serde_json::json!({"include_usage": true});
        }
        let reply = house.post(path, &body).send().await.unwrap();
        assert_eq!(reply.headers()["x-accel-buffering"], "no");
        assert!(reply.headers().get("content-encoding").is_none());
        let text = reply.text().await.unwrap();
        let beats = text.matches(": keepalive\n\n").count();
        assert!(beats >= 6, "{beats} comments: {text}");
        let answer = String::from_utf8(house.upstream.calls()[0].answer.clone()).unwrap();
        assert_eq!(text.replace(": keepalive\n\n", ""), answer);
        assert_eq!(house.call().await.status, CallStatus::Settled);
        house.close().await;
    }
}

#[tokio::test]
async fn comments_do_not_keep_a_dead_upstream_alive() {
    let house = House::open_with(|config| {
        config.gateway.heartbeat = Duration::from_millis(50);
        config.gateway.idle_timeout = Duration::from_millis(300);
    })
    .await;
    let reply = house
        .post("/v1/messages", &messages("stall", true))
        .send()
        .await
        .unwrap();
    let text = reply.text().await.unwrap();
    assert!(text.contains(": keepalive\n\n"), "{text}");
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("event: error\n"), "{text}");
    assert_eq!(house.call().await.error_class.as_deref(), Some("upstream_idle"));
    house.close().await;
}

#[tokio::test]
async fn events_leave_as_they_come() {
    use futures_util::StreamExt;
    let house = House::open_with(|config| in_turn(config, "unhurried", &["fake:slow=200&events=4"])).await;
    let reply = house
        .post("/v1/messages", &messages("unhurried", true))
        .send()
        .await
        .unwrap();
    let mut stream = reply.bytes_stream();
    let mut arrivals = 0;
    while let Some(chunk) = stream.next().await {
        chunk.unwrap();
        arrivals += 1;
    }
    // A busy machine may join two of the nine.
    assert!(arrivals >= 6, "one write an event: {arrivals}");
    house.close().await;
}
