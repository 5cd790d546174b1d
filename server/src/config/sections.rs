//! The sections of the configuration, field by field as `weirgate.default.toml` documents them.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::values::{AppEnv, Durability, Keep, LogFormat, Networks, OpenMode, Registration, Retention, duration};
use crate::{crypto::Secret, health::Rules};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    pub app_env: AppEnv,
    pub host: IpAddr,
    pub port: u16,
    /// As written; [`super::Config::public_url`] is never empty.
    pub public_url: Option<String>,
    pub data_dir: PathBuf,
    pub trusted_proxies: Networks,
    #[serde(deserialize_with = "duration")]
    pub shutdown_grace: Duration,
    #[serde(deserialize_with = "duration")]
    pub header_timeout: Duration,
}

impl ServerConfig {
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.contains(address)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenDatabase {
    pub url: Option<Secret>,
    pub pool_size: u32,
}

#[derive(Clone)]
pub struct DatabaseConfig {
    /// `sqlite://<path>` or `postgres://…`; may hold a password.
    pub url: String,
    pub pool_size: u32,
}

impl DatabaseConfig {
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.url.strip_prefix("sqlite://").map(Path::new)
    }
}

/// Secrets that are unset are generated when the state starts: ask `State::secrets`, not these.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    pub(crate) jwt_secret: Option<Secret>,
    pub(crate) jwt_previous_secret: Option<Secret>,
    pub(crate) refresh_secret: Option<Secret>,
    pub(crate) encryption_secret: Option<Secret>,
    #[serde(deserialize_with = "duration")]
    pub access_ttl: Duration,
    #[serde(deserialize_with = "duration")]
    pub refresh_ttl: Duration,
    #[serde(deserialize_with = "duration")]
    pub refresh_idle: Duration,
    #[serde(deserialize_with = "duration")]
    pub short_ttl: Duration,
    #[serde(deserialize_with = "duration")]
    pub short_idle: Duration,
    pub registration: Registration,
    pub mock_auth: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenFirstAdmin {
    pub email: Option<String>,
    pub password: Option<Secret>,
    pub username: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCors {
    pub origins: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyConfig {
    pub client_address: Keep,
    pub user_agent: Keep,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// What `weirgate audit prune` leaves when it is not told otherwise.
    pub retention: Retention,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLogConfig {
    pub enabled: bool,
    pub retention: Retention,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    pub durability: Durability,
    pub open: OpenMode,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    #[serde(deserialize_with = "duration")]
    pub disconnect_grace: Duration,
    #[serde(deserialize_with = "duration")]
    pub connect_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub first_byte_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub idle_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub total_timeout: Duration,
    pub retries: u32,
    #[serde(deserialize_with = "duration")]
    pub retry_pause: Duration,
    #[serde(deserialize_with = "duration")]
    pub retry_wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub hold_back: Duration,
    #[serde(deserialize_with = "duration")]
    pub heartbeat: Duration,
    #[serde(deserialize_with = "duration")]
    pub breaker_window: Duration,
    pub breaker_calls: u32,
    /// Percent.
    pub breaker_failures: u32,
    #[serde(deserialize_with = "duration")]
    pub breaker_pause: Duration,
    #[serde(deserialize_with = "duration")]
    pub body_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub stall_timeout: Duration,
    /// Bytes.
    pub max_body: usize,
}

impl GatewayConfig {
    pub fn breaker(&self) -> Rules {
        Rules {
            window: self.breaker_window,
            least_calls: self.breaker_calls,
            failure_percent: self.breaker_failures,
            pause: self.breaker_pause,
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// As lettre reads it; may hold a password. Without one no mail leaves.
    pub url: Option<Secret>,
    /// As written; [`super::Config::mail_from`] is never empty.
    pub from: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// As `RUST_LOG` takes it.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OAuth {
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub issuer: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenLiteLlm {
    pub api_url: Option<String>,
    pub api_key: Option<Secret>,
    pub allow_private_network: bool,
    #[serde(deserialize_with = "duration")]
    pub sync_every: Duration,
    pub mirror_keys: bool,
}

/// Requests to the account API, and attempts to sign in. The model API's limits belong to keys.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    #[serde(deserialize_with = "duration")]
    pub window: Duration,
    /// A signed-in person's.
    pub max_requests: u32,
    /// One address's without a sign-in.
    pub anonymous_requests: u32,
    #[serde(deserialize_with = "duration")]
    pub sign_in_window: Duration,
    /// Failed ones, of one account from one address.
    pub sign_in_failures: u32,
    /// Failed ones, of one account from all addresses; known devices are exempt.
    pub sign_in_account_failures: u32,
    /// Of one address, failed or not.
    pub sign_in_requests: u32,
    /// Of one address.
    pub links_per_minute: u32,
    pub links_per_hour: u32,
    /// To one e-mail at once; then it is one an hour.
    pub links_per_email: u32,
}

// What follows is understood and checked, and nothing acts on it yet; a warning at start says so.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    #[serde(rename = "url")]
    _url: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Telemetry {
    #[serde(rename = "otlp_endpoint")]
    _otlp_endpoint: Option<String>,
    #[serde(rename = "traces_sampler")]
    _traces_sampler: Option<String>,
}
