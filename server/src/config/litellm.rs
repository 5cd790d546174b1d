//! `[litellm]`: a LiteLLM proxy whose models are taken over.

use std::time::Duration;

use types::provider::Shape;
use url::Url;

use super::{ConfigError, Provider, catalogue::credential_text, sections::WrittenLiteLlm};
use crate::{catalogue::guard, crypto::Secret, litellm::PROVIDER};

/// A proxy that is asked more often than this is only in the way of its own work.
const SHORTEST: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct LiteLlmConfig {
    /// Its root, without `/v1` and without a slash at its end.
    pub api_url: Url,
    pub api_key: Option<Secret>,
    pub allow_private_network: bool,
    /// Zero = at the start and on demand only.
    pub sync_every: Duration,
    /// Whether the proxy gets a key for each key here.
    pub mirror_keys: bool,
}

/// The proxy, when there is one.
pub(super) fn resolve(written: &WrittenLiteLlm) -> Result<Option<LiteLlmConfig>, ConfigError> {
    if !written.sync_every.is_zero() && written.sync_every < SHORTEST {
        return Err(ConfigError::new("litellm.sync_every", "must be 0 or at least 10s"));
    }
    let Some(text) = &written.api_url else {
        if written.mirror_keys {
            return Err(ConfigError::new("litellm.mirror_keys", "needs litellm.api_url"));
        }
        return Ok(None);
    };
    if written.mirror_keys && written.api_key.is_none() {
        let message = "needs litellm.api_key: the master key of a proxy with a database";
        return Err(ConfigError::new("litellm.mirror_keys", message));
    }
    let mut api_url = guard::base_url(text, written.allow_private_network)
        .map_err(|refused| ConfigError::new("litellm.api_url", refused.to_string()))?;
    // Clients are given the address with /v1, so that is what many write here.
    if let Some(root) = api_url.path().strip_suffix("/v1").map(str::to_owned) {
        api_url.set_path(&root);
    }
    credential_text("litellm.api_key", written.api_key.as_ref())?;
    Ok(Some(LiteLlmConfig {
        api_url,
        api_key: written.api_key.clone(),
        allow_private_network: written.allow_private_network,
        sync_every: written.sync_every,
        mirror_keys: written.mirror_keys,
    }))
}

impl LiteLlmConfig {
    /// The proxy that keys are mirrored to, as rows name it.
    pub(crate) fn mirrors_to(&self) -> Option<String> {
        self.mirror_keys.then(|| self.api_url.to_string())
    }

    /// What calls go to.
    pub(super) fn provider(&self) -> Provider {
        let mut base_url = self.api_url.clone();
        base_url.set_path(&format!("{}/v1", self.api_url.path().trim_end_matches('/')));
        Provider {
            id: PROVIDER.to_owned(),
            dialect: Shape::Litellm,
            responses: false,
            base_url,
            credential: self.api_key.clone(),
            allow_private_network: self.allow_private_network,
        }
    }
}
