//! `weirgate keys revoke|import`: for an operator who found a key where it does not belong, or who brings keys along from elsewhere. A
//! running server sees it within seconds.

mod import;

use clap::{Args, Subcommand};
use types::KeyId;

use super::Settings;

#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Revoke a key by its id, by the public part that stands in the key itself (wg-<12 characters>-…), or by its name in lists (imported-…)
    Revoke { key: String },
    /// Take over keys that another gateway gave out (sk-…), as hashes: their owners go on using them
    Import(import::Import),
}

pub async fn run(settings: &Settings, command: Keys) -> anyhow::Result<()> {
    match command.what {
        What::Revoke { key } => revoke(settings, &key).await,
        What::Import(command) => import::run(settings, command).await,
    }
}

async fn revoke(settings: &Settings, key: &str) -> anyhow::Result<()> {
    let state = settings.state().await?;
    let revoked: server::error::Result<KeyId> = server::keys::revoke_by_operator(&state, key).await;
    state.shutdown().await;
    println!(
        "Revoked {}.",
        revoked.map_err(|error| anyhow::anyhow!(error.refusal().message))?
    );
    Ok(())
}
