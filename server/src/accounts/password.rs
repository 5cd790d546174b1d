//! Passwords after sign-up: forgotten, set anew by a link, changed, or set for the first time.

use serde_json::json;
use types::{
    Refusal, Timestamp, UserId,
    error::FieldErrors,
    rules::{self, Wrong},
};

use super::{reauth, reclaim::reclaim};
use crate::{
    State,
    audit::{self, Actor, Event, Target},
    db::{self, Change, Tx},
    error::Result,
    mail::{self, Letter, Recipient},
    passwords,
    sessions::{self, Device, User},
    sign_in::{
        limits,
        token::{self, Kind, NewToken},
    },
    tokens,
};

pub const LINK_LIVES_MILLIS: i64 = 600_000;

/// The rules, and that it is not one of those that are guessed first. `field` is what the form calls it.
///
/// Errors: 422 for the field.
pub(crate) fn check_password_rules(field: &str, password: &str) -> Result<()> {
    let mut errors = FieldErrors::new();
    types::accounts::wrong(&mut errors, field, rules::password(password));
    if errors.is_empty() && passwords::is_common(password) {
        types::accounts::wrong(&mut errors, field, Err(Wrong::TooCommon));
    }
    Ok(Refusal::fields(errors)?)
}

/// Sends a link to set a new password to the account with this address, if there is one.
///
/// Errors: 422 for what is no address; 429 after too many requests from one place. Neither depends on accounts.
pub async fn forgot(state: &State, email: &str, device: &Device) -> Result<()> {
    let email = mail::asked_address(email)?;
    limits::request(state, device)?;
    limits::letters::asked(state, device)?;
    let then = state.clone();
    mail::errand(state, async move { send_link(&then, &email).await.map(|()| None) })
        .await
        .map(|_| ())
}

async fn send_link(state: &State, email: &str) -> Result<()> {
    let Some(row) = db::users::by_email(state.db(), email).await? else {
        return Ok(());
    };
    if !mail::available(state) || !row.is_active || !limits::letters::may_go_to(state, email) {
        return Ok(());
    }
    let user = UserId(row.id);
    let to = Recipient {
        email: row.email,
        locale: row.locale,
    };
    let then = state.clone();
    let write = state.write(move |tx| {
        Box::pin(async move {
            token::forget(tx, user, &[Kind::ResetPassword]).await?;
            let link = reset_link(tx, &then, user, &to, LINK_LIVES_MILLIS).await?;
            mail::send(tx, &then, &to, Letter::ResetPassword { link })
        })
    });
    write.await
}

/// The address at which whoever reads `to`'s letters sets a password.
pub(super) async fn reset_link(
    tx: &mut Tx,
    state: &State,
    user: UserId,
    to: &Recipient,
    lives_millis: i64,
) -> Result<String> {
    let new = NewToken {
        kind: Kind::ResetPassword,
        user: Some(user),
        email: Some(to.email.clone()),
        sealed: None,
        lives_millis,
    };
    let token = token::issue(tx, state, new).await?;
    Ok(format!("{}/reset?token={token}", state.config().public_url()))
}

/// Whether a link to set a new password still works. Changes nothing.
///
/// Errors: 400 `invalid_link`.
pub async fn look_at_reset(state: &State, presented: &str) -> Result<()> {
    token::peek(state, Kind::ResetPassword, presented)
        .await?
        .map(|_| ())
        .ok_or_else(token::invalid)
}

/// Sets the password that the link is for. Ends every sign-in of the account, and the tokens that `cli-login` gave out, which are
/// sign-ins by another name; personal tokens made in the settings stay. An account whose address was never proven before loses every other
/// credential too: somebody else may have made it.
///
/// Errors: 400 `invalid_link` when it is unknown, used or too old; 422 for a password that breaks a rule, which uses nothing up.
pub async fn reset(state: &State, presented: &str, password: &str, device: &Device) -> Result<()> {
    limits::request(state, device)?;
    look_at_reset(state, presented).await?;
    check_password_rules("password", password)?;
    let hash = passwords::hash(state.clock(), password).await?;
    let (then, presented, device) = (state.clone(), presented.to_owned(), device.clone());
    let write = state.write(move |tx| {
        Box::pin(async move {
            let row = token::take(tx, &then, Kind::ResetPassword, &presented).await?;
            let user = row.user_id.map(UserId).ok_or_else(token::invalid)?;
            let account = db::users::find_in(tx, user).await?;
            let account = account.filter(|row| row.is_active).ok_or_else(token::invalid)?;
            let now = tx.now();
            // Who reads the address's letters has it.
            let was_unproven = db::users::verify_email(tx, user, now).await?;
            let actor = Actor::user(user, &device);
            sessions::end_all(tx, then.clock(), user, None, &actor, "password_reset").await?;
            tokens::revoke_cli(tx, then.clock(), user, &actor, "password_reset").await?;
            // One without a password was made by an administrator, and nobody has been in it yet.
            if was_unproven && account.hashed_password.is_some() {
                reclaim(tx, then.clock(), user, actor.clone()).await?;
            }
            let changed = Changed {
                user,
                hash,
                actor,
                action: "user.password_reset",
                to: Recipient {
                    email: account.email,
                    locale: account.locale,
                },
            };
            changed.write(tx, &then, now).await
        })
    });
    write.await
}

/// Changes the password, or sets the first one of an account without. Ends the person's other sign-ins.
///
/// Errors: as for [`reauth`]; 422 for a password that breaks a rule.
pub async fn change(state: &State, user: &User, current: Option<&str>, new: &str, device: &Device) -> Result<()> {
    reauth(state, user, current).await?;
    check_password_rules("new_password", new)?;
    let changed = Changed {
        user: user.id(),
        hash: passwords::hash(state.clock(), new).await?,
        actor: Actor::user(user.id(), device),
        action: "user.password_changed",
        to: Recipient::of(user),
    };
    let (then, kept) = (state.clone(), user.session_id());
    let write = state.write(move |tx| {
        Box::pin(async move {
            sessions::end_all(tx, then.clock(), changed.user, kept, &changed.actor, "password_changed").await?;
            let now = tx.now();
            changed.write(tx, &then, now).await
        })
    });
    write.await
}

/// A new password on its way into the database.
struct Changed {
    user: UserId,
    hash: String,
    actor: Actor,
    action: &'static str,
    to: Recipient,
}

impl Changed {
    async fn write(self, tx: &mut Tx, state: &State, now: Timestamp) -> Result<()> {
        // Links that were asked for before are for whoever had the account then. They go first, as where one is used.
        token::forget(tx, self.user, &[Kind::Link, Kind::ResetPassword]).await?;
        db::users::set_hash(tx, self.user, &self.hash, now).await?;
        tx.changed(Change::User, self.user);
        let event = Event {
            organization: None,
            actor: self.actor,
            action: self.action,
            target: Target::User(self.user),
            details: json!({}),
        };
        audit::record(tx, state.clock(), event).await?;
        mail::send(tx, state, &self.to, Letter::PasswordChanged { at: now })
    }
}
