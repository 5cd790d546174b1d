//! The only requests this server makes to a LiteLLM proxy's own API: no redirects, no proxy, bounded answers, little time, and a breaker around
//! all of it. Calls of models do not pass here.

use std::time::Duration;

use http::StatusCode;
use reqwest::RequestBuilder;
use serde_json::Value;
use types::Timestamp;
use url::Url;

use super::breaker::Breaker;
use crate::{clock::Clock, crypto::Secret};

/// From the first byte sent to the last one read.
const PATIENCE: Duration = Duration::from_secs(20);
/// Some thousand models with everything that LiteLLM knows of them.
pub(super) const LARGEST: usize = 8 * 1024 * 1024;

pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<Secret>,
    breaker: Breaker,
    clock: Clock,
    patience: Duration,
}

/// Whatever it said.
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// Why there is no answer. Detail is for the log; it holds no address and no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("it failed before and is left alone until {0}")]
    Paused(Timestamp),
    #[error("no connection, or it broke: {0}")]
    Unreachable(String),
    #[error("no whole answer within {} s", PATIENCE.as_secs())]
    Timeout,
    #[error("the answer is larger than {LARGEST} bytes")]
    TooLarge,
}

impl Client {
    pub fn new(http: reqwest::Client, base: Url, key: Option<Secret>, clock: Clock) -> Self {
        Client {
            http,
            base,
            key,
            breaker: Breaker::default(),
            clock,
            patience: PATIENCE,
        }
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, Failed> {
        let mut url = self.at(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.http.get(url)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failed> {
        self.send(self.http.post(self.at(path)).json(body)).await
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failed> {
        let pass = self.breaker.enter(self.clock.now()).map_err(Failed::Paused)?;
        let outcome = tokio::time::timeout(self.patience, self.exchange(request)).await;
        let outcome = outcome.unwrap_or(Err(Failed::Timeout));
        match &outcome {
            // It is there and says what it thinks of the request.
            Ok(answer) if !answer.status.is_server_error() => pass.succeeded(),
            _ => pass.failed(self.clock.now()),
        }
        outcome
    }

    async fn exchange(&self, mut request: RequestBuilder) -> Result<Answer, Failed> {
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > LARGEST {
                return Err(Failed::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body: bytes })
    }
}

fn failed(error: reqwest::Error) -> Failed {
    if error.is_timeout() {
        Failed::Timeout
    } else {
        Failed::Unreachable(error.without_url().to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::outbound;

    async fn client(listener: &TcpListener) -> Client {
        let http = outbound::builder(true, Duration::from_secs(1)).build().unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        Client {
            patience: Duration::from_millis(100),
            ..Client::new(http, base, Some(Secret::new("sk-master")), Clock::system())
        }
    }

    #[tokio::test]
    async fn proxy_that_says_nothing_or_never_ends_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(&listener).await;
        for beginning in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
            let proxy = async {
                let (mut socket, _) = listener.accept().await.unwrap();
                // An answer that comes before its question is another fault.
                assert!(socket.read(&mut [0; 1024]).await.unwrap() > 0);
                socket.write_all(beginning.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = proxy => unreachable!(),
                outcome = client.get("/model/info", &[]) => {
                    let failed = outcome.err();
                    assert!(matches!(failed, Some(Failed::Timeout)), "{beginning:?}: {failed:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn error_names_neither_address_nor_key() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(&listener).await;
        drop(listener);
        let Err(failed) = client.get("/key/info", &[("key", "abc")]).await else {
            unreachable!("nobody listens")
        };
        let said = failed.to_string();
        assert!(
            matches!(failed, Failed::Unreachable(_)) && !said.contains("127.0.0.1") && !said.contains("sk-"),
            "{said}"
        );
    }
}
