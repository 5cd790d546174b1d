//! What came of taking a LiteLLM proxy's models over.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How the catalogue stands to the proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncStatus {
    /// Whether a proxy is configured; without one the rest is what was left of the last.
    pub is_configured: bool,
    pub last_attempt_at: Option<Timestamp>,
    pub last_success_at: Option<Timestamp>,
    /// The models are the last known ones: the proxy did not answer since, or not as it should.
    pub is_stale: bool,
    /// Why the last attempt failed; null when it succeeded.
    pub failure: Option<SyncFailure>,
    /// Of the last success.
    pub report: Option<SyncReport>,
}

/// Why the proxy's models could not be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SyncFailure {
    /// No connection, or it broke.
    Unreachable,
    /// No whole answer in time.
    Timeout,
    /// It refused our key.
    Unauthorized,
    /// Another status than 200.
    Status,
    /// The answer is larger than 8 MiB.
    TooLarge,
    /// The answer is not a list of models.
    Malformed,
    /// A list without any model where there were some: a proxy that is still starting looks like this.
    Empty,
    /// It failed several times in a row and is left alone for a while.
    Paused,
}

impl SyncFailure {
    const ALL: [SyncFailure; 8] = [
        SyncFailure::Unreachable,
        SyncFailure::Timeout,
        SyncFailure::Unauthorized,
        SyncFailure::Status,
        SyncFailure::TooLarge,
        SyncFailure::Malformed,
        SyncFailure::Empty,
        SyncFailure::Paused,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            SyncFailure::Unreachable => "unreachable",
            SyncFailure::Timeout => "timeout",
            SyncFailure::Unauthorized => "unauthorized",
            SyncFailure::Status => "status",
            SyncFailure::TooLarge => "too_large",
            SyncFailure::Malformed => "malformed",
            SyncFailure::Empty => "empty",
            SyncFailure::Paused => "paused",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == text)
    }
}

/// What one sync did. Lists are sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncReport {
    /// Models that are offered from the proxy now.
    pub models: u32,
    pub new: Vec<String>,
    pub changed: Vec<ChangedModel>,
    /// Not listed any more, and disabled.
    pub gone: Vec<String>,
    /// Were gone and are listed again.
    pub restored: Vec<String>,
    pub skipped: Vec<Skipped>,
    /// Offered without a price: the proxy knows none.
    pub unpriced: Vec<String>,
    /// A cost was finer than a micro-dollar a million tokens and was rounded half up.
    pub rounded: Vec<String>,
    /// The proxy charges long calls more; the price here is the one of short ones.
    pub tiered: Vec<String>,
    /// Deployments of the name differ; the dearest price and the least of what they can do holds.
    pub differing: Vec<String>,
}

impl SyncReport {
    /// Whether anything in the catalogue is different now.
    pub fn has_changes(&self) -> bool {
        !(self.new.is_empty() && self.changed.is_empty() && self.gone.is_empty() && self.restored.is_empty())
    }

    /// Brings every list into its order.
    pub fn sort(&mut self) {
        for list in [&mut self.new, &mut self.gone, &mut self.restored] {
            list.sort_unstable();
        }
        self.changed.sort_by(|left, right| left.name.cmp(&right.name));
        self.skipped.sort_by(|left, right| left.name.cmp(&right.name));
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangedModel {
    pub name: String,
    /// `price` among them.
    pub fields: Vec<String>,
}

/// A model of the proxy that is not offered from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Skipped {
    /// Empty when it has none that could be read.
    pub name: String,
    pub reason: SkipReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The configuration file has a model of this name.
    InConfiguration,
    /// Somebody made a model of this name here.
    MadeHere,
    /// The name has a `*`: it stands for many.
    Wildcard,
    /// The name is longer than 200 characters or has some that travel in no header.
    Name,
    /// It answers neither chats nor embeddings.
    Mode,
    /// Its description cannot be read.
    Unreadable,
}
