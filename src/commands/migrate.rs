//! `weirgate migrate up|status`.

use clap::{Args, Subcommand};
use server::state::migrations;

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
    let list = match command.what {
        What::Up => migrations::up(&config).await?,
        What::Status => migrations::status(&config).await?,
    };
    for (name, applied) in list {
        println!("{} {name}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}
