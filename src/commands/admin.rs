//! `weirgate admin create`: an administrator for a server without a browser at hand.

use std::{io::BufRead, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use types::accounts::Register;

use super::Settings;

#[derive(Args)]
pub struct Admin {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Create an administrator; the password is read from a file or from standard input
    Create(Create),
}

#[derive(Args)]
struct Create {
    #[arg(long)]
    email: String,
    #[arg(long)]
    username: Option<String>,
    #[arg(long)]
    full_name: Option<String>,
    /// Read the password from this file instead of standard input; its last line end is left off
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

pub async fn run(settings: &Settings, command: Admin) -> anyhow::Result<()> {
    let What::Create(create) = command.what;
    let password = password(create.password_file)?;
    let state = settings.state().await?;
    let register = Register {
        email: create.email,
        password,
        username: create.username,
        full_name: create.full_name,
        locale: None,
        invitation: None,
    };
    let made = server::accounts::create_admin(&state, register).await;
    state.shutdown().await;
    match made {
        Ok(user) => {
            println!("Created administrator {}.", user.id());
            Ok(())
        }
        Err(error) => {
            let refusal = error.refusal();
            let fields: Vec<String> = refusal
                .errors
                .iter()
                .map(|(field, wrong)| format!("{field}: {}", wrong.join(", ")))
                .collect();
            if fields.is_empty() {
                bail!("{}", refusal.message)
            } else {
                bail!("{} ({})", refusal.message, fields.join("; "))
            }
        }
    }
}

fn password(file: Option<PathBuf>) -> anyhow::Result<String> {
    let text = match file {
        Some(file) => std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?,
        None => {
            eprintln!("Password (ends with the line):");
            let mut line = String::new();
            std::io::stdin()
                .lock()
                .read_line(&mut line)
                .context("cannot read standard input")?;
            line
        }
    };
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
