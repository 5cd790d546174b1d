//! From the first try to the answer: the one loop before the first byte.

use std::time::Duration;

use ::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use llm::Dialect;
use server::{config::OpenMode, directory::Route};
use tokio::time::Instant;

use super::asked::{Asked, Ready};
use crate::{
    Error,
    http::reply,
    meter::{InFlight, NoAnswer},
    relay::{self, Held, Limits, Voice, Voices},
    route::{Choice, Failure, Plan, Tries, What},
};

/// Tries one route after the other until one answers or none is left. Nothing has reached the client before that.
pub async fn serve(
    asked: &Asked<'_>,
    mut plan: Plan,
    first: Choice,
    ready: Ready,
    mut call: InFlight,
) -> Result<Response, Error> {
    let gateway = asked.gateway;
    let config = &gateway.state().config().gateway;
    let mut tries = Tries::new(config, gateway.state().clock(), asked.ends_at);
    let (mut choice, mut ready) = (first, ready);
    loop {
        call.begin(choice, ready.dial, ready.reading);
        let may_move = || asked.stream && !config.hold_back.is_zero() && tries.may_move(&plan);
        let failure = match begin(asked, &mut call, may_move, config.hold_back).await? {
            Begun::Answering(headers, held) => {
                let mut response = answer(asked, call, &headers, held).await?;
                reply::name_ignored(&mut response, &ready.ignored);
                return Ok(response);
            }
            Begun::Failed(failure) => failure,
        };
        call.failed(&failure);
        let next = loop {
            let Some(next) = tries.next(&mut plan, choice, &failure) else {
                return Err(last(asked, call, plan.route(choice), ready.dialect, failure).await);
            };
            // One that the request cannot be translated for is passed over.
            if let Ok(ready) = asked.to(plan.route(next.choice)) {
                break (next, ready);
            }
            tries.give_back();
        };
        call.give_up(&failure);
        call.pause(next.0.pause).await?;
        (choice, ready) = (next.0.choice, next.1);
    }
}

/// Hands an answer that has begun over to the client.
async fn answer(asked: &Asked<'_>, call: InFlight, headers: &HeaderMap, held: Vec<Bytes>) -> Result<Response, Error> {
    let state = asked.gateway.state();
    let config = &state.config().gateway;
    let limits = Limits {
        first: config.first_byte_timeout,
        idle: config.idle_timeout,
        ends_at: asked.ends_at,
        heartbeat: config.heartbeat,
    };
    if !asked.stream {
        return relay::json(call, headers, limits).await;
    }
    let voice = Voice {
        dialect: asked.endpoint.dialect,
        request_id: asked.request_id.to_owned(),
        stopping: state.cut_streams().cancelled_owned(),
        readers: asked.gateway.readers(),
    };
    Ok(relay::stream(call, headers, limits, voice, held))
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
    asked: &Asked<'_>,
    call: &mut InFlight,
    may_move: impl Fn() -> bool,
    patience: Duration,
) -> Result<Begun, Error> {
    let before_dial = asked.gateway.state().config().ledger.open == OpenMode::BeforeDial;
    let (status, headers) = match call.headers(before_dial).await {
        Ok(answer) => answer,
        Err(NoAnswer::Over(error)) => return Err(error),
        Err(NoAnswer::Failed(failure)) => return Ok(Begun::Failed(failure)),
    };
    if !status.is_success() {
        let now = call.now().0 / 1000;
        return Ok(Begun::Failed(Failure::answered(status, headers, now)));
    }
    if let Some(failure) = relay::wrong_kind(&headers, asked.stream) {
        return Ok(Begun::Failed(failure));
    }
    call.serves();
    if !may_move() {
        return Ok(Begun::Answering(headers, Vec::new()));
    }
    let until = (Instant::now() + patience).min(asked.ends_at);
    Ok(match relay::hold(call, until).await {
        Held::Begun(held) => Begun::Answering(headers, held),
        Held::Died(failure) => Begun::Failed(failure),
    })
}

/// Settles a call whose last try failed, and says what the caller hears.
async fn last(asked: &Asked<'_>, mut call: InFlight, route: &Route, dialect: Dialect, failure: Failure) -> Error {
    match failure.what {
        What::Said(error) => call.end(error, failure.class),
        What::Answered(status, headers) => {
            let credential = route.provider.kind.credential();
            let voices = Voices {
                client: asked.endpoint.dialect,
                upstream: dialect,
                request_id: asked.request_id,
            };
            relay::refuse(call, status, headers, voices, credential, failure.class).await
        }
    }
}
