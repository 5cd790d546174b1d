//! `cargo xtask`: set-up and chores, so that a fresh machine needs only rustup and Node.
//!
//! It knows how the parts are built, started and checked; it knows nothing of what is inside them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command line: it talks to the terminal, reads the environment and the wall clock"
)]

mod build;
mod lint;
mod place;
mod postgres;
mod process;
mod python;
mod scripts;
mod serve;
mod setup;
mod stamp;
mod system;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set-up and chores of the Weirgate workspace",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Installs what the build needs, builds, and runs `weirgate serve` in development.
    Serve(serve::Arguments),
    /// Rebuilds and restarts on every change (`cargo leptos watch` with the pinned tools).
    Watch(serve::WatchArguments),
    /// Runs the checks: all of them, or one part.
    Test(test::Arguments),
    /// Measures the release build against a plain proxy.
    Bench(scripts::BenchArguments),
    /// Only installs what the build needs, and prints the PATH that finds it.
    Setup,
}

fn main() -> ExitCode {
    let chore = Arguments::parse().chore;
    let outcome = process::listen_for_signals()
        .and_then(|()| place::Place::find())
        .and_then(|place| match chore {
            Chore::Serve(arguments) => serve::serve(&place, &arguments),
            Chore::Watch(arguments) => serve::watch(&place, &arguments),
            Chore::Test(arguments) => test::run(&place, &arguments),
            Chore::Bench(arguments) => scripts::bench(&place, &arguments),
            Chore::Setup => setup::only(&place),
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if process::interrupted() => {
            eprintln!("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
