//! What is said to the proxy about a key, and what its answers mean.
//!
//! Source: `generate_key_fn`, `update_key_fn`, `delete_key_fn` and `info_key_fn` in litellm/proxy/management_endpoints/key_management_endpoints.py (1.106). Names are
//! unique there, so a name that is taken tells that an earlier request arrived whose answer was lost.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use types::{KeyId, Timestamp};

use super::super::{
    PROVIDER,
    client::{Answer, Client, Failed},
};
use crate::{
    State,
    crypto::{self, Secret},
    directory::KeyEntry,
};

/// What came of a request.
pub(super) enum Outcome {
    /// The proxy knows it; under this text, when it chose one of its own.
    There(Option<Secret>),
    Forgotten,
    NoLongerWanted,
    Again(Why),
}

/// Why something is tried again.
pub(super) enum Why {
    /// The proxy is left alone until then.
    Paused(Timestamp),
    /// Something that was in the way is gone.
    AtOnce,
    Failed(&'static str),
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Fault,
}

#[derive(Default, Deserialize)]
struct Fault {
    #[serde(default)]
    message: Value,
    #[serde(default)]
    param: Value,
}

impl Refusal {
    /// Anything else than LiteLLM's shape says nothing.
    fn of(answer: &Answer) -> Self {
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    fn says(&self, words: &str) -> bool {
        self.error.message.to_string().contains(words)
    }
}

/// Makes the key there, with this text if the proxy takes one.
pub(super) async fn generate(client: &Client, state: &State, key: &KeyEntry, text: &Secret) -> Outcome {
    let mut body = request(state, key);
    body["key"] = text.expose().into();
    let mut answer = match client.post("/key/generate", &body).await {
        Ok(answer) => answer,
        Err(failed) => return again(failed),
    };
    if answer.status == StatusCode::FORBIDDEN && Refusal::of(&answer).says("Custom API key") {
        // Its operator lets nobody choose a key's text; the answer brings one.
        if let Some(fields) = body.as_object_mut() {
            fields.remove("key");
        }
        answer = match client.post("/key/generate", &body).await {
            Ok(answer) => answer,
            Err(failed) => return again(failed),
        };
    }
    if answer.status == StatusCode::OK {
        return match made(&answer.body) {
            Some(theirs) if theirs.expose() == text.expose() => Outcome::There(None),
            Some(theirs) => Outcome::There(Some(theirs)),
            None => Outcome::Again(Why::Failed("malformed")),
        };
    }
    let refusal = Refusal::of(&answer);
    if answer.status == StatusCode::BAD_REQUEST && refusal.error.param == "key_alias" && refusal.says("already exists")
    {
        return taken(client, &alias(key.id), text, &body["models"]).await;
    }
    refused(answer.status)
}

/// The name is taken: by the key of an earlier request, or by one whose text was never seen here and which makes room. What models a key may
/// use there follows what it may use here and where these lead by now.
async fn taken(client: &Client, alias: &str, text: &Secret, models: &Value) -> Outcome {
    let id = digest(text);
    let answer = match client.get("/key/info", &[("key", &id)]).await {
        Ok(answer) => answer,
        Err(failed) => return again(failed),
    };
    let known: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status == StatusCode::OK && known["info"]["status"] != "deleted" {
        if same_names(&known["info"]["models"], models) {
            return Outcome::There(None);
        }
        return match client
            .post("/key/update", &json!({ "key": id, "models": models }))
            .await
        {
            Ok(answer) if answer.status == StatusCode::OK => Outcome::There(None),
            Ok(answer) => refused(answer.status),
            Err(failed) => again(failed),
        };
    }
    if answer.status != StatusCode::OK && answer.status != StatusCode::NOT_FOUND {
        return refused(answer.status);
    }
    match client.post("/key/delete", &json!({ "key_aliases": [alias] })).await {
        Ok(answer) if answer.status == StatusCode::OK || answer.status == StatusCode::NOT_FOUND => {
            Outcome::Again(Why::AtOnce)
        }
        Ok(answer) => refused(answer.status),
        Err(failed) => again(failed),
    }
}

fn same_names(one: &Value, other: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut names: Vec<String> = serde_json::from_value(value.clone()).unwrap_or_default();
        names.sort_unstable();
        names
    };
    sorted(one) == sorted(other)
}

/// Deletes the key there; by its name, when its text is not known any more.
pub(super) async fn forget(client: &Client, key: KeyId, text: Option<&Secret>) -> Outcome {
    let which = match text {
        Some(text) => json!({ "keys": [digest(text)] }),
        None => json!({ "key_aliases": [alias(key)] }),
    };
    match client.post("/key/delete", &which).await {
        // A key that is not there is what was wanted.
        Ok(answer) if answer.status == StatusCode::OK || answer.status == StatusCode::NOT_FOUND => Outcome::Forgotten,
        Ok(answer) => refused(answer.status),
        Err(failed) => again(failed),
    }
}

/// Ids alone: whose they are is known here.
fn request(state: &State, key: &KeyEntry) -> Value {
    let mut body = json!({
        "key_alias": alias(key.id),
        "key_type": "llm_api",
        "user_id": key.user_id,
        "models": models(state, key),
        "metadata": { "db_key_id": key.id, "organization_id": key.organization_id, "team_id": key.team_id },
    });
    if let Some(team) = key.team_id {
        body["team_id"] = json!(team);
    }
    let left = key
        .expires_at
        .map(|expiry| expiry.millis_since(state.clock().now()) / 1000 + 1);
    if let Some(seconds) = left {
        body["duration"] = format!("{}s", seconds.max(1)).into();
    }
    body
}

fn alias(key: KeyId) -> String {
    format!("weirgate-{key}")
}

/// What the key may use over there, by the names of there. All is an empty list; a key none of whose models are there gets a name for none.
fn models(state: &State, key: &KeyEntry) -> Vec<String> {
    if key.models.is_empty() {
        return Vec::new();
    }
    let directory = state.directory();
    let mut names: Vec<String> = Vec::new();
    for model in key.models.iter().filter_map(|name| directory.model(name)) {
        let routes = model.routes.iter().filter(|route| route.provider.name == PROVIDER);
        names.extend(routes.map(|route| route.upstream_model.clone()));
    }
    if names.is_empty() {
        names.push("no-default-models".to_owned());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// LiteLLM's id of a key. It stands in addresses; the text never does.
fn digest(text: &Secret) -> String {
    crypto::hex(&crypto::sha256(text.expose().as_bytes()))
}

fn made(body: &[u8]) -> Option<Secret> {
    #[derive(Deserialize)]
    struct Made {
        key: Secret,
    }
    let made: Made = serde_json::from_slice(body).ok()?;
    let sendable = !made.key.expose().is_empty() && made.key.expose().bytes().all(|byte| byte.is_ascii_graphic());
    sendable.then_some(made.key)
}

fn refused(status: StatusCode) -> Outcome {
    Outcome::Again(Why::Failed(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "unauthorized",
        status if status.is_server_error() => "server_error",
        _ => "refused",
    }))
}

fn again(failed: Failed) -> Outcome {
    Outcome::Again(match failed {
        Failed::Paused(until) => Why::Paused(until),
        Failed::Unreachable(_) => Why::Failed("unreachable"),
        Failed::Timeout => Why::Failed("timeout"),
        Failed::TooLarge => Why::Failed("too_large"),
    })
}
