//! What stands around the routes: request ids and problem bodies, CORS, cross-site protection, limits, repeated
//! requests, safe redirects, security headers, the request log.
//!
//! Each is exported, so that the binary can put the same layer around the dashboard.

mod cors;
mod csrf;
mod finish;
mod headers;
mod limits;
mod once;
mod redirect;
mod request_log;

pub use super::host::one_host;
pub use cors::{Cors, cors};
pub use csrf::csrf;
pub(super) use csrf::from_own_page;
pub use finish::{RequestId, finish, no_store};
pub use headers::{guard, page_policy};
pub use limits::{Limiter, limits};
pub use once::once;
pub use redirect::same_origin_redirect;
pub use request_log::request_log;
