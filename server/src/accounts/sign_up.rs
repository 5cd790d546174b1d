//! Sign-up by the person themselves: at once, or, with `auth.registration = "verify_first"`, after a link in a letter was confirmed.
//!
//! With `verify_first` nothing is made before: what was asked for travels sealed with the link's token. So nobody can hold an address
//! that is not theirs, and the answer, and the time it takes, is the same whether an account exists.

use serde::{Deserialize, Serialize};
use types::{PlatformRole, accounts::Register, error::Code, rules};

use super::{By, Create, Guard, create, create::Hashed, email};
use crate::{
    Error, State,
    config::Registration,
    db,
    error::Result,
    mail::{self, Letter, Recipient},
    organizations::invitations,
    passwords,
    sessions::Device,
    sign_in::{
        Entered, limits,
        token::{self, Kind, NewToken, Row},
    },
};

const LINK_LIVES_MILLIS: i64 = 86_400_000;
const CONTEXT: &[u8] = b"weirgate sign-up before verification v1";

/// What became of a sign-up.
pub enum Registered {
    Entered(Entered),
    /// The rest is in a letter; the same for every address.
    LookIntoMail,
}

impl Registered {
    /// The person, when nothing more is waited for.
    pub fn entered(self) -> Option<Entered> {
        match self {
            Registered::Entered(entered) => Some(entered),
            Registered::LookIntoMail => None,
        }
    }
}

/// Signs somebody up, as far as `auth.registration` allows it. An invitation that was mailed to the address lets its person in whatever
/// that says: the address is proven by it. One without an address lets in where sign-up is open or for who is invited; with `verify_first` it is
/// to be accepted once the account is there.
///
/// Errors: 403 while sign-up is closed, and with an invitation for another address; 404 or 410 for an invitation that is unknown or over; 409 when
/// e-mail or user name are in use, but never with `verify_first`; 422 for fields that break a rule; 429 after too many requests.
pub async fn register(state: &State, new: Register, device: &Device) -> Result<Registered> {
    limits::request(state, device)?;
    let invitation = match &new.invitation {
        None => None,
        Some(token) => Some(invitations::invited(state, token, &rules::normal_email(&new.email)).await?),
    };
    let is_mailed = invitation.as_ref().is_some_and(|invited| invited.is_mailed);
    match state.config().auth.registration {
        Registration::VerifyFirst if !is_mailed => {
            limits::letters::asked(state, device)?;
            ask(state, new).await?;
            Ok(Registered::LookIntoMail)
        }
        Registration::Closed if !is_mailed => Err(closed()),
        Registration::Invite if invitation.is_none() => Err(closed()),
        Registration::Open | Registration::Invite | Registration::VerifyFirst | Registration::Closed => {
            let request = Create {
                new,
                role: PlatformRole::User,
                by: By::Themselves(device.clone()),
                guard: Guard::None,
                invitation,
            };
            let user = create(state, request).await?;
            email::greet(state, &user).await;
            Ok(Registered::Entered(Entered::signed_up(user)))
        }
    }
}

fn closed() -> Error {
    let message = "This server takes no sign-ups. Ask its administrator for an account.";
    Error::refused(Code::RegistrationClosed, message)
}

/// A sign-up that waits for its link.
#[derive(Serialize, Deserialize)]
struct Waiting {
    username: Option<String>,
    full_name: Option<String>,
    locale: Option<String>,
    hash: String,
}

async fn ask(state: &State, new: Register) -> Result<()> {
    create::check(&new)?;
    let email = rules::normal_email(&new.email);
    // Hashed for known addresses too: the work tells nothing.
    let waiting = Waiting {
        hash: passwords::hash(state.clock(), &new.password).await?,
        username: new.username,
        full_name: new.full_name,
        locale: new.locale,
    };
    let plain = serde_json::to_vec(&waiting).map_err(Error::internal)?;
    let sealed = state.seal(&plain, &context(&email))?;
    let locale = waiting.locale.unwrap_or_else(|| "en".to_owned());
    let then = state.clone();
    mail::errand(state, async move {
        write(&then, email, locale, sealed).await.map(|()| None)
    })
    .await
    .map(|_| ())
}

async fn write(state: &State, email: String, locale: String, sealed: Vec<u8>) -> Result<()> {
    if !limits::letters::may_go_to(state, &email) {
        return Ok(());
    }
    let known = db::users::by_email(state.db(), &email).await?;
    let then = state.clone();
    let write = state.write(move |tx| {
        Box::pin(async move {
            if let Some(row) = known {
                let to = Recipient {
                    email: row.email,
                    locale: row.locale,
                };
                return mail::send(tx, &then, &to, Letter::AlreadySignedUp);
            }
            let new = NewToken {
                kind: Kind::SignUp,
                user: None,
                email: Some(email.clone()),
                sealed: Some(sealed),
                lives_millis: LINK_LIVES_MILLIS,
            };
            let link = email::link(tx, &then, new).await?;
            let to = Recipient { email, locale };
            mail::send(tx, &then, &to, Letter::FinishSignUp { link })
        })
    });
    write.await
}

/// Makes the account that a link stands for. Its address is verified by that.
///
/// Errors: 400 `invalid_link`; 409 `email_taken` when another link made an account with the address before.
pub(super) async fn finish(state: &State, presented: &str, row: Row, device: &Device) -> Result<Entered> {
    let (Some(email), Some(sealed)) = (row.email, row.sealed) else {
        return Err(token::invalid());
    };
    let plain = state.open(&sealed, &context(&email))?;
    let waiting: Waiting = serde_json::from_slice(&plain).map_err(Error::internal)?;
    let hashed = Hashed {
        email,
        hash: waiting.hash,
        username: waiting.username,
        full_name: waiting.full_name,
        locale: waiting.locale,
        link: presented.to_owned(),
    };
    let user = create::from_link(state, hashed, By::Themselves(device.clone())).await?;
    Ok(Entered::signed_up(user))
}

fn context(email: &str) -> Vec<u8> {
    [CONTEXT, email.as_bytes()].concat()
}

/// Removes what else was asked for with this address, once one of its links made the account.
pub(super) async fn forget(tx: &mut db::Tx, email: &str) -> Result<()> {
    db::sign_in_tokens::delete_of_email(tx, email, Kind::SignUp.name()).await
}
