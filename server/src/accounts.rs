//! People: sign-up, the password check, the profile, and the administrators an operator makes.
//!
//! An account always comes with its personal organization and the membership in it, in one transaction. Sign-ins are
//! `sessions`' business; who may be an administrator first is `setup`'s.

mod create;
pub mod email;
mod handed;
mod leave;
pub mod password;
mod profile;
mod reauth;
mod reclaim;
mod sign_up;
pub(crate) mod username;

use types::{
    PlatformRole, Refusal,
    accounts::{Login, Register},
    error::{Code, FieldErrors},
    rules::{self, Wrong},
};

pub(crate) use create::{Create, Guard, Vouched, create, create_handed, create_vouched};
pub(crate) use handed::Handed;
pub use leave::leave;
pub(crate) use leave::{Leaving, remove};
pub use profile::{me, update_preferences, update_profile};
pub use reauth::reauth;
pub use sign_up::{Registered, register};

use crate::{
    Error, State,
    audit::Actor,
    db,
    error::Result,
    passwords::{self, Verdict},
    sessions::{Device, User},
    sign_in::{Method, Proven, events, limits},
};

/// Checks e-mail and password. Unknown, passwordless and wrong all take as long and look the same; that an account is
/// disabled is said only to who knows its password.
///
/// Errors: 401 when they do not belong together, 403 for a disabled account, 429 after too many attempts, 503 when too many are
/// being checked.
pub async fn verify_password(state: &State, login: &Login, device: &Device) -> Result<Proven> {
    if login.password.chars().count() > rules::PASSWORD_MOST {
        let mut errors = FieldErrors::new();
        types::accounts::wrong(&mut errors, "password", Err(Wrong::TooLong));
        Refusal::fields(errors)?;
    }
    let email = rules::normal_email(&login.email);
    let attempt = limits::attempt(state, &email, device).await?;
    let checked = match check_password(state, login, &email).await {
        Ok(checked) => checked,
        Err(error) => {
            // Nothing was learnt about the password.
            attempt.withdraw();
            return Err(error);
        }
    };
    let (row, rehash) = match checked {
        (Some(row), Verdict::Right { rehash }) => (row, rehash),
        (row, _) => {
            attempt.failed();
            if let Some(row) = row {
                events::failed(state, row.id.into(), device);
            }
            return Err(Error::refused(
                Code::WrongPassword,
                "E-mail and password do not belong together.",
            ));
        }
    };
    if !row.is_active {
        attempt.withdraw();
        let message = "This account is disabled. Ask the server's administrator.";
        return Err(Error::refused(Code::Forbidden, message));
    }
    let id = row.id.into();
    if let (Some(new), Some(old)) = (rehash, row.hashed_password) {
        let write = state.write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                db::users::replace_hash(tx, id, &old, &new, now).await
            })
        });
        write.await?;
    }
    let user = User::proven(state, id).await?.seen_from(device.address.clone());
    Ok(Proven::new(user, Method::Password).counted(attempt))
}

/// The account, if there is one, and what the password is to it. The same work whether there is one, has a password or not.
async fn check_password(state: &State, login: &Login, email: &str) -> Result<(Option<db::users::Row>, Verdict)> {
    // A NUL is no text to PostgreSQL, and no address has one.
    let row = if email.contains('\0') {
        None
    } else {
        db::users::by_email(state.db(), email).await?
    };
    let stored = row.as_ref().and_then(|row| row.hashed_password.as_deref());
    let verdict = passwords::verify(state.clock(), &login.password, stored).await?;
    Ok((row, verdict))
}

/// Writes the administrator of the `FIRST_ADMIN_*` settings, if they are set and nobody has that e-mail. Safe to repeat.
pub async fn seed_first_admin(state: &State) -> Result<()> {
    let Some(first) = state.config().first_admin.clone() else {
        return Ok(());
    };
    let email = rules::normal_email(&first.email);
    if let Some(row) = db::users::by_email(state.db(), &email).await? {
        if row.role != PlatformRole::Admin.name() {
            // Whoever registered the address first must not become an administrator by it.
            tracing::warn!(user_id = %row.id, "FIRST_ADMIN_EMAIL belongs to an account that is no administrator; it was left as it is");
        }
        return Ok(());
    }
    let new = Register {
        email: first.email,
        password: first.password.expose().to_owned(),
        username: first.username,
        full_name: None,
        locale: None,
        invitation: None,
    };
    let request = Create {
        new,
        role: PlatformRole::Admin,
        by: By::Operator(Actor::System),
        guard: Guard::None,
        invitation: None,
    };
    match create(state, request).await {
        // Another node that starts at the same time was faster.
        Err(Error::Refused(refusal)) if refusal.code == Code::EmailTaken => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

/// An administrator made at the server's own command line.
///
/// Errors: as for [`register`], whatever the registration mode.
pub async fn create_admin(state: &State, new: Register) -> Result<User> {
    let request = Create {
        new,
        role: PlatformRole::Admin,
        by: By::Operator(Actor::CommandLine),
        guard: Guard::None,
        invitation: None,
    };
    create(state, request).await
}

/// Who makes an account.
pub(crate) enum By {
    /// The person it is for, on this device.
    Themselves(Device),
    Operator(Actor),
}
