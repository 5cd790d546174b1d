//! What the types alone do not say: weak secrets, addresses that production refuses, settings that need each other.

use std::net::IpAddr;

use types::rules;
use url::{Host, Url};

use super::{
    AppEnv, ConfigError, FirstAdmin, GatewayConfig, Registration, SmtpConfig, Written, layers::Merged,
    sections::WrittenFirstAdmin, settings,
};
use crate::crypto::Secret;

/// The first thing that forbids to start.
pub(super) fn written(config: &Written) -> Result<(), ConfigError> {
    secrets(config)?;
    match config.auth.registration {
        Registration::Open | Registration::Closed => {}
        Registration::VerifyFirst => {
            if config.server.app_env == AppEnv::Production && config.smtp.url.is_none() {
                return Err(ConfigError::new(
                    "auth.registration",
                    "verify_first sends mail and needs smtp.url (SMTP_URL)",
                ));
            }
        }
        Registration::Invite => {
            return Err(ConfigError::new(
                "auth.registration",
                "this way of signing up is not built yet; use open, verify_first or closed",
            ));
        }
    }
    smtp(&config.smtp)?;
    if config.server.app_env == AppEnv::Production && config.auth.mock_auth {
        return Err(ConfigError::new("auth.mock_auth", "is refused in production"));
    }
    if config.database.pool_size == 0 || config.database.pool_size > 1000 {
        return Err(ConfigError::new("database.pool_size", "must be 1 to 1000"));
    }
    let limits = &config.rate_limits;
    for (key, value) in [
        ("max_requests", limits.max_requests),
        ("anonymous_requests", limits.anonymous_requests),
        ("sign_in_failures", limits.sign_in_failures),
        ("sign_in_account_failures", limits.sign_in_account_failures),
        ("sign_in_requests", limits.sign_in_requests),
    ] {
        if value == 0 {
            return Err(ConfigError::new(format!("rate_limits.{key}"), "must be at least 1"));
        }
    }
    if limits.window.is_zero() || limits.sign_in_window.is_zero() {
        return Err(ConfigError::new("rate_limits.window", "must be longer than 0"));
    }
    gateway(&config.gateway)
}

fn gateway(config: &GatewayConfig) -> Result<(), ConfigError> {
    for (key, value) in [
        ("connect_timeout", config.connect_timeout),
        ("first_byte_timeout", config.first_byte_timeout),
        ("idle_timeout", config.idle_timeout),
        ("total_timeout", config.total_timeout),
        ("heartbeat", config.heartbeat),
        ("breaker_window", config.breaker_window),
        ("breaker_pause", config.breaker_pause),
    ] {
        if value.is_zero() {
            return Err(ConfigError::new(format!("gateway.{key}"), "must be longer than 0"));
        }
    }
    if config.max_body == 0 {
        return Err(ConfigError::new("gateway.max_body", "must be at least 1"));
    }
    if config.retries > 10 {
        return Err(ConfigError::new("gateway.retries", "must be 0 to 10"));
    }
    if config.breaker_calls == 0 {
        return Err(ConfigError::new("gateway.breaker_calls", "must be at least 1"));
    }
    if !(1..=100).contains(&config.breaker_failures) {
        return Err(ConfigError::new("gateway.breaker_failures", "must be 1 to 100"));
    }
    Ok(())
}

/// What is worth knowing and no reason to stop.
pub(super) fn warnings(config: &Written, merged: &Merged) -> Vec<String> {
    let mut warnings = Vec::new();
    for setting in settings::all().iter().filter(|setting| setting.unused) {
        let set = merged.get(&setting.key).filter(|given| given.source != "default");
        if let Some(given) = set {
            warnings.push(format!(
                "{} is set (from {}), but this version does not use it yet",
                setting.key, given.source
            ));
        }
    }
    let address = config.database.url.as_ref().map_or("", |url| url.expose());
    let auth = &config.auth;
    let generated = auth.jwt_secret.is_none() || auth.refresh_secret.is_none() || auth.encryption_secret.is_none();
    if address.starts_with("postgres") && generated {
        warnings.push(
            "auth: a secret is generated into data_dir; several nodes on one PostgreSQL need the same jwt_secret, refresh_secret and \
             encryption_secret"
                .into(),
        );
    }
    if config.smtp.url.as_ref().is_some_and(|url| sends_plainly(url.expose())) {
        warnings
            .push("smtp.url: letters go to another machine without encryption; use smtps:// or ?tls=required".into());
    }
    let server = &config.server;
    if server.app_env == AppEnv::Production && !server.host.is_loopback() && server.public_url.is_none() {
        warnings.push(format!(
            "server.host is {} and server.public_url is not set: links, cookies and the cross-site check will be made for http://localhost:{}",
            server.host, server.port
        ));
    }
    warnings
}

fn smtp(config: &SmtpConfig) -> Result<(), ConfigError> {
    if let Some(from) = &config.from
        && from.parse::<lettre::message::Mailbox>().is_err()
    {
        let message = "must be an address such as Weirgate <no-reply@example.com>";
        return Err(ConfigError::new("smtp.from", message));
    }
    // The library's own words may hold the address with its password.
    if let Some(url) = &config.url
        && lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::from_url(url.expose()).is_err()
    {
        let message =
            "must be an address such as smtps://user:password@host or smtp://user:password@host:587?tls=required";
        return Err(ConfigError::new("smtp.url", message));
    }
    Ok(())
}

/// Whether letters and the mail server's password would travel readable to another machine.
fn sends_plainly(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let encrypted = url.scheme() == "smtps"
        || url
            .query_pairs()
            .any(|(key, value)| key == "tls" && value == "required");
    let local = match url.host() {
        // `smtp` is not one of the schemes whose hosts are told apart from addresses.
        Some(Host::Domain(name)) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    !encrypted && !local
}

fn secrets(config: &Written) -> Result<(), ConfigError> {
    let auth = &config.auth;
    let signing = [
        ("auth.jwt_secret", &auth.jwt_secret),
        ("auth.jwt_previous_secret", &auth.jwt_previous_secret),
        ("auth.refresh_secret", &auth.refresh_secret),
        ("auth.encryption_secret", &auth.encryption_secret),
    ];
    for (key, secret) in signing {
        if let Some(reason) = secret.as_ref().and_then(|secret| weak(secret.expose())) {
            return Err(ConfigError::new(
                key,
                format!(
                    "{reason}; set at least 32 random bytes (openssl rand -base64 48), or remove it to have one generated"
                ),
            ));
        }
    }
    match (&config.oauth.client_id, &config.oauth.client_secret) {
        (Some(_), None) => {
            return Err(ConfigError::new(
                "oauth.client_secret",
                "is needed with oauth.client_id",
            ));
        }
        (_, Some(secret)) if sample(secret.expose()).is_some() => {
            let reason = sample(secret.expose()).unwrap_or_default();
            return Err(ConfigError::new("oauth.client_secret", reason));
        }
        _ => {}
    }
    let others = [
        ("first_admin.password", &config.first_admin.password),
        ("oauth.client_secret", &config.oauth.client_secret),
    ];
    let mut seen: Vec<(&str, &Secret)> = Vec::new();
    for (key, secret) in signing.into_iter().chain(others) {
        let Some(secret) = secret else { continue };
        if let Some((other, _)) = seen.iter().find(|(_, other)| other.expose() == secret.expose()) {
            return Err(ConfigError::new(
                key,
                format!("has the same value as {other}; each secret needs its own"),
            ));
        }
        seen.push((key, secret));
    }
    Ok(())
}

/// Values that stand in documentation and templates, wherever they stand in a secret.
const SAMPLES: [&str; 16] = [
    "change-me",
    "changeme",
    "change_me",
    "changethis",
    "change-this",
    "change_this",
    "sk-1234",
    "random_string",
    "random-string",
    "your-secret",
    "your_secret",
    "yoursecret",
    "replace-me",
    "replace_me",
    "supersecret",
    "super-secret",
];

/// Samples that are refused only as the whole value.
const WHOLE_SAMPLES: [&str; 6] = ["secret", "password", "admin", "test", "example", "string"];

/// Why `text` cannot be anybody's secret, also one that somebody else chose and we only keep.
pub(super) fn sample(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    if text.is_empty() {
        return Some("is empty");
    }
    (SAMPLES.iter().any(|sample| lower.contains(sample)) || WHOLE_SAMPLES.contains(&lower.as_str()))
        .then_some("is a sample value")
}

/// Why `text` cannot be a signing secret.
pub fn weak(text: &str) -> Option<&'static str> {
    if let Some(reason) = sample(text) {
        return Some(reason);
    }
    let bytes = text.as_bytes();
    if bytes.len() < 32 {
        return Some("is shorter than 32 bytes");
    }
    let repeats = |period: usize| {
        bytes[period..]
            .iter()
            .zip(bytes)
            .all(|(later, earlier)| later == earlier)
    };
    if (1..=bytes.len() / 2).any(repeats) {
        return Some("is one piece repeated");
    }
    let different: std::collections::HashSet<u8> = bytes.iter().copied().collect();
    (different.len() < 8).then_some("has too few different characters")
}

/// The first administrator, whole or not at all.
pub(super) fn first_admin(written: WrittenFirstAdmin) -> Result<Option<FirstAdmin>, ConfigError> {
    let Some(email) = written.email else {
        return Ok(None);
    };
    let wrong =
        |key: &str, wrong: rules::Wrong| ConfigError::new(key, format!("is {}", wrong.code().replace('_', " ")));
    rules::email(&email).map_err(|reason| wrong("first_admin.email", reason))?;
    let Some(password) = written.password else {
        return Err(ConfigError::new(
            "first_admin.password",
            "is needed with first_admin.email (FIRST_ADMIN_PASSWORD or FIRST_ADMIN_PASSWORD_FILE)",
        ));
    };
    rules::password(password.expose()).map_err(|reason| wrong("first_admin.password", reason))?;
    let lower = password.expose().to_lowercase();
    if SAMPLES.contains(&lower.as_str()) || WHOLE_SAMPLES.contains(&lower.as_str()) {
        return Err(ConfigError::new("first_admin.password", "is a sample value"));
    }
    if let Some(username) = &written.username {
        rules::username(username).map_err(|reason| wrong("first_admin.username", reason))?;
    }
    Ok(Some(FirstAdmin {
        email,
        password,
        username: written.username,
    }))
}

/// Reads `server.public_url`: an origin, and in production https unless it is this machine.
pub(super) fn public_url(text: &str, production: bool) -> Result<String, ConfigError> {
    let error = |message: &str| ConfigError::new("server.public_url", message);
    let url = Url::parse(text).map_err(|_| error("must be an address such as https://weirgate.example.com"))?;
    let bare = url.path().trim_matches('/').is_empty() && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(error("must be an origin only: scheme, host and port, without a path"));
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback || !production => {}
        "http" => {
            return Err(error(
                "is plain http on another machine: passwords and cookies would travel readable. Use https, or APP_ENV=development",
            ));
        }
        _ => return Err(error("must begin with https:// or http://")),
    }
    Ok(url.origin().ascii_serialization())
}

/// Brings a database address into one form: `sqlite://<path>` or `postgres://…`.
pub(super) fn database_url(text: &str) -> Result<String, ConfigError> {
    let error = |message: &str| ConfigError::new("database.url", message);
    let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| scheme.len() > 1) else {
        // No scheme (or a drive letter): a path.
        return Ok(format!("sqlite://{text}"));
    };
    // Other frameworks name their driver too: postgresql+asyncpg.
    match scheme.split('+').next().unwrap_or_default() {
        "sqlite" => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            let path = path.split('?').next().unwrap_or_default();
            if path.is_empty() || path.starts_with(':') {
                return Err(error("names no file: a database in memory would lose the books"));
            }
            Ok(format!("sqlite://{path}"))
        }
        "postgres" | "postgresql" => {
            let url = format!("postgres:{rest}");
            Url::parse(&url).map_err(|_| error("is not an address such as postgres://user:password@host/name"))?;
            Ok(url)
        }
        "file" => Ok(format!("sqlite://{}", rest.strip_prefix("//").unwrap_or(rest))),
        other if other.contains(['/', '.', '\\']) => Ok(format!("sqlite://{text}")),
        _ => Err(error("must be sqlite://…, postgres://… or a path")),
    }
}
