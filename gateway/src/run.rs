//! A call from its body to its answer; reads as the story it is.

use std::time::Instant;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use llm::{Dialect, head::Head, splice::Edits};
use server::{
    books::ledger::{OpenCall, Refused},
    config::OpenMode,
    directory::{ModelEntry, ProviderKind},
};
use types::{CallId, error::Code};

use crate::{
    Error, Gateway,
    admit::admit,
    http::extract::{self, Caller},
    meter::{InFlight, Reading},
    relay::{self, Limits, Voice},
    route,
    upstream::Outgoing,
};

/// A door of the model API.
#[derive(Debug)]
pub struct Endpoint {
    pub dialect: Dialect,
    /// The route's template, as the books name it.
    pub path: &'static str,
    /// Some doors always stream or never do, whatever the body says.
    pub stream: Option<bool>,
}

/// Serves one call. Everything that can be refused is refused before anything is dialled; an open record stands before the first byte.
pub async fn run(
    gateway: &Gateway,
    caller: &Caller,
    endpoint: &'static Endpoint,
    headers: &HeaderMap,
    body: Bytes,
    request_id: &str,
) -> Result<Response, Error> {
    let started = Instant::now();
    let state = gateway.state();
    let (head, model) = prepare(gateway, caller, endpoint, &body, request_id)?;
    let now = state.clock().now();
    let call_id = state.clock().new_id();
    // The last bytes of a UUID v7 are random: good enough to spread calls over routes.
    let route = route::choose(&model, endpoint.dialect, call_id.as_u64_pair().1)
        .inspect_err(|error| refused(gateway, caller, endpoint, &model.name, request_id, error))?;

    let edits = Edits {
        model: (route.upstream_model != head.model).then_some(route.upstream_model.as_str()),
        stream: endpoint.stream.filter(|wanted| *wanted != head.stream),
        include_usage: endpoint.dialect == Dialect::Openai,
    };
    let stream = endpoint.stream.unwrap_or(head.stream);
    let reading = if stream {
        Reading::stream(endpoint.dialect, edits.injects_usage(&head), head.input_estimate())
    } else {
        Reading::json(endpoint.dialect, head.input_estimate())
    };
    let opened = state.ledger().open(OpenCall {
        call_id: CallId(call_id),
        request_id: request_id.to_owned(),
        organization_id: caller.organization_id(),
        user_id: caller.user_id(),
        key_id: caller.key_id(),
        model: model.name.clone(),
        provider: route.provider.name.clone(),
        upstream_model: route.upstream_model.clone(),
        price: model.price,
        endpoint: endpoint.path,
        stream,
        opened_at: now,
        conversation_id: extract::conversation(headers),
    });
    let dial = gateway.upstream().dial(
        route,
        Outgoing {
            dialect: endpoint.dialect,
            tail: "",
            stream,
            body: llm::splice::upstream_body(&head, &body, &edits),
            headers: outgoing_headers(endpoint.dialect, headers),
            call_id: call_id.to_string(),
            now,
        },
    );
    let config = &state.config().gateway;
    let mut call = InFlight::new(gateway, opened, dial, reading, started);
    let (status, answer) = call.headers(state.config().ledger.open == OpenMode::BeforeDial).await?;
    if !status.is_success() {
        let credential = match &route.provider.kind {
            ProviderKind::Http { credential, .. } => credential.expose(),
            ProviderKind::Demo => "",
        };
        return Err(relay::refuse(call, status, answer, endpoint.dialect, credential).await);
    }
    let limits = Limits {
        idle: config.idle_timeout,
        total: config.total_timeout,
    };
    if stream {
        let voice = Voice {
            dialect: endpoint.dialect,
            request_id: request_id.to_owned(),
            stopping: state.cut_streams().cancelled_owned(),
            readers: gateway.readers(),
        };
        relay::stream(call, &answer, limits, voice)
    } else {
        relay::json(call, &answer, limits).await
    }
}

/// Reads the head and asks whether this call may be made; a refusal is counted.
fn prepare(
    gateway: &Gateway,
    caller: &Caller,
    endpoint: &'static Endpoint,
    body: &[u8],
    request_id: &str,
) -> Result<(Head, std::sync::Arc<ModelEntry>), Error> {
    let head = llm::head::scan(endpoint.dialect, body)
        .map_err(Error::from)
        .inspect_err(|error| refused(gateway, caller, endpoint, "", request_id, error))?;
    match admit(gateway, caller, &head.model) {
        Ok(model) => Ok((head, model)),
        Err(error) => {
            // A name nobody configured is the client's text: it stays out of the books.
            let known = !matches!(&error, Error::Refused(refusal) if refusal.code == Code::UnknownModel);
            refused(
                gateway,
                caller,
                endpoint,
                if known { &head.model } else { "" },
                request_id,
                &error,
            );
            Err(error)
        }
    }
}

/// Counts a refusal of a known caller.
pub fn refused(
    gateway: &Gateway,
    caller: &Caller,
    endpoint: &'static Endpoint,
    model: &str,
    request_id: &str,
    error: &Error,
) {
    gateway.state().ledger().refused(Refused {
        request_id: request_id.to_owned(),
        organization_id: caller.organization_id(),
        user_id: caller.user_id(),
        key_id: caller.key_id(),
        model: model.to_owned(),
        endpoint: endpoint.path,
        reason: error.class(),
        http_status: error.status(),
    });
}

/// The client's headers that upstreams understand; nothing else leaves the house.
pub fn outgoing_headers(dialect: Dialect, client: &HeaderMap) -> HeaderMap {
    const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
    let mut headers = HeaderMap::with_capacity(8);
    let names: &[HeaderName] = match dialect {
        Dialect::Anthropic => &[VERSION, HeaderName::from_static("anthropic-beta")],
        Dialect::Openai | Dialect::Responses | Dialect::Embeddings => &[HeaderName::from_static("openai-beta")],
    };
    for name in names {
        for value in client.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    if dialect == Dialect::Anthropic && !headers.contains_key(VERSION) {
        headers.insert(VERSION, HeaderValue::from_static("2023-06-01"));
    }
    headers
}
