//! The account API's doors: routes, layers, extractors, problems. Handlers are short: take proof and body, call a service.
//!
//! Knows nothing of the dashboard and the model API; the binary merges all three.

mod api;
pub mod cookie;
pub mod extract;
pub mod host;
pub mod layers;
pub mod line;
pub mod problem;
pub mod rate_fields;
mod routes;

pub use routes::{openapi, router, router_with};
