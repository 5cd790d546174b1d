//! Anthropic token counting: nothing is generated, so nothing is billed and nothing is put on the books.

use std::{sync::Arc, time::Duration};

use ::http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use llm::{Dialect, Head, splice::Edits};
use server::directory::{ModelEntry, ProviderKind, Route};

use crate::{
    Error, Gateway,
    admit::admit,
    error::PassedOn,
    http::{
        extract::{self, Caller},
        reply::{Asked, reply},
    },
    relay,
    route::Plan,
    run,
    upstream::{Answer, Outgoing},
};

const PATH: &str = "/v1/messages/count_tokens";
/// Says that the number is a bound of our own making.
const ESTIMATE: HeaderName = HeaderName::from_static("x-weirgate-estimate");
/// A count is a line, an error a few.
const LARGEST: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// How many input tokens a Messages call would have. Asked of the upstream where it speaks this dialect; otherwise an upper bound,
/// marked by the header `x-weirgate-estimate: true`. Never billed.
#[utoipa::path(post, path = "/v1/messages/count_tokens", tag = "models", responses((status = 200, description = "`input_tokens`")))]
pub async fn count_tokens(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = extract::request_id(&gateway, &parts.headers);
    let asked = Asked::now(PATH, &parts, &request_id);
    let outcome = count(&gateway, &parts, body).await;
    reply(outcome, Dialect::Anthropic, &asked)
}

async fn count(gateway: &Gateway, parts: &Parts, body: Body) -> Result<Response, Error> {
    let caller = Caller::prove(gateway, parts)?;
    let body = extract::json_body(gateway, &parts.headers, body).await?;
    let head = llm::head::scan_count(&body)?;
    let model = admit(gateway, &caller, &head.model)?;
    let dice = gateway.state().clock().new_id().as_u64_pair().1;
    let plan = Plan::new(Arc::clone(&model), Dialect::Anthropic, dice);
    if let Some(route) = plan.peek(gateway.state().clock().now())
        && matches!(route.provider.kind, ProviderKind::Http { .. })
        && let Some(counted) = ask(gateway, route, &head, &body, parts).await?
    {
        return Ok(counted);
    }
    Ok(estimate(&model, &body))
}

fn estimate(model: &ModelEntry, body: &[u8]) -> Response {
    let tokens = llm::count::upper_bound(body, model.context_length);
    let mut response = super::own_json(Bytes::from(format!("{{\"input_tokens\":{tokens}}}")));
    response
        .headers_mut()
        .insert(ESTIMATE, HeaderValue::from_static("true"));
    response
}

/// The upstream's own count; `None` when it has none to give, be it because it does not count or because it does not answer.
///
/// Errors: what it has against the request itself, in its own words.
async fn ask(
    gateway: &Gateway,
    route: &Route,
    head: &Head,
    body: &Bytes,
    parts: &Parts,
) -> Result<Option<Response>, Error> {
    let edits = Edits {
        model: Some(&route.upstream_model),
        ..Edits::default()
    };
    let outgoing = Outgoing {
        dialect: Dialect::Anthropic,
        tail: "/count_tokens",
        stream: false,
        body: llm::splice::upstream_body(head, body, &edits),
        headers: run::outgoing_headers(Dialect::Anthropic, Dialect::Anthropic, &parts.headers),
        ends_at: tokio::time::Instant::now() + PATIENCE,
        call_id: String::new(),
        now: gateway.state().clock().now(),
    };
    let Ok(mut answer) = gateway.upstream().dial(route, outgoing).await else {
        return Ok(None);
    };
    let status = answer.status;
    let told = status.is_success() || matches!(status.as_u16(), 400 | 413 | 422 | 429 | 529);
    if !told || !relay::is_kind(&answer.headers, "application/json") {
        return Ok(None);
    }
    let Ok(Some(text)) = tokio::time::timeout(PATIENCE, whole(&mut answer)).await else {
        return Ok(None);
    };
    let mut headers = relay::passed_headers(&answer.headers);
    if let Some(seconds) = relay::wait_told(&answer.headers, gateway.state().clock().now()) {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if status == StatusCode::OK {
        let mut response = Response::new(Body::from(text));
        *response.headers_mut() = headers;
        return Ok(Some(response));
    }
    if !llm::error::is_native(Dialect::Anthropic, &text) {
        return Ok(None);
    }
    Err(Error::PassedOn(PassedOn {
        status: status.as_u16(),
        headers,
        body: llm::error::redact(text, &[route.provider.kind.credential()]),
    }))
}

/// `None` when it breaks off or does not end.
async fn whole(answer: &mut Answer) -> Option<Bytes> {
    let mut text = BytesMut::new();
    while let Some(chunk) = std::future::poll_fn(|context| answer.body.poll_next(context)).await {
        let chunk = chunk.ok()?;
        if text.len() + chunk.len() > LARGEST {
            return None;
        }
        text.extend_from_slice(&chunk);
    }
    Some(text.freeze())
}
