//! `GET /v1/key`: the calling key, told to whoever calls with it.

use serde_json::{Value, json};
use server::sessions::Device;
use types::keys::{NewKey, Permissions};

use super::support::{House, client, messages};

async fn ask(house: &House, key: &str) -> reqwest::Response {
    client()
        .get(house.url("/v1/key"))
        .bearer_auth(key)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn key_learns_what_it_may_and_what_it_spent() {
    let house = House::open().await;
    let new = NewKey {
        name: "laptop".to_owned(),
        models: vec!["plain".to_owned(), "cached".to_owned()],
        ..NewKey::default()
    };
    let made = server::keys::create(&house.state, &house.user, new).await.unwrap();
    let key = made.key.unwrap();
    for (name, calls) in [(&key, 2), (&house.key, 1)] {
        for _ in 0..calls {
            let request = client().post(house.url("/v1/messages")).bearer_auth(name);
            assert_eq!(
                request.json(&messages("plain", false)).send().await.unwrap().status(),
                200
            );
        }
    }
    let cost: i64 = house
        .calls(3)
        .await
        .iter()
        .filter(|call| call.key.as_ref().unwrap().id == made.details.id)
        .map(|call| call.cost_nanos.0)
        .sum();
    house.state.ledger().flush().await.unwrap();
    let reply = ask(&house, &key).await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["cache-control"], "no-store");
    let told: Value = reply.json().await.unwrap();
    assert_eq!(told["id"], made.details.id.to_string());
    assert_eq!(told["name"], "laptop");
    assert_eq!(told["models"], json!(["cached", "plain"]));
    assert_eq!(told["permissions"], json!({"read": true, "write": true}));
    assert_eq!(
        told["limits"],
        json!({"budget": null, "rpm_limit": null, "tpm_limit": null, "max_parallel": null})
    );
    for period in ["today", "this_month"] {
        let spent = &told["spent"][period];
        assert_eq!(
            (&spent["requests"], &spent["cost_nanos"]),
            (&json!(2), &json!(cost)),
            "{period}"
        );
        assert_eq!(spent["cost"], types::Nanos(cost).to_decimal());
        let resets: types::Timestamp = serde_json::from_value(spent["resets_at"].clone()).unwrap();
        assert!(resets > house.state.clock().now());
        assert!(spent["resets_at"].as_str().unwrap().contains("T00:00:00"), "{spent}");
    }
    assert!(!told.to_string().contains(&key[..20]), "the key itself is not told");
    house.close().await;
}

#[tokio::test]
async fn only_a_key_that_may_read_is_told() {
    let house = House::open().await;
    let permissions = Permissions {
        read: false,
        write: true,
    };
    let new = NewKey {
        name: "blind".to_owned(),
        permissions,
        ..NewKey::default()
    };
    let blind = server::keys::create(&house.state, &house.user, new)
        .await
        .unwrap()
        .key
        .unwrap();
    assert_eq!(ask(&house, &blind).await.status(), 403);

    let device = Device::default();
    let pair = server::sessions::start_tokens(&house.state, &house.user, false, &device)
        .await
        .unwrap();
    assert_eq!(ask(&house, &pair.access_token).await.status(), 404);

    for version in [None, Some("2023-06-01")] {
        let mut request = client().get(house.url("/v1/key"));
        if let Some(version) = version {
            request = request.header("anthropic-version", version);
        }
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 401);
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["type"] == "error", version.is_some(), "{body}");
    }
    house.close().await;
}
