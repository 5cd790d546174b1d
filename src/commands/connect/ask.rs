//! The one question to a server: which model to take when none was named.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

/// The first model that this key may use.
pub async fn first_model(address: &str, key: Option<&str>) -> anyhow::Result<String> {
    let Some(key) = key else {
        bail!("name a model with --model, or give a key so that the server can be asked for one");
    };
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let answer = client
        .get(format!("{address}/v1/models"))
        .bearer_auth(key)
        .send()
        .await
        .with_context(|| format!("{address} does not answer; name a model with --model to go on without it"))?;
    let status = answer.status();
    let body: Value = answer
        .json()
        .await
        .with_context(|| format!("{address} is no Weirgate"))?;
    if !status.is_success() {
        let said = body
            .pointer("/error/message")
            .and_then(Value::as_str)
            .unwrap_or("no reason");
        bail!("{address} refuses: {said}");
    }
    let models = body.get("data").and_then(Value::as_array);
    let chats = |model: &&Value| {
        model
            .get("kind")
            .and_then(Value::as_str)
            .is_none_or(|kind| kind == "chat")
    };
    let first = models.and_then(|models| models.iter().find(chats));
    let name = first.and_then(|model| model.get("id")).and_then(Value::as_str);
    Ok(name.context("this key may use no model")?.to_owned())
}
