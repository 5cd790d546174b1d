//! Connections: accepted, limited in what a slow or hostile client can hold, and ended in order.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const MOST_HEADERS: usize = 100;
const HEADER_BYTES: usize = 32 * 1024;

/// When a server ends its connections.
pub struct Ending {
    /// Stop accepting; running requests go on.
    pub stop: CancellationToken,
    /// Running requests have had their time: they are about to be cut.
    pub cut: CancellationToken,
    /// How long running requests go on after `stop`.
    pub grace: Duration,
}

/// Serves until told to stop, then waits for what runs, at most `grace` and a moment for the last words.
pub async fn serve(listener: TcpListener, router: Router, header_timeout: Duration, ending: Ending) {
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(MOST_HEADERS)
        .max_buf_size(HEADER_BYTES.max(64 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_BYTES as u32)
        .max_concurrent_streams(256);
    while let Some(accepted) = ending.stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((socket, peer)) => connect(&builder, &graceful, socket, peer, &router),
            Err(error) => refused_to_accept(&error).await,
        }
    }
    drop(listener);
    let finished = tokio::time::timeout(ending.grace, graceful.shutdown()).await.is_ok();
    if !finished {
        ending.cut.cancel();
        // Streams write their last event and settle; what still hangs then is not waited for.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a connection is tracked by the graceful shutdown that watches it"
)]
fn connect(
    builder: &Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    socket: TcpStream,
    peer: SocketAddr,
    router: &Router,
) {
    // Without it the last small write of a stream waits up to 40 ms for an acknowledgement.
    let _ = socket.set_nodelay(true);
    // Not as a layer: that would build every route anew for every connection, over 100 KiB each.
    let named = move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    };
    let service = TowerToHyperService::new(router.clone().map_request(named));
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(socket), service)
        .into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that breaks off is not this server's failure.
        let _ = connection.await;
    });
}

async fn refused_to_accept(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(error_class = "accept", kind = ?error.kind(), "cannot accept connections; trying again");
        // Out of file descriptors: the ones in use must come back first.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
