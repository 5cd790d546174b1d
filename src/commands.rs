//! The command line: what it takes, and which file does it.

mod admin;
mod audit;
mod config;
mod connect;
mod doctor;
mod healthcheck;
mod keys;
mod migrate;
mod models;
mod openapi;
mod organizations;
mod providers;
mod seed;
mod serve;
mod transcript_hash;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use server::{
    Config, State,
    clock::Clock,
    config::{Env, Loaded, Sources},
    state::{Role, Start},
};
use types::page::Page;

/// A self-hosted LLM gateway with accounts, keys, exact metering and a live dashboard.
#[derive(Parser)]
#[command(name = "weirgate", version, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone)]
struct Settings {
    /// A configuration file; can be repeated, later ones win [default: weirgate.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// Where the database and generated secrets live [env: WEIRGATE_SERVER__DATA_DIR] [default: ./data]
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// SQLite file or postgres:// address [env: DATABASE_URL] [default: weirgate.db in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the dashboard, the account API and the model API
    Serve(serve::Serve),
    /// Bring the database's schema up to date, or say where it stands
    Migrate(migrate::Migrate),
    /// Create the administrator that FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD name, once
    Seed,
    /// Administrators
    Admin(admin::Admin),
    /// Organizations of several people, and who belongs to them
    Organizations(organizations::Organizations),
    /// API keys of everybody
    Keys(keys::Keys),
    /// Providers: who serves models
    Providers(providers::Providers),
    /// Models: which are offered, and what they cost
    Models(models::Models),
    /// The audit log: prove it, or remove what is old
    Audit(audit::Audit),
    /// Check the configuration, or print it with the source of each value
    Config(config::Command),
    /// Look at configuration, data folder, database, mail, providers and clock, and say what to mend; exits with 1 if something is
    Doctor,
    /// Print the OpenAPI document
    Openapi,
    /// Print the hash of a transcript: messages as JSON on standard input, a list or an object with `messages`
    TranscriptHash,
    /// Point a client on this machine at a server: Claude Code, Codex, OpenCode, aider, SDKs and more
    Connect(connect::Connect),
    /// Exit with 0 when the server that this configuration describes is ready
    Healthcheck(healthcheck::Healthcheck),
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.settings;
    match arguments.command {
        Command::Serve(command) => serve::run(&settings, command).await,
        Command::Migrate(command) => migrate::run(&settings, command).await,
        Command::Seed => seed::run(&settings).await,
        Command::Admin(command) => admin::run(&settings, command).await,
        Command::Organizations(command) => organizations::run(&settings, command).await,
        Command::Keys(command) => keys::run(&settings, command).await,
        Command::Providers(command) => providers::run(&settings, command).await,
        Command::Models(command) => models::run(&settings, command).await,
        Command::Audit(command) => audit::run(&settings, command).await,
        Command::Config(command) => config::run(&settings, command),
        Command::Doctor => doctor::run(&settings).await,
        Command::Openapi => openapi::run(&settings).await,
        Command::TranscriptHash => transcript_hash::run(),
        Command::Connect(command) => connect::run(command).await,
        Command::Healthcheck(command) => healthcheck::run(&settings, command).await,
    }
}

/// Every entry of a list that is read page by page: `read` takes where the page before ended.
async fn every<T>(mut read: impl AsyncFnMut(Option<&str>) -> Result<Page<T>, server::Error>) -> anyhow::Result<Vec<T>> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = read(cursor.as_deref()).await.map_err(admin::told)?;
        all.extend(page.data);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

impl Settings {
    /// Everything the configuration is read from; commands add their own flags.
    fn sources(&self) -> Sources {
        let mut flags = Vec::new();
        if let Some(folder) = &self.data_dir {
            flags.push(("server.data_dir", folder.display().to_string()));
        }
        if let Some(url) = &self.database_url {
            flags.push(("database.url", url.clone()));
        }
        Sources {
            files: self.config.clone(),
            flags,
            env: Env::process(),
            ..Sources::default()
        }
    }

    fn load(&self) -> anyhow::Result<Loaded> {
        Ok(Config::load(&self.sources())?)
    }

    /// The accounts and books, for a command beside a server that may be running.
    async fn state(&self) -> anyhow::Result<State> {
        let config: Config = self.load()?.config;
        let start = Start {
            clock: Clock::system(),
            role: Role::Command,
            migrate: true,
        };
        State::start_with(config, start)
            .await
            .context("cannot open the database")
    }
}
