//! The only outbound model call. The client library shows nowhere else, so that it can be exchanged here.

mod body;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::Stream;
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use llm::Dialect;
use server::{
    config::GatewayConfig,
    directory::{ProviderKind, Route},
    outbound::{Connector, NotPublic, TooSlow, is_because_of},
};
use tokio::time::Instant;
use types::{Timestamp, error::Code, provider::Shape};

use body::Slices;

use crate::{
    Error,
    route::{Failure, OUT_OF_TIME, Verdict, What},
};

/// Kept connections that nobody used for so long are closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(60);
/// Of one host.
const IDLE_CONNECTIONS: usize = 1024;

type Client = legacy::Client<Connector, Slices>;

/// Connections to upstreams: one pool that may reach private addresses and one that may not.
pub struct Clients {
    open: Client,
    guarded: Client,
    first_byte: Duration,
    demo_pace: Duration,
}

/// A call on its way: resolves when the upstream's status and headers are here. It owns everything it needs.
///
/// An error is what to tell of it, and whether the call may be tried again.
pub type Dial = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;

/// The upstream's status and headers; its body is still to be read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Chunks,
}

/// The bytes of an answer as they arrive.
pub enum Chunks {
    Http(Incoming),
    Demo(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

/// The connection broke before the answer ended.
#[derive(Debug)]
pub struct Broken;

impl Chunks {
    /// The next bytes; `None` at the end of a complete HTTP answer.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        match self {
            Chunks::Demo(stream) => stream.as_mut().poll_next(context).map(|chunk| chunk.map(Ok)),
            Chunks::Http(body) => loop {
                return match Pin::new(&mut *body).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => Poll::Ready(Some(Ok(data))),
                        Err(_trailers) => continue,
                    },
                    Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(Broken))),
                    Poll::Ready(None) => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                };
            },
        }
    }
}

/// The request as it leaves: slices that are sent as they came, and headers of the client that upstreams understand.
pub struct Outgoing {
    pub dialect: Dialect,
    /// What stands behind the endpoint's path for calls beside the main one; mostly nothing.
    pub tail: &'static str,
    pub stream: bool,
    pub body: Vec<Bytes>,
    pub headers: HeaderMap,
    /// The last moment of the call, however many tries it takes.
    pub ends_at: Instant,
    /// Unique, for the demo provider's answer.
    pub call_id: String,
    pub now: Timestamp,
}

impl Clients {
    pub fn new(config: &GatewayConfig) -> Result<Self, Error> {
        Ok(Clients {
            open: pool(true, config.connect_timeout)?,
            guarded: pool(false, config.connect_timeout)?,
            first_byte: config.first_byte_timeout,
            demo_pace: Duration::from_millis(30),
        })
    }

    /// Starts the call. Nothing is sent before the returned future is polled.
    pub fn dial(&self, route: &Route, outgoing: Outgoing) -> Dial {
        match &route.provider.kind {
            ProviderKind::Demo => demo(outgoing, self.demo_pace),
            ProviderKind::Http {
                shape,
                credential,
                allow_private_network,
                endpoints,
                ..
            } => {
                let endpoint = endpoints.endpoint(outgoing.dialect);
                let uri = match outgoing.tail {
                    "" => endpoint.cloned(),
                    tail => endpoint.and_then(|uri| format!("{uri}{tail}").parse().ok()),
                };
                let Some(uri) = uri else {
                    return Box::pin(std::future::ready(Err(wrong_dialect())));
                };
                let client = if *allow_private_network {
                    &self.open
                } else {
                    &self.guarded
                };
                let mut headers = outgoing.headers;
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                // Bytes are passed on as they come, so they must come unpacked.
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
                let accept = if outgoing.stream {
                    "text/event-stream"
                } else {
                    "application/json"
                };
                headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
                headers
                    .entry(header::USER_AGENT)
                    .or_insert(HeaderValue::from_static(server::outbound::USER_AGENT));
                match credential_header(*shape, credential.expose()) {
                    Some((name, value)) => headers.insert(name, value),
                    None => return Box::pin(std::future::ready(Err(refused_credential()))),
                };
                let mut request = Request::new(Slices::new(outgoing.body));
                *request.method_mut() = Method::POST;
                *request.uri_mut() = uri;
                *request.headers_mut() = headers;
                let sending = client.request(request);
                let (patience, ends_at) = (self.first_byte, outgoing.ends_at);
                Box::pin(async move {
                    let until = (Instant::now() + patience).min(ends_at);
                    match tokio::time::timeout_at(until, sending).await {
                        Ok(Ok(response)) => Ok(answer(response)),
                        Ok(Err(error)) => Err(failed(&error)),
                        Err(_elapsed) if until == ends_at => Err(out_of_time()),
                        Err(_elapsed) => Err(late(patience)),
                    }
                })
            }
        }
    }
}

fn pool(allow_private: bool, patience: Duration) -> Result<Client, Error> {
    let connector = Connector::new(allow_private, patience)
        .map_err(|error| Error::Internal(format!("cannot start the upstream client: {error}")))?;
    let mut pool = legacy::Client::builder(TokioExecutor::new());
    pool.pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_max_idle_per_host(IDLE_CONNECTIONS);
    Ok(pool.build(connector))
}

fn answer(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: Chunks::Http(body),
    }
}

fn credential_header(shape: Shape, credential: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, text) = match shape {
        Shape::Anthropic => (HeaderName::from_static("x-api-key"), credential.to_owned()),
        Shape::Openai | Shape::Litellm => (header::AUTHORIZATION, format!("Bearer {credential}")),
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// Routes are chosen by what providers speak, so nobody hears this.
fn wrong_dialect() -> Failure {
    let error = Error::Internal("a route was chosen whose provider does not speak the call's dialect".to_owned());
    failure("internal", Verdict::Elsewhere, error)
}

fn private_address() -> Failure {
    let error = Error::refused(
        Code::UpstreamFailed,
        "The upstream's address is not one that this server may call. Tell the operator of this server.",
    );
    failure("upstream_address", Verdict::Elsewhere, error)
}

fn refused_credential() -> Failure {
    let error = Error::refused(
        Code::UpstreamAuth,
        "The provider's credential is not one that can be sent. The operator of this server must store it again.",
    );
    failure("upstream_auth", Verdict::Elsewhere, error)
}

/// The request was sent and may be worked on still.
fn late(patience: Duration) -> Failure {
    let error = Error::refused(
        Code::UpstreamTimeout,
        format!(
            "The upstream did not begin to answer within {} s. Try again later.",
            patience.as_secs()
        ),
    );
    failure("upstream_timeout", Verdict::Elsewhere, error)
}

/// The call has had all the time there is for it.
fn out_of_time() -> Failure {
    let error = Error::refused(
        Code::UpstreamTimeout,
        "The call took longer than this server allows. Try again later.",
    );
    failure(OUT_OF_TIME, Verdict::Nowhere, error)
}

fn failure(class: &'static str, verdict: Verdict, error: Error) -> Failure {
    Failure {
        class,
        verdict,
        asked: None,
        what: What::Said(error),
    }
}

/// What the caller hears of a call that got no answer; the reason's text may name hosts and stays here.
fn failed(error: &legacy::Error) -> Failure {
    if is_because_of::<NotPublic>(error) {
        return private_address();
    }
    if is_because_of::<TooSlow>(error) {
        let error = Error::refused(
            Code::UpstreamTimeout,
            "The upstream could not be reached in time. Try again later.",
        );
        return failure("upstream_unreachable", Verdict::Again, error);
    }
    let (class, what) = if error.is_connect() {
        ("upstream_unreachable", "could not be reached")
    } else {
        ("upstream_broke_off", "broke the connection")
    };
    let error = Error::refused(
        Code::UpstreamFailed,
        format!("The upstream {what}. Try again later; if it stays, tell the operator of this server."),
    );
    failure(class, Verdict::Again, error)
}

fn demo(outgoing: Outgoing, pace: Duration) -> Dial {
    let body: Bytes = outgoing.body.concat().into();
    Box::pin(async move {
        let mut headers = HeaderMap::new();
        let kind = if outgoing.stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let answer = llm::demo::answer(outgoing.dialect, &body, &outgoing.call_id, outgoing.now)
            .map_err(|error| failure("bad_request", Verdict::Nowhere, error.into()))?;
        let (chunks, paced) = match answer {
            llm::demo::Answer::Json(body) => (vec![body], false),
            llm::demo::Answer::Stream(events) => (events, true),
        };
        let stream = futures_util::stream::unfold(chunks.into_iter(), move |mut rest| async move {
            let chunk = rest.next()?;
            if paced {
                tokio::time::sleep(pace).await;
            }
            Some((chunk, rest))
        });
        Ok(Answer {
            status: StatusCode::OK,
            headers,
            body: Chunks::Demo(Box::pin(stream)),
        })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn failure_of(allow_private: bool, uri: &str) -> Failure {
        let pool = pool(allow_private, Duration::from_millis(500)).unwrap();
        let mut request = Request::new(Slices::new(Vec::new()));
        *request.uri_mut() = uri.parse().unwrap();
        failed(&pool.request(request).await.unwrap_err())
    }

    fn told(failure: Failure) -> (u16, String) {
        let What::Said(error) = failure.what else {
            panic!("nothing was answered")
        };
        (error.status(), error.refusal().message)
    }

    /// C086: a name that was public when it was saved and leads home now.
    #[tokio::test]
    async fn name_that_leads_home_is_an_address_that_may_not_be_called() {
        let failure = failure_of(false, "http://localhost:9/v1/messages").await;
        assert_eq!(failure.class, "upstream_address");
        let (status, message) = told(failure);
        assert_eq!(status, 502);
        assert!(!message.contains("localhost"));
    }

    #[tokio::test]
    async fn connection_that_is_refused_is_unreachable() {
        let port = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let failure = failure_of(true, &format!("http://{port}/")).await;
        assert_eq!(
            (failure.class, failure.verdict),
            ("upstream_unreachable", Verdict::Again)
        );
        assert_eq!(told(failure).0, 502);
    }

    /// A literal address asks no resolver; a row that came past the catalogue's rule is refused all the same.
    #[tokio::test]
    async fn literal_private_address_is_never_dialled() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254"] {
            let failure = failure_of(false, &format!("http://{host}:{port}/v1/messages")).await;
            assert_eq!(failure.class, "upstream_address", "{host}");
            assert_eq!(told(failure).0, 502, "{host}");
        }
        tokio::select! {
            biased;
            _ = listener.accept() => panic!("it was dialled"),
            () = std::future::ready(()) => {}
        }
    }

    /// The time limit holds for TLS too, not for TCP alone.
    #[tokio::test]
    async fn handshake_that_does_not_end_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let silent = async {
            let _held = listener.accept().await.unwrap();
            std::future::pending::<()>().await;
        };
        let uri = format!("https://localhost:{}/", address.port());
        tokio::select! {
            () = silent => {}
            failure = failure_of(true, &uri) => {
                assert_eq!((failure.class, failure.verdict), ("upstream_unreachable", Verdict::Again));
                assert_eq!(told(failure).0, 504);
            }
        }
    }
}
