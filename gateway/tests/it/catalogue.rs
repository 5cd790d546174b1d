//! A catalogue that is edited while calls run: what holds for which call (C109), and that only saved providers are ever dialled (C084, C088).

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use server::catalogue::{Editor, models, prices, providers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use types::{
    ModelId, PlatformRole,
    catalogue::{ModelChange, ModelRoute, NewCredential, NewModel, NewPrice, NewProvider, ProviderChange},
    usage::CallStatus,
};

use super::support::{House, chat, messages};

/// The house's person as somebody who may change the catalogue.
async fn editor(house: &House) -> Editor {
    let role = PlatformRole::Admin;
    server::for_tests::set_platform_role(&house.state, house.user.id(), role)
        .await
        .unwrap();
    let device = server::sessions::Device::default();
    let tokens = server::sessions::start_tokens(&house.state, &house.user, false, &device)
        .await
        .unwrap();
    let user = server::sessions::from_access_token(&house.state, &tokens.access_token).unwrap();
    Editor::from(&user.admin().unwrap())
}

fn price(input: &str, output: &str) -> NewPrice {
    NewPrice {
        input: input.to_owned(),
        output: output.to_owned(),
        ..NewPrice::default()
    }
}

/// A model of a page's, at the fake upstream; the provider beside it.
async fn model(house: &House, editor: &Editor, upstream_model: &str) -> (types::ProviderId, ModelId) {
    let new = NewProvider {
        name: "paged".to_owned(),
        dialect: "openai".to_owned(),
        base_url: house.upstream.openai_url(),
        credential: Some(fake_upstream::CREDENTIAL.to_owned()),
        allow_private_network: true,
        is_enabled: true,
        ..NewProvider::default()
    };
    let provider = providers::create(&house.state, editor, new).await.unwrap();
    let new = NewModel {
        name: "paged".to_owned(),
        routes: vec![ModelRoute {
            provider: "paged".to_owned(),
            model: upstream_model.to_owned(),
            weight: 1,
            priority: 0,
        }],
        price: Some(price("3", "15")),
        is_enabled: true,
        ..NewModel::default()
    };
    let model = models::create(&house.state, editor, new).await.unwrap();
    (provider.id, model.id)
}

/// What a call of that model is answered with.
async fn status(house: &House) -> u16 {
    let reply = house
        .post("/v1/chat/completions", &chat("paged", false))
        .send()
        .await
        .unwrap();
    let status = reply.status().as_u16();
    reply.bytes().await.unwrap();
    status
}

#[tokio::test]
async fn price_edited_during_a_call_holds_for_the_next_one() {
    let house = House::open().await;
    let editor = editor(&house).await;
    let (_, id) = model(&house, &editor, "fake:slow=40&events=20").await;
    let reply = house
        .post("/v1/chat/completions", &chat("paged", true))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    let mut body = reply.bytes_stream();
    body.next().await.unwrap().unwrap();
    prices::set(&house.state, &editor, id, price("30", "150"))
        .await
        .unwrap();
    while let Some(chunk) = body.next().await {
        chunk.unwrap();
    }
    let first = house.call().await;
    let reply = house
        .post("/v1/chat/completions", &chat("paged", true))
        .send()
        .await
        .unwrap();
    reply.bytes().await.unwrap();
    let calls = house.calls(2).await;
    let second = calls.iter().find(|call| call.id != first.id).unwrap();
    let cost = |call: &types::usage::Call, input: u64, output: u64| {
        assert_eq!((call.status, call.unpriced), (CallStatus::Settled, false));
        let nanos = (call.tokens.input + call.tokens.cache_read) * input * 1000 + call.tokens.output * output * 1000;
        assert_eq!(call.cost_nanos.0, i64::try_from(nanos).unwrap());
    };
    assert!(first.tokens.output > 0);
    cost(&first, 3, 15);
    cost(second, 30, 150);
    house.close().await;
}

#[tokio::test]
async fn rotated_credential_holds_for_the_next_call() {
    let house = House::open().await;
    let editor = editor(&house).await;
    let (provider, _) = model(&house, &editor, "fake").await;
    let rotate = async |credential: &str| {
        let new = NewCredential {
            credential: Some(credential.to_owned()),
        };
        providers::rotate(&house.state, &editor, provider, new).await.unwrap();
    };
    assert_eq!(status(&house).await, 200);
    rotate("sk-not-this-one").await;
    assert_eq!(status(&house).await, 502);
    rotate(fake_upstream::CREDENTIAL).await;
    assert_eq!(status(&house).await, 200);
    house.close().await;
}

#[tokio::test]
async fn change_of_the_catalogue_holds_for_the_next_call() {
    let house = House::open().await;
    let editor = editor(&house).await;
    let (provider, id) = model(&house, &editor, "fake").await;
    assert_eq!(status(&house).await, 200);
    let enable = |is_enabled| ModelChange {
        is_enabled: Some(is_enabled),
        ..ModelChange::default()
    };
    models::update(&house.state, &editor, id, enable(false)).await.unwrap();
    assert_eq!(status(&house).await, 404);
    models::update(&house.state, &editor, id, enable(true)).await.unwrap();
    assert_eq!(status(&house).await, 200);
    let change = ProviderChange {
        is_enabled: Some(false),
        ..ProviderChange::default()
    };
    providers::update(&house.state, &editor, provider, change)
        .await
        .unwrap();
    assert_eq!(status(&house).await, 404);
    // Called by now, so it stays on the books and cannot be deleted.
    house.calls(2).await;
    house.state.ledger().flush().await.unwrap();
    let refused = models::delete(&house.state, &editor, id).await.unwrap_err();
    assert_eq!(refused.refusal().status(), 409);
    house.close().await;
}

#[tokio::test]
async fn nothing_a_client_sends_says_who_is_dialled() {
    let house = House::open().await;
    let evil = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", evil.local_addr().unwrap());
    let names = [
        "x-api-base",
        "x-base-url",
        "x-custom-host",
        "x-litellm-params",
        "x-upstream-url",
    ];
    for (path, mut body) in [
        ("/v1/messages", messages("plain", false)),
        ("/v1/chat/completions", chat("plain", false)),
    ] {
        // What another gateway would understand is refused by name (`allow_lists.rs`); what nobody knows is the upstream's to judge.
        body["host"] = json!("evil.example.net");
        let request = house.post(path, &body);
        let request = names
            .iter()
            .fold(request, |request, name| request.header(*name, &address));
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        reply.bytes().await.unwrap();
    }
    // A picture's address is the upstream's to fetch, never ours.
    let picture = json!({ "model": "plain", "messages": [{ "role": "user", "content": [
        { "type": "image_url", "image_url": { "url": format!("{address}/latest/meta-data") } },
    ] }] });
    let reply = house.post("/v1/chat/completions", &picture).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    reply.bytes().await.unwrap();
    assert_eq!(house.upstream.calls().len(), 3);
    let waiting = tokio::time::timeout(Duration::ZERO, evil.accept()).await;
    assert!(waiting.is_err(), "the evil listener was dialled");
    house.close().await;
}

/// Sends a request line as it is written; a client library would tidy it first.
async fn raw(house: &House, line: &str) -> (u16, String) {
    let mut socket = tokio::net::TcpStream::connect(house.address).await.unwrap();
    let body = chat("plain", false).to_string();
    let request = format!(
        "POST {line} HTTP/1.1\r\nhost: {}\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        house.address,
        house.key,
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[tokio::test]
async fn path_that_is_not_a_listed_template_reaches_no_upstream() {
    let house = House::open().await;
    for path in [
        "/v1/../v1/chat/completions",
        "/v1/%2e%2e/v1/chat/completions",
        "/v1/chat%2fcompletions",
        "/v1//chat/completions",
        "//v1/chat/completions",
        "/v1/chat/completions/",
        "/v1/chat\\completions",
        "/v1/chat/completions;x=1",
        "/v1/files",
        "/v1/fine_tuning/jobs",
    ] {
        let (status, answer) = raw(&house, path).await;
        assert_eq!(status, 404, "{path}: {answer}");
    }
    assert_eq!(house.upstream.calls().len(), 0);
    let (status, answer) = raw(&house, "/v1/chat/completions").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(house.upstream.calls().len(), 1);
    house.close().await;
}
