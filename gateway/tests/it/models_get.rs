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
    let one: Value = one.json().await.unwrap();
    assert_eq!(
        (&one["id"], &one["availability"]),
        (&"plain".into(), &"available".into())
    );
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

async fn list(house: &House, query: &str) -> (u16, Value) {
    let request = client()
        .get(house.url(&format!("/v1/models{query}")))
        .bearer_auth(&house.key);
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

fn ids(body: &Value) -> Vec<String> {
    let data = body["data"].as_array().unwrap().iter();
    data.map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_in_both_directions_make_the_whole_list() {
    let house = House::open().await;
    let (_, whole) = list(&house, "").await;
    let all = ids(&whole);
    assert!(all.len() > 10 && all.is_sorted() && whole["has_more"] == false);
    assert_eq!(
        (&whole["first_id"], &whole["last_id"]),
        (&all[0].as_str().into(), &all[all.len() - 1].as_str().into())
    );
    for size in [1, 4, all.len() - 1, all.len(), 1000] {
        let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
        let mut query = format!("?limit={size}");
        loop {
            let (status, page) = list(&house, &query).await;
            assert_eq!(status, 200);
            assert!(ids(&page).len() <= size);
            forwards.extend(ids(&page));
            if page["has_more"] == false {
                break;
            }
            query = format!(
                "?limit={size}&after_id={}",
                page["last_id"].as_str().unwrap().replace('/', "%2F")
            );
        }
        let mut query = format!("?limit={size}&before_id=zzzz");
        loop {
            let (_, page) = list(&house, &query).await;
            backwards.splice(0..0, ids(&page));
            if page["has_more"] == false {
                break;
            }
            query = format!("?limit={size}&before_id={}", page["first_id"].as_str().unwrap());
        }
        assert_eq!(forwards, all, "{size}");
        assert_eq!(backwards, all, "{size}");
    }
    house.close().await;
}

#[tokio::test]
async fn page_that_cannot_be_is_400_and_other_parameters_are_nobodys() {
    let house = House::open().await;
    for query in [
        "?limit=0",
        "?limit=-1",
        "?limit=1001",
        "?limit=x",
        "?limit=",
        "?after_id=a&before_id=b",
    ] {
        assert_eq!(list(&house, query).await.0, 400, "{query}");
    }
    for query in ["?beta=true", "?x=%ff", "?", "?limit=1&limit=2", "?after_id=never-there"] {
        assert_eq!(list(&house, query).await.0, 200, "{query}");
    }
    let (_, last) = list(&house, "?after_id=zzzz").await;
    assert_eq!(
        (ids(&last).len(), &last["has_more"], &last["first_id"]),
        (0, &false.into(), &Value::Null)
    );
    house.close().await;
}

#[tokio::test]
async fn name_with_a_slash_is_found_escaped_or_not() {
    let house = House::open().await;
    for path in [
        "/v1/models/org/nested",
        "/v1/models/org%2Fnested",
        "/openai/v1/models/org/nested",
    ] {
        let request = client().get(house.url(path)).bearer_auth(&house.key);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        assert_eq!(reply.json::<Value>().await.unwrap()["id"], "org/nested");
    }
    for path in ["/v1/models/org", "/v1/models/org/other", "/v1/models/org/nested/more"] {
        let request = client().get(house.url(path)).bearer_auth(&house.key);
        assert_eq!(request.send().await.unwrap().status(), 404, "{path}");
    }
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
