//! `weirgate config check|print`.

use clap::{Args, Subcommand};

use super::Settings;

#[derive(Args)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Read everything as `serve` would and say what is wrong
    Check,
    /// Print every setting with its value and where it came from; secrets are masked
    Print,
    /// Print the list of environment variables that stands in .env.example
    #[command(hide = true)]
    EnvExample,
}

pub fn run(settings: &Settings, command: Command) -> anyhow::Result<()> {
    if let What::EnvExample = command.what {
        print!("{}", server::config::env_example());
        return Ok(());
    }
    let loaded = settings.load()?;
    match command.what {
        What::Check => {
            for warning in &loaded.warnings {
                println!("warning: {warning}");
            }
            println!("The configuration is good.");
        }
        What::Print | What::EnvExample => {
            for line in loaded.shown {
                match line.value {
                    Some(value) => println!("{} = {value}    # {}", line.key, line.source),
                    None => println!("# {} is not set", line.key),
                }
            }
        }
    }
    Ok(())
}
