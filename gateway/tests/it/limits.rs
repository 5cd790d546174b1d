//! Limits of a team: how many calls and tokens a minute, how many calls at the same time, and what the caller hears.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use server::{
    sessions::{Device, User},
    teams,
};
use types::{
    PlatformRole, TeamId,
    keys::NewKey,
    teams::{DEFAULT_TEAM, TeamChange},
};

use super::{
    support::{House, chat, client, messages, responses},
    teams::{acme, key, settled, team},
};

/// Changes a team's limits; one that is left out stays.
async fn limit(house: &House, user: &User, team: TeamId, limits: Value) {
    let known = teams::find(&house.state, user, team).unwrap();
    let change: TeamChange = serde_json::from_value(limits).unwrap();
    teams::update(&house.state, &known.admin().unwrap(), change)
        .await
        .unwrap();
}

async fn post(house: &House, credential: &str, path: &str, body: &Value) -> reqwest::Response {
    let call = client().post(house.url(path)).bearer_auth(credential).json(body);
    call.send().await.unwrap()
}

async fn call(house: &House, credential: &str, model: &str) -> u16 {
    let reply = post(house, credential, "/v1/messages", &messages(model, false)).await;
    let status = reply.status().as_u16();
    reply.bytes().await.unwrap();
    status
}

/// The house's person as an administrator of the server.
async fn admin(house: &House) -> User {
    server::for_tests::set_platform_role(&house.state, house.user.id(), PlatformRole::Admin)
        .await
        .unwrap();
    let pair = server::sessions::start_tokens(&house.state, &house.user, false, &Device::default())
        .await
        .unwrap();
    server::sessions::from_access_token(&house.state, &pair.access_token).unwrap()
}

fn number(reply: &reqwest::Response, header: &str) -> u64 {
    let value = reply.headers()[header].to_str().unwrap();
    value.trim_end_matches('s').parse().unwrap()
}

/// `"name";a=1;b=2` as its name and numbers.
fn field(reply: &reqwest::Response, header: &str) -> (String, Vec<u64>) {
    let value = reply.headers()[header].to_str().unwrap();
    let mut parts = value.split(';');
    let name = parts.next().unwrap().trim_matches('"').to_owned();
    let numbers = parts.map(|part| part.split_once('=').unwrap().1.parse().unwrap());
    (name, numbers.collect())
}

#[tokio::test]
async fn call_beyond_the_minute_is_429_in_the_callers_dialect() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let research = team(&house, &acme, "research", &[], true).await;
    let one = key(&house, &acme.boris, Some(research), &[]).await;
    let other = key(&house, &acme.boris, Some(research), &[]).await;
    limit(&house, &house.user, research, json!({ "rpm_limit": 2 })).await;

    let first = post(&house, &one, "/v1/messages", &messages("plain", false)).await;
    assert_eq!(first.status(), 200);
    assert_eq!(field(&first, "ratelimit-policy"), ("requests".to_owned(), vec![2, 60]));
    assert_eq!(number(&first, "x-ratelimit-remaining-requests"), 1);
    // Keys of one team count together, at every door.
    assert_eq!(
        post(&house, &other, "/v1/chat/completions", &chat("plain", true))
            .await
            .status(),
        200
    );
    for (path, body) in [
        ("/v1/messages", messages("plain", false)),
        ("/v1/messages", messages("plain", true)),
        ("/v1/chat/completions", chat("plain", true)),
        ("/v1/responses", responses("plain", false)),
        ("/api/llm/messages/stream", messages("plain", false)),
    ] {
        let refused = post(&house, &one, path, &body).await;
        assert_eq!(refused.status(), 429, "{path}");
        let wait = number(&refused, "retry-after");
        assert!((29..=30).contains(&wait), "{wait}");
        assert_eq!(refused.headers()["cache-control"], "no-store");
        assert!(
            !refused.headers().contains_key("x-should-retry"),
            "clients wait and try again"
        );
        let (name, left) = field(&refused, "ratelimit");
        assert_eq!((name.as_str(), left[0]), ("requests", 0));
        assert!(left[1] >= wait && left[1] <= 60, "{left:?}");
        assert_eq!(field(&refused, "ratelimit-policy").1, [2, 60]);
        assert_eq!(number(&refused, "x-ratelimit-limit-requests"), 2);
        assert_eq!(number(&refused, "x-ratelimit-remaining-requests"), 0);
        assert_eq!(number(&refused, "x-ratelimit-reset-requests"), left[1]);
        assert!(!refused.headers().contains_key("x-ratelimit-limit-tokens"));
        let told: Value = refused.json().await.unwrap();
        let error = &told["error"];
        let kind = if path.contains("messages") {
            &error["type"]
        } else {
            &error["code"]
        };
        let expected = if path.contains("messages") {
            "rate_limit_error"
        } else {
            "rate_limit_exceeded"
        };
        assert_eq!(kind, expected, "{told}");
        let text = error["message"].as_str().unwrap();
        assert!(text.contains("\"research\" may make 2 calls a minute"), "{text}");
    }
    // Neither another team's, nor what costs nothing.
    assert_eq!(call(&house, &house.key, "plain").await, 200);
    let counted = post(&house, &one, "/v1/messages/count_tokens", &messages("plain", false)).await;
    assert_eq!(counted.status(), 200);
    assert_eq!(
        client()
            .get(house.url("/v1/models"))
            .bearer_auth(&one)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    // From the reply of the change on.
    limit(&house, &house.user, research, json!({ "rpm_limit": 3 })).await;
    assert_eq!(call(&house, &one, "plain").await, 200);
    assert_eq!(call(&house, &one, "plain").await, 429);
    limit(&house, &house.user, research, json!({ "rpm_limit": null })).await;
    let free = post(&house, &one, "/v1/messages", &messages("plain", false)).await;
    assert_eq!(free.status(), 200);
    assert!(!free.headers().contains_key("ratelimit"));
    settled(&house).await;
    assert_eq!(
        house
            .upstream
            .calls()
            .iter()
            .filter(|call| call.usage.is_some())
            .count(),
        5
    );
    house.close().await;
}

#[tokio::test]
async fn refused_call_has_a_row_and_no_cost() {
    let house = House::open().await;
    let root = admin(&house).await;
    limit(&house, &root, DEFAULT_TEAM, json!({ "rpm_limit": 1 })).await;
    assert_eq!(call(&house, &house.key, "plain").await, 200);
    assert_eq!(call(&house, &house.key, "plain").await, 429);
    let calls = house.calls(2).await;
    let refused = calls.iter().find(|call| call.http_status == 429).unwrap();
    assert_eq!(refused.error_class.as_deref(), Some("rate_limited"));
    assert_eq!((refused.cost_nanos.0, refused.tokens.total()), (0, 0));
    assert_eq!(refused.model, "plain");
    house.close().await;
}

#[tokio::test]
async fn place_is_free_again_when_a_call_ended_or_its_client_left() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let research = team(&house, &acme, "research", &[], true).await;
    let key = key(&house, &acme.boris, Some(research), &[]).await;
    limit(&house, &house.user, research, json!({ "max_parallel": 1 })).await;
    let reply = post(&house, &key, "/v1/messages", &messages("slow", true)).await;
    let mut stream = reply.bytes_stream();
    stream.next().await.unwrap().unwrap();
    let refused = post(&house, &key, "/v1/messages", &messages("plain", false)).await;
    assert_eq!((refused.status().as_u16(), number(&refused, "retry-after")), (429, 1));
    assert!(
        !refused.headers().contains_key("ratelimit"),
        "nobody knows when a place is free"
    );
    let text = refused.text().await.unwrap();
    assert!(text.contains("1 call at the same time"), "{text}");
    // The rest is read on for the books, but nobody waits for it.
    drop(stream);
    let left = Instant::now();
    while call(&house, &key, "plain").await != 200 {
        assert!(
            left.elapsed() < Duration::from_secs(1),
            "the place is free within a second"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // However a call ends.
    for model in ["s500", "s401", "cut", "html", "page", "nousage", "s529", "error_mid"] {
        call(&house, &key, model).await;
        assert_eq!(call(&house, &key, "plain").await, 200, "after {model}");
    }
    settled(&house).await;
    house.close().await;
}

#[tokio::test]
async fn tokens_count_as_the_books_say() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let research = team(&house, &acme, "research", &[], true).await;
    let key = key(&house, &acme.boris, Some(research), &[]).await;
    // What the key is told is left of its tokens.
    let left = async || {
        let told = client()
            .get(house.url("/v1/key"))
            .bearer_auth(&key)
            .send()
            .await
            .unwrap();
        let told: Value = told.json().await.unwrap();
        assert_eq!(told["limits"]["tpm_limit"], 100_000);
        assert_eq!(told["remaining"]["requests"], Value::Null);
        told["remaining"]["tokens"].as_u64().unwrap()
    };
    limit(&house, &house.user, research, json!({ "tpm_limit": 100_000 })).await;
    assert_eq!(left().await, 100_000);
    for stream in [false, true] {
        let reply = post(&house, &key, "/v1/messages", &messages("cached", stream)).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(number(&reply, "x-ratelimit-limit-tokens"), 100_000);
        reply.bytes().await.unwrap();
    }
    settled(&house).await;
    let calls = house.upstream.calls();
    let used = calls.iter().map(|call| call.usage.unwrap());
    let used: u64 = used
        .map(|used| used.input + used.cache_read + used.cache_write_5m + used.cache_write_1h + used.output)
        .sum();
    assert!(used > 1000, "cached tokens count too");
    let rest = left().await;
    // A minute has 100,000, so some drain between the calls and the question.
    assert!(
        (100_000 - used..=100_000).contains(&rest),
        "{rest} are left after {used}"
    );
    limit(&house, &house.user, research, json!({ "tpm_limit": 100 })).await;
    let refused = post(&house, &key, "/v1/messages", &messages("plain", false)).await;
    assert_eq!(refused.status(), 429);
    let wait = number(&refused, "retry-after");
    assert!(wait > 60, "what was used beyond the limit is waited for: {wait}");
    assert_eq!(
        refused.headers()["x-should-retry"],
        "false",
        "no client waits longer than a minute"
    );
    assert_eq!(number(&refused, "x-ratelimit-remaining-tokens"), 0);
    let text = refused.text().await.unwrap();
    assert!(text.contains("may use 100 tokens a minute"), "{text}");
    house.close().await;
}

#[tokio::test]
async fn default_teams_limits_are_each_persons_own() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let root = admin(&house).await;
    let research = team(&house, &acme, "research", &[], true).await;
    let of_team = key(&house, &acme.boris, Some(research), &[]).await;
    let own = key(&house, &acme.boris, None, &[]).await;
    limit(&house, &root, DEFAULT_TEAM, json!({ "rpm_limit": 1 })).await;
    assert_eq!(call(&house, &house.key, "plain").await, 200);
    assert_eq!(call(&house, &house.key, "plain").await, 429);
    assert_eq!(call(&house, &own, "plain").await, 200, "another person's minute");
    assert_eq!(call(&house, &own, "plain").await, 429);
    for _ in 0..3 {
        assert_eq!(
            call(&house, &of_team, "plain").await,
            200,
            "a team has rules of its own"
        );
    }
    // Tokens and further keys of the same person count with the first.
    let pair = server::sessions::start_tokens(&house.state, &acme.boris, false, &Device::default()).await;
    assert_eq!(call(&house, &pair.unwrap().access_token, "plain").await, 429);
    let new = NewKey {
        name: "second".to_owned(),
        ..NewKey::default()
    };
    let second = server::keys::create(&house.state, &acme.boris, new).await.unwrap();
    assert_eq!(call(&house, &second.key.unwrap(), "plain").await, 429);
    settled(&house).await;
    house.close().await;
}

#[tokio::test]
async fn person_in_two_teams_calls_for_the_one_that_has_room() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let narrow = team(&house, &acme, "narrow", &["plain"], true).await;
    let wide = team(&house, &acme, "wide", &[], true).await;
    limit(&house, &house.user, narrow, json!({ "rpm_limit": 1 })).await;
    limit(&house, &house.user, wide, json!({ "rpm_limit": 2 })).await;
    let pair = server::sessions::start_tokens(&house.state, &acme.boris, false, &Device::default()).await;
    let token = pair.unwrap().access_token;
    let ask = async |model: &str| {
        let call = client().post(house.url("/v1/messages")).bearer_auth(&token);
        let call = call
            .header("x-weirgate-organization", "acme")
            .json(&messages(model, false));
        let reply = call.send().await.unwrap();
        let wait = reply
            .headers()
            .get("retry-after")
            .map(|wait| wait.to_str().unwrap().to_owned());
        (reply.status().as_u16(), wait)
    };
    assert_eq!(ask("cached").await.0, 200, "the wide one");
    assert_eq!(ask("plain").await.0, 200, "the narrow one");
    assert_eq!(ask("plain").await.0, 200, "the wide one again");
    let (status, wait) = ask("plain").await;
    assert_eq!(
        (status, wait.as_deref()),
        (429, Some("30")),
        "the shorter wait of the two"
    );
    settled(&house).await;
    house.close().await;
}

/// A thousand calls at once: as many as the limit says are let through, and not one more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limit_is_exact_when_many_call_at_once() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let research = team(&house, &acme, "research", &[], true).await;
    let key = key(&house, &acme.boris, Some(research), &[]).await;
    limit(&house, &house.user, research, json!({ "rpm_limit": 50 })).await;
    let began = Instant::now();
    let asked = (0..1000).map(|_| call(&house, &key, "plain"));
    let statuses: Vec<u16> = futures_util::stream::iter(asked).buffer_unordered(64).collect().await;
    let of = |status: u16| statuses.iter().filter(|found| **found == status).count();
    assert_eq!(of(200) + of(429), 1000);
    // Fifty, and those that drained meanwhile.
    let drained = usize::try_from(began.elapsed().as_secs() * 50 / 60).unwrap() + 1;
    assert!(
        (50..=50 + drained).contains(&of(200)),
        "{} in {:?}",
        of(200),
        began.elapsed()
    );
    settled(&house).await;
    assert_eq!(house.upstream.calls().len(), of(200));
    house.close().await;
}
