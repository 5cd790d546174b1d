//! The crate's one error: a public face (a refusal with a code) and a private one that only the log sees.
//!
//! Doors render [`Error::refusal`] in their reader's dialect and call [`Error::log`] there, once.

use std::fmt::Display;

use types::{Refusal, error::Code};

use crate::config::ConfigError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody asked for what cannot be done; nothing is wrong with the server.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A row like it exists. `constraint` is what the database named: services turn it into a refusal of their own.
    #[error("conflict with {constraint}")]
    Conflict { constraint: String },
    /// A check or a write could not be made now; the same request may succeed later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A bug, or data that contradicts itself.
    #[error("internal: {0}")]
    Internal(String),
    /// The configuration does not allow to start or to do this.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Error {
    pub fn unavailable(detail: impl Display) -> Self {
        Error::Unavailable(detail.to_string())
    }

    pub fn internal(detail: impl Display) -> Self {
        Error::Internal(detail.to_string())
    }

    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Error::Refused(Refusal::new(code, message))
    }

    /// What a client may know.
    pub fn refusal(&self) -> Refusal {
        match self {
            Error::Refused(refusal) => refusal.clone(),
            Error::Conflict { .. } => Refusal::new(Code::Conflict, "Something like this exists already."),
            Error::Unavailable(_) => Refusal {
                retry_after: Some(1),
                ..Refusal::new(
                    Code::Unavailable,
                    "This could not be checked right now. Try again in a moment.",
                )
            },
            Error::Internal(_) | Error::Config(_) => Refusal::new(
                Code::Internal,
                "Something went wrong on the server. The request id leads to it in the server's log.",
            ),
        }
    }

    /// The error class in logs and metrics: few values, never personal.
    pub fn class(&self) -> &'static str {
        match self {
            Error::Refused(refusal) => refusal.code.name(),
            Error::Conflict { .. } => "conflict",
            Error::Unavailable(_) => "unavailable",
            Error::Internal(_) => "internal",
            Error::Config(_) => "configuration",
        }
    }

    /// The private face, for the log. A refusal has none: it is the client's business.
    pub fn detail(&self) -> Option<&dyn Display> {
        match self {
            Error::Refused(_) => None,
            other => Some(other),
        }
    }

    /// Writes the private face to the log, where no line about the request tells it. Refusals are not logged here.
    pub fn log(&self, request_id: &str) {
        match self {
            Error::Refused(_) => {}
            Error::Conflict { .. } | Error::Unavailable(_) => {
                tracing::warn!(request_id, error_class = self.class(), detail = %self, "request could not be served");
            }
            Error::Internal(_) | Error::Config(_) => {
                tracing::error!(request_id, error_class = self.class(), detail = %self, "request failed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_detail_never_leaves() {
        for error in [
            Error::internal("row 7 of users"),
            Error::unavailable("row 7 of users"),
            Error::Conflict {
                constraint: "row 7 of users".into(),
            },
        ] {
            assert!(!error.refusal().message.contains("row 7"), "{error}");
        }
        assert_eq!(Error::unavailable("x").refusal().status(), 503);
        assert_eq!(Error::internal("x").refusal().status(), 500);
    }
}
