//! A person's own token on the model API: pays like the person, does what its scopes say, and ends when it is revoked.

use serde_json::Value;
use server::sessions::Device;
use types::personal_tokens::{CreatedToken, NewToken, Scope};

use super::support::{House, client, messages};

async fn token(house: &House, scopes: &[Scope]) -> CreatedToken {
    let new = NewToken {
        name: "laptop".to_owned(),
        scopes: scopes.to_vec(),
        password: Some("correct horse battery".to_owned()),
        ..NewToken::default()
    };
    server::tokens::create(&house.state, &house.user, new, &Device::default())
        .await
        .unwrap()
}

async fn call(house: &House, token: &str, organization: Option<&str>) -> reqwest::Response {
    let call = client()
        .post(house.url("/v1/messages"))
        .bearer_auth(token)
        .json(&messages("plain", false));
    let call = match organization {
        Some(organization) => call.header("x-weirgate-organization", organization),
        None => call,
    };
    call.send().await.unwrap()
}

async fn models(house: &House, token: &str) -> u16 {
    let asked = client().get(house.url("/v1/models")).header("x-api-key", token);
    asked.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn token_calls_models_and_the_persons_organization_pays() {
    let house = House::open().await;
    let made = token(&house, &[Scope::Read, Scope::Write]).await;
    let text = made.token.unwrap();
    assert_eq!(models(&house, &text).await, 200);
    assert_eq!(call(&house, &text, None).await.status(), 200);
    let own = house.user.organization_id().to_string();
    assert_eq!(call(&house, &text, Some(&own)).await.status(), 200);
    let strange = call(&house, &text, Some("0199f7c2-7a3e-7000-8000-000000000000")).await;
    assert_eq!(strange.status(), 404);
    let calls = house.calls(2).await;
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.key.is_none()));
    let listed = server::tokens::list(&house.state, &house.user).await.unwrap();
    assert!(listed[0].last_used_at.is_some());
    house.close().await;
}

#[tokio::test]
async fn scopes_are_kept_to() {
    let house = House::open().await;
    let reads = token(&house, &[Scope::Read]).await.token.unwrap();
    assert_eq!(models(&house, &reads).await, 200);
    assert_eq!(call(&house, &reads, None).await.status(), 403);
    let writes = token(&house, &[Scope::Write]).await.token.unwrap();
    assert_eq!(models(&house, &writes).await, 403);
    let account = token(&house, &[Scope::Account]).await.token.unwrap();
    assert_eq!(models(&house, &account).await, 403);
    assert_eq!(call(&house, &account, None).await.status(), 403);
    house.close().await;
}

#[tokio::test]
async fn revoked_token_is_refused_at_once_in_the_callers_dialect() {
    let house = House::open().await;
    let made = token(&house, &Scope::ALL).await;
    let text = made.token.unwrap();
    assert_eq!(call(&house, &text, None).await.status(), 200);
    server::tokens::revoke(&house.state, &house.user, made.details.id)
        .await
        .unwrap();
    let reply = call(&house, &text, None).await;
    assert_eq!(reply.status(), 401);
    assert_eq!(reply.headers()["x-should-retry"], "false");
    let body: Value = reply.json().await.unwrap();
    assert_eq!(body["error"]["type"], "authentication_error");
    let broken = text.replace("wgp-", "wgp-A");
    assert_eq!(call(&house, &broken, None).await.status(), 401);
    house.calls(1).await;
    house.close().await;
}

#[tokio::test]
async fn member_who_lacks_a_second_factor_calls_by_key_alone() {
    let house = House::open().await;
    let personal = token(&house, &Scope::ALL).await.token.unwrap();
    let pair = server::sessions::start_tokens(&house.state, &house.user, false, &Device::default())
        .await
        .unwrap();
    server::for_tests::ask_for_second_factor(&house.state, house.user.organization_id())
        .await
        .unwrap();
    for presented in [&personal, &pair.access_token] {
        assert_eq!(call(&house, presented, None).await.status(), 403);
        assert_eq!(models(&house, presented).await, 403);
    }
    assert_eq!(call(&house, &house.key, None).await.status(), 200);
    house.close().await;
}
