//! Why a call was not served, and the answer that says so.

use std::fmt::Display;

use server::books::limits::Left;
use types::{Refusal, error::Code};

/// Everything that ends a call before its first byte.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Ours to say, with one status.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// 429: the caller's team has no room for the call now.
    #[error(transparent)]
    OverLimit(OverLimit),
    /// The upstream's own answer in the caller's dialect, passed on as it came.
    #[error("upstream answered {}", .0.status)]
    PassedOn(PassedOn),
    /// The process cannot do its work; said once in the log, never to the caller.
    #[error("{0}")]
    Internal(String),
    /// The same, found where the server's own parts look something up: a check that could not be made, among them.
    #[error(transparent)]
    Server(server::Error),
}

/// What the caller hears, and what is left of the limits.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct OverLimit {
    pub refusal: Refusal,
    pub left: Left,
}

/// An upstream's error answer whose text may reach the caller.
#[derive(Debug)]
pub struct PassedOn {
    pub status: u16,
    pub headers: ::http::HeaderMap,
    pub body: bytes::Bytes,
}

impl Error {
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Error::Refused(Refusal::new(code, message))
    }

    pub fn status(&self) -> u16 {
        match self {
            Error::Refused(refusal) => refusal.status(),
            Error::OverLimit(over) => over.refusal.status(),
            Error::PassedOn(answer) => answer.status,
            Error::Internal(_) => Code::Internal.status(),
            Error::Server(error) => error.refusal().status(),
        }
    }

    /// The low-cardinality name for logs and the ledger.
    pub fn class(&self) -> &'static str {
        match self {
            Error::Refused(refusal) => refusal.code.name(),
            Error::OverLimit(over) => over.refusal.code.name(),
            Error::PassedOn(answer) => match answer.status {
                429 => "upstream_rate_limited",
                503 | 529 => "upstream_overloaded",
                400..500 => "upstream_refused",
                _ => "upstream_failed",
            },
            Error::Internal(_) => Code::Internal.name(),
            Error::Server(error) => error.refusal().code.name(),
        }
    }

    /// The body in `dialect`, for everything but an answer passed on.
    pub fn refusal(&self) -> Refusal {
        match self {
            Error::Refused(refusal) => refusal.clone(),
            Error::OverLimit(over) => over.refusal.clone(),
            Error::PassedOn(_) => Refusal::new(Code::UpstreamFailed, "The upstream failed."),
            Error::Internal(_) => Refusal::new(
                Code::Internal,
                "Weirgate could not do this. The request id leads to the reason in its log.",
            ),
            Error::Server(error) => error.refusal(),
        }
    }

    /// What the log alone is told.
    pub fn detail(&self) -> Option<&dyn Display> {
        match self {
            Error::Internal(reason) => Some(reason),
            Error::Server(error) => error.detail(),
            Error::Refused(_) | Error::OverLimit(_) | Error::PassedOn(_) => None,
        }
    }
}

impl From<server::Error> for Error {
    fn from(error: server::Error) -> Self {
        match error {
            server::Error::Refused(refusal) => Error::Refused(refusal),
            other => Error::Server(other),
        }
    }
}

impl From<llm::Error> for Error {
    fn from(error: llm::Error) -> Self {
        Error::refused(error.code(), error.to_string())
    }
}
