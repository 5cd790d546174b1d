//! `weirgate migrate up|status`.

use clap::{Args, Subcommand};
use server::state;

use super::Settings;

#[derive(Args)]
pub struct Migrate {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Apply what is pending
    Up,
    /// List migrations and whether they are applied
    Status,
}

pub async fn run(settings: &Settings, command: Migrate) -> anyhow::Result<()> {
    let config = settings.load()?.config;
    if let What::Up = command.what {
        state::migrate(&config).await?;
    }
    let list = state::migrations(&config).await?;
    for (name, applied) in list {
        println!("{} {name}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}
