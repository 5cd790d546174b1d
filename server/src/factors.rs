//! Second factors: authenticator apps with recovery codes, and passkeys, which are also a way to sign in by themselves.
//!
//! Owns when a sign-in must give more than its first proof, and which codes and keys count. A passkey checks its holder, so it is
//! two factors in one; whether a password alone still signs in beside it is for its owner to say when they add it, or for an
//! organization. Knows no HTTP.

mod attempts;
pub mod passkeys;
mod recovery;
pub mod totp;

use serde_json::{Value, json};
use types::{UserId, error::Code, factors::RecoveryCodes};

pub(crate) use attempts::Attempts;

use crate::{
    Error, State, accounts,
    audit::{self, Actor, Event, Target},
    db::{self, factors::Ways},
    error::Result,
    sessions::User,
};

/// Asks for the second factor where the account has one. Returns what was given, as it stands in a session's `methods`.
///
/// Errors: 401 `second_factor_required` without a code, 401 `wrong_code` with one that is not right, 429 after five of those.
pub(crate) async fn ask(state: &State, user: &User, code: Option<&str>) -> Result<Option<&'static str>> {
    if !is_asked_for(state, user).await? {
        return Ok(None);
    }
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        let message = "Send the code of your authenticator app, or a recovery code, as `code`.";
        return Err(Error::refused(Code::SecondFactorRequired, message));
    };
    guarded(state, user, async || {
        if let Some(digits) = totp::read(code)
            && totp::take(state, user.id(), &digits).await?
        {
            return Ok(Some("totp"));
        }
        if let Some(hash) = recovery::read(code)
            && recovery::take(state, user, hash).await?
        {
            return Ok(Some("recovery"));
        }
        Ok(None)
    })
    .await
    .map(Some)
}

/// Whether a proof that is one factor does not suffice for this account.
pub async fn is_asked_for(state: &State, user: &User) -> Result<bool> {
    let ways = db::factors::ways(state.db(), user.id()).await?;
    Ok(asks(state, user.id(), &ways))
}

fn asks(state: &State, user: UserId, ways: &Ways) -> bool {
    // Where an organization wants two factors, every passkey is one of them.
    ways.totp || ways.marked_passkeys > 0 || (ways.passkeys > 0 && state.directory().second_factor_required(user))
}

/// Whether an organization of this person asks for a second factor and they have none. From memory.
pub fn is_missing(state: &State, user: &User) -> bool {
    !user.entry().has_second_factor && state.directory().second_factor_required(user.id())
}

/// Errors: 403 `second_factor_missing`.
pub fn require_set_up(state: &State, user: &User) -> Result<()> {
    if !is_missing(state, user) {
        return Ok(());
    }
    let message =
        "Your organization asks for a second factor. Set up an authenticator app or a passkey in the settings first.";
    Err(Error::refused(Code::SecondFactorMissing, message))
}

/// Runs one try of a code. A try counts as wrong until it turned out right, so that many at once are not more than one after the other.
async fn guarded<T>(state: &State, user: &User, check: impl AsyncFnOnce() -> Result<Option<T>>) -> Result<T> {
    let attempts = state.factor_attempts();
    let attempt = attempts.begin(user.id(), state.clock().now())?;
    match check().await {
        Ok(Some(value)) => {
            attempts.forget(user.id());
            Ok(value)
        }
        Ok(None) => Err(wrong_code()),
        Err(error) => {
            attempts.undo(user.id(), attempt);
            Err(error)
        }
    }
}

fn wrong_code() -> Error {
    let message = "This code is not right, or it was used already. Take the next one.";
    Error::refused(Code::WrongCode, message)
}

/// A new set of recovery codes in place of the old one.
///
/// Errors: 404 when the account has no second factor they could stand in for; as `accounts::reauth`.
pub async fn new_recovery_codes(state: &State, user: &User, password: Option<&str>) -> Result<RecoveryCodes> {
    accounts::reauth(state, user, password).await?;
    if !is_asked_for(state, user).await? {
        let message = "This account has no second factor. Set one up first; recovery codes come with it.";
        return Err(Error::refused(Code::NotFound, message));
    }
    let set = recovery::Set::new(state.clock());
    let hashes = set.hashes();
    let (id, clock) = (user.id(), state.clock().clone());
    let event = event(user, "recovery_codes.replaced", json!({}));
    let write = state.write(move |tx| {
        Box::pin(async move {
            let now = tx.now();
            db::factors::replace_recovery_codes(tx, id, hashes, now).await?;
            audit::record(tx, &clock, event).await
        })
    });
    write.await?;
    Ok(set.show())
}

fn event(user: &User, action: &'static str, details: Value) -> Event {
    Event {
        organization: Some(user.organization_id()),
        actor: Actor::signed_in(user),
        action,
        target: Target::User(user.id()),
        details,
    }
}

/// What a letter calls the authenticator app, or the passkey of this name.
fn in_letters(user: &User, passkey: Option<&str>) -> String {
    match (user.entry().locale.as_str(), passkey) {
        ("ru", None) => "приложение-аутентификатор".to_owned(),
        ("ru", Some(name)) => format!("ключ доступа «{name}»"),
        (_, None) => "an authenticator app".to_owned(),
        (_, Some(name)) => format!("the passkey “{name}”"),
    }
}

/// 409 when the account would not keep a second factor that an organization asks for.
fn keep_required(state: &State, user: UserId, left: &Ways) -> Result<()> {
    if left.totp || left.passkeys > 0 || !state.directory().second_factor_required(user) {
        return Ok(());
    }
    let message = "Your organization asks for a second factor, and this is the last one. Add another one first.";
    Err(Error::refused(Code::LastWayIn, message))
}
