//! Codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 seconds, what every app can do). A code of the step before or after
//! now is right too, and each step is right once.

use serde_json::json;
use totp_rs::{Builder, Secret, Totp};
use types::{
    Timestamp, UserId,
    error::Code,
    factors::{RecoveryCodes, TotpSetup, TotpStatus},
};

use super::{asks, event, guarded, in_letters, keep_required, recovery};
use crate::{
    Error, State, accounts, audit, crypto,
    db::{self, Change, factors::TotpRow},
    error::Result,
    mail::{self, Letter, Recipient},
    sessions::User,
};

/// How long a set-up may take.
const PENDING_MILLIS: i64 = 900_000;
const ISSUER: &str = "Weirgate";
const DIGITS: usize = 6;

pub async fn status(state: &State, user: &User) -> Result<TotpStatus> {
    let row = db::factors::totp(state.db(), user.id()).await?;
    let confirmed_at = row.and_then(|row| row.confirmed_at).map(Timestamp);
    Ok(TotpStatus {
        enabled: confirmed_at.is_some(),
        confirmed_at,
        recovery_codes_left: db::factors::recovery_codes_left(state.db(), user.id()).await?,
    })
}

/// Makes a secret. Sign-in asks for its codes from [`confirm`] on; one that was begun before is forgotten.
///
/// Errors: 409 when the account has an authenticator app; as `accounts::reauth`.
pub async fn begin(state: &State, user: &User, password: Option<&str>) -> Result<TotpSetup> {
    accounts::reauth(state, user, password).await?;
    let secret = state.clock().random::<20>();
    let now = state.clock().now();
    let row = TotpRow {
        user_id: user.id().0,
        sealed: state.seal(&secret, &context(user.id()))?,
        confirmed_at: None,
        last_step: 0,
        created_at: now.0,
    };
    let stored = state.write(move |tx| Box::pin(async move { db::factors::put_pending_totp(tx, row).await }));
    if !stored.await? {
        let message = "This account has an authenticator app already. Remove it first.";
        return Err(Error::refused(Code::Conflict, message));
    }
    shown(state, user, &secret, now)
}

/// The set-up of this secret once more, for who was shown it before, while it can be confirmed.
pub async fn pending(state: &State, user: &User, secret: &str) -> Result<Option<TotpSetup>> {
    let Some(row) = unconfirmed(state, user).await? else {
        return Ok(None);
    };
    let stored = state.open(&row.sealed, &context(user.id()))?;
    let known = Secret::try_from_base32(secret).is_ok_and(|secret| crypto::equal(secret.as_bytes(), &stored));
    if !known {
        return Ok(None);
    }
    shown(state, user, &stored, Timestamp(row.created_at)).map(Some)
}

fn shown(state: &State, user: &User, secret: &[u8], begun: Timestamp) -> Result<TotpSetup> {
    let codes = codes(secret, Some(&label(state, user)))?;
    Ok(TotpSetup {
        secret: codes.secret().to_base32(),
        otpauth_url: codes.to_url().map_err(Error::internal)?,
        expires_at: begun.plus_millis(PENDING_MILLIS),
    })
}

async fn unconfirmed(state: &State, user: &User) -> Result<Option<TotpRow>> {
    let now = state.clock().now();
    let row = db::factors::totp(state.db(), user.id()).await?;
    Ok(row.filter(|row| row.confirmed_at.is_none() && now.0 - row.created_at < PENDING_MILLIS))
}

/// Proves that the app has the secret. Returns recovery codes, which replace any older ones.
///
/// Errors: 401 `wrong_code`, 404 when nothing was begun in the last 15 minutes, 429 after five wrong codes.
pub async fn confirm(state: &State, user: &User, code: &str) -> Result<RecoveryCodes> {
    let now = state.clock().now();
    let Some(row) = unconfirmed(state, user).await? else {
        return Err(nothing());
    };
    let secret = state.open(&row.sealed, &context(user.id()))?;
    let step = guarded(state, user, async || match read(code) {
        Some(digits) => step_of(&secret, &digits, now),
        None => Ok(None),
    });
    let step = step.await?;
    let set = recovery::Set::new(state.clock());
    let hashes = set.hashes();
    let (id, this) = (user.id(), state.clone());
    let (to, name) = (Recipient::of(user), in_letters(user, None));
    let event = event(user, "factor.added", json!({ "factor": "totp" }));
    let write = state.write(move |tx| {
        Box::pin(async move {
            if !db::factors::confirm_totp(tx, &row, step, now).await? {
                return Err(nothing());
            }
            db::factors::replace_recovery_codes(tx, id, hashes, now).await?;
            tx.changed(Change::User, id);
            mail::send(tx, &this, &to, Letter::FactorAdded { name })?;
            audit::record(tx, this.clock(), event).await
        })
    });
    write.await?;
    Ok(set.show())
}

/// Removes the authenticator app, and the recovery codes with it when nothing is left that they stand in for.
///
/// Errors: 404 when there is none, 409 when an organization asks for a second factor and this is the last one; as `accounts::reauth`.
pub async fn remove(state: &State, user: &User, password: Option<&str>) -> Result<()> {
    accounts::reauth(state, user, password).await?;
    let (id, this) = (user.id(), state.clone());
    let (to, name) = (Recipient::of(user), in_letters(user, None));
    let event = event(user, "factor.removed", json!({ "factor": "totp" }));
    let write = state.write(move |tx| {
        Box::pin(async move {
            let mut ways = db::factors::ways_locked(tx, id).await?;
            if !db::factors::delete_totp(tx, id).await? {
                let message = "This account has no authenticator app.";
                return Err(Error::refused(Code::NotFound, message));
            }
            ways.totp = false;
            keep_required(&this, id, &ways)?;
            if !asks(&this, id, &ways) {
                let now = tx.now();
                db::factors::replace_recovery_codes(tx, id, Vec::new(), now).await?;
            }
            tx.changed(Change::User, id);
            mail::send(tx, &this, &to, Letter::FactorRemoved { name })?;
            audit::record(tx, this.clock(), event).await
        })
    });
    write.await
}

/// What was typed, if it has the shape of a code; spaces do not matter.
pub(super) fn read(typed: &str) -> Option<String> {
    if typed.len() > 4 * DIGITS {
        return None;
    }
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// Takes the code, if it is right and no code of its step or a later one was taken.
pub(super) async fn take(state: &State, user: UserId, digits: &str) -> Result<bool> {
    let row = db::factors::totp(state.db(), user).await?;
    let Some(row) = row.filter(|row| row.confirmed_at.is_some()) else {
        return Ok(false);
    };
    let secret = state.open(&row.sealed, &context(user))?;
    let Some(step) = step_of(&secret, digits, state.clock().now())? else {
        return Ok(false);
    };
    let take = state.write(move |tx| Box::pin(async move { db::factors::take_step(tx, user, step).await }));
    take.await
}

/// The time step whose code this is.
fn step_of(secret: &[u8], digits: &str, now: Timestamp) -> Result<Option<i64>> {
    let seconds = u64::try_from(now.0.div_euclid(1000)).map_err(Error::internal)?;
    let step = codes(secret, None)?.check(digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// `label` is what the app shows: issuer and account.
fn codes(secret: &[u8], label: Option<&(String, String)>) -> Result<Totp> {
    let mut builder = Builder::new().with_secret(secret.to_vec());
    if let Some((issuer, account)) = label {
        builder = builder
            .with_issuer(Some(issuer.as_str()))
            .with_account_name(account.as_str());
    }
    builder.build().map_err(Error::internal)
}

/// A colon would end the issuer.
fn label(state: &State, user: &User) -> (String, String) {
    let host = url::Url::parse(state.config().public_url())
        .ok()
        .and_then(|url| url.domain().map(str::to_owned));
    let issuer = match host.filter(|host| host != "localhost") {
        Some(host) => format!("{ISSUER} ({host})"),
        None => ISSUER.to_owned(),
    };
    (issuer, user.entry().email.replace(':', ""))
}

fn context(user: UserId) -> Vec<u8> {
    [b"weirgate authenticator app v1".as_slice(), user.0.as_bytes()].concat()
}

fn nothing() -> Error {
    let message = "No authenticator app is being set up. Begin again.";
    Error::refused(Code::NotFound, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_rfc_6238() {
        // Appendix B, cut to six digits.
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            let at = Timestamp(second * 1000);
            assert_eq!(step_of(SECRET, code, at).unwrap(), Some(second / 30));
        }
    }

    #[test]
    fn clock_may_be_one_step_off_and_no_more() {
        let code = "081804";
        let own = 1_111_111_109 / 30;
        for (off, expected) in [(-2, None), (-1, Some(own)), (0, Some(own)), (1, Some(own)), (2, None)] {
            let now = Timestamp((own + off) * 30_000);
            assert_eq!(step_of(SECRET, code, now).unwrap(), expected, "{off}");
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        assert_eq!(read(" 123 456 ").as_deref(), Some("123456"));
        for wrong in ["", "12345", "1234567", "12345a", "+12345", "１２３４５６"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
