//! The model API's doors: routes, who calls, and how answers and errors look on the wire.

pub mod extract;
mod playground;
pub mod reply;
mod routes;
mod v1;

pub use routes::{openapi, router};
