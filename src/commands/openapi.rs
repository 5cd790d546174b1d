//! `weirgate openapi`: the document that `/api/openapi.json` serves.

use super::Settings;

pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let config = settings.load()?.config;
    let mut document = server::http::openapi(&config);
    document.merge(gateway::http::openapi());
    println!("{}", serde_json::to_string_pretty(&document)?);
    Ok(())
}
