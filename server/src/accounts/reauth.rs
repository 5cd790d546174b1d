//! Asking again who it is, before a change that a stolen session must not be able to make.

use types::{error::Code, rules};

use crate::{
    Error, State, db,
    error::Result,
    passwords::{self, Verdict},
    sessions::User,
    sign_in::limits,
};

/// How long a sign-in counts as just made, where there is no password to ask for.
const FRESH_MILLIS: i64 = 300_000;

/// Passes with the account's password; on an account without one, when its sign-in is not older than five minutes.
///
/// Errors: 401 `wrong_password`; 403 `reauth_required` when there is nothing to go by; 429 after
/// too many wrong passwords; 503 when too many are being checked.
pub async fn reauth(state: &State, user: &User, password: Option<&str>) -> Result<()> {
    let row = db::users::find(state.db(), user.id()).await?;
    let stored = row.ok_or_else(required)?.hashed_password;
    let Some(stored) = stored else {
        return if is_fresh(state, user).await? {
            Ok(())
        } else {
            Err(required())
        };
    };
    let password = password.filter(|text| !text.is_empty()).ok_or_else(required)?;
    if password.chars().count() > rules::PASSWORD_MOST {
        return Err(wrong());
    }
    let attempt = limits::again(state, user).await?;
    match passwords::verify(state.clock(), password, Some(&stored)).await {
        Ok(Verdict::Right { .. }) => {
            attempt.succeeded();
            Ok(())
        }
        Ok(Verdict::Wrong) => {
            attempt.failed();
            Err(wrong())
        }
        Err(error) => {
            attempt.withdraw();
            Err(error)
        }
    }
}

async fn is_fresh(state: &State, user: &User) -> Result<bool> {
    let Some(session) = user.session_id() else {
        return Ok(false);
    };
    let row = db::sessions::find(state.db(), session).await?;
    let now = state.clock().now();
    Ok(row.is_some_and(|row| now.0.saturating_sub(row.authenticated_at) <= FRESH_MILLIS))
}

fn required() -> Error {
    let message =
        "This needs your password. On an account without one, sign in again and repeat it within five minutes.";
    Error::refused(Code::ReauthRequired, message)
}

fn wrong() -> Error {
    Error::refused(Code::WrongPassword, "The password is not right.")
}
