//! Where a request comes from: address and user agent, cut to what may be kept.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};

use crate::{State, http::cookie, sessions::Device};

impl FromRequestParts<State> for Device {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Self::Rejection> {
        Ok(device(state, parts))
    }
}

/// The client's user agent and address as far as the privacy settings keep them, its whole address, and its device cookie.
pub fn device(state: &State, parts: &Parts) -> Device {
    let config = state.config();
    let agent = parts
        .headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .map(|agent| agent.chars().filter(|c| !c.is_control()).take(200).collect::<String>());
    let from = client_address(state, parts);
    Device {
        info: agent.as_deref().and_then(|agent| config.kept_agent(agent)),
        address: from.and_then(|address| config.kept_address(address)),
        from,
        token: cookie::device(&parts.headers, config),
    }
}

/// The peer, or, when the peer is a trusted proxy, the rightmost hop of `X-Forwarded-For` that is not one.
pub fn client_address(state: &State, parts: &Parts) -> Option<IpAddr> {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip().to_canonical())?;
    let config = state.config();
    if !config.server.is_trusted_proxy(peer) {
        return Some(peer);
    }
    let hops = parts.headers.get_all("x-forwarded-for").iter();
    let hops: Vec<&str> = hops
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .collect();
    let mut address = peer;
    for hop in hops.iter().rev() {
        let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
        address = hop.to_canonical();
        if !config.server.is_trusted_proxy(address) {
            break;
        }
    }
    Some(address)
}
