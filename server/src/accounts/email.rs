//! E-mail addresses: shown to be their owner's by a link, and exchanged for another.

use serde_json::json;
use types::{UserId, error::Code};

use super::{reauth, sign_up};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    db::{self, Change, Tx},
    error::Result,
    mail::{self, Letter, Recipient},
    sessions::{Device, User},
    sign_in::{
        Entered, limits,
        token::{self, Kind, NewToken, Row},
    },
};

const VERIFY_LIVES_MILLIS: i64 = 86_400_000;
const CHANGE_LIVES_MILLIS: i64 = 3_600_000;

/// What a confirmed link did.
pub struct Verified {
    pub email: String,
    /// The link finished a sign-up: the person is in.
    pub entered: Option<Entered>,
}

/// Writes to a new account's address, as far as there is mail. A letter that fails is no reason to refuse an account.
pub(crate) async fn greet(state: &State, user: &User) {
    if let Err(error) = send_verification(state, user).await {
        tracing::warn!(
            error_class = error.class(),
            "a verification letter could not be prepared"
        );
    }
}

/// Sends the verification link again; to an address that is verified nothing goes.
///
/// Errors: 429 after too many requests from one place.
pub async fn resend_verification(state: &State, user: &User, device: &Device) -> Result<()> {
    limits::letters::asked(state, device)?;
    send_verification(state, user).await
}

async fn send_verification(state: &State, user: &User) -> Result<()> {
    let row = db::users::find(state.db(), user.id()).await?;
    let Some(row) = row.filter(|row| row.email_verified_at.is_none()) else {
        return Ok(());
    };
    if !mail::available(state) || !limits::letters::may_go_to(state, &row.email) {
        return Ok(());
    }
    let (then, id) = (state.clone(), user.id());
    let to = Recipient {
        email: row.email,
        locale: row.locale,
    };
    let write = state.write(move |tx| {
        Box::pin(async move {
            token::forget(tx, id, &[Kind::Verify]).await?;
            let new = NewToken {
                kind: Kind::Verify,
                user: Some(id),
                email: Some(to.email.clone()),
                sealed: None,
                lives_millis: VERIFY_LIVES_MILLIS,
            };
            let link = link(tx, &then, new).await?;
            mail::send(tx, &then, &to, Letter::VerifyEmail { link })
        })
    });
    write.await
}

pub(super) async fn link(tx: &mut Tx, state: &State, new: NewToken) -> Result<String> {
    let token = token::issue(tx, state, new).await?;
    Ok(format!("{}/verify?token={token}", state.config().public_url()))
}

/// The address a link is about, for the page that asks to confirm. Changes nothing.
///
/// Errors: 400 `invalid_link`.
pub async fn look_at_verification(state: &State, presented: &str) -> Result<String> {
    let (_, row) = find(state, presented).await?;
    row.email.ok_or_else(token::invalid)
}

/// Uses up a link that shows an address to be its owner's: of a new account, of one that changes its address, or of a sign-up that
/// waits for it.
///
/// Errors: 400 `invalid_link`; 409 `email_taken` when another account got the address in the meantime.
pub async fn verify(state: &State, presented: &str, device: &Device) -> Result<Verified> {
    limits::request(state, device)?;
    let (kind, row) = find(state, presented).await?;
    let email = row.email.clone().ok_or_else(token::invalid)?;
    let entered = match kind {
        Kind::SignUp => Some(sign_up::finish(state, presented, row, device).await?),
        Kind::ChangeEmail => {
            confirm_change(state, presented, device).await?;
            None
        }
        _ => {
            confirm(state, presented, device).await?;
            None
        }
    };
    Ok(Verified { email, entered })
}

async fn find(state: &State, presented: &str) -> Result<(Kind, Row)> {
    for kind in [Kind::Verify, Kind::SignUp, Kind::ChangeEmail] {
        if let Some(row) = token::peek(state, kind, presented).await? {
            return Ok((kind, row));
        }
    }
    Err(token::invalid())
}

async fn confirm(state: &State, presented: &str, device: &Device) -> Result<()> {
    let (then, presented, device) = (state.clone(), presented.to_owned(), device.clone());
    let write = state.write(move |tx| {
        Box::pin(async move {
            let row = token::take(tx, &then, Kind::Verify, &presented).await?;
            let user = row.user_id.map(UserId).ok_or_else(token::invalid)?;
            let now = tx.now();
            if db::users::verify_email(tx, user, now).await? {
                tx.changed(Change::User, user);
                let event = event(user, &device, "user.email_verified");
                audit::record(tx, then.clock(), event).await?;
            }
            Ok(())
        })
    });
    write.await
}

/// Asks to exchange the address: a link goes to the new one, and nothing changes before it is opened. That the new address belongs
/// to another account is told to nobody.
///
/// Errors: as for [`reauth`]; 422 for what is no address; 409 when it is the account's own; 429 after too many requests.
pub async fn change(state: &State, user: &User, new: &str, password: Option<&str>, device: &Device) -> Result<()> {
    reauth(state, user, password).await?;
    let email = mail::asked_address(new)?;
    if email == user.entry().email {
        return Err(email_taken());
    }
    limits::letters::asked(state, device)?;
    let taken = db::users::by_email(state.db(), &email).await?.is_some();
    if taken || !mail::available(state) || !limits::letters::may_go_to(state, &email) {
        return Ok(());
    }
    let (then, id) = (state.clone(), user.id());
    let to = Recipient {
        email,
        locale: user.entry().locale.clone(),
    };
    let event = event(id, device, "user.email_change_asked");
    let write = state.write(move |tx| {
        Box::pin(async move {
            token::forget(tx, id, &[Kind::ChangeEmail]).await?;
            let new = NewToken {
                kind: Kind::ChangeEmail,
                user: Some(id),
                email: Some(to.email.clone()),
                sealed: None,
                lives_millis: CHANGE_LIVES_MILLIS,
            };
            let link = link(tx, &then, new).await?;
            audit::record(tx, then.clock(), event).await?;
            mail::send(tx, &then, &to, Letter::ConfirmNewEmail { link })
        })
    });
    write.await
}

async fn confirm_change(state: &State, presented: &str, device: &Device) -> Result<()> {
    let (then, presented, device) = (state.clone(), presented.to_owned(), device.clone());
    let write = state.write(move |tx| {
        Box::pin(async move {
            let row = token::take(tx, &then, Kind::ChangeEmail, &presented).await?;
            let (Some(user), Some(email)) = (row.user_id.map(UserId), row.email) else {
                return Err(token::invalid());
            };
            let account = db::users::find_in(tx, user).await?;
            let account = account.filter(|row| row.is_active).ok_or_else(token::invalid)?;
            if db::users::email_exists(tx, &email).await? {
                return Err(email_taken());
            }
            let now = tx.now();
            db::users::set_email(tx, user, &email, now).await?;
            // Links to the old address are for whoever reads its letters.
            let kinds = [Kind::Link, Kind::ResetPassword, Kind::Verify, Kind::ChangeEmail];
            token::forget(tx, user, &kinds).await?;
            tx.changed(Change::User, user);
            audit::record(tx, then.clock(), event(user, &device, "user.email_changed")).await?;
            let old = Recipient {
                email: account.email,
                locale: account.locale,
            };
            mail::send(tx, &then, &old, Letter::EmailChanged { at: now })
        })
    });
    match write.await {
        Err(Error::Conflict { constraint }) if constraint == "users.email" => Err(email_taken()),
        outcome => outcome,
    }
}

fn event(user: UserId, device: &Device, action: &'static str) -> Event {
    Event {
        organization: None,
        actor: Actor::user(user, device),
        action,
        target: Target::User(user),
        details: json!({}),
    }
}

fn email_taken() -> Error {
    Error::refused(Code::EmailTaken, "There is an account with this e-mail already.")
}
