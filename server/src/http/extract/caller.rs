//! Who asks, out of the request's credentials.
//!
//! Three rights: [`User`] is somebody signed in here (a cookie or an access token) and may do everything; [`Reader`] may also be a
//! program with a personal token of the right scope, and only looks at things; [`Reporter`] may be one that makes calls, and tells of
//! them. All are refused while an organization asks for a second factor that the person lacks; [`Unsettled`] and [`UnsettledReader`]
//! are for the doors where that is seen and set up.

use std::{borrow::Borrow, ops::Deref};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use types::{error::Code, key_format, personal_tokens::Scope};

use super::client_address;
use crate::{
    Error, State, factors,
    http::cookie,
    sessions::{self, User},
    tokens::{self, TokenUser},
};

/// Whoever proved who they are.
#[derive(Clone)]
pub enum Asker {
    SignedIn(User),
    Token(TokenUser),
}

impl Asker {
    /// A bearer token, else the session cookie (behind the CSRF layer). When both came the token counts and the cookie is not
    /// looked at. API keys are for the model API only. `None` without any credential.
    pub async fn of(state: &State, parts: &Parts) -> Result<Option<Self>, Error> {
        let headers = &parts.headers;
        let address = || client_address(state, parts).and_then(|address| state.config().kept_address(address));
        if let Some(presented) = bearer(headers)? {
            let asker = match key_format::claims(key_format::PERSONAL_TOKEN, presented) {
                true => Asker::Token(tokens::prove(state, presented)?.seen_from(address())),
                false => Asker::SignedIn(sessions::from_access_token(state, presented)?.seen_from(address())),
            };
            return Ok(Some(asker));
        }
        if headers.contains_key("x-api-key") {
            return Err(key_refused());
        }
        match cookie::read(headers, state.config()) {
            Some(value) => {
                let user = sessions::from_cookie(state, &value).await?;
                Ok(Some(Asker::SignedIn(user.seen_from(address()))))
            }
            None => Ok(None),
        }
    }

    pub fn user(&self) -> &User {
        match self {
            Asker::SignedIn(user) => user,
            Asker::Token(token) => token.user(),
        }
    }

    /// The one that the layer of limits found, or else looked up now.
    async fn take(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        if let Some(asker) = parts.extensions.get::<Asker>() {
            return Ok(asker.clone());
        }
        Asker::of(state, parts).await?.ok_or_else(|| {
            Error::refused(
                Code::MissingCredential,
                "Sign in first: send `Authorization: Bearer` with an access token.",
            )
        })
    }
}

/// The person who is signed in. Programs with a personal token are not.
impl FromRequestParts<State> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let Unsettled(user) = Unsettled::from_request_parts(parts, state).await?;
        factors::require_set_up(state, &user)?;
        Ok(user)
    }
}

/// A [`User`] who may still lack the second factor that an organization asks for.
pub struct Unsettled(pub User);

impl FromRequestParts<State> for Unsettled {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        match Asker::take(parts, state).await? {
            Asker::SignedIn(user) => Ok(Unsettled(user)),
            Asker::Token(_) => {
                let message = "A personal token may not do this. Sign in and send an access token.";
                Err(Error::refused(Code::Forbidden, message))
            }
        }
    }
}

impl Borrow<User> for Unsettled {
    fn borrow(&self) -> &User {
        &self.0
    }
}

/// The person who is signed in, or a program with their personal token of the scope `account`: for doors that only show things.
pub struct Reader(User);

impl FromRequestParts<State> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let UnsettledReader(user) = UnsettledReader::from_request_parts(parts, state).await?;
        factors::require_set_up(state, &user)?;
        Ok(Reader(user))
    }
}

impl Deref for Reader {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

impl Borrow<User> for Reader {
    fn borrow(&self) -> &User {
        &self.0
    }
}

/// A [`Reader`] who may still lack the second factor that an organization asks for.
pub struct UnsettledReader(User);

impl FromRequestParts<State> for UnsettledReader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        match Asker::take(parts, state).await? {
            Asker::SignedIn(user) => Ok(UnsettledReader(user)),
            Asker::Token(token) if token.may(Scope::Account) => Ok(UnsettledReader(token.user().clone())),
            Asker::Token(_) => {
                let message = "This personal token lacks the scope `account`. Make one that has it.";
                Err(Error::refused(Code::Forbidden, message))
            }
        }
    }
}

impl Deref for UnsettledReader {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

/// The person who is signed in, or a program with their personal token of the scope `write`: for doors where whoever calls models reports
/// what it does. Nothing of the account changes behind them.
pub struct Reporter(User);

impl FromRequestParts<State> for Reporter {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let user = match Asker::take(parts, state).await? {
            Asker::SignedIn(user) => user,
            Asker::Token(token) if token.may(Scope::Write) => token.user().clone(),
            Asker::Token(_) => {
                let message = "This personal token lacks the scope `write`. Make one that has it.";
                return Err(Error::refused(Code::Forbidden, message));
            }
        };
        factors::require_set_up(state, &user)?;
        Ok(Reporter(user))
    }
}

impl Deref for Reporter {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

/// The personal token itself, for the door that revokes it.
impl FromRequestParts<State> for TokenUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        match Asker::take(parts, state).await? {
            Asker::Token(token) => Ok(token),
            Asker::SignedIn(_) => {
                let message = "Send the personal token to revoke as `Authorization: Bearer`.";
                Err(Error::refused(Code::InvalidCredential, message))
            }
        }
    }
}

/// The token after `Authorization: Bearer`. Another scheme, two headers or an API key there are refused.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        let message = "Two `Authorization` headers came with one request. Send one.";
        return Err(Error::refused(Code::TwoCredentials, message));
    }
    let malformed = || {
        let message = "`Authorization` must read `Bearer`, a space and an access token.";
        Error::refused(Code::InvalidCredential, message)
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(malformed)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(malformed());
    }
    if key_format::claims(key_format::KEY, token) {
        return Err(key_refused());
    }
    Ok(Some(token))
}

fn key_refused() -> Error {
    let message = "API keys work on the model API only. Sign in and send an access token here.";
    Error::refused(Code::InvalidCredential, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bearer_is_read_and_everything_else_is_refused() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer(&headers)
                .map(|token| token.map(str::to_owned))
                .map_err(|error| error.refusal().code)
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["Bearer abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(of(&["bearer  abc "]), Ok(Some("abc".to_owned())));
        for wrong in ["Basic abc", "Bearer", "Bearer ", "abc", "Bearer wg-abc"] {
            assert_eq!(of(&[wrong]), Err(Code::InvalidCredential), "{wrong}");
        }
        assert_eq!(of(&["Bearer a", "Bearer b"]), Err(Code::TwoCredentials));
    }
}
