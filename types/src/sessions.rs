//! Replies about sign-ins.

use serde::{Deserialize, Serialize};

use crate::{SessionId, Timestamp};

/// A sign-in that still counts, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    pub id: SessionId,
    /// The one this request came with.
    pub current: bool,
    pub kind: SessionKind,
    /// The user agent, as far as the server keeps it.
    pub device: Option<String>,
    /// The client's address, as far as the server keeps it.
    pub address: Option<String>,
    /// How the person proved who they are: `["password", "totp"]`.
    pub methods: Vec<String>,
    pub remember: bool,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// The dashboard, by cookie.
    Browser,
    /// A program with a pair of tokens.
    Program,
}
