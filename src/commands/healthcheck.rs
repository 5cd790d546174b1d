//! `weirgate healthcheck`: for containers without a shell.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Settings;

#[derive(Args)]
pub struct Healthcheck {
    /// Port to ask [default: the configured one]
    #[arg(long)]
    port: Option<u16>,
}

const PATIENCE: Duration = Duration::from_secs(5);

pub async fn run(settings: &Settings, command: Healthcheck) -> anyhow::Result<()> {
    let config = settings.load()?.config;
    let host = if config.server.host.is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        config.server.host.to_string()
    };
    let address = (host.as_str(), command.port.unwrap_or(config.server.port));
    let asking = async {
        let mut socket = TcpStream::connect(address).await?;
        socket
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        socket.take(16 * 1024).read_to_string(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = timeout(PATIENCE, asking)
        .await
        .context("the server did not answer within 5 s")?
        .with_context(|| format!("nothing answers on {}:{}", address.0, address.1))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if answer.starts_with("HTTP/1.1 200") {
        println!("ready");
        Ok(())
    } else {
        bail!("not ready: {body}")
    }
}
