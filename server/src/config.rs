//! Every setting, typed: what it is, where it came from, and whether it may be so.
//!
//! Command line over environment over files over `weirgate.default.toml`. Nothing else reads the environment. To add a setting: a field
//! here and a line in `weirgate.default.toml`; a test fails when one of the two is missing.

mod catalogue;
mod check;
mod cors;
mod env;
mod layers;
mod litellm;
mod sections;
mod settings;
mod show;
mod sign_in;
mod values;

use std::{net::IpAddr, path::Path, sync::Arc};

use serde::Deserialize;

pub use catalogue::{Model, Provider, Route};
pub use check::weak;
pub use cors::Origins as Cors;
pub use env::Env;
pub use layers::Sources;
pub use litellm::LiteLlmConfig;
pub use sections::{
    AuditConfig, AuthConfig, DatabaseConfig, GatewayConfig, LedgerConfig, LogConfig, PrivacyConfig, RateLimits,
    RequestLogConfig, ServerConfig, SmtpConfig,
};
pub use show::{Shown, env_example};
pub(crate) use sign_in::is_loopback;
pub use sign_in::{GroupMembership, Mapping, SINGLE, SignInProvider};
pub use values::{AppEnv, Durability, Keep, LogFormat, Networks, OpenMode, Registration, Retention, parse_duration};

use crate::crypto::Secret;
use catalogue::{WrittenModel, WrittenProvider};
use layers::Merged;
use sign_in::WrittenSignInProvider;

/// Why a configuration cannot be used. `key` is a setting, a variable or a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ConfigError {
    pub key: String,
    pub message: String,
}

impl ConfigError {
    pub(crate) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        ConfigError {
            key: key.into(),
            message: message.into(),
        }
    }
}

/// The settings a process runs with.
#[derive(Clone)]
pub struct Config {
    pub server: ServerConfig,
    pub database: DatabaseConfig,
    pub auth: AuthConfig,
    pub first_admin: Option<FirstAdmin>,
    pub cors: Cors,
    pub privacy: PrivacyConfig,
    pub audit: AuditConfig,
    pub request_log: RequestLogConfig,
    pub ledger: LedgerConfig,
    pub gateway: GatewayConfig,
    pub smtp: SmtpConfig,
    pub log: LogConfig,
    pub rate_limits: RateLimits,
    /// The one of `litellm` among them.
    pub providers: Vec<Provider>,
    pub models: Vec<Model>,
    pub litellm: Option<LiteLlmConfig>,
    /// The one of `[oauth]` first.
    pub sign_in_providers: Vec<SignInProvider>,
    /// Every value and its source, secrets masked.
    shown: Arc<Vec<Shown>>,
    /// Follows the port; used while no public address is set.
    local_url: String,
    usual_origins: bool,
}

/// The administrator of `first_admin.*`.
#[derive(Clone)]
pub struct FirstAdmin {
    pub email: String,
    pub password: Secret,
    pub username: Option<String>,
}

/// A configuration with what is worth telling about it.
pub struct Loaded {
    pub config: Config,
    /// For the operator; none is a reason to stop.
    pub warnings: Vec<String>,
    /// Every value and its source, secrets masked.
    pub shown: Vec<Shown>,
}

/// The settings as they are written, before anything is derived.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    server: ServerConfig,
    database: sections::WrittenDatabase,
    auth: AuthConfig,
    first_admin: sections::WrittenFirstAdmin,
    cors: sections::WrittenCors,
    privacy: PrivacyConfig,
    audit: AuditConfig,
    request_log: RequestLogConfig,
    ledger: LedgerConfig,
    gateway: GatewayConfig,
    log: LogConfig,
    rate_limits: RateLimits,
    #[serde(rename = "redis")]
    _redis: sections::Address,
    smtp: SmtpConfig,
    oauth: sections::OAuth,
    litellm: sections::WrittenLiteLlm,
    #[serde(rename = "telemetry")]
    _telemetry: sections::Telemetry,
    #[serde(default)]
    providers: Vec<WrittenProvider>,
    #[serde(default)]
    models: Vec<WrittenModel>,
    #[serde(default)]
    sign_in_providers: Vec<WrittenSignInProvider>,
}

impl Config {
    /// Reads all sources and checks the whole.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
        let merged = Merged::of(sources)?;
        let mut written: Written = merged.extract()?;
        check::written(&written)?;
        let warnings = check::warnings(&written, &merged);
        let litellm = litellm::resolve(&written.litellm)?;
        let (providers, models) = catalogue::resolve(
            std::mem::take(&mut written.providers),
            std::mem::take(&mut written.models),
            litellm.as_ref().map(LiteLlmConfig::provider),
            &sources.env,
        )?;
        let sign_in_providers = sign_in::resolve(
            &written.oauth,
            std::mem::take(&mut written.sign_in_providers),
            &sources.env,
            written.server.app_env == AppEnv::Production,
        )?;
        let mut config = Self::derive(written, providers, models)?;
        config.sign_in_providers = sign_in_providers;
        config.litellm = litellm;
        let shown = show::all(&merged, &config);
        config.shown = Arc::new(shown.clone());
        Ok(Loaded {
            warnings,
            shown,
            config,
        })
    }

    fn derive(written: Written, providers: Vec<Provider>, models: Vec<Model>) -> Result<Self, ConfigError> {
        let mut server = written.server;
        let production = server.app_env == AppEnv::Production;
        if let Some(text) = server.public_url.take() {
            server.public_url = Some(check::public_url(&text, production)?);
        }
        let database = DatabaseConfig {
            url: match written.database.url {
                Some(url) => check::database_url(url.expose())?,
                None => format!("sqlite://{}", server.data_dir.join("weirgate.db").display()),
            },
            pool_size: written.database.pool_size,
        };
        let mut auth = written.auth;
        auth.refresh_idle = auth.refresh_idle.min(auth.refresh_ttl);
        auth.short_idle = auth.short_idle.min(auth.short_ttl);
        let mut config = Config {
            server,
            database,
            auth,
            first_admin: check::first_admin(written.first_admin)?,
            cors: Cors::default(),
            privacy: written.privacy,
            audit: written.audit,
            request_log: written.request_log,
            ledger: written.ledger,
            gateway: written.gateway,
            smtp: written.smtp,
            log: written.log,
            rate_limits: written.rate_limits,
            providers,
            models,
            litellm: None,
            sign_in_providers: Vec::new(),
            shown: Arc::default(),
            local_url: String::new(),
            usual_origins: written.cors.origins.is_empty(),
        };
        let port = config.server.port;
        config.cors = Cors::parse(&written.cors.origins)?;
        config.set_port(port);
        Ok(config)
    }

    /// Sets the port that was really bound, which matters when 0 was asked for: the default public address follows it.
    pub fn set_port(&mut self, port: u16) {
        self.server.port = port;
        self.local_url = format!("http://localhost:{port}");
        if self.usual_origins {
            self.cors = Cors::usual(self.public_url(), self.is_production());
        }
    }

    /// As `weirgate config print` shows it: every value with its source, secrets masked.
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }

    pub fn is_production(&self) -> bool {
        self.server.app_env == AppEnv::Production
    }

    /// Scheme, host and port that people and programs use; no slash at the end.
    pub fn public_url(&self) -> &str {
        self.server.public_url.as_deref().unwrap_or(&self.local_url)
    }

    /// The host people use, without scheme and port.
    pub fn host(&self) -> &str {
        let rest = self.public_url().split_once("://").map_or("", |(_, rest)| rest);
        match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => rest.split(':').next().unwrap_or_default(),
        }
    }

    /// Who letters are from.
    pub fn mail_from(&self) -> String {
        match &self.smtp.from {
            Some(from) => from.clone(),
            None => format!("Weirgate <no-reply@{}>", self.host()),
        }
    }

    pub fn is_https(&self) -> bool {
        self.public_url().starts_with("https://")
    }

    /// What of a client's address may be kept.
    pub fn kept_address(&self, address: IpAddr) -> Option<String> {
        values::kept_address(self.privacy.client_address, address)
    }

    /// What of a client's user agent may be kept.
    pub fn kept_agent(&self, agent: &str) -> Option<String> {
        values::kept_agent(self.privacy.user_agent, agent)
    }

    /// A configuration that needs no file: development, any free port, no vendors, secrets generated in `folder`.
    #[doc(hidden)]
    #[expect(
        clippy::expect_used,
        reason = "only tests call it, and only with values that are good"
    )]
    pub fn for_tests(folder: &Path, database_url: &str) -> Self {
        let folder = folder.display().to_string();
        let variables = [
            ("WEIRGATE_SERVER__DATA_DIR", folder.as_str()),
            ("DATABASE_URL", database_url),
            ("DATABASE_POOL_SIZE", "4"),
            ("APP_ENV", "development"),
            ("WEIRGATE_LEDGER__DURABILITY", "process"),
            // A test is one client that asks a lot; tests about the limits set their own.
            ("WEIRGATE_RATE_LIMITS__MAX_REQUESTS", "1000000"),
            ("WEIRGATE_RATE_LIMITS__ANONYMOUS_REQUESTS", "1000000"),
            ("WEIRGATE_RATE_LIMITS__SIGN_IN_FAILURES", "1000000"),
            ("WEIRGATE_RATE_LIMITS__SIGN_IN_ACCOUNT_FAILURES", "1000000"),
            ("WEIRGATE_RATE_LIMITS__SIGN_IN_REQUESTS", "1000000"),
        ];
        let sources = Sources {
            no_usual_file: true,
            env: variables.into_iter().collect(),
            ..Sources::default()
        };
        let loaded = Config::load(&sources).map_err(|error| error.to_string());
        let mut config = loaded.expect("a configuration for tests is good").config;
        config.set_port(0);
        config
    }

    /// Adds `[[providers]]` and `[[models]]` written as in `weirgate.toml`.
    #[doc(hidden)]
    pub fn add_catalogue(&mut self, text: &str) -> Result<(), ConfigError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Lists {
            #[serde(default)]
            providers: Vec<WrittenProvider>,
            #[serde(default)]
            models: Vec<WrittenModel>,
        }
        let lists: Lists = toml::from_str(text).map_err(|error| ConfigError::new("catalogue", error.message()))?;
        let (providers, models) = catalogue::resolve(lists.providers, lists.models, None, &Env::default())?;
        self.providers.extend(providers);
        self.models.extend(models);
        Ok(())
    }

    /// Adds `[litellm]` written as in `weirgate.toml`, without its head.
    #[doc(hidden)]
    pub fn add_litellm(&mut self, text: &str) -> Result<(), ConfigError> {
        let written = toml::from_str(text).map_err(|error| ConfigError::new("litellm", error.message()))?;
        self.litellm = litellm::resolve(&written)?;
        self.providers
            .extend(self.litellm.as_ref().map(LiteLlmConfig::provider));
        Ok(())
    }

    /// Adds `[[sign_in_providers]]` written as in `weirgate.toml`.
    #[doc(hidden)]
    pub fn add_sign_in_providers(&mut self, text: &str) -> Result<(), ConfigError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct List {
            sign_in_providers: Vec<WrittenSignInProvider>,
        }
        let list: List =
            toml::from_str(text).map_err(|error| ConfigError::new("sign_in_providers", error.message()))?;
        let production = self.is_production();
        let more = sign_in::resolve(
            &sections::OAuth::default(),
            list.sign_in_providers,
            &Env::default(),
            production,
        )?;
        self.sign_in_providers.extend(more);
        Ok(())
    }

    #[doc(hidden)]
    pub fn clear_catalogue(&mut self) {
        self.providers.clear();
        self.models.clear();
    }

    /// Sends every provider's calls to `base`, as each dialect takes it.
    #[doc(hidden)]
    pub fn point_providers_at(&mut self, base: &str) -> Result<(), ConfigError> {
        for provider in &mut self.providers {
            let suffix = if provider.dialect != types::provider::Shape::Anthropic {
                "/v1"
            } else {
                ""
            };
            provider.base_url = url::Url::parse(&format!("{base}{suffix}"))
                .map_err(|error| ConfigError::new("providers", error.to_string()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
