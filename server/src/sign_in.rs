//! From a proof to a sign-in. Every way in ends here: a method says who it is ([`Proven`]), [`enter`] asks for what else the account
//! wants, and only an [`Entered`] person gets a session.

pub(crate) mod events;
pub mod identity;
pub mod limits;
pub mod link;
pub mod mock;
pub(crate) mod token;

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use types::{UserId, error::Code, sign_in::Methods};

use self::limits::Attempt;
use crate::{
    Error, State,
    error::Result,
    factors, mail,
    sessions::{Device, User},
};

/// Every way in that this server offers, for the sign-in page.
pub fn methods(state: &State) -> Methods {
    Methods {
        password: true,
        link: mail::available(state),
        passkey: true,
        mock: mock::is_on(state),
        mail: mail::available(state),
        registration: state.config().auth.registration.name().to_owned(),
        identities: identity::offered(state),
    }
}

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Password,
    /// The account was made a moment ago by the person who enters.
    SignUp,
    /// A link sent by mail.
    Link,
    /// An OAuth 2 or OpenID provider.
    Identity,
    /// A passkey that checked its holder; a second factor in itself.
    Passkey,
    /// `auth.mock_auth`, in development only.
    Mock,
}

impl Method {
    /// As it stands in a session's `methods`.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Password => "password",
            Method::SignUp => "sign_up",
            Method::Link => "link",
            Method::Identity => "identity",
            Method::Passkey => "passkey",
            Method::Mock => "mock",
        }
    }
}

/// A person who proved who they are by one method; not signed in before [`enter`] says so.
pub struct Proven {
    user: User,
    method: Method,
    /// What the limits count this under; [`enter`] tells the outcome, since a right password alone is none.
    attempt: Option<Attempt>,
}

impl Proven {
    pub(crate) fn new(user: User, method: Method) -> Self {
        Proven {
            user,
            method,
            attempt: None,
        }
    }

    /// The same, as the outcome of an attempt that the limits count.
    pub(crate) fn counted(self, attempt: Attempt) -> Self {
        Proven {
            attempt: Some(attempt),
            ..self
        }
    }

    pub fn user(&self) -> &User {
        &self.user
    }
}

/// A person who gave everything their account asks for. Sessions start from this and from nothing else.
pub struct Entered {
    user: User,
    methods: String,
}

impl Entered {
    /// As stored with the session: `password`, `password+totp`.
    pub fn methods(&self) -> &str {
        &self.methods
    }

    /// Right after the account was made: there is nothing more to ask for.
    pub(crate) fn signed_up(user: User) -> Self {
        Entered {
            user,
            methods: Method::SignUp.name().to_owned(),
        }
    }
}

impl Deref for Entered {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

/// Asks for the second factor where the account has one. `code` is one of an authenticator app or a recovery code; the audit log tells
/// where a recovery code was used from.
///
/// Errors: 401 `second_factor_required` without a code, 401 `wrong_code` with one that is not right, 429 after too many of those.
pub async fn enter(state: &State, proven: Proven, code: Option<&str>, device: &Device) -> Result<Entered> {
    let Proven { user, method, attempt } = proven;
    let user = user.seen_from(device.address.clone());
    let second = match method {
        // A passkey is two factors in one, and a new account has none to ask for.
        Method::Passkey | Method::SignUp => Ok(None),
        Method::Password | Method::Link | Method::Identity | Method::Mock => factors::ask(state, &user, code).await,
    };
    if let Some(attempt) = attempt {
        match &second {
            Ok(_) => attempt.succeeded(),
            Err(Error::Refused(refusal)) if refusal.code == Code::WrongCode => attempt.failed(),
            // What was given so far was right, or could not be checked.
            Err(_) => attempt.withdraw(),
        }
    }
    let methods = match second? {
        Some(second) => [method.name(), "+", second].concat(),
        None => method.name().to_owned(),
    };
    Ok(Entered { user, methods })
}

/// How a browser goes on after the first proof.
pub enum Step {
    In(Entered),
    /// To the page that asks for the second factor, keeping this (`http::cookie::set_paused`).
    Second(Vec<u8>),
}

/// [`enter`] for browsers: where a second factor is asked for, what the first step proved is sealed for them to keep. `next` is where they
/// wanted to go.
pub async fn first_step(state: &State, proven: Proven, remember: bool, next: &str, device: &Device) -> Result<Step> {
    let paused = pause(state, &proven, remember, next)?;
    match enter(state, proven, None, device).await {
        Ok(entered) => Ok(Step::In(entered)),
        Err(Error::Refused(refusal)) if refusal.code == Code::SecondFactorRequired => Ok(Step::Second(paused)),
        Err(error) => Err(error),
    }
}

/// A sign-in between its two steps, as the browser keeps it: encrypted, good for ten minutes.
#[derive(Serialize, Deserialize)]
struct Paused {
    user: UserId,
    method: Method,
    remember: bool,
    next: String,
    until: i64,
}

const PAUSE_MILLIS: i64 = 600_000;
const PAUSE: &[u8] = b"weirgate sign-in between its steps v1";

/// What a browser keeps while its person looks for the second factor. `next` is where they wanted to go.
pub fn pause(state: &State, proven: &Proven, remember: bool, next: &str) -> Result<Vec<u8>> {
    let paused = Paused {
        user: proven.user.id(),
        method: proven.method,
        remember,
        next: next.to_owned(),
        until: state.clock().now().plus_millis(PAUSE_MILLIS).0,
    };
    let plain = serde_json::to_vec(&paused).map_err(Error::internal)?;
    state.seal(&plain, PAUSE)
}

/// The other half of [`pause`]: who it was, whether to remember them, and where they wanted to go.
///
/// Errors: 401 when it is too old or not ours.
pub async fn resume(state: &State, sealed: &[u8]) -> Result<(Proven, bool, String)> {
    let over = || Error::refused(Code::InvalidCredential, "This sign-in took too long. Begin again.");
    let plain = state.open(sealed, PAUSE).map_err(|_| over())?;
    let paused: Paused = serde_json::from_slice(&plain).map_err(|_| over())?;
    if paused.until <= state.clock().now().0 {
        return Err(over());
    }
    let user = User::proven(state, paused.user).await?;
    Ok((Proven::new(user, paused.method), paused.remember, paused.next))
}
