//! What a failing upstream looks like from outside: one status each, its text only when it is the caller's business, one row.

use std::time::Duration;

use serde_json::Value;
use server::{clock::Clock, health::Condition};
use types::usage::{CallStatus, UsageSource};

use super::support::{House, chat, messages, routed};

/// Both dialects, both kinds; returns the last body.
async fn answered(house: &House, model: &str, status: u16) -> String {
    let mut text = String::new();
    for stream in [true, false] {
        for (path, body) in [
            ("/v1/messages", messages(model, stream)),
            ("/v1/chat/completions", chat(model, stream)),
        ] {
            let reply = house.post(path, &body).send().await.unwrap();
            assert_eq!(reply.status().as_u16(), status, "{path}, stream: {stream}");
            assert!(
                reply.headers()["content-type"]
                    .to_str()
                    .unwrap()
                    .starts_with("application/json")
            );
            text = reply.text().await.unwrap();
            let error: Value = serde_json::from_str(&text).unwrap();
            assert!(error["error"]["message"].is_string(), "{error}");
        }
    }
    let calls = house.calls(4).await;
    for call in &calls {
        assert_eq!(
            (call.status, call.http_status, call.source),
            (CallStatus::UpstreamError, status, UsageSource::None)
        );
        assert_eq!(call.cost_nanos.0, 0);
    }
    text
}

#[tokio::test]
async fn upstream_down_is_502() {
    let house = House::open_with(|config| {
        // A port that was free a moment ago and that nobody listens on.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        config.point_providers_at(&format!("http://127.0.0.1:{port}")).unwrap();
    })
    .await;
    answered(&house, "plain", 502).await;
    house.close().await;
}

/// All providers are under this name, which they may not be if it leads home.
fn moved_to(config: &mut server::Config, host: &str) {
    for provider in &mut config.providers {
        let port = provider.base_url.port().unwrap();
        provider.base_url = format!("http://{host}:{port}/v1").parse().unwrap();
        provider.allow_private_network = false;
    }
}

/// C086: what is seen to be private without asking anybody, in a row that came past the rule. Its models are not offered.
#[tokio::test]
async fn private_address_that_came_past_the_rule_serves_nothing() {
    for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
        let house = House::open_with(|config| moved_to(config, host)).await;
        let reply = house
            .post("/v1/messages", &messages("plain", false))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 404, "{host}");
        assert!(house.upstream.calls().is_empty(), "{host} was dialled");
        house.close().await;
    }
}

#[tokio::test]
async fn upstream_that_does_not_answer_in_time_is_504() {
    let house = House::open_with(|config| config.gateway.first_byte_timeout = Duration::from_millis(150)).await;
    answered(&house, "hang", 504).await;
    house.close().await;
}

#[tokio::test]
async fn upstream_401_and_403_are_502_without_its_text() {
    for model in ["s401", "s403"] {
        let house = House::open().await;
        let text = answered(&house, model, 502).await;
        assert!(text.contains("this server's credential"), "{text}");
        assert!(!text.contains(fake_upstream::CREDENTIAL));
        house.close().await;
    }
}

#[tokio::test]
async fn upstream_429_and_529_are_passed_on_with_retry_after() {
    for (model, status, seconds) in [("s429", 429, "7"), ("s529", 529, "3")] {
        let house = House::open().await;
        let reply = house.post("/v1/messages", &messages(model, true)).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status);
        assert_eq!(reply.headers()["retry-after"], seconds);
        assert!(reply.headers().get("x-should-retry").is_none());
        house.close().await;
    }
}

#[tokio::test]
async fn upstream_400_and_500_are_passed_on() {
    for (model, status) in [("s400", 400), ("s500", 500)] {
        let house = House::open().await;
        answered(&house, model, status).await;
        house.close().await;
    }
}

#[tokio::test]
async fn upstream_page_and_redirect_are_502() {
    for model in ["html", "redirect"] {
        let house = House::open().await;
        let text = answered(&house, model, 502).await;
        assert!(
            !text.to_lowercase().contains("<html") && !text.contains("location"),
            "{text}"
        );
        house.close().await;
    }
}

/// Its headers were passed on before anybody could know.
#[tokio::test]
async fn page_that_is_called_a_stream_becomes_an_error_event_alone() {
    let house = House::open().await;
    let doors = [
        (
            "/v1/messages",
            messages("page", true),
            "event: error\ndata: {\"type\":\"error\"",
        ),
        ("/v1/chat/completions", chat("page", true), "data: {\"error\""),
    ];
    for (path, body, beginning) in doors {
        let reply = house.post(path, &body).send().await.unwrap();
        let text = reply.text().await.unwrap();
        assert!(text.starts_with(beginning), "{path}: {text}");
        assert!(
            !text.contains('<') && text.matches("data: ").count() <= 2,
            "{path}: {text}"
        );
    }
    for call in house.calls(2).await {
        assert_eq!(call.status, CallStatus::UpstreamTruncated);
        assert!(!call.attempts.is_empty());
        assert!(
            call.attempts
                .iter()
                .all(|attempt| attempt.outcome == "upstream_no_stream")
        );
    }
    house.close().await;
}

/// No model says so much at once; memory ends there, also when the client has left.
#[tokio::test]
async fn answer_of_more_than_64_mib_is_502() {
    let house = House::open_with(|config| {
        config.gateway.retries = 0;
        routed(config, "huge", &[("anthropic-fake", "fake:bigjson=70000000", 1, 0)]);
    })
    .await;
    let reply = house
        .post("/v1/messages", &messages("huge", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 502);
    let text = reply.text().await.unwrap();
    assert!(text.contains("too large"), "{text}");
    let call = house.call().await;
    assert_eq!((call.status, call.http_status), (CallStatus::UpstreamError, 502));
    house.close().await;
}

#[tokio::test]
async fn page_in_place_of_an_answer_is_no_sign_that_an_upstream_is_back() {
    let clock = Clock::settable(Clock::system().now());
    let house = House::open_at(clock.clone(), |config| config.gateway.retries = 0).await;
    let condition = || {
        let model = house.state.directory().model("page").unwrap();
        model.routes[0].deployment.condition(clock.now())
    };
    let ask = async || {
        let reply = house.post("/v1/messages", &messages("page", false)).send().await;
        assert_eq!(reply.unwrap().status(), 502);
    };
    for _ in 0..5 {
        ask().await;
    }
    assert_ne!(condition(), Condition::Closed);
    // The one call that tries whether it is back.
    clock.advance(16_000);
    server::for_tests::poll(&house.state).await.unwrap();
    ask().await;
    assert_ne!(condition(), Condition::Closed);
    house.close().await;
}

#[tokio::test]
async fn error_event_is_the_end_however_the_connection_ends() {
    for end in ["cut=5", "fin=5", "stall=5"] {
        let model = format!("fake:events=8&error_mid=4&{end}");
        let house = House::open_with(|config| {
            config.gateway.idle_timeout = Duration::from_millis(300);
            routed(config, "tired", &[("anthropic-fake", &model, 1, 0)]);
            routed(config, "tired-too", &[("openai-fake", &model, 1, 0)]);
        })
        .await;
        for (path, body, sign) in [
            ("/v1/messages", messages("tired", true), "event: error"),
            ("/v1/chat/completions", chat("tired-too", true), "data: {\"error\""),
            ("/v1/chat/completions", chat("tired", true), "data: {\"error\""),
        ] {
            let text = house.post(path, &body).send().await.unwrap().text().await.unwrap();
            assert_eq!(text.matches(sign).count(), 1, "{path}, {end}: {text}");
        }
        // Who has read it may leave: it is no stream that was left.
        let mut reply = house
            .post("/v1/messages", &messages("tired", true))
            .send()
            .await
            .unwrap();
        let mut text = String::new();
        while !text.contains("event: error") {
            text += &String::from_utf8_lossy(&reply.chunk().await.unwrap().unwrap());
        }
        drop(reply);
        for call in house.calls(4).await {
            assert_eq!(
                (call.status, call.error_class.as_deref()),
                (CallStatus::UpstreamError, Some("upstream_error_event")),
                "{end}"
            );
        }
        house.close().await;
    }
}

#[tokio::test]
async fn stream_cut_in_an_event_ends_with_an_error_event_and_is_truncated_on_the_books() {
    for model in ["cut", "fin", "badchunk", "ended", "nodone", "noblank"] {
        let house = House::open().await;
        let text = house
            .post("/v1/messages", &messages(model, true))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(
            last.starts_with("event: error\ndata: {\"type\":\"error\""),
            "{model}: {text}"
        );
        let text = house
            .post("/v1/chat/completions", &chat(model, true))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(last.starts_with("data: {\"error\""), "{model}: {text}");
        assert!(!text.contains("[DONE]"));
        for call in house.calls(2).await {
            assert_eq!(call.status, CallStatus::UpstreamTruncated, "{model}");
            assert!(call.tokens.output > 0, "{model}");
        }
        house.close().await;
    }
}

#[tokio::test]
async fn json_cut_in_the_middle_is_502_and_truncated() {
    let house = House::open().await;
    let reply = house
        .post("/v1/messages", &messages("cut", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 502);
    assert_eq!(house.call().await.status, CallStatus::UpstreamTruncated);
    house.close().await;
}

#[tokio::test]
async fn error_event_of_the_upstream_is_forwarded_and_the_row_says_so() {
    let house = House::open().await;
    let text = house
        .post("/v1/messages", &messages("error_mid", true))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(text.matches("event: error").count(), 1, "{text}");
    let call = house.call().await;
    assert_eq!(
        (call.status, call.source),
        (CallStatus::UpstreamError, UsageSource::Partial)
    );
    assert!(call.tokens.input > 0);
    house.close().await;
}

#[tokio::test]
async fn silence_in_the_middle_ends_with_an_error_event() {
    let house = House::open_with(|config| config.gateway.idle_timeout = Duration::from_millis(200)).await;
    let text = house
        .post("/v1/messages", &messages("stall", true))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.contains("event: error"), "{text}");
    let call = house.call().await;
    assert_eq!(call.status, CallStatus::UpstreamTruncated);
    assert_eq!(call.error_class.as_deref(), Some("upstream_idle"));
    let gone = |calls: &[fake_upstream::Call]| calls.iter().all(|call| call.ended_ms.is_some());
    assert!(house.upstream.log.wait_for(Duration::from_secs(5), gone).await);
    house.close().await;
}

#[tokio::test]
async fn shutdown_ends_streams_with_an_error_event_and_settles_them() {
    let house = House::open().await;
    let reply = house
        .post("/v1/messages", &messages("slow", true))
        .send()
        .await
        .unwrap();
    house.state.cut_streams().cancel();
    let text = reply.text().await.unwrap();
    assert!(text.contains("event: error") && text.contains("restarting"), "{text}");
    assert_eq!(house.call().await.error_class.as_deref(), Some("server_shutting_down"));
    house.close().await;
}
