//! `GET /v1/models[/{id}]`: one body for both vendors' SDKs, only what the caller may use.

use serde_json::Value;
use types::keys::NewKey;

use super::support::{House, client};

#[tokio::test]
async fn list_has_both_shapes_and_only_allowed_models() {
    let house = House::open().await;
    let new = NewKey {
        name: "narrow".to_owned(),
        models: vec!["plain".to_owned(), "cached".to_owned()],
        ..NewKey::default()
    };
    let key = server::keys::create(&house.state, &house.user, new)
        .await
        .unwrap()
        .key
        .unwrap();
    let reply = client()
        .get(house.url("/v1/models?limit=1000"))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    let body: Value = reply.json().await.unwrap();
    assert_eq!((&body["object"], &body["has_more"]), (&"list".into(), &false.into()));
    let ids: Vec<&str> = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["cached", "plain"]);
    let first = &body["data"][0];
    assert_eq!((&first["type"], &first["object"]), (&"model".into(), &"model".into()));
    assert!(first["created"].is_u64() && first["created_at"].is_string() && first["display_name"].is_string());
    assert_eq!(
        (&body["first_id"], &body["last_id"]),
        (&"cached".into(), &"plain".into())
    );

    let one = client()
        .get(house.url("/v1/models/plain"))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(one.json::<Value>().await.unwrap()["id"], "plain");
    let other = client()
        .get(house.url("/v1/models/slow"))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), 404);
    let head = client()
        .head(house.url("/v1/models"))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    house.close().await;
}

#[tokio::test]
async fn list_without_a_key_is_401_in_the_dialect_asked_for() {
    let house = House::open().await;
    let reply = client().get(house.url("/v1/models")).send().await.unwrap();
    assert_eq!(reply.status(), 401);
    assert!(reply.json::<Value>().await.unwrap()["error"].get("code").is_some());
    let reply = client()
        .get(house.url("/v1/models"))
        .header("anthropic-version", "2023-06-01")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 401);
    assert_eq!(reply.json::<Value>().await.unwrap()["type"], "error");
    house.close().await;
}
