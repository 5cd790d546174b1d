//! Requests and replies about API keys.

use serde::{Deserialize, Serialize};

use crate::{
    KeyId, Nanos, OrganizationId, TeamId, Timestamp,
    accounts::wrong,
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
    teams::CallLimits,
};

/// What a key may do: `read` is models, key and usage; `write` is calls that cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    #[serde(default = "yes")]
    pub read: bool,
    #[serde(default = "yes")]
    pub write: bool,
}

const fn yes() -> bool {
    true
}

impl Default for Permissions {
    fn default() -> Self {
        Permissions {
            read: true,
            write: true,
        }
    }
}

/// `POST account/keys`. Fields whose rule is not built are read only to be refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    pub name: String,
    /// Id or slug of the organization that owns and pays; absent = the team's, or else the personal one.
    #[serde(default)]
    pub organization: Option<String>,
    /// Names of the models the key may use; empty = all.
    #[serde(default, alias = "modelIds")]
    pub models: Vec<String>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub permissions: Permissions,
    /// Id of a team of that organization: its rules hold for the key too. Absent = the default team's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Refused with 422 until its rule is built.
    #[serde(default, alias = "maxBudget", skip_serializing_if = "Option::is_none")]
    pub budget: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, alias = "tpmLimit", skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, alias = "subscriptionId", skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Unbuilt>,
}

/// Any JSON value, kept only as the fact that it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unbuilt;

impl<'de> Deserialize<'de> for Unbuilt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Unbuilt)
    }
}

impl NewKey {
    /// Everything the rules can say without the database. `now` decides whether the expiry lies ahead.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "name", rules::name(&self.name, rules::KEY_NAME_MOST));
        if self.expires_at.is_some_and(|expiry| expiry <= now) {
            wrong(&mut errors, "expires_at", Err(Wrong::InThePast));
        }
        let unbuilt = [
            ("budget", self.budget),
            ("rpm_limit", self.rpm_limit),
            ("tpm_limit", self.tpm_limit),
            ("max_parallel", self.max_parallel),
            ("metadata", self.metadata),
            ("subscription", self.subscription),
        ];
        for (field, _) in unbuilt.into_iter().filter(|(_, sent)| sent.is_some()) {
            wrong(&mut errors, field, Err(Wrong::NotBuilt));
        }
        Refusal::fields(errors)
    }
}

/// A key as lists show it; the secret is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Key {
    pub id: KeyId,
    pub organization_id: OrganizationId,
    /// Null when the default team's rules hold.
    pub team_id: Option<TeamId>,
    pub name: String,
    /// `wg-<public id>…<last four>`, enough to recognise it; `imported-<public id>` for one that was made elsewhere.
    pub hint: String,
    pub models: Vec<String>,
    pub permissions: Permissions,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// `GET /v1/key`: the key that calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallingKey {
    pub id: KeyId,
    pub name: String,
    pub organization_id: OrganizationId,
    /// Null when the default team's rules hold.
    pub team_id: Option<TeamId>,
    pub permissions: Permissions,
    /// What it may use now, after its own list, its team's and its organization's.
    pub models: Vec<String>,
    pub expires_at: Option<Timestamp>,
    pub limits: KeyLimits,
    pub remaining: Remaining,
    pub spent: SpentBy,
}

/// What holds for the key now: its team's limits, which all keys of the team share. Null = there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyLimits {
    pub budget: Option<Unbuilt>,
    #[serde(flatten)]
    pub team: CallLimits,
}

/// What is left of the limits at this moment, on the node that answers. Null = there is no such limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Remaining {
    /// Calls.
    pub requests: Option<u32>,
    pub tokens: Option<u32>,
    /// Calls that could begin beside those that run.
    pub parallel: Option<u32>,
}

/// What a key spent in the days (UTC) that count now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpentBy {
    pub today: Spent,
    pub this_month: Spent,
}

/// Sums of finished calls since the last reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spent {
    pub requests: u64,
    pub cost_nanos: Nanos,
    /// Dollars as a decimal string.
    pub cost: String,
    pub resets_at: Timestamp,
}

/// The reply to creating a key: the only place where it stands in full.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedKey {
    /// Null when the reply is replayed.
    pub key: Option<String>,
    #[serde(flatten)]
    pub details: Key,
}
