//! Cursor paging: `limit` ≤ 100, an opaque `cursor`, and `{data, next_cursor}` back.

use serde::{Deserialize, Serialize};

pub const LARGEST_LIMIT: u64 = 100;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Send it back as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The last page of nothing.
    pub const fn empty() -> Self {
        Page {
            data: Vec::new(),
            next_cursor: None,
        }
    }
}
