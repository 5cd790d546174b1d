//! What stands around the routes: request ids and problem bodies, CORS, cross-site protection, safe redirects.
//!
//! Each is exported, so that the binary can put the same layer around the dashboard.

mod cors;
mod csrf;
mod finish;
mod redirect;

pub use cors::{Cors, cors};
pub use csrf::csrf;
pub use finish::{RequestId, finish, no_store};
pub use redirect::same_origin_redirect;
