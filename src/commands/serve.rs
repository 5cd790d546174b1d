//! `weirgate serve`: everything, until told to stop.

use std::net::IpAddr;

use anyhow::Context;
use clap::Args;
use server::{
    Config, State,
    clock::Clock,
    state::{Role, Start},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Settings;
use crate::{listen, log, site};

#[derive(Args)]
pub struct Serve {
    /// Address to listen on [env: HOST] [default: 127.0.0.1]
    #[arg(long)]
    host: Option<IpAddr>,
    /// Port to listen on [env: PORT] [default: 3741]
    #[arg(long)]
    port: Option<u16>,
    /// Refuse to start when the schema is not current, instead of migrating it
    #[arg(long)]
    no_migrate: bool,
}

pub async fn run(settings: &Settings, command: Serve) -> anyhow::Result<()> {
    let mut sources = settings.sources();
    sources
        .flags
        .extend(command.host.map(|host| ("server.host", host.to_string())));
    sources
        .flags
        .extend(command.port.map(|port| ("server.port", port.to_string())));
    let loaded = Config::load(&sources)?;
    log::start(&loaded.config)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let mut config = loaded.config;
    let address = (config.server.host, config.server.port);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {}:{}; set PORT or stop what listens there",
            address.0, address.1
        )
    })?;
    config.set_port(listener.local_addr()?.port());
    let start = Start {
        clock: Clock::system(),
        role: Role::Serve,
        migrate: !command.no_migrate,
    };
    let state = State::start_with(config, start).await?;
    let router = site::router(state.clone())?;
    announce(&state, &listener).await?;

    let stop = CancellationToken::new();
    let ending = listen::Ending {
        stop: stop.clone(),
        cut: state.cut_streams(),
        grace: state.config().server.shutdown_grace,
    };
    let header_timeout = state.config().server.header_timeout;
    let serving = listen::serve(listener, router, header_timeout, ending);
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        signal = signalled() => {
            signal?;
            tracing::info!("stopping: running calls have {} s", state.config().server.shutdown_grace.as_secs());
            // Ready says no from here on, so that a balancer sends nothing new.
            state.stopping().cancel();
            stop.cancel();
            tokio::select! {
                () = &mut serving => {}
                signal = signalled() => {
                    signal?;
                    tracing::warn!("told to stop again: stopping now");
                    state.cut_streams().cancel();
                }
            }
        }
    }
    state.shutdown().await;
    tracing::info!("stopped");
    Ok(())
}

async fn announce(state: &State, listener: &TcpListener) -> anyhow::Result<()> {
    let config: &Config = state.config();
    let address = listener.local_addr()?;
    println!("Weirgate {} listens on http://{address}", env!("CARGO_PKG_VERSION"));
    println!("Dashboard: {}", config.public_url());
    if let Some(link) = server::setup::announce(state).await {
        println!("Set up the administrator (this link works once): {link}");
    }
    if state.directory().is_demo() {
        println!(
            "No model is configured: the built-in \"demo\" model answers. Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or see weirgate.toml."
        );
    }
    Ok(())
}

/// SIGTERM, or SIGINT as Ctrl-C and cargo-leptos send it.
async fn signalled() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
