//! `weirgate keys revoke`: for an operator who found a key where it does not belong. A running server sees it within seconds.

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
    /// Revoke a key by its id, or by the public part that stands in the key itself (wg-<12 characters>-…)
    Revoke { key: String },
}

pub async fn run(settings: &Settings, command: Keys) -> anyhow::Result<()> {
    let What::Revoke { key } = command.what;
    let state = settings.state().await?;
    let revoked: server::error::Result<KeyId> = server::keys::revoke_by_operator(&state, &key).await;
    state.shutdown().await;
    println!(
        "Revoked {}.",
        revoked.map_err(|error| anyhow::anyhow!(error.refusal().message))?
    );
    Ok(())
}
