//! The process: reads the command line and starts what it names.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks on standard output"
)]

mod assets;
mod commands;
mod listen;
mod log;
mod playground;
mod site;

use std::process::ExitCode;

use clap::Parser;

// Ledger rows and stream chunks are many small, short-lived allocations from several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("weirgate: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{error:#}` joins the causes on one line.
            eprintln!("weirgate: {error:#}");
            ExitCode::FAILURE
        }
    }
}
