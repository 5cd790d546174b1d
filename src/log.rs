//! Structured logs on standard error: JSON in production, readable in development.
//!
//! Fields are ids, counts, durations, statuses and error classes. Nothing a person typed or a model said is ever one.

use std::io::IsTerminal;

use server::{Config, config::LogFormat};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging. `RUST_LOG`, as the configuration read it, decides what is said.
pub fn start(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| anyhow::anyhow!("log.filter (RUST_LOG) cannot be read: {error}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let json = match config.log.format {
        LogFormat::Auto => config.is_production(),
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let started = if json {
        let layer = fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false);
        registry.with(layer.with_writer(std::io::stderr)).try_init()
    } else {
        registry
            .with(
                fmt::layer()
                    .compact()
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_target(false)
                    .with_writer(std::io::stderr),
            )
            .try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logging is already started: {error}"))
}
