//! Links that sign in: asked for by anybody, sent to the account's address, good once in the browser that confirms.
//!
//! What is answered to who asks, and how fast, is the same whether there is an account or not. Opening the link uses nothing up.

use types::{UserId, error::Code};

use super::{
    Entered, Method, Proven, enter, limits,
    token::{self, Kind, NewToken},
};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    db::{self, Change},
    error::Result,
    mail::{self, Letter, Recipient},
    sessions::{Device, User},
};

pub const LIVES_MILLIS: i64 = 600_000;

/// Sends a link to the account with this address, if there is one. In development the link comes back too.
///
/// Errors: 422 for what is no address; 429 after too many requests from one place. Neither depends on accounts.
pub async fn request(state: &State, email: &str, device: &Device) -> Result<Option<String>> {
    let email = mail::asked_address(email)?;
    limits::request(state, device)?;
    limits::letters::asked(state, device)?;
    let then = state.clone();
    mail::errand(state, async move { send(&then, &email).await }).await
}

async fn send(state: &State, email: &str) -> Result<Option<String>> {
    let Some(row) = db::users::by_email(state.db(), email).await? else {
        return Ok(None);
    };
    if !mail::available(state) || !row.is_active || !limits::letters::may_go_to(state, email) {
        return Ok(None);
    }
    let user = UserId(row.id);
    let to = Recipient {
        email: row.email,
        locale: row.locale,
    };
    let then = state.clone();
    let write = state.write(move |tx| {
        Box::pin(async move {
            // The newest link is the only one.
            token::forget(tx, user, &[Kind::Link]).await?;
            let new = NewToken {
                kind: Kind::Link,
                user: Some(user),
                email: Some(to.email.clone()),
                sealed: None,
                lives_millis: LIVES_MILLIS,
            };
            let token = token::issue(tx, &then, new).await?;
            let link = format!("{}/login/link?token={token}", then.config().public_url());
            mail::send(tx, &then, &to, Letter::SignIn { link: link.clone() })?;
            Ok(link)
        })
    });
    write.await.map(Some)
}

/// Whose link it is, for the page that asks to confirm. Changes nothing.
///
/// Errors: 400 `invalid_link` when it is unknown, used or too old.
pub async fn look(state: &State, presented: &str) -> Result<String> {
    let proven = prove(state, presented).await?;
    Ok(proven.user().entry().email.clone())
}

/// Signs in by the link. It is used up only when that succeeds, so a missing or mistyped second factor costs no link.
///
/// Errors: 400 `invalid_link`; as for [`enter`]; 429 after too many wrong codes.
pub async fn sign_in(state: &State, presented: &str, code: Option<&str>, device: &Device) -> Result<Entered> {
    limits::request(state, device)?;
    let proven = prove(state, presented).await?;
    let attempt = limits::attempt(state, &proven.user().entry().email, device).await?;
    let entered = enter(state, proven.counted(attempt), code, device).await?;
    use_up(state, presented, entered.id(), device).await?;
    Ok(entered)
}

/// The first step of a browser's sign-in: the link is used up, and what it proves goes on to [`super::first_step`], which keeps it
/// while a second factor is looked for.
///
/// Errors: 400 `invalid_link`.
pub async fn first_proof(state: &State, presented: &str, device: &Device) -> Result<Proven> {
    limits::request(state, device)?;
    let proven = prove(state, presented).await?;
    use_up(state, presented, proven.user().id(), device).await?;
    Ok(proven)
}

async fn prove(state: &State, presented: &str) -> Result<Proven> {
    let row = token::peek(state, Kind::Link, presented).await?;
    let id = row.and_then(|row| row.user_id).ok_or_else(token::invalid)?;
    match User::proven(state, id.into()).await {
        Ok(user) => Ok(Proven::new(user, Method::Link)),
        // A disabled account has no links.
        Err(Error::Refused(refusal)) if refusal.code == Code::InvalidCredential => Err(token::invalid()),
        Err(error) => Err(error),
    }
}

/// Takes the link, and with it the proof that the address is the person's.
async fn use_up(state: &State, presented: &str, user: UserId, device: &Device) -> Result<()> {
    let (then, presented) = (state.clone(), presented.to_owned());
    let event = Event {
        organization: None,
        actor: Actor::user(user, device),
        action: "user.email_verified",
        target: Target::User(user),
        details: serde_json::json!({ "by": "link" }),
    };
    let write = state.write(move |tx| {
        Box::pin(async move {
            token::take(tx, &then, Kind::Link, &presented).await?;
            let now = tx.now();
            if db::users::verify_email(tx, user, now).await? {
                tx.changed(Change::User, user);
                audit::record(tx, then.clock(), event).await?;
            }
            Ok(())
        })
    });
    write.await
}
