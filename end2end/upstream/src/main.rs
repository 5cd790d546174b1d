//! The fake upstream as a program: prints its address as the first line, then serves until it is killed.
#![allow(
    clippy::print_stdout,
    reason = "the address is the program's answer to whoever started it"
)]

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use fake_upstream::{CREDENTIAL, Options, start};

#[derive(Parser)]
#[command(about = "A fault-injecting fake of Anthropic's and OpenAI's model APIs")]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Append every finished call to this file, one JSON object a line
    #[arg(long)]
    log: Option<PathBuf>,
    /// The credential that callers must present
    #[arg(long, default_value = CREDENTIAL)]
    credential: String,
    /// Threads that serve; 1 is cheapest per request
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let mut runtime = if arguments.threads <= 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(arguments.threads);
        runtime
    };
    runtime.enable_all().build()?.block_on(async move {
        let running = start(Options {
            listen: SocketAddr::from(([127, 0, 0, 1], arguments.port)),
            credential: arguments.credential,
            log_file: arguments.log,
        })
        .await?;
        println!("{}", running.addr);
        running.forever().await;
        Ok(())
    })
}
