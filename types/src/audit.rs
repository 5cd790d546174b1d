//! The audit log as its readers see it.

use serde::{Deserialize, Serialize};

use crate::{AuditId, OrganizationId, Timestamp, UserId};

/// One change. Ids outlive what they stand for; names are joined when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Timestamp,
    /// Reads like `key.created`.
    pub action: String,
    pub actor: AuditActor,
    pub target: AuditTarget,
    /// Absent where a change belongs to no organization.
    pub organization_id: Option<OrganizationId>,
    /// The actor's address, as far as the server keeps it.
    pub address: Option<String>,
    /// What changed: names of fields, and values that are neither secret nor about a person. `before` and `after` where there are both.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub details: serde_json::Value,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditActor {
    /// `user`, `unknown` (somebody who did not prove who they are), `command_line` or `system`.
    pub kind: String,
    pub id: Option<UserId>,
    /// Their user name; null when they are gone.
    pub name: Option<String>,
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditTarget {
    /// `user`, `organization`, `session`, `api_key`, …
    pub kind: String,
    pub id: Option<String>,
    /// What it is called; null when it is gone or has no name.
    pub name: Option<String>,
}
