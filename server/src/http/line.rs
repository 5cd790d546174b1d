//! The log's line about a request that was answered: the same fields at every door, and nothing that a person typed among them.

use std::{fmt::Display, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
};
use tracing::Level;

/// What `RUST_LOG` calls these lines: `info,requests=off`, `info,requests=debug`.
const TARGET: &str = "requests";

/// A request that was answered.
pub struct Line<'a> {
    pub request_id: &'a str,
    /// The route's template, never the path.
    pub route: &'a str,
    pub method: &'a Method,
    pub status: u16,
    /// When its headers were here.
    pub since: Instant,
    pub error_class: Option<&'static str>,
    /// This server's own trouble, for nobody but its operator.
    pub detail: Option<&'a dyn Display>,
}

/// What a layer keeps of a request until it is answered.
pub struct Begun {
    since: Instant,
    method: Method,
    path: Option<MatchedPath>,
}

impl Begun {
    /// It begins now.
    pub fn now(request: &Request) -> Self {
        Begun {
            since: Instant::now(),
            method: request.method().clone(),
            path: request.extensions().get().cloned(),
        }
    }

    /// The line about it, without an error.
    pub fn answered<'a>(&'a self, request_id: &'a str, status: u16) -> Line<'a> {
        Line {
            request_id,
            route: self.path.as_ref().map_or("*", MatchedPath::as_str),
            method: &self.method,
            status,
            since: self.since,
            error_class: None,
            detail: None,
        }
    }
}

impl Line<'_> {
    /// Writes it: what this server failed at as an error or a warning, all else at the level that is usual at its door.
    pub fn write(&self, usual: Level) {
        macro_rules! at {
            ($level:expr) => {
                tracing::event!(
                    target: TARGET,
                    $level,
                    request_id = self.request_id,
                    route = self.route,
                    method = named(self.method),
                    status = self.status,
                    latency_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX),
                    error_class = self.error_class,
                    detail = self.detail.map(tracing::field::display),
                    "answered"
                )
            };
        }
        match self.level(usual) {
            Level::ERROR => at!(Level::ERROR),
            Level::WARN => at!(Level::WARN),
            Level::INFO => at!(Level::INFO),
            _ => at!(Level::DEBUG),
        }
    }

    fn level(&self, usual: Level) -> Level {
        match self.status {
            500 => Level::ERROR,
            501.. => Level::WARN,
            _ if self.detail.is_some() => Level::WARN,
            _ => usual,
        }
    }
}

/// A method may be any word of the client's.
fn named(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(status: u16, detail: Option<&dyn Display>) -> Line<'_> {
        Line {
            request_id: "r",
            route: "/",
            method: &Method::GET,
            status,
            since: Instant::now(),
            error_class: None,
            detail,
        }
    }

    #[test]
    fn failures_of_this_server_are_louder_than_what_clients_do() {
        let level = |status, detail| line(status, detail).level(Level::DEBUG);
        assert_eq!(level(200, None), Level::DEBUG);
        assert_eq!(level(404, None), Level::DEBUG);
        assert_eq!(level(409, Some(&"which constraint")), Level::WARN);
        assert_eq!(level(503, None), Level::WARN);
        assert_eq!(level(500, None), Level::ERROR);
    }

    #[test]
    fn word_of_a_client_is_no_method() {
        assert_eq!(named(&Method::DELETE), "DELETE");
        assert_eq!(named(&Method::from_bytes(b"OLGA").unwrap_or_default()), "other");
    }
}
