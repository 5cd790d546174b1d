//! Letters: what the server writes to people, in their language, and how it leaves.
//!
//! A letter is worded at once, queued only when the transaction that tells of it has committed, and sent by a task: nobody waits for
//! a mail server, and a reply's time says nothing about who gets a letter. Links in letters are made from the configured address.

mod captured;
mod compose;
mod transport;
mod words;

use types::{Refusal, Timestamp, error::FieldErrors, rules};

pub use captured::Captured;
pub(crate) use transport::Mail;

use crate::{Error, State, db::Tx, error::Result, sessions::User};

/// Who gets a letter.
#[derive(Clone)]
pub struct Recipient {
    pub email: String,
    /// `en` or `ru`.
    pub locale: String,
}

impl Recipient {
    pub fn of(user: &User) -> Self {
        let person = user.entry();
        Recipient {
            email: person.email.clone(),
            locale: person.locale.clone(),
        }
    }
}

/// What there is to write. Text that people chose (names, devices) may hold anything: it is escaped and cut when it is worded.
pub enum Letter {
    /// A link that signs in.
    SignIn {
        link: String,
    },
    /// A link that shows that the address of a new account is its owner's.
    VerifyEmail {
        link: String,
    },
    /// A link that makes the account somebody asked for with this address.
    FinishSignUp {
        link: String,
    },
    /// Somebody asked for an account with an address that has one.
    AlreadySignedUp,
    ResetPassword {
        link: String,
    },
    /// To the new address.
    ConfirmNewEmail {
        link: String,
    },
    /// A link that sets the first password of an account that an administrator made.
    AccountMade {
        link: String,
    },
    Invitation {
        organization: String,
        by: String,
        link: String,
    },
    NewDevice {
        device: Option<String>,
        address: Option<String>,
        at: Timestamp,
    },
    PasswordChanged {
        at: Timestamp,
    },
    /// To the old address.
    EmailChanged {
        at: Timestamp,
    },
    /// A refresh token was used a second time, so its sign-in was ended.
    TokenReused {
        at: Timestamp,
    },
    FactorAdded {
        name: String,
    },
    FactorRemoved {
        name: String,
    },
    /// An administrator took all of them away.
    FactorsReset,
    IdentityLinked {
        provider: String,
    },
    TokenCreated {
        name: String,
    },
}

impl Letter {
    /// For the log.
    const fn name(&self) -> &'static str {
        match self {
            Letter::SignIn { .. } => "sign_in",
            Letter::VerifyEmail { .. } => "verify_email",
            Letter::FinishSignUp { .. } => "finish_sign_up",
            Letter::AlreadySignedUp => "already_signed_up",
            Letter::ResetPassword { .. } => "reset_password",
            Letter::ConfirmNewEmail { .. } => "confirm_new_email",
            Letter::AccountMade { .. } => "account_made",
            Letter::Invitation { .. } => "invitation",
            Letter::NewDevice { .. } => "new_device",
            Letter::PasswordChanged { .. } => "password_changed",
            Letter::EmailChanged { .. } => "email_changed",
            Letter::TokenReused { .. } => "token_reused",
            Letter::FactorAdded { .. } => "factor_added",
            Letter::FactorRemoved { .. } => "factor_removed",
            Letter::FactorsReset => "factors_reset",
            Letter::IdentityLinked { .. } => "identity_linked",
            Letter::TokenCreated { .. } => "token_created",
        }
    }
}

/// Whether letters reach anybody. Where not, ways in that need mail are not offered.
pub fn available(state: &State) -> bool {
    state.mail().is_available()
}

/// Whether letters are kept for the developer instead of being sent.
pub fn is_captured(state: &State) -> bool {
    state.mail().is_captured()
}

/// Sends `letter` once `tx` has committed. Without a mail server it goes nowhere, and that is no error.
pub(crate) fn send(tx: &mut Tx, state: &State, to: &Recipient, letter: Letter) -> Result<()> {
    if !available(state) {
        return Ok(());
    }
    let name = letter.name();
    let composed = compose::compose(&letter, &to.locale, state.config().public_url());
    match transport::Parcel::new(state, name, &to.email, composed) {
        Ok(parcel) => {
            let state = state.clone();
            tx.after_commit(move || transport::post(&state, parcel));
        }
        // What the letter tells of happens all the same.
        Err(reason) => tracing::warn!(letter = name, error_class = reason, "a letter could not be written"),
    }
    Ok(())
}

/// An address that somebody asks a letter for, in the form accounts have it.
///
/// Errors: 422 for what is no address.
pub(crate) fn asked_address(email: &str) -> Result<String> {
    let mut errors = FieldErrors::new();
    types::accounts::wrong(&mut errors, "email", rules::email(email));
    Refusal::fields(errors)?;
    Ok(rules::normal_email(email))
}

/// Does what makes a letter without letting who asks wait for it: the time of the answer must not tell whether there was something
/// to do. In development it is waited for, so that the link can be shown. What goes wrong is logged.
///
/// Errors: 503 when too many run already, whatever they are for.
pub(crate) async fn errand(
    state: &State,
    work: impl Future<Output = Result<Option<String>>> + Send + 'static,
) -> Result<Option<String>> {
    if !state.config().is_production() {
        return work.await;
    }
    let Some(place) = state.mail().errand() else {
        return Err(Error::unavailable("too many letters are being prepared"));
    };
    state.spawn(async move {
        if let Err(error) = work.await {
            tracing::warn!(error_class = error.class(), "a letter could not be prepared");
        }
        drop(place);
    });
    Ok(None)
}

/// What development kept, newest first; `None` where letters are not kept.
pub fn captured(state: &State) -> Result<Option<Vec<Captured>>> {
    state.mail().captured()
}

/// Waits until every letter that was queued has left or failed.
#[doc(hidden)]
pub async fn idle(state: &State) {
    state.mail().idle().await;
}
