//! Structured logs on standard error: JSON in production, readable in development.
//!
//! Fields are ids, counts, durations, statuses and error classes. Nothing a person typed or a model said is ever one.

use std::io::IsTerminal;

use server::{Config, config::LogFormat};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        self, FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, JsonFields, Writer},
    },
    prelude::*,
    registry::LookupSpan,
};

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
        let lines = Lines {
            env: if config.is_production() {
                "production"
            } else {
                "development"
            },
            json: fmt::format()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false),
        };
        let layer = fmt::layer().fmt_fields(JsonFields::new()).event_format(lines);
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

/// JSON lines, each of which says first in which kind of installation it was written.
struct Lines {
    env: &'static str,
    json: Format<Json>,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(rest) => write!(out, "{{\"env\":\"{}\",{rest}", self.env),
            None => out.write_str(&line),
        }
    }
}
