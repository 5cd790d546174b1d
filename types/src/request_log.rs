//! The account API's request log as the operator sees it.

use serde::{Deserialize, Serialize};

use crate::{RequestLogId, Timestamp, UserId};

/// One request. Neither its body nor its query string was ever looked at for this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoggedRequest {
    pub id: RequestLogId,
    pub at: Timestamp,
    pub method: String,
    /// The template, such as `/api/v1/account/keys/{id}`; never the path that was asked for.
    pub route: String,
    /// 499 when the client left before there was an answer.
    pub status: u16,
    /// Until the answer's head was ready.
    pub duration_ms: i64,
    /// Who asked, if they proved it.
    pub user_id: Option<UserId>,
    /// Their user name; null when they are gone.
    pub user_name: Option<String>,
    /// As far as the server keeps it.
    pub address: Option<String>,
    /// As far as the server keeps it.
    pub user_agent: Option<String>,
    pub request_id: String,
}
