//! The dashboard: pages, ui parts and the server functions that feed them.
//!
//! Pages are rendered by the server and work as they are. What needs a script is an island (`#[island]`), and only islands
//! are compiled into the browser's WASM, so its size does not grow with the pages. Pages know server functions, server
//! functions know `server`'s services; nothing here knows SQL, the model API or the protocols behind it.

// Views are deeply nested types.
#![recursion_limit = "256"]

pub mod api;
mod app;
mod error;
#[cfg(feature = "ssr")]
mod format;
mod locale;
mod pages;
mod preferences;
#[cfg(feature = "ssr")]
mod request;
mod routes;
#[cfg(feature = "ssr")]
mod shell;
mod text;
mod ui;

#[cfg(feature = "ssr")]
pub use api::playground::{Answer, Exchange};
pub use app::App;
pub use error::ApiError;
#[cfg(feature = "ssr")]
pub use shell::shell;
