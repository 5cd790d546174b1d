//! People: sign-up, the password check, the profile, and the administrators an operator makes.
//!
//! An account always comes with its personal organization and the membership in it, in one transaction. Sign-ins are
//! `sessions`' business; who may be an administrator first is `setup`'s.

mod create;
mod profile;
mod username;

use types::{
    PlatformRole, Refusal,
    accounts::{Login, Register},
    error::{Code, FieldErrors},
    rules::{self, Wrong},
};

pub(crate) use create::{Create, Guard, create};
pub use profile::{me, update_preferences, update_profile};

use crate::{
    Error, State,
    audit::Actor,
    config::Registration,
    db,
    error::Result,
    passwords::{self, Verdict},
    sessions::{Device, User},
};

/// Sign-up by the person themselves.
///
/// Errors: 403 while sign-up is closed, 409 when e-mail or user name are in use, 422 for fields that break a rule.
pub async fn register(state: &State, new: Register, device: &Device) -> Result<User> {
    // Modes that need mail stay shut as long as no mail can be sent.
    if state.config().auth.registration != Registration::Open {
        let message = "This server takes no sign-ups. Ask its administrator for an account.";
        return Err(Error::refused(Code::RegistrationClosed, message));
    }
    let request = Create {
        new,
        role: PlatformRole::User,
        by: By::Themselves(device.clone()),
        guard: Guard::None,
    };
    create(state, request).await
}

/// Checks e-mail and password. Unknown, passwordless and wrong all take as long and look the same; that an account is
/// disabled is said only to who knows its password.
///
/// Errors: 401 when they do not belong together, 403 for a disabled account, 503 when too many are being checked.
pub async fn verify_password(state: &State, login: &Login, _device: &Device) -> Result<User> {
    if login.password.chars().count() > rules::PASSWORD_MOST {
        let mut errors = FieldErrors::new();
        types::accounts::wrong(&mut errors, "password", Err(Wrong::TooLong));
        Refusal::fields(errors)?;
    }
    let email = rules::normal_email(&login.email);
    // A NUL is no text to PostgreSQL, and no address has one.
    let row = if email.contains('\0') {
        None
    } else {
        db::users::by_email(state.db(), &email).await?
    };
    let stored = row.as_ref().and_then(|row| row.hashed_password.as_deref());
    let verdict = passwords::verify(state.clock(), &login.password, stored).await?;
    let (Some(row), Verdict::Right { rehash }) = (row, verdict) else {
        return Err(Error::refused(
            Code::WrongPassword,
            "E-mail and password do not belong together.",
        ));
    };
    if !row.is_active {
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
    User::proven(state, id).await
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
    };
    let request = Create {
        new,
        role: PlatformRole::Admin,
        by: By::Operator(Actor::System),
        guard: Guard::None,
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
    };
    create(state, request).await
}

/// Who makes an account.
pub(crate) enum By {
    /// The person it is for, on this device.
    Themselves(Device),
    Operator(Actor),
}
