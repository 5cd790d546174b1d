//! What is left of limits, as header fields: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), structured fields
//! (RFC 9651) that are lists of strings with parameters.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// One limit, times in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    pub name: &'static str,
    pub most: u32,
    pub window: u64,
    pub left: u32,
    /// Until all of it is there again.
    pub full_in: u64,
}

/// Writes all limits that hold; nothing when there are none.
pub fn write(quotas: &[Quota], headers: &mut HeaderMap) {
    let list = |member: fn(&Quota) -> String| quotas.iter().map(member).collect::<Vec<_>>().join(", ");
    let policy = list(|quota| format!("\"{}\";q={};w={}", quota.name, quota.most, quota.window));
    let limit = list(|quota| format!("\"{}\";r={};t={}", quota.name, quota.left, quota.full_in));
    for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
        if !text.is_empty()
            && let Ok(value) = HeaderValue::try_from(text)
        {
            headers.insert(name, value);
        }
    }
}
