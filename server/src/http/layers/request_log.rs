//! Writes each request to the account API down: route, status, time, who asked. What that may say is `request_log`'s.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::request::Parts,
    middleware::Next,
    response::Response,
};

use super::{RequestId, limits::AskedBy};
use crate::{db::request_logs::Row, http::extract, request_log::RequestLog};

/// What proxies write when a client left before there was an answer.
const CLIENT_LEFT: i32 = 499;
/// A method is the client's own text.
const LONGEST_METHOD: usize = 16;

/// Stands inside `finish`, which knows the request's id, and outside everything that may refuse.
pub async fn request_log(State(state): State<crate::State>, request: Request, next: Next) -> Response {
    if !state.request_log().is_on() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let pending = Pending::of(&state, &parts);
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Some(pending) = pending {
        pending.answered(&response);
    }
    response
}

/// A request that has no answer yet. Dropped before there is one, it tells that the client left.
struct Pending {
    log: RequestLog,
    since: Instant,
    entry: Option<Row>,
}

impl Pending {
    /// None for what nobody wants to read about: health checks, documents, addresses that lead nowhere.
    fn of(state: &crate::State, parts: &Parts) -> Option<Self> {
        let route = parts.extensions.get::<MatchedPath>()?.as_str();
        let is_account = route.starts_with("/api/") || route.starts_with("/v1/");
        if !is_account || route.ends_with("/health") {
            return None;
        }
        let device = extract::device(state, parts);
        let entry = Row {
            id: state.clock().new_id(),
            at: state.clock().now().0,
            method: parts.method.as_str().chars().take(LONGEST_METHOD).collect(),
            route: route.to_owned(),
            status: CLIENT_LEFT,
            duration_ms: 0,
            user_id: None,
            ip_address: device.address,
            user_agent: device.info,
            request_id: RequestId::of(state, &parts.extensions, &parts.headers).0,
        };
        Some(Pending {
            log: state.request_log().clone(),
            since: Instant::now(),
            entry: Some(entry),
        })
    }

    fn answered(mut self, response: &Response) {
        if let Some(entry) = &mut self.entry {
            entry.status = i32::from(response.status().as_u16());
            entry.user_id = response.extensions().get::<AskedBy>().map(|asked_by| asked_by.0.0);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.duration_ms = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
            self.log.note(entry);
        }
    }
}
