//! A fake vendor that misbehaves on demand: the Messages, Chat Completions, Responses and Embeddings wire formats, JSON and SSE, with the faults a gateway
//! has to survive, and a log of what it really served.
//!
//! It speaks HTTP/1.1 on bare sockets, because a reset in the middle of an event or a byte-by-byte answer is not something a web framework
//! lets one say. It knows nothing of Weirgate: whatever it agrees with Weirgate about, it agrees on by the vendors' formats.
//!
//! What a call does is chosen by its model name, so that an unmodified client can ask for it; see [`behaviour::Behaviour`]. Tools are called
//! when the prompt asks for it: `call:NAME{"its":"arguments"}`, as often as it stands there, for tools that the request offers.
#![allow(
    clippy::disallowed_methods,
    reason = "a test program: it has no state to trace its tasks through"
)]

mod bare;
pub mod behaviour;
mod chat;
mod embeddings;
mod http;
pub mod log;
mod messages;
mod play;
mod responses;
mod serve;
mod turn;
mod words;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

pub use log::{Call, Log, Outcome, Totals, Usage};
use tokio::{net::TcpListener, task::JoinHandle};

/// The credential the fake accepts unless told otherwise.
pub const CREDENTIAL: &str = "fake-upstream-credential";

/// How a fake is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What `x-api-key` or the bearer token must be; anything else is 401.
    pub credential: String,
    /// Finished calls are appended here, one JSON object a line.
    pub log_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            credential: CREDENTIAL.to_owned(),
            log_file: None,
        }
    }
}

/// A fake that is up. Dropping it closes its port and every connection it has.
pub struct Running {
    pub addr: SocketAddr,
    pub log: Log,
    task: JoinHandle<()>,
}

impl Running {
    /// `http://127.0.0.1:port`, without a slash at the end: Anthropic's kind of base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// `http://127.0.0.1:port/v1`: OpenAI's kind of base URL.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// Every call so far, those still running included, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.log.calls()
    }

    /// Closes the port and all connections, and waits until they are closed.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Serves until the process ends.
    pub async fn forever(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a fake; it is ready when this returns.
pub async fn start(options: Options) -> io::Result<Running> {
    let listener = TcpListener::bind(options.listen).await?;
    let addr = listener.local_addr()?;
    let log = Log::new(options.log_file.as_deref())?;
    let task = tokio::spawn(serve::accept(listener, options.credential, log.clone()));
    Ok(Running { addr, log, task })
}
