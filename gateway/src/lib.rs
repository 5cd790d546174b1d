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

use std::{sync::Arc, time::Duration};

pub use error::Error;

/// What every call needs: the accounts and books, and the connections to upstreams.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    state: server::State,
    upstream: upstream::Clients,
    readers: relay::Readers,
}

/// How often stalled readers are looked for.
const STALL_CHECK: Duration = Duration::from_secs(5);

impl Gateway {
    pub fn new(state: server::State) -> Result<Self, Error> {
        let upstream = upstream::Clients::new(&state.config().gateway)?;
        let gateway = Gateway(Arc::new(Inner {
            state,
            upstream,
            readers: relay::Readers::default(),
        }));
        gateway.look_for_stalled_readers();
        Ok(gateway)
    }

    fn look_for_stalled_readers(&self) {
        let patience = self.state().config().gateway.stall_timeout;
        let stopping = self.state().stopping();
        let inner = Arc::downgrade(&self.0);
        self.state().spawn(async move {
            let pause = STALL_CHECK.min(patience);
            while stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
                let Some(inner) = inner.upgrade() else { return };
                inner.readers.give_up_stalled(patience);
            }
        });
    }

    pub(crate) fn state(&self) -> &server::State {
        &self.0.state
    }

    pub(crate) fn readers(&self) -> &relay::Readers {
        &self.0.readers
    }

    pub(crate) fn upstream(&self) -> &upstream::Clients {
        &self.0.upstream
    }
}
