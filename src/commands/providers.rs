//! `weirgate providers`: who serves models, changed without a browser. A running server sees it within two seconds.

use std::{io::Read, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use server::{
    State,
    catalogue::{self, Editor, providers},
};
use types::{
    Refusal,
    catalogue::{NewCredential, NewProvider, ProviderChange},
    provider::{VENDORS, vendor_of},
};

use super::Settings;

#[derive(Args)]
pub struct Providers {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List providers: name, what it speaks, address, credential, state
    List,
    /// Add a provider; its credential is read from a file or from standard input, never from an argument
    Add(Add),
    /// Ask a provider for its models; exits with 1 when it does not list them
    Test { name: String },
    /// Store another credential, read from a file or from standard input
    Rotate(Rotate),
    /// Take a provider out of every model's routes without deleting anything
    Disable { name: String },
    /// Undo `disable`
    Enable { name: String },
}

#[derive(Args)]
struct Add {
    /// What routes of models call it
    name: String,
    /// Fill in dialect and address of a vendor: anthropic, openai, openrouter, groq, ollama, …
    #[arg(long)]
    vendor: Option<String>,
    /// anthropic, openai or litellm
    #[arg(long)]
    dialect: Option<String>,
    /// As the vendor's SDK takes it: OpenAI-shaped with /v1, Anthropic-shaped without
    #[arg(long)]
    base_url: Option<String>,
    /// It serves OpenAI's Responses itself
    #[arg(long)]
    responses: bool,
    /// It may be on a loopback or private address
    #[arg(long)]
    allow_private_network: bool,
    #[command(flatten)]
    credential: FromWhere,
    /// It needs no credential
    #[arg(long, conflicts_with = "credential_file")]
    no_credential: bool,
}

#[derive(Args)]
struct Rotate {
    name: String,
    #[command(flatten)]
    credential: FromWhere,
    /// Remove the stored one instead
    #[arg(long, conflicts_with = "credential_file")]
    remove: bool,
}

#[derive(Args)]
struct FromWhere {
    /// Read the credential from this file instead of standard input; white space at its ends is left off
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
}

impl FromWhere {
    fn read(self) -> anyhow::Result<String> {
        let mut text = String::new();
        match self.credential_file {
            Some(file) => {
                text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            }
            None => {
                eprintln!("Credential (ends with the input):");
                std::io::stdin()
                    .lock()
                    .take(64 * 1024)
                    .read_to_string(&mut text)
                    .context("cannot read standard input")?;
            }
        }
        Ok(text.trim().to_owned())
    }
}

pub async fn run(settings: &Settings, command: Providers) -> anyhow::Result<()> {
    // Before the database is opened: what is typed may take its time.
    let work = Work::of(command.what)?;
    let state = settings.state().await?;
    let outcome = work.run(&state).await;
    state.shutdown().await;
    outcome
}

/// A command with everything it reads.
enum Work {
    List,
    Add(NewProvider),
    Test(String),
    Rotate(String, NewCredential),
    Enable(String, bool),
}

impl Work {
    fn of(what: What) -> anyhow::Result<Self> {
        Ok(match what {
            What::List => Work::List,
            What::Add(add) => Work::Add(new(add)?),
            What::Test { name } => Work::Test(name),
            What::Rotate(rotate) => {
                let credential = if rotate.remove {
                    None
                } else {
                    Some(rotate.credential.read()?)
                };
                Work::Rotate(rotate.name, NewCredential { credential })
            }
            What::Disable { name } => Work::Enable(name, false),
            What::Enable { name } => Work::Enable(name, true),
        })
    }

    async fn run(self, state: &State) -> anyhow::Result<()> {
        let editor = Editor::operator(state).map_err(said)?;
        match self {
            Work::List => list(state, &editor).await,
            Work::Add(new) => {
                let made = providers::create(state, &editor, new).await.map_err(said)?;
                println!("Added {} ({}).", made.name, made.id);
                Ok(())
            }
            Work::Test(name) => test(state, &editor, &name).await,
            Work::Rotate(name, new) => {
                let id = providers::named(state, &editor, &name).await.map_err(said)?;
                providers::rotate(state, &editor, id, new).await.map_err(said)?;
                println!("The credential of {name} is changed.");
                Ok(())
            }
            Work::Enable(name, is_enabled) => {
                let id = providers::named(state, &editor, &name).await.map_err(said)?;
                let change = ProviderChange {
                    is_enabled: Some(is_enabled),
                    ..ProviderChange::default()
                };
                providers::update(state, &editor, id, change).await.map_err(said)?;
                println!("{name} is {}.", if is_enabled { "enabled" } else { "disabled" });
                Ok(())
            }
        }
    }
}

fn new(add: Add) -> anyhow::Result<NewProvider> {
    let vendor = match add.vendor.as_deref() {
        None => None,
        Some(id) => Some(vendor_of(id).with_context(|| {
            let known: Vec<&str> = VENDORS.iter().map(|vendor| vendor.id).collect();
            format!("--vendor {id} is not known; there are {}", known.join(", "))
        })?),
    };
    let dialect = add
        .dialect
        .or_else(|| vendor.map(|vendor| vendor.dialect.name().to_owned()));
    let base_url = add.base_url.or_else(|| vendor.map(|vendor| vendor.base_url.to_owned()));
    let (Some(dialect), Some(base_url)) = (dialect, base_url) else {
        bail!("--dialect and --base-url are needed, or --vendor, which knows both");
    };
    Ok(NewProvider {
        name: add.name,
        dialect,
        base_url,
        responses: add.responses || vendor.is_some_and(|vendor| vendor.responses),
        allow_private_network: add.allow_private_network,
        credential: if add.no_credential {
            None
        } else {
            Some(add.credential.read()?)
        },
        is_enabled: true,
    })
}

async fn list(state: &State, editor: &Editor) -> anyhow::Result<()> {
    for provider in providers::all(state, editor).await.map_err(said)? {
        println!(
            "{}\t{}\t{}\tcredential {}\t{} models\t{}{}",
            provider.name,
            provider.dialect,
            provider.base_url,
            if provider.credential.is_set { "set" } else { "not set" },
            provider.models,
            if provider.is_enabled { "enabled" } else { "disabled" },
            if provider.managed {
                ", from the configuration"
            } else {
                ""
            },
        );
    }
    Ok(())
}

async fn test(state: &State, editor: &Editor, name: &str) -> anyhow::Result<()> {
    let id = providers::named(state, editor, name).await.map_err(said)?;
    let test = catalogue::test(state, editor, id).await.map_err(said)?;
    let status = test
        .status
        .map(|status| format!("status {status}, "))
        .unwrap_or_default();
    let about = format!("{name}: {} ({status}{} ms)", test.message, test.latency_ms);
    if !test.ok {
        bail!("{about}");
    }
    println!("{about}");
    for model in test.models.unwrap_or_default() {
        println!("{model}");
    }
    Ok(())
}

/// A refusal with the fields it names; other errors keep their detail to the log.
pub fn said(error: server::Error) -> anyhow::Error {
    let Refusal { message, errors, .. } = error.refusal();
    let fields: Vec<String> = errors
        .iter()
        .map(|(field, wrong)| format!("{field}: {}", wrong.join(", ")))
        .collect();
    match fields.is_empty() {
        true => anyhow::anyhow!(message),
        false => anyhow::anyhow!("{message} ({})", fields.join("; ")),
    }
}
