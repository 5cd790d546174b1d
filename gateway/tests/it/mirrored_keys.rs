//! Calls that go to a LiteLLM proxy by a key it knows too: with that key's own credential, and nobody else's.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use types::{keys::NewKey, usage::CallStatus};

use super::support::{House, chat, client, messages};

const MASTER: &str = "sk-master-of-the-proxy-0001";
/// More refused calls than a breaker lets pass that counts them.
const MANY: usize = 12;

/// The proxy: keys it was asked to make, and the credentials of the calls it got.
#[derive(Default)]
struct Inside {
    keys: Vec<String>,
    calls: Vec<String>,
    refuses: Option<String>,
    how: (u16, &'static str),
}

type Shared = Arc<Mutex<Inside>>;

async fn proxy() -> (String, Shared) {
    let shared = Shared::default();
    let router = Router::new()
        .route("/model/info", get(listed))
        .route("/key/generate", post(generate))
        .route("/v1/chat/completions", post(answer))
        .route("/v1/messages", post(answer))
        .route("/v1/messages/count_tokens", post(counted))
        .with_state(Arc::clone(&shared));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, shared)
}

fn bearer(headers: &HeaderMap) -> String {
    let value = headers[header::AUTHORIZATION].to_str().unwrap();
    value.strip_prefix("Bearer ").unwrap().to_owned()
}

async fn listed(headers: HeaderMap) -> Json<Value> {
    assert_eq!(bearer(&headers), MASTER);
    let info = json!({ "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6 });
    Json(json!({ "data": [{ "model_name": "behind", "litellm_params": { "model": "openai/x" }, "model_info": info }] }))
}

async fn generate(State(shared): State<Shared>, headers: HeaderMap, Json(sent): Json<Value>) -> Json<Value> {
    assert_eq!(bearer(&headers), MASTER);
    let text = sent["key"].as_str().unwrap().to_owned();
    shared.lock().unwrap().keys.push(text);
    Json(sent)
}

fn call(shared: &Shared, headers: &HeaderMap) -> Result<(), Response> {
    let mut inside = shared.lock().unwrap();
    let sent = bearer(headers);
    inside.calls.push(sent.clone());
    if inside.refuses.as_ref() != Some(&sent) {
        return Ok(());
    }
    let (status, kind) = inside.how;
    let error = json!({ "error": { "message": format!("Not with {sent}"), "type": kind, "param": null, "code": status.to_string() } });
    Err((StatusCode::from_u16(status).unwrap(), Json(error)).into_response())
}

async fn answer(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Err(refused) = call(&shared, &headers) {
        return refused;
    }
    Json(json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "x",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "A weir." }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 },
    }))
    .into_response()
}

async fn counted(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Err(refused) = call(&shared, &headers) {
        return refused;
    }
    Json(json!({ "input_tokens": 10 })).into_response()
}

/// From here on this credential is refused so: status, and LiteLLM's word for it.
fn refuse(shared: &Shared, credential: &str, how: (u16, &'static str)) {
    let mut inside = shared.lock().unwrap();
    (inside.refuses, inside.how) = (Some(credential.to_owned()), how);
}

async fn behind(url: &str, mirror_keys: bool) -> House {
    let text = format!(
        "api_url = {url:?}\napi_key = {MASTER:?}\nallow_private_network = true\nsync_every = 0\nmirror_keys = {mirror_keys}"
    );
    let house = House::open_with(|config| config.add_litellm(&text).unwrap()).await;
    while house.state.directory().model("behind").is_none() {
        tokio::task::yield_now().await;
    }
    house
}

/// Works off what is due until the proxy knows the key.
async fn mirrored(house: &House, id: types::KeyId) -> String {
    loop {
        server::for_tests::mirror_keys(&house.state).await.unwrap();
        let entry = house.state.directory().key_of_id(id).unwrap();
        if let Some(credential) = &entry.proxy_credential {
            return credential.expose().to_owned();
        }
        tokio::task::yield_now().await;
    }
}

async fn status(house: &House, key: &str, path: &str, body: &Value) -> u16 {
    let request = client().post(house.url(path)).bearer_auth(key).json(body);
    request.send().await.unwrap().status().as_u16()
}

const CHAT: &str = "/v1/chat/completions";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_of_a_mirrored_key_carries_its_own_credential_to_the_proxy_alone() {
    let (url, proxy) = proxy().await;
    let house = behind(&url, true).await;
    let own = mirrored(&house, house.key_id).await;
    assert_eq!(proxy.lock().unwrap().keys, std::slice::from_ref(&own));
    assert_eq!(status(&house, &house.key, CHAT, &chat("behind", false)).await, 200);
    let count = messages("behind", false);
    assert_eq!(
        status(&house, &house.key, "/v1/messages/count_tokens", &count).await,
        200
    );
    assert_eq!(proxy.lock().unwrap().calls, [own.clone(), own.clone()]);
    // Other providers get theirs.
    assert_eq!(status(&house, &house.key, CHAT, &chat("plain", false)).await, 200);
    assert_eq!(house.upstream.calls().len(), 1, "the fake takes no other credential");
    let calls = house.calls(2).await;
    let call = calls.iter().find(|call| call.model == "behind").unwrap();
    // Ten at a dollar and five at two dollars per million.
    assert_eq!((call.provider.as_str(), call.cost_nanos.0), ("litellm", 20_000));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_of_a_key_that_is_not_mirrored_carries_the_providers() {
    let (url, proxy) = proxy().await;
    let house = behind(&url, false).await;
    assert_eq!(status(&house, &house.key, CHAT, &chat("behind", false)).await, 200);
    assert_eq!(proxy.lock().unwrap().calls, [MASTER]);
    house.calls(1).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credential_says_nothing_of_the_proxy_and_no_other_takes_its_place() {
    let (url, proxy) = proxy().await;
    let house = behind(&url, true).await;
    let own = mirrored(&house, house.key_id).await;
    let new = NewKey {
        name: "other".to_owned(),
        ..NewKey::default()
    };
    let other = server::keys::create(&house.state, &house.user, new).await.unwrap();
    mirrored(&house, other.details.id).await;
    // As LiteLLM says it of a key that is not known or blocked, whose budget is spent (in two ages of it), and that asks too often. It says all
    // of it in OpenAI's form, also to a call of Messages.
    let ways = [
        (401, "auth_error", 502),
        (400, "budget_exceeded", 502),
        (429, "budget_exceeded", 502),
        (429, "throttling_error", 429),
    ];
    for (said, kind, heard) in ways {
        refuse(&proxy, &own, (said, kind));
        for (path, body) in [
            (CHAT, chat("behind", false)),
            ("/v1/messages", messages("behind", false)),
        ] {
            for _ in 0..MANY {
                let request = client().post(house.url(path)).bearer_auth(&house.key);
                let reply = request.json(&body).send().await.unwrap();
                assert_eq!(reply.status(), heard, "{path}, {said} {kind}");
                let told: Value = reply.json().await.unwrap();
                assert_eq!(told["type"] == "error", path == "/v1/messages", "{told}");
                let text = told.to_string();
                assert!(!text.contains(&own) && !text.contains(MASTER), "{text}");
            }
        }
    }
    // The breaker stayed closed: the other key's call is tried like any other.
    let model = house.state.directory().model("behind").unwrap();
    assert_eq!(
        model.availability(house.state.clock().now()),
        types::catalogue::Availability::Available
    );
    assert_eq!(
        status(&house, &other.key.unwrap(), CHAT, &chat("behind", false)).await,
        200
    );
    assert!(
        proxy.lock().unwrap().calls.iter().all(|sent| sent != MASTER),
        "never the provider's instead"
    );
    let all = ways.len() * 2 * MANY;
    let calls = house.calls(all + 1).await;
    let refused = calls.iter().filter(|call| call.status == CallStatus::UpstreamError);
    assert_eq!(refused.count(), all);
    house.close().await;
}
