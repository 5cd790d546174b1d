//! What the page's address asks for.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A value out of the address's query; empty when it is not there.
pub fn asked(name: &str) -> String {
    use_query_map().read_untracked().get(name).unwrap_or_default()
}
