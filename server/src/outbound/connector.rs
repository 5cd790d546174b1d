//! Connections for calls of models: TCP and TLS, under the same rules as everything else that is dialled.

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{HttpConnector, dns::Name},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower::Service;

use super::{NotPublic, addresses, is_private_literal};

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Later<T> = Pin<Box<dyn Future<Output = Result<T, Cause>> + Send>>;

/// A connection that dies without a word is noticed after a minute of silence; what was sent and not heard of, after half of one.
const SILENCE: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;
const UNHEARD: Duration = Duration::from_secs(30);

/// The whole of name, TCP and TLS took too long.
#[derive(Debug, thiserror::Error)]
#[error("the connection was not there in time")]
pub struct TooSlow;

/// Makes connections for a pool. HTTP/1.1 alone: one HTTP/2 connection per host would queue beyond about a hundred streams.
#[derive(Clone)]
pub struct Connector {
    inner: HttpsConnector<HttpConnector<Resolver>>,
    allow_private: bool,
    patience: Duration,
}

impl Connector {
    /// Unless `allow_private`, private addresses and names that lead to them are refused when they are dialled.
    ///
    /// Errors: the system has no certificates that can be used.
    pub fn new(allow_private: bool, patience: Duration) -> std::io::Result<Self> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver { allow_private });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(SILENCE));
        tcp.set_keepalive_interval(Some(SILENCE));
        tcp.set_keepalive_retries(Some(PROBES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNHEARD));
        let inner = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Connector {
            inner,
            allow_private,
            patience,
        })
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Cause;
    type Future = Later<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // A literal address meets no resolver.
        if !self.allow_private && is_private_literal(uri.host().unwrap_or_default()) {
            return Box::pin(std::future::ready(Err(NotPublic.into())));
        }
        let (connecting, patience) = (self.inner.call(uri), self.patience);
        Box::pin(async move {
            let connected = tokio::time::timeout(patience, connecting).await;
            connected.map_err(|_elapsed| TooSlow)?
        })
    }
}

#[derive(Clone)]
struct Resolver {
    allow_private: bool,
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Cause;
    type Future = Later<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allow_private = self.allow_private;
        Box::pin(async move { Ok(addresses(name.as_str(), allow_private).await?.into_iter()) })
    }
}
