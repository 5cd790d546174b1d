//! The process's signing secrets: configured, or made once and kept in the data directory for its owner alone.

use std::{
    fs::{File, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::{
    Config,
    clock::Clock,
    config::ConfigError,
    crypto::{MasterKey, Secret},
    error::{Error, Result},
};

/// Never empty, never the same as each other.
#[derive(Clone)]
pub struct Secrets {
    /// Signs access tokens.
    pub jwt: Secret,
    /// Signed them before; still accepted.
    pub jwt_previous: Option<Secret>,
    /// Keys the derivation of refresh tokens' successors.
    pub refresh: Secret,
    /// Encrypts provider credentials.
    pub master: MasterKey,
}

impl Secrets {
    pub(super) fn of(config: &Config, clock: &Clock) -> Result<Self> {
        let (auth, folder) = (&config.auth, &config.server.data_dir);
        let kept = |configured: &Option<Secret>, name: &str| match configured {
            Some(secret) => Ok(secret.clone()),
            None => kept(&folder.join(name), clock),
        };
        Ok(Secrets {
            jwt: kept(&auth.jwt_secret, "jwt.key")?,
            jwt_previous: auth.jwt_previous_secret.clone(),
            refresh: kept(&auth.refresh_secret, "refresh.key")?,
            master: MasterKey::derive(&kept(&auth.encryption_secret, "encryption.key")?),
        })
    }
}

/// The secret in this file; makes it when there is none.
fn kept(path: &Path, clock: &Clock) -> Result<Secret> {
    let refused = |message: String| Error::Config(ConfigError::new(path.display().to_string(), message));
    let wrong = |error: std::io::Error| refused(error.to_string());
    if !path.try_exists().map_err(wrong)? {
        make(path, clock).map_err(wrong)?;
    }
    let text = std::fs::read_to_string(path).map_err(wrong)?;
    let text = text.trim();
    if let Some(reason) = crate::config::weak(text) {
        return Err(refused(format!(
            "{reason}; restore the file, or delete it to have a new secret made"
        )));
    }
    let mode = std::fs::metadata(path).map_err(wrong)?.permissions().mode();
    if mode & 0o077 != 0 {
        // Copied or unpacked by somebody; nobody else may go on reading it.
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(wrong)?;
        tracing::warn!(file = %path.display(), "a secret could be read by others; it is private again");
    }
    Ok(Secret::new(text))
}

/// Written whole beside its place and then linked there: of two processes that start together one wins, and nobody reads half a secret.
fn make(path: &Path, clock: &Clock) -> std::io::Result<()> {
    let draft = path.with_extension(format!("new-{}", clock.new_id().simple()));
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(&draft)?;
    let written = file
        .write_all(STANDARD_NO_PAD.encode(clock.random::<48>()).as_bytes())
        .and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    });
    std::fs::remove_file(&draft)?;
    linked
}
