//! A LiteLLM proxy behind this server: its models are taken over into the catalogue, and keys of ours are made known to it. Calls go to it as to any
//! provider and do not pass here.
//!
//! What it says is believed about its own models alone: what the configuration or somebody here made is never overwritten. While it is
//! away the last known models stay.

mod breaker;
mod client;
mod cost;
mod info;
pub(crate) mod mirror;
mod sync;

use std::time::Duration;

pub(crate) use info::{Listed, Offer};
pub use mirror::key_refused;
pub(crate) use sync::{current, keep, sync_by_interval};
pub use sync::{status, sync};

use crate::{Config, Error, clock::Clock, error::Result, outbound};
use client::Client;

/// What the provider is called that a configured proxy becomes, and the source in `catalogue_syncs`.
pub(crate) const PROVIDER: &str = "litellm";

/// The configured proxy.
pub(crate) struct Proxy {
    client: Client,
    /// For keys, with a breaker of its own: a proxy that cannot make keys, as one without a database, still lists its models.
    keys: Client,
    /// One take-over at a time.
    syncing: tokio::sync::Mutex<()>,
}

impl Proxy {
    pub fn of(config: &Config, clock: &Clock) -> Result<Option<Self>> {
        let Some(litellm) = &config.litellm else {
            return Ok(None);
        };
        let http = outbound::builder(litellm.allow_private_network, Duration::from_secs(5))
            .build()
            .map_err(|error| Error::internal(format_args!("the client for LiteLLM cannot be started: {error}")))?;
        let client = || {
            let (base, key) = (litellm.api_url.clone(), litellm.api_key.clone());
            Client::new(http.clone(), base, key, clock.clone())
        };
        Ok(Some(Proxy {
            client: client(),
            keys: client(),
            syncing: tokio::sync::Mutex::new(()),
        }))
    }
}
