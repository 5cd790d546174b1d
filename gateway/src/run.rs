//! A call from its body to its answer; reads as the story it is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use llm::{Dialect, head::Head, splice::Edits};
use server::{
    books::ledger::{OpenCall, Refused},
    config::OpenMode,
    directory::{ModelEntry, ProviderKind, Route},
};
use types::{CallId, Timestamp, error::Code};
use uuid::Uuid;

use crate::{
    Error, Gateway,
    admit::admit,
    http::extract::{self, Caller},
    meter::{InFlight, NoAnswer, Reading},
    relay::{self, Held, Limits, Voice},
    route::{Choice, Failure, Plan, Tries, What},
    upstream::{Dial, Outgoing},
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
    let mut plan = Plan::new(Arc::clone(&model), endpoint.dialect, call_id.as_u64_pair().1);
    let first = plan
        .first(now)
        .inspect_err(|error| refused(gateway, caller, endpoint, &model.name, request_id, error))?;
    let asked = Asked {
        stream: endpoint.stream.unwrap_or(head.stream),
        head,
        body,
        endpoint,
        headers: outgoing_headers(endpoint.dialect, headers),
        call_id,
        now,
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
    let call = InFlight::new(gateway, opened, model, first, started);
    serve(gateway, &asked, plan, first, call, started, request_id).await
}

/// A call as it was asked for: what every try is made from.
struct Asked {
    head: Head,
    body: Bytes,
    endpoint: &'static Endpoint,
    stream: bool,
    headers: HeaderMap,
    call_id: Uuid,
    now: Timestamp,
}

impl Asked {
    /// The request as it goes to this route, and what will read its answer.
    fn to(&self, gateway: &Gateway, route: &Route) -> (Dial, Reading) {
        let (head, dialect) = (&self.head, self.endpoint.dialect);
        let edits = Edits {
            model: (route.upstream_model != head.model).then_some(route.upstream_model.as_str()),
            stream: self.endpoint.stream.filter(|wanted| *wanted != head.stream),
            include_usage: dialect == Dialect::Openai,
        };
        let reading = if self.stream {
            Reading::stream(dialect, edits.injects_usage(head), head.input_estimate())
        } else {
            Reading::json(dialect, head.input_estimate())
        };
        let dial = gateway.upstream().dial(
            route,
            Outgoing {
                dialect,
                tail: "",
                stream: self.stream,
                body: llm::splice::upstream_body(head, &self.body, &edits),
                headers: self.headers.clone(),
                call_id: self.call_id.to_string(),
                now: self.now,
            },
        );
        (dial, reading)
    }
}

/// Tries one route after the other until one answers or none is left. Nothing has reached the client before that.
async fn serve(
    gateway: &Gateway,
    asked: &Asked,
    mut plan: Plan,
    first: Choice,
    mut call: InFlight,
    started: Instant,
    request_id: &str,
) -> Result<Response, Error> {
    let state = gateway.state();
    let config = &state.config().gateway;
    let dialect = asked.endpoint.dialect;
    let mut tries = Tries::new(config, state.clock());
    let mut choice = first;
    loop {
        let (dial, reading) = asked.to(gateway, plan.route(choice));
        call.begin(choice, dial, reading);
        let hold_back = config.hold_back;
        let may_move = || asked.stream && !hold_back.is_zero() && tries.may_move(&plan);
        let failure = match begin(gateway, &mut call, asked.stream, may_move, hold_back).await? {
            Begun::Answering(headers, held) => {
                let limits = Limits {
                    idle: config.idle_timeout,
                    ends_at: tokio::time::Instant::from_std(started) + config.total_timeout,
                    heartbeat: config.heartbeat,
                };
                if !asked.stream {
                    return relay::json(call, &headers, limits).await;
                }
                let voice = Voice {
                    dialect,
                    request_id: request_id.to_owned(),
                    stopping: state.cut_streams().cancelled_owned(),
                    readers: gateway.readers(),
                };
                return Ok(relay::stream(call, &headers, limits, voice, held));
            }
            Begun::Failed(failure) => failure,
        };
        call.failed(&failure);
        let Some(next) = tries.next(&mut plan, choice, &failure) else {
            return Err(last(call, plan.route(choice), dialect, failure).await);
        };
        call.give_up(&failure);
        call.pause(next.pause).await?;
        choice = next.choice;
    }
}

/// How a try began.
enum Begun {
    /// The upstream's headers, and what of its stream was held back.
    Answering(HeaderMap, Vec<Bytes>),
    Failed(Failure),
}

/// Waits until the upstream answers; while another route could take over, until there is content.
///
/// Errors (settled): the call is over.
async fn begin(
    gateway: &Gateway,
    call: &mut InFlight,
    stream: bool,
    may_move: impl Fn() -> bool,
    patience: Duration,
) -> Result<Begun, Error> {
    let before_dial = gateway.state().config().ledger.open == OpenMode::BeforeDial;
    let (status, headers) = match call.headers(before_dial).await {
        Ok(answer) => answer,
        Err(NoAnswer::Over(error)) => return Err(error),
        Err(NoAnswer::Failed(failure)) => return Ok(Begun::Failed(failure)),
    };
    if !status.is_success() {
        let now = call.now().0 / 1000;
        return Ok(Begun::Failed(Failure::answered(status, headers, now)));
    }
    if let Some(failure) = relay::wrong_kind(&headers, stream) {
        return Ok(Begun::Failed(failure));
    }
    if !may_move() {
        return Ok(Begun::Answering(headers, Vec::new()));
    }
    Ok(match relay::hold(call, patience).await {
        Held::Begun(held) => Begun::Answering(headers, held),
        Held::Died(failure) => Begun::Failed(failure),
    })
}

/// Settles a call whose last try failed, and says what the caller hears.
async fn last(mut call: InFlight, route: &Route, dialect: Dialect, failure: Failure) -> Error {
    match failure.what {
        What::Said(error) => call.end(error, failure.class),
        What::Answered(status, headers) => {
            let credential = match &route.provider.kind {
                ProviderKind::Http { credential, .. } => credential.expose(),
                ProviderKind::Demo => "",
            };
            relay::refuse(call, status, headers, dialect, credential, failure.class).await
        }
    }
}

/// Reads the head and asks whether this call may be made; a refusal is counted.
fn prepare(
    gateway: &Gateway,
    caller: &Caller,
    endpoint: &'static Endpoint,
    body: &[u8],
    request_id: &str,
) -> Result<(Head, Arc<ModelEntry>), Error> {
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
