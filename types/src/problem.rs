//! RFC 9457 problem details, the account API's error body.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `application/problem+json`. `type` is always `about:blank`; `code` is what programs compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    /// The status' standard phrase.
    pub title: String,
    pub status: u16,
    /// What happened and what to do, in English.
    pub detail: String,
    pub code: String,
    pub request_id: String,
    /// Field name → what is wrong with it; only for validation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, Vec<String>>,
}
