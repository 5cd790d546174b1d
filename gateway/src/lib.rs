//! The model API: its doors and the pipeline from a request to a settled call.
//!
//! Reads in order: `http::extract` (who calls) → [`run`] → `admit` → `route` → `upstream` → `relay` → `meter`. No step goes back.
//! Knows services of `server` and protocols of `llm`; no SQL, no pages.

mod admit;
mod error;
pub mod http;
mod meter;
mod relay;
mod route;
mod run;
mod upstream;

use std::sync::Arc;

pub use error::Error;

/// What every call needs: the accounts and books, and the connections to upstreams.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    state: server::State,
    upstream: upstream::Clients,
}

impl Gateway {
    pub fn new(state: server::State) -> Result<Self, Error> {
        let upstream = upstream::Clients::new(&state.config().gateway)?;
        Ok(Gateway(Arc::new(Inner { state, upstream })))
    }

    pub(crate) fn state(&self) -> &server::State {
        &self.0.state
    }

    pub(crate) fn upstream(&self) -> &upstream::Clients {
        &self.0.upstream
    }
}
