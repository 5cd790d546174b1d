//! A LiteLLM proxy's own API in the test's process, with a database and with faults on demand. Words, statuses and order of its checks
//! are those of litellm/proxy/management_endpoints/key_management_endpoints.py (1.106).

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use server::crypto;
use tokio::task::JoinHandle;

/// The proxy's master key.
pub const MASTER: &str = "sk-master-of-the-proxy-0001";

pub struct LiteLlm {
    pub url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

type Shared = Arc<Mutex<Inside>>;

#[derive(Default)]
pub struct Inside {
    /// `data` of `/model/info`.
    pub models: Vec<Value>,
    /// What the next requests get instead of an answer, in this order.
    pub faults: VecDeque<Fault>,
    /// Keys by the SHA-256 of their text.
    pub keys: BTreeMap<String, Value>,
    pub deleted: BTreeMap<String, Value>,
    /// Method, path and body of every request.
    pub asked: Vec<(String, Value)>,
    /// `general_settings.disable_custom_api_keys`.
    pub makes_its_own_keys: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Status(u16),
    /// The request is carried out; its answer is lost.
    LosesAnswer,
    Redirects,
    Html,
    /// More than anybody should read.
    Huge,
}

/// Waits until the server has looked at its proxy by itself for the first time.
pub async fn looked(state: &server::State) {
    while server::for_tests::models_sync(state)
        .await
        .unwrap()
        .last_attempt_at
        .is_none()
    {
        tokio::task::yield_now().await;
    }
}

impl LiteLlm {
    pub async fn start() -> Self {
        let shared = Shared::default();
        let router = Router::new()
            .route("/model/info", get(models))
            .route("/key/generate", post(generate))
            .route("/key/delete", post(delete))
            .route("/key/update", post(update))
            .route("/key/info", get(info))
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        #[expect(clippy::disallowed_methods, reason = "ended when the proxy is dropped")]
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        LiteLlm { url, shared, task }
    }

    pub fn inside(&self) -> MutexGuard<'_, Inside> {
        self.shared.lock().expect("not poisoned")
    }

    /// The next requests fail like this.
    pub fn fail(&self, faults: &[Fault]) {
        self.inside().faults.extend(faults);
    }

    /// The variables of a server behind which it stands.
    pub fn variables(&self) -> [(&'static str, &str); 3] {
        [
            ("LITELLM_API_URL", &self.url),
            ("LITELLM_API_KEY", MASTER),
            ("WEIRGATE_LITELLM__ALLOW_PRIVATE_NETWORK", "true"),
        ]
    }

    pub fn offer(&self, models: &[Value]) {
        self.inside().models = models.to_vec();
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.inside().asked.iter().filter(|(asked, _)| asked == path).count()
    }
}

impl Drop for LiteLlm {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A model as the proxy lists it.
pub fn model(name: &str, info: &Value) -> Value {
    json!({ "model_name": name, "litellm_params": { "model": format!("openai/{name}") }, "model_info": info })
}

/// A chat model with round prices.
pub fn priced(name: &str, input: &str, output: &str) -> Value {
    model(
        name,
        &json!({ "mode": "chat", "max_input_tokens": 1000, "input_cost_per_token": input, "output_cost_per_token": output }),
    )
}

fn refused(status: u16, message: &str, kind: &str, param: Option<&str>) -> Response {
    let error = json!({ "error": { "message": message, "type": kind, "param": param, "code": status.to_string() } });
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(error)).into_response()
}

/// Notes a request; what it gets instead of an answer.
async fn arrive(shared: &Shared, headers: &HeaderMap, path: &str, body: &Value) -> Result<Option<Fault>, Response> {
    let fault = {
        let mut inside = shared.lock().expect("not poisoned");
        inside.asked.push((path.to_owned(), body.clone()));
        inside.faults.pop_front()
    };
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match fault {
        Some(Fault::Redirects) => {
            Err((StatusCode::FOUND, [(header::LOCATION, "http://169.254.169.254/")]).into_response())
        }
        Some(Fault::Html) => Err(axum::response::Html("<h1>It works</h1>").into_response()),
        Some(Fault::Huge) => Err(vec![b' '; 9 * 1024 * 1024].into_response()),
        // What an exception nobody caught looks like.
        Some(Fault::Status(500)) => Err((StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()),
        Some(Fault::Status(status)) => Err(refused(status, "as asked", "internal_server_error", None)),
        _ if sent != Some(&format!("Bearer {MASTER}")) => Err(refused(
            401,
            "Authentication Error, Invalid proxy server token passed.",
            "token_not_found_in_db",
            Some("key"),
        )),
        other => Ok(other),
    }
}

async fn models(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Err(response) = arrive(&shared, &headers, "/model/info", &Value::Null).await {
        return response;
    }
    let models = shared.lock().expect("not poisoned").models.clone();
    Json(json!({ "data": models })).into_response()
}

async fn generate(State(shared): State<Shared>, headers: HeaderMap, Json(sent): Json<Value>) -> Response {
    let fault = match arrive(&shared, &headers, "/key/generate", &sent).await {
        Ok(fault) => fault,
        Err(response) => return response,
    };
    let mut inside = shared.lock().expect("not poisoned");
    let alias = sent["key_alias"].as_str();
    if let Some(alias) = alias.filter(|alias| inside.keys.values().any(|key| key["key_alias"] == **alias)) {
        let message =
            format!("Key with alias '{alias}' already exists. Unique key aliases across all keys are required.");
        return refused(400, &message, "bad_request_error", Some("key_alias"));
    }
    let text = match sent["key"].as_str() {
        Some(_) if inside.makes_its_own_keys => {
            let message =
                "{'error': 'Custom API key values are disabled by your administrator. Keys must be auto-generated.'}";
            return refused(403, message, "internal_server_error", None);
        }
        Some(text) if !text.starts_with("sk-") || text.len() < 16 => {
            return refused(400, "{'error': 'Invalid key format.'}", "internal_server_error", None);
        }
        Some(text) => text.to_owned(),
        None => format!("sk-made-by-the-proxy-{:0>4}", inside.asked.len()),
    };
    let token = crypto::hex(&crypto::sha256(text.as_bytes()));
    let mut row = sent.clone();
    row["key"] = Value::Null;
    inside.keys.insert(token.clone(), row);
    if fault == Some(Fault::LosesAnswer) {
        return (StatusCode::BAD_GATEWAY, "lost").into_response();
    }
    let mut reply = sent;
    reply["key"] = text.into();
    reply["token"] = token.clone().into();
    reply["token_id"] = token.into();
    reply["key_name"] = "sk-...".into();
    reply["expires"] = Value::Null;
    Json(reply).into_response()
}

async fn delete(State(shared): State<Shared>, headers: HeaderMap, Json(sent): Json<Value>) -> Response {
    let fault = match arrive(&shared, &headers, "/key/delete", &sent).await {
        Ok(fault) => fault,
        Err(response) => return response,
    };
    let mut inside = shared.lock().expect("not poisoned");
    let texts = |name: &str| -> Vec<String> {
        let list = sent[name].as_array().into_iter().flatten();
        list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let (keys, aliases) = (texts("keys"), texts("key_aliases"));
    let hashed = |text: &String| match text.starts_with("sk-") {
        true => crypto::hex(&crypto::sha256(text.as_bytes())),
        false => text.clone(),
    };
    let mut tokens: Vec<String> = keys.iter().map(hashed).collect();
    let of_alias = inside.keys.iter().filter(|(_, key)| {
        key["key_alias"]
            .as_str()
            .is_some_and(|alias| aliases.iter().any(|named| named == alias))
    });
    tokens.extend(of_alias.map(|(token, _)| token.clone()));
    let mut found = 0;
    for token in tokens {
        if let Some(row) = inside.keys.remove(&token) {
            inside.deleted.insert(token, row);
            found += 1;
        }
    }
    if found == 0 {
        return refused(404, "{'error': 'No keys found'}", "internal_server_error", None);
    }
    if fault == Some(Fault::LosesAnswer) {
        return (StatusCode::BAD_GATEWAY, "lost").into_response();
    }
    Json(json!({ "deleted_keys": if keys.is_empty() { aliases } else { keys } })).into_response()
}

async fn update(State(shared): State<Shared>, headers: HeaderMap, Json(sent): Json<Value>) -> Response {
    if let Err(response) = arrive(&shared, &headers, "/key/update", &sent).await {
        return response;
    }
    let mut inside = shared.lock().expect("not poisoned");
    let named = sent["key"].as_str().unwrap_or_default();
    let Some(row) = inside.keys.get_mut(named) else {
        return refused(404, "{'error': 'Key not found'}", "internal_server_error", None);
    };
    row["models"] = sent["models"].clone();
    Json(row.clone()).into_response()
}

async fn info(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Response {
    let asked_for = asked.get("key").cloned().unwrap_or_default();
    if let Err(response) = arrive(&shared, &headers, "/key/info", &json!(asked_for)).await {
        return response;
    }
    let inside = shared.lock().expect("not poisoned");
    let (row, status) = match (inside.keys.get(&asked_for), inside.deleted.get(&asked_for)) {
        (Some(row), _) => (row, "active"),
        (None, Some(row)) => (row, "deleted"),
        (None, None) => return refused(404, "Key not found in database", "not_found_error", Some("key")),
    };
    let mut info = row.clone();
    info["status"] = status.into();
    Json(json!({ "key": asked_for, "info": info })).into_response()
}
