//! Keys from elsewhere work like ours: by their hash alone, on both dialects, with the models, the expiry and the revocation of any key.

use serde_json::json;
use server::{
    crypto::{self, Secret},
    keys::import::{How, Line, import},
};

use super::support::{House, chat, client, messages};

const KEY: &str = "sk-aBcDeFgHiJkLmNoPqRsTuV";

fn line() -> Line {
    Line {
        number: 1,
        key: None,
        hash: Some(crypto::hex(&crypto::sha256(KEY.as_bytes()))),
        email: "anna@example.com".to_owned(),
        name: "from elsewhere".to_owned(),
        organization: None,
        models: Vec::new(),
        expires_at: None,
    }
}

async fn take(house: &House, line: Line) {
    let report = import(&house.state, vec![Ok(line)], How::Whole).await.unwrap();
    assert_eq!((report.written, report.refused()), (1, 0));
}

async fn status(house: &House, path: &str, body: &serde_json::Value, bearer: bool) -> u16 {
    let request = client().post(house.url(path)).json(body);
    let request = match bearer {
        true => request.bearer_auth(KEY),
        false => request.header("x-api-key", KEY),
    };
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_key_calls_models_in_both_dialects_and_is_booked() {
    let house = House::open().await;
    assert_eq!(
        status(&house, "/v1/messages", &messages("plain", false), false).await,
        401
    );
    take(&house, line()).await;
    assert_eq!(
        status(&house, "/v1/messages", &messages("plain", false), false).await,
        200
    );
    assert_eq!(
        status(&house, "/v1/chat/completions", &chat("plain", true), true).await,
        200
    );
    let calls = house.calls(2).await;
    assert!(
        calls
            .iter()
            .all(|call| call.key.as_ref().is_some_and(|key| key.name == "from elsewhere")),
        "{calls:?}"
    );
    let models = client()
        .get(house.url("/v1/models"))
        .bearer_auth(KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(models.status(), 200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_key_obeys_its_models() {
    let house = House::open().await;
    take(
        &house,
        Line {
            models: vec!["plain".to_owned()],
            ..line()
        },
    )
    .await;
    assert_eq!(
        status(&house, "/v1/messages", &messages("plain", false), false).await,
        200
    );
    assert_eq!(
        status(&house, "/v1/messages", &messages("cached", false), false).await,
        403
    );
    house.calls(1).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_key_is_taken_from_its_text_and_can_be_revoked() {
    let house = House::open().await;
    take(
        &house,
        Line {
            key: Some(Secret::new(KEY)),
            hash: None,
            ..line()
        },
    )
    .await;
    assert_eq!(
        status(&house, "/v1/messages", &messages("plain", false), false).await,
        200
    );
    house.calls(1).await;
    let keys = server::keys::list(&house.state, &house.user).await.unwrap();
    let imported = keys.iter().find(|key| key.name == "from elsewhere").unwrap();
    assert!(
        imported.hint.starts_with("imported-") && !KEY.contains(&imported.hint[9..]),
        "{}",
        imported.hint
    );
    // By the name that lists show, as the operator's command line takes it.
    server::keys::revoke_by_operator(&house.state, &imported.hint)
        .await
        .unwrap();
    assert_eq!(
        status(&house, "/v1/messages", &messages("plain", false), false).await,
        401
    );
    let error: serde_json::Value = client()
        .post(house.url("/v1/messages"))
        .header("x-api-key", KEY)
        .json(&json!({}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(
        error["error"]["message"].as_str().unwrap().contains("revoked"),
        "{error}"
    );
    house.close().await;
}
