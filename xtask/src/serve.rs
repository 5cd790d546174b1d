//! `cargo xtask serve` and `cargo xtask watch`: from a bare checkout to a running Weirgate.
//!
//! The server replaces this process, so signals, exit code and terminal are its own.

use crate::place::{OUTPUT_NAME, Place};
use crate::{build, process, setup};
use anyhow::{Result, anyhow};
use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

#[derive(clap::Args)]
pub struct Arguments {
    /// Builds and runs the release binary.
    #[arg(long)]
    release: bool,
    /// Passed on to `weirgate serve`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(clap::Args)]
pub struct WatchArguments {
    /// Passed on to `cargo leptos watch`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub fn serve(place: &Place, arguments: &Arguments) -> Result<()> {
    let built = build::all(place, arguments.release)?;
    let mut command = place.command(&built.weirgate.to_string_lossy())?;
    command.arg("serve").args(&arguments.arguments);
    development(&mut command);
    command
        .env("LEPTOS_SITE_ROOT", place.site())
        .env("LEPTOS_SITE_PKG_DIR", "pkg");
    println!(
        "\nWeirgate starts; its address stands below. What to do next:
  1. open the address in a browser and sign up (the page offers it),
  2. create a key on the Keys page; it is shown once,
  3. the Connect page has a first call to copy, and turns green when it arrives.
Ctrl-C stops it. Data is kept in ./data.\n"
    );
    replace_by(command)
}

pub fn watch(place: &Place, arguments: &WatchArguments) -> Result<()> {
    setup::for_build(place)?;
    let mut command = place.cargo(&["leptos", "watch"])?;
    command.args(&arguments.arguments);
    development(&mut command);
    if arguments.arguments.is_empty() {
        command.args(["--", "serve"]);
    }
    replace_by(command)
}

fn development(command: &mut Command) {
    if env::var_os("APP_ENV").is_none() {
        command.env("APP_ENV", "development");
    }
    command.env("LEPTOS_OUTPUT_NAME", OUTPUT_NAME);
}

fn replace_by(mut command: Command) -> Result<()> {
    if process::interrupted() {
        return Err(anyhow!("interrupted"));
    }
    let error = command.exec();
    Err(anyhow!(error).context(format!("start {}", command.get_program().to_string_lossy())))
}
