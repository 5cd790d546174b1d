//! Which pages of other origins may read replies: editors' webviews and configured sites, never with cookies.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
};
use tower::{Layer, Service};

use crate::Config;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, retry-after, RateLimit, RateLimit-Policy, x-ratelimit-limit-requests, x-ratelimit-limit-tokens, \
     x-ratelimit-remaining-requests, x-ratelimit-remaining-tokens, x-ratelimit-reset-requests, x-ratelimit-reset-tokens",
);
const PLAIN: [&str; 5] = [
    "authorization",
    "x-api-key",
    "content-type",
    "x-request-id",
    "idempotency-key",
];
const FAMILIES: [&str; 2] = ["anthropic-", "x-weirgate-"];

/// The layer for the account API and the model API; `config.cors` says which origins.
pub fn cors(config: &Config) -> Cors {
    Cors(Arc::new(config.cors.clone()))
}

#[derive(Clone)]
pub struct Cors(Arc<crate::config::Cors>);

impl<S> Layer<S> for Cors {
    type Service = CorsService<S>;
    fn layer(&self, inner: S) -> CorsService<S> {
        CorsService {
            inner,
            rules: self.clone(),
        }
    }
}

#[derive(Clone)]
pub struct CorsService<S> {
    inner: S,
    rules: Cors,
}

impl<S, B> Service<Request<B>> for CorsService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let origin = self.rules.allowed(request.headers());
        let preflight = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if preflight {
            let response = preflight_reply(origin, request.headers());
            return Box::pin(async move { Ok(response) });
        }
        let running = self.inner.call(request);
        Box::pin(async move {
            let mut response = running.await?;
            let headers = response.headers_mut();
            headers.append(header::VARY, HeaderValue::from_static("origin"));
            if let Some(origin) = origin {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            }
            Ok(response)
        })
    }
}

impl Cors {
    /// The origin to name in the reply. `null` (sandboxed frames, local files) is nobody, also when everybody is allowed.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return None;
        };
        let text = origin.to_str().ok()?;
        (text != "null" && self.0.allows(text)).then(|| origin.clone())
    }
}

fn preflight_reply(origin: Option<HeaderValue>, asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let vary = "origin, access-control-request-method, access-control-request-headers";
    headers.insert(header::VARY, HeaderValue::from_static(vary));
    let Some(origin) = origin else { return response };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Ok(names) = HeaderValue::try_from(allowed_headers(asked)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    response
}

/// The fixed names, and of the two families those that the browser asks for: a wildcard would not cover `authorization`.
fn allowed_headers(asked: &HeaderMap) -> String {
    let mut names: Vec<String> = PLAIN.map(str::to_owned).to_vec();
    let wanted = asked.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
    for name in wanted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
    {
        let name = name.trim().to_ascii_lowercase();
        let in_family = FAMILIES.iter().any(|family| name.starts_with(family));
        if in_family && HeaderName::try_from(&name).is_ok() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}
