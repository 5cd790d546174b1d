//! A call from its body to its answer; reads as the story it is.

mod asked;
mod serve;

use std::{sync::Arc, time::Instant};

use ::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use llm::{Dialect, head::Head};
use server::{
    books::{
        ledger::{OpenCall, Refused},
        limits::Admitted,
    },
    directory::ModelEntry,
};
use types::{CallId, error::Code};

use asked::Asked;
pub use asked::outgoing_headers;
use serve::serve;

use crate::{
    Error, Gateway,
    admit::{admit, within_limits},
    http::{
        extract::{self, Caller},
        reply,
    },
    meter::InFlight,
    route::Plan,
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
    let (head, model, admitted) = prepare(gateway, caller, endpoint, &body, request_id)?;
    let left = admitted.as_ref().map(Admitted::left);
    let now = state.clock().now();
    let call_id = state.clock().new_id();
    // The last bytes of a UUID v7 are random: good enough to spread calls over routes.
    let mut plan = Plan::new(Arc::clone(&model), endpoint.dialect, call_id.as_u64_pair().1);
    let refuse = |error: &Error| refused(gateway, caller, endpoint, &model.name, request_id, error);
    let mut first = plan.first(now).inspect_err(refuse)?;
    let asked = Asked {
        gateway,
        endpoint,
        stream: endpoint.stream.unwrap_or(head.stream),
        head,
        body,
        headers,
        max_output_tokens: model.max_output_tokens,
        reasoning: model.can("reasoning"),
        ends_at: tokio::time::Instant::from_std(started) + state.config().gateway.total_timeout,
        call_id: call_id.to_string(),
        request_id,
        now,
    };
    let ready = loop {
        match asked.to(plan.route(first)) {
            Ok(ready) => break ready,
            // What cannot be translated for one provider may suit another as it is.
            Err(error) => first = plan.next(now).ok_or(error).inspect_err(refuse)?,
        }
    };
    let route = plan.route(first);
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
        stream: asked.stream,
        opened_at: now,
        conversation_id: extract::conversation(headers),
    });
    let call = InFlight::new(gateway, opened, admitted, Arc::clone(&model), first, started);
    let mut response = serve(&asked, plan, first, ready, call).await?;
    if let Some(left) = left {
        reply::tell_limits(&left, response.headers_mut());
    }
    Ok(response)
}

/// Reads the head and asks whether this call may be made; a refusal is counted.
fn prepare(
    gateway: &Gateway,
    caller: &Caller,
    endpoint: &'static Endpoint,
    body: &[u8],
    request_id: &str,
) -> Result<(Head, Arc<ModelEntry>, Option<Admitted>), Error> {
    let head = llm::head::scan(endpoint.dialect, body)
        .map_err(Error::from)
        .inspect_err(|error| refused(gateway, caller, endpoint, "", request_id, error))?;
    let admitted = admit(gateway, caller, &head.model)
        .and_then(|model| Ok((within_limits(gateway, caller, &model.name, body)?, model)));
    match admitted {
        Ok((admitted, model)) => Ok((head, model, admitted)),
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
