//! The first run: whoever reads the link in the server's own output becomes its administrator, once.
//!
//! There is no default account. The link works as long as there is no administrator; the token in it is derived from the
//! server's secret, so every node prints the same one and nothing of it is stored.

use types::{
    PlatformRole,
    accounts::{Register, Setup},
    error::Code,
};

use crate::{
    Error, State,
    accounts::{self, By, Create, Guard},
    crypto, db,
    error::Result,
    sessions::Device,
    sign_in::{Entered, limits},
};

/// Whether this server still waits for its administrator.
pub async fn needed(state: &State) -> Result<bool> {
    Ok(!db::users::admin_exists(state.db()).await?)
}

/// The link to print at start, while it is of use.
pub async fn announce(state: &State) -> Option<String> {
    match needed(state).await {
        Ok(true) => Some(format!("{}/setup?token={}", state.config().public_url(), token(state))),
        Ok(false) => None,
        Err(error) => {
            tracing::warn!(
                error_class = error.class(),
                "could not tell whether the server has an administrator"
            );
            None
        }
    }
}

/// Makes the administrator. Of many who try at once exactly one succeeds.
///
/// Errors: 404 with a wrong token (also when set-up is over, so that nothing can be learnt), 409 with the right one when
/// there is an administrator already or e-mail or user name are in use, 422 for fields that break a rule.
pub async fn complete(state: &State, presented: &str, new: Register, device: &Device) -> Result<Entered> {
    limits::request(state, device)?;
    if !crypto::equal(presented.as_bytes(), token(state).as_bytes()) {
        let message = "This set-up link is not valid. The server prints the right one when it starts.";
        return Err(Error::refused(Code::NotFound, message));
    }
    if !needed(state).await? {
        let message = "This server has its administrator already. Sign in instead.";
        return Err(Error::refused(Code::Conflict, message));
    }
    let request = Create {
        new,
        role: PlatformRole::Admin,
        by: By::Themselves(device.clone()),
        guard: Guard::FirstAdmin,
        invitation: None,
    };
    accounts::create(state, request).await.map(Entered::signed_up)
}

/// Splits the request of the API's door.
pub fn parts(setup: Setup) -> (String, Register) {
    let new = Register {
        email: setup.email,
        password: setup.password,
        username: setup.username,
        full_name: setup.full_name,
        locale: None,
        invitation: None,
    };
    (setup.token, new)
}

/// 43 characters, good for a URL.
fn token(state: &State) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let secret = state.secrets().refresh.expose().as_bytes();
    URL_SAFE_NO_PAD.encode(crypto::hmac_sha256(secret, &[b"weirgate setup token v1"]))
}
