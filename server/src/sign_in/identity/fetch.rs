//! The only requests this server makes to providers of identities: no redirects, no proxy, small answers, little time.
//!
//! What is asked for travels back to a person who waits, so everything a sign-in asks of a provider shares one [`PATIENCE`].

use std::{sync::OnceLock, time::Duration};

use http::{HeaderName, Response};
use openidconnect::{HttpRequest, HttpResponse};
use url::Url;

/// The whole of what one sign-in asks a provider, from the first byte sent.
pub const PATIENCE: Duration = Duration::from_millis(4500);
/// Discovery documents, key sets and tokens are a few kilobytes.
const LARGEST: usize = 256 * 1024;

/// Why a provider's answer is none. Detail is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("no answer: {0}")]
    Unreachable(String),
    #[error("the answer is larger than {LARGEST} bytes")]
    TooLarge,
    #[error("{0}")]
    Refused(String),
}

fn client() -> Result<&'static reqwest::Client, Failed> {
    static CLIENT: OnceLock<Option<reqwest::Client>> = OnceLock::new();
    let built = CLIENT.get_or_init(|| {
        reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("weirgate/", env!("CARGO_PKG_VERSION")))
            .build()
            .ok()
    });
    built
        .as_ref()
        .ok_or_else(|| Failed::Unreachable("the client cannot be started".to_owned()))
}

/// One request, its answer read whole. Also what `openidconnect` sends through.
pub async fn send(request: HttpRequest) -> Result<HttpResponse, Failed> {
    let unreachable = |error: reqwest::Error| Failed::Unreachable(error.without_url().to_string());
    let request = reqwest::Request::try_from(request).map_err(unreachable)?;
    let mut answer = client()?.execute(request).await.map_err(unreachable)?;
    let status = answer.status();
    let mut built = Response::builder().status(status.as_u16());
    for (name, value) in answer.headers() {
        built = built.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Failed::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    built
        .body(body)
        .map_err(|error| Failed::Refused(format!("a malformed answer: {error}")))
}

/// A JSON document behind an access token.
pub async fn with_token(url: &Url, token: &str, more: &[(HeaderName, &str)]) -> Result<serde_json::Value, Failed> {
    let mut request = http::Request::get(url.as_str())
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::AUTHORIZATION, format!("Bearer {token}"));
    for (name, value) in more {
        request = request.header(name, *value);
    }
    let request = request
        .body(Vec::new())
        .map_err(|error| Failed::Refused(error.to_string()))?;
    let answer = send(request).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(Failed::Refused(format!("{} answered {}", url.path(), answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|_| Failed::Refused(format!("{} answered no JSON", url.path())))
}
