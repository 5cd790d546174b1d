//! A call that fails before its first byte is tried again: how often, where, after which pause, and what the books and the client hear of it.

use std::time::{Duration, Instant};

use serde_json::Value;
use types::usage::{CallStatus, UsageSource};

use super::support::{House, chat, in_turn, messages, routed};

/// Outcomes and statuses of a call's tries.
fn tries(call: &types::usage::Call) -> Vec<(&str, Option<u16>)> {
    let list = call.attempts.iter();
    list.map(|attempt| (attempt.outcome.as_str(), attempt.status)).collect()
}

/// Calls that the upstream got.
fn asked(house: &House) -> usize {
    house.upstream.calls().len()
}

#[tokio::test]
async fn busy_upstream_is_asked_three_times_and_then_its_status_and_body_go_out() {
    for (status, class) in [
        (429, "upstream_rate_limited"),
        (500, "upstream_failed"),
        (503, "upstream_overloaded"),
        (529, "upstream_overloaded"),
    ] {
        let model = format!("fake:status={status}&retry_after=0");
        for stream in [true, false] {
            let house = House::open_with(|config| in_turn(config, "busy", &[&model])).await;
            let reply = house
                .post("/v1/messages", &messages("busy", stream))
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status().as_u16(), status);
            assert_eq!(reply.headers()["retry-after"], "0");
            let body: Value = reply.json().await.unwrap();
            assert_eq!(body["error"]["message"], "refused because the model name asks for it");
            assert_eq!(asked(&house), 3, "{status}");
            let call = house.call().await;
            assert_eq!(
                (call.status, call.http_status, call.source, call.cost_nanos.0),
                (CallStatus::UpstreamError, status, UsageSource::None, 0)
            );
            assert_eq!(tries(&call), [(class, Some(status)); 3]);
            assert_eq!(call.error_class.as_deref(), Some(class));
            house.close().await;
        }
    }
}

#[tokio::test]
async fn call_is_served_by_the_third_try_and_billed_once() {
    for fault in ["status=529", "status=503", "status=429", "status=500", "reset"] {
        let model = format!("fake:fail=2&{fault}");
        for stream in [true, false] {
            let house = House::open_with(|config| in_turn(config, "wakes", &[&model])).await;
            let reply = house
                .post("/v1/messages", &messages("wakes", stream))
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 200, "{fault}");
            reply.bytes().await.unwrap();
            let call = house.call().await;
            assert_eq!(
                (call.status, call.source),
                (CallStatus::Settled, UsageSource::Provider),
                "{fault}"
            );
            let calls = house.upstream.calls();
            assert_eq!(calls.len(), 3, "{fault}");
            assert_eq!(call.tokens.output, calls[2].usage.unwrap().output);
            assert_eq!(call.attempts.len(), 3);
            assert_eq!(tries(&call)[2], ("served", Some(200)));
            house.close().await;
        }
    }
}

#[tokio::test]
async fn what_the_caller_did_wrong_is_never_tried_again() {
    for status in [400, 404, 409, 413, 422] {
        let model = format!("fake:status={status}");
        let house = House::open_with(|config| in_turn(config, "wrong", &[&model, "fake"])).await;
        let reply = house
            .post("/v1/messages", &messages("wrong", true))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status().as_u16(), status);
        assert_eq!(asked(&house), 1, "{status}");
        let call = house.call().await;
        assert_eq!((call.attempts.len(), call.http_status), (0, status));
        house.close().await;
    }
}

#[tokio::test]
async fn work_that_may_have_been_done_is_not_asked_of_the_same_upstream_again() {
    for (fault, status) in [("status=502", 502), ("status=504", 504), ("hang", 504)] {
        let model = format!("fake:{fault}");
        let house = House::open_with(|config| {
            config.gateway.first_byte_timeout = Duration::from_millis(150);
            in_turn(config, "late", &[&model]);
        })
        .await;
        let reply = house
            .post("/v1/messages", &messages("late", true))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status().as_u16(), status, "{fault}");
        assert_eq!(asked(&house), 1, "{fault}");
        assert_eq!(house.call().await.status, CallStatus::UpstreamError);
        house.close().await;
    }
}

#[tokio::test]
async fn another_route_takes_over_from_every_failure_of_the_upstreams_own() {
    for (fault, outcome) in [
        ("status=502", ("upstream_failed", Some(502))),
        ("status=504", ("upstream_failed", Some(504))),
        ("status=401", ("upstream_auth", Some(401))),
        ("status=402", ("upstream_auth", Some(402))),
        ("status=403", ("upstream_auth", Some(403))),
        ("status=429&retry_after=3600", ("upstream_rate_limited", Some(429))),
        ("html", ("upstream_failed", Some(502))),
        ("html&status=200", ("upstream_no_stream", Some(200))),
        ("html&status=200&mislabelled", ("upstream_no_stream", Some(200))),
        ("redirect", ("upstream_failed", Some(307))),
        ("hang", ("upstream_timeout", None)),
        ("reset", ("upstream_broke_off", None)),
    ] {
        let model = format!("fake:{fault}");
        let house = House::open_with(|config| {
            config.gateway.first_byte_timeout = Duration::from_millis(150);
            in_turn(config, "two", &[&model, "fake:events=7"]);
        })
        .await;
        let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{fault}");
        assert!(reply.text().await.unwrap().contains("message_stop"));
        let call = house.call().await;
        assert_eq!(call.status, CallStatus::Settled);
        assert_eq!(tries(&call), [outcome, ("served", Some(200))], "{fault}");
        assert_eq!(call.attempts[1].model, "fake:events=7");
        assert_eq!(call.provider, "anthropic-fake");
        house.close().await;
    }
}

#[tokio::test]
async fn row_names_the_provider_that_served() {
    let house = House::open_with(|config| {
        super::support::routed(
            config,
            "two",
            &[("other-fake", "fake:status=502", 1, 0), ("openai-fake", "fake", 1, 1)],
        );
        let mut other = config.providers[1].clone();
        other.id = "other-fake".to_owned();
        config.providers.push(other);
    })
    .await;
    let reply = house
        .post("/v1/chat/completions", &chat("two", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    let call = house.call().await;
    assert_eq!(call.provider, "openai-fake");
    let [failed, served] = &call.attempts[..] else {
        panic!("two tries: {:?}", call.attempts)
    };
    assert_eq!(
        (failed.provider.as_str(), served.provider.as_str()),
        ("other-fake", "openai-fake")
    );
    assert_eq!(
        (failed.model.as_str(), served.model.as_str()),
        ("fake:status=502", "fake")
    );
    house.close().await;
}

#[tokio::test]
async fn our_credential_refused_everywhere_is_502_without_the_upstreams_text() {
    let house =
        House::open_with(|config| in_turn(config, "both", &["fake:status=401&leak", "fake:status=403&leak"])).await;
    let reply = house
        .post("/v1/messages", &messages("both", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 502);
    let text = reply.text().await.unwrap();
    assert!(text.contains("this server's credential"), "{text}");
    assert!(
        !text.contains(fake_upstream::CREDENTIAL) && !text.contains("vendor.example"),
        "{text}"
    );
    assert_eq!(house.call().await.error_class.as_deref(), Some("upstream_auth"));
    house.close().await;
}

#[tokio::test]
async fn credential_in_an_error_event_is_taken_out_whoever_reads_it() {
    for provider in ["anthropic-fake", "openai-fake"] {
        for (path, body) in [
            ("/v1/messages", messages("leaks", true)),
            ("/v1/chat/completions", chat("leaks", true)),
        ] {
            // Packets may cut it anywhere.
            for more in ["", "&split=7"] {
                let house = House::open_with(|config| {
                    let model = format!("fake:events=8&error_mid=6&leak{more}");
                    routed(config, "leaks", &[(provider, &model, 1, 0)]);
                })
                .await;
                let text = house.post(path, &body).send().await.unwrap().text().await.unwrap();
                assert!(
                    text.contains("[redacted]") && !text.contains(fake_upstream::CREDENTIAL),
                    "{provider}, {path}{more}: {text}"
                );
                assert_eq!(house.call().await.status, CallStatus::UpstreamError);
                house.close().await;
            }
        }
    }
}

#[tokio::test]
async fn credential_in_an_error_text_is_taken_out() {
    let house = House::open_with(|config| in_turn(config, "leaks", &["fake:status=400&leak"])).await;
    let reply = house
        .post("/v1/messages", &messages("leaks", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 400);
    let text = reply.text().await.unwrap();
    assert!(
        text.contains("[redacted]") && !text.contains(fake_upstream::CREDENTIAL),
        "{text}"
    );
    house.close().await;
}

#[tokio::test]
async fn long_waits_are_not_waited_for_and_what_goes_out_is_capped() {
    let soon = "Sun, 06 Nov 1994 08:49:37 GMT";
    let date = "Thu, 01 Jan 2150 00:00:00 GMT";
    for (text, calls, out) in [
        ("604800", 1, Some("3600")),
        (date, 1, Some("3600")),
        ("60", 1, Some("60")),
        (soon, 3, Some("0")),
        ("garbage", 3, None),
        ("-1", 3, None),
    ] {
        let model = format!("fake:status=429&retry_after={text}");
        let house = House::open_with(|config| in_turn(config, "busy", &[&model])).await;
        let began = Instant::now();
        let reply = house
            .post("/v1/messages", &messages("busy", true))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 429);
        let told = reply.headers().get("retry-after");
        assert_eq!(told.map(|value| value.to_str().unwrap()), out, "{text}");
        // Nobody should ask again by itself after an hour.
        let hopeless = reply
            .headers()
            .get("x-should-retry")
            .is_some_and(|value| value == "false");
        assert_eq!(hopeless, out == Some("3600"), "{text}");
        assert!(began.elapsed() < Duration::from_secs(5), "{text}");
        assert_eq!(asked(&house), calls, "{text}");
        house.close().await;
    }
}

#[tokio::test]
async fn upstream_is_left_alone_for_as_long_as_it_asks_within_the_limit() {
    let house = House::open_with(|config| in_turn(config, "busy", &["fake:fail=1&status=503&retry_after=1"])).await;
    let began = Instant::now();
    let reply = house
        .post("/v1/messages", &messages("busy", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert!(began.elapsed() >= Duration::from_secs(1));
    house.close().await;
}

#[tokio::test]
async fn all_pauses_together_stay_within_the_limit() {
    let house = House::open_with(|config| {
        config.gateway.retry_wait = Duration::from_millis(1500);
        in_turn(config, "busy", &["fake:status=503&retry_after=1"]);
    })
    .await;
    let reply = house
        .post("/v1/messages", &messages("busy", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 503);
    assert_eq!(asked(&house), 2, "a second pause would be too long");
    house.close().await;
}

#[tokio::test]
async fn retries_can_be_turned_off() {
    let house = House::open_with(|config| {
        config.gateway.retries = 0;
        in_turn(config, "busy", &["fake:status=503", "fake"]);
    })
    .await;
    let reply = house
        .post("/v1/messages", &messages("busy", false))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 503);
    assert_eq!(asked(&house), 1);
    house.close().await;
}

#[tokio::test]
async fn failure_after_the_first_byte_is_not_tried_again_and_is_billed_once() {
    for fault in ["cut=5", "end=5", "nodone"] {
        let model = format!("fake:events=8&{fault}");
        let house = House::open_with(|config| in_turn(config, "two", &[&model, "fake"])).await;
        let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
        let text = reply.text().await.unwrap();
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(last.starts_with("event: error\n"), "{fault}: {text}");
        assert_eq!(asked(&house), 1, "{fault}");
        let call = house.call().await;
        assert_eq!((call.status, call.attempts.len()), (CallStatus::UpstreamTruncated, 0));
        assert!(call.tokens.output > 0);
        house.close().await;
    }
}

#[tokio::test]
async fn client_that_leaves_during_a_pause_ends_it() {
    let house = House::open_with(|config| in_turn(config, "busy", &["fake:status=503&retry_after=9"])).await;
    let request = house.post("/v1/messages", &messages("busy", true));
    let sending = tokio::spawn(request.send());
    let limit = Duration::from_secs(10);
    let refused = |calls: &[fake_upstream::Call]| calls.iter().any(|call| call.status == 503);
    assert!(house.upstream.log.wait_for(limit, refused).await);
    sending.abort();
    let call = house.call().await;
    assert_eq!(
        (call.status, call.tokens.total(), call.cost_nanos.0),
        (CallStatus::ClientGone, 0, 0)
    );
    assert!(call.latency_ms.unwrap() < 8000);
    assert_eq!(asked(&house), 1);
    house.close().await;
}

#[tokio::test]
async fn shutdown_ends_a_pause_and_an_upstream_that_is_waited_for() {
    for model in ["fake:status=503&retry_after=9", "fake:hang"] {
        let house = House::open_with(|config| in_turn(config, "busy", &[model])).await;
        let request = house.post("/v1/messages", &messages("busy", true));
        let sending = tokio::spawn(request.send());
        let limit = Duration::from_secs(10);
        assert!(house.upstream.log.wait_for(limit, |calls| !calls.is_empty()).await);
        // The refusal itself may still be on its way; a shutdown then finds the call waiting for it, with the same outcome.
        house.state.cut_streams().cancel();
        let reply = sending.await.unwrap().unwrap();
        assert_eq!(reply.status(), 503);
        assert!(reply.text().await.unwrap().contains("restarting"));
        assert_eq!(house.call().await.status, CallStatus::UpstreamError);
        house.close().await;
    }
}
