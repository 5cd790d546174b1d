//! What the books say: one call, sums, days.

use serde::{Deserialize, Serialize};

use crate::{CallId, ConversationId, KeyId, Nanos, Timestamp, Tokens};

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    Open,
    Settled,
    UpstreamError,
    UpstreamTruncated,
    ClientGone,
    Refused,
    Lost,
}

impl CallStatus {
    pub const ALL: [CallStatus; 7] = [
        CallStatus::Open,
        CallStatus::Settled,
        CallStatus::UpstreamError,
        CallStatus::UpstreamTruncated,
        CallStatus::ClientGone,
        CallStatus::Refused,
        CallStatus::Lost,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            CallStatus::Open => "open",
            CallStatus::Settled => "settled",
            CallStatus::UpstreamError => "upstream_error",
            CallStatus::UpstreamTruncated => "upstream_truncated",
            CallStatus::ClientGone => "client_gone",
            CallStatus::Refused => "refused",
            CallStatus::Lost => "lost",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == text)
    }
}

/// Where a call's token counts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The upstream's final count.
    Provider,
    /// The upstream's count so far: the stream ended early.
    Partial,
    /// Counted from bytes: the upstream said nothing.
    Estimated,
    /// Nothing was served and nothing is charged.
    None,
}

impl UsageSource {
    pub const ALL: [UsageSource; 4] = [
        UsageSource::Provider,
        UsageSource::Partial,
        UsageSource::Estimated,
        UsageSource::None,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            UsageSource::Provider => "provider",
            UsageSource::Partial => "partial",
            UsageSource::Estimated => "estimated",
            UsageSource::None => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == text)
    }
}

/// A call in `usage/recent`. The key's name is joined when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Call {
    pub id: CallId,
    pub request_id: String,
    pub created_at: Timestamp,
    pub settled_at: Option<Timestamp>,
    pub model: String,
    pub provider: String,
    /// Path template of the endpoint, such as `/v1/messages`.
    pub endpoint: String,
    pub key: Option<CallKey>,
    pub tokens: Tokens,
    pub cost_nanos: Nanos,
    /// Dollars as a decimal string.
    pub cost: String,
    /// The model had no price when the call was admitted; its cost is not known to be 0.
    pub unpriced: bool,
    pub latency_ms: Option<u64>,
    /// Time to the first byte of content.
    pub ttft_ms: Option<u64>,
    pub status: CallStatus,
    pub http_status: u16,
    pub source: UsageSource,
    /// A low-cardinality reason when the status is not `settled`.
    pub error_class: Option<String>,
    /// The conversation it named, unlooked-at.
    pub conversation_id: Option<ConversationId>,
    /// Every try, when one was not enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

/// One try to have a call served. A call that took only one has no list: its row says the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// `served`, or a low-cardinality reason why not.
    pub outcome: String,
    /// What the upstream answered with, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Until its headers came, or until it was given up.
    pub ms: u64,
}

/// The key a call came with; absent for access tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallKey {
    pub id: KeyId,
    pub name: String,
}

/// `usage/summary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summary {
    pub from: Timestamp,
    pub to: Timestamp,
    #[serde(flatten)]
    pub total: Sums,
    pub by_model: Vec<Slice>,
    pub by_key: Vec<Slice>,
    pub by_member: Vec<Slice>,
}

/// Sums over calls. `requests` leaves refusals out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sums {
    pub requests: u64,
    pub refused: u64,
    /// Calls that ended other than `settled` or `client_gone`.
    pub failed: u64,
    /// Calls of models without a price.
    pub unpriced: u64,
    pub tokens: Tokens,
    pub cost_nanos: Nanos,
    pub cost: String,
}

/// Sums for one model, key or member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Slice {
    /// A model's name, or the id of a key or user.
    pub id: String,
    pub name: String,
    #[serde(flatten)]
    pub sums: Sums,
}

/// `usage/daily`: one row a day in the reader's time zone, zero rows included, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Day {
    /// `YYYY-MM-DD` in the time zone asked for.
    pub date: String,
    #[serde(flatten)]
    pub sums: Sums,
}
