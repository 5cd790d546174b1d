//! Which route serves a call: priorities, weights, and what fails is left alone for a while.

use std::time::Duration;

use types::{catalogue::Availability, usage::CallStatus};

use super::support::{House, chat, client, in_turn, messages, routed};

/// Models that the upstream was asked for, in turn.
fn models(house: &House) -> Vec<String> {
    let calls = house.upstream.calls().into_iter();
    calls.filter_map(|call| call.model).collect()
}

async fn ask(house: &House, model: &str) -> u16 {
    let reply = house
        .post("/v1/messages", &messages(model, false))
        .send()
        .await
        .unwrap();
    reply.status().as_u16()
}

#[tokio::test]
async fn lowest_priority_serves_while_it_can() {
    let house = House::open_with(|config| {
        let routes = [
            ("anthropic-fake", "fake:events=2", 100, 5),
            ("anthropic-fake", "fake:events=3", 1, 1),
        ];
        routed(config, "two", &routes);
    })
    .await;
    for _ in 0..10 {
        assert_eq!(ask(&house, "two").await, 200);
    }
    assert_eq!(models(&house), ["fake:events=3"; 10]);
    house.close().await;
}

#[tokio::test]
async fn equals_share_by_weight() {
    let house = House::open_with(|config| {
        let routes = [
            ("anthropic-fake", "fake:events=2", 1, 0),
            ("anthropic-fake", "fake:events=3", 3, 0),
        ];
        routed(config, "two", &routes);
    })
    .await;
    for _ in 0..80 {
        assert_eq!(ask(&house, "two").await, 200);
    }
    let first = models(&house).iter().filter(|model| *model == "fake:events=2").count();
    // Twenty are expected; the chance to leave these bounds is below one in a million.
    assert!((3..=42).contains(&first), "{first} of 80");
    house.close().await;
}

#[tokio::test]
async fn upstream_that_keeps_failing_is_left_alone_and_asked_once_when_its_pause_is_over() {
    let house = House::open_with(|config| {
        config.gateway.breaker_pause = Duration::from_secs(3);
        in_turn(config, "two", &["fake:fail=5&status=502", "fake:events=2"]);
    })
    .await;
    let availability = || {
        let now = house.state.clock().now();
        house.state.directory().model("two").unwrap().availability(now)
    };
    assert_eq!(availability(), Availability::Available);
    for _ in 0..5 {
        assert_eq!(ask(&house, "two").await, 200);
    }
    assert_eq!(availability(), Availability::Degraded);
    for _ in 0..5 {
        assert_eq!(ask(&house, "two").await, 200);
    }
    let failing = |house: &House| models(house).iter().filter(|model| model.contains("fail")).count();
    assert_eq!(
        failing(&house),
        5,
        "five calls failed there, none of the next five went there"
    );
    let first = &house.state.directory().model("two").unwrap().routes[0]
        .deployment
        .clone();
    while first.condition(house.state.clock().now()) != server::health::Condition::Due {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ask(&house, "two").await, 200);
    assert_eq!(failing(&house), 6, "it was asked again, and was well");
    assert_eq!(availability(), Availability::Available);
    assert_eq!(ask(&house, "two").await, 200);
    assert_eq!(failing(&house), 7);
    let calls = house.calls(12).await;
    assert!(calls.iter().all(|call| call.status == CallStatus::Settled));
    house.close().await;
}

#[tokio::test]
async fn model_whose_upstreams_all_fail_is_still_asked_for() {
    let house = House::open_with(|config| {
        config.gateway.retries = 0;
        in_turn(config, "one", &["fake:fail=6&status=503"]);
    })
    .await;
    for _ in 0..6 {
        assert_eq!(ask(&house, "one").await, 503);
    }
    let model = house.state.directory().model("one").unwrap();
    assert_eq!(model.availability(house.state.clock().now()), Availability::Unavailable);
    let shown = client()
        .get(house.url("/v1/models/one"))
        .bearer_auth(&house.key)
        .send()
        .await
        .unwrap();
    assert_eq!(
        shown.json::<serde_json::Value>().await.unwrap()["availability"],
        "unavailable"
    );
    assert_eq!(ask(&house, "one").await, 200);
    assert_eq!(model.availability(house.state.clock().now()), Availability::Available);
    house.close().await;
}

#[tokio::test]
async fn streams_that_break_off_count_against_their_upstream() {
    let house = House::open_with(|config| in_turn(config, "two", &["fake:events=8&cut=6", "fake"])).await;
    for _ in 0..5 {
        let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
        assert!(reply.text().await.unwrap().contains("event: error"));
    }
    house.calls(5).await;
    let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
    assert!(reply.text().await.unwrap().contains("message_stop"));
    assert_eq!(models(&house)[5], "fake");
    house.close().await;
}

#[tokio::test]
async fn callers_mistakes_do_not_count_against_the_upstream() {
    let house = House::open_with(|config| in_turn(config, "two", &["fake:status=400", "fake"])).await;
    for _ in 0..12 {
        assert_eq!(ask(&house, "two").await, 400);
    }
    let model = house.state.directory().model("two").unwrap();
    assert_eq!(model.availability(house.state.clock().now()), Availability::Available);
    house.close().await;
}

#[tokio::test]
async fn redirect_is_not_followed_and_its_target_stays_hidden() {
    let house = House::open_with(|config| {
        routed(config, "messages", &[("anthropic-fake", "fake:redirect", 1, 0)]);
        routed(config, "chat", &[("openai-fake", "fake:redirect", 1, 0)]);
    })
    .await;
    for (path, body) in [
        ("/v1/messages", messages("messages", true)),
        ("/v1/chat/completions", chat("chat", false)),
    ] {
        let reply = house.post(path, &body).send().await.unwrap();
        assert_eq!(reply.status(), 502);
        assert!(reply.headers().get("location").is_none());
        assert!(!reply.text().await.unwrap().contains("elsewhere"));
    }
    let paths: Vec<String> = house.upstream.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(paths, ["/v1/messages", "/v1/chat/completions"]);
    house.close().await;
}

#[tokio::test]
async fn private_address_that_came_into_the_catalogue_is_not_dialled() {
    let house = House::open_with(|config| {
        for provider in &mut config.providers {
            provider.allow_private_network = false;
        }
    })
    .await;
    for (path, body) in [
        ("/v1/messages", messages("plain", true)),
        ("/v1/chat/completions", chat("plain", false)),
    ] {
        let reply = house.post(path, &body).send().await.unwrap();
        // The directory leaves such a provider out, so its models lead nowhere.
        assert_eq!(reply.status(), 404);
        let text = reply.text().await.unwrap();
        assert!(!text.contains("127.0.0.1"), "{text}");
    }
    assert!(house.upstream.calls().is_empty());
    house.close().await;
}
