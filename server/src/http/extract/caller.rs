//! Who asks, out of the request's credentials.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use types::{error::Code, key_format};

use crate::{
    Error, State,
    http::cookie,
    sessions::{self, User},
};

/// The person who asks: a bearer access token, else the session cookie (behind the CSRF layer). When both came the token
/// counts and the cookie is not looked at. API keys are for the model API only.
impl FromRequestParts<State> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        if let Some(presented) = bearer(&parts.headers)? {
            return sessions::from_access_token(state, presented);
        }
        if parts.headers.contains_key("x-api-key") {
            return Err(key_refused());
        }
        match cookie::read(&parts.headers, state.config()) {
            Some(value) => sessions::from_cookie(state, &value).await,
            None => Err(Error::refused(
                Code::MissingCredential,
                "Sign in first: send `Authorization: Bearer` with an access token.",
            )),
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
    let is_key = [key_format::KEY, key_format::PERSONAL_TOKEN]
        .iter()
        .any(|prefix| token.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-')));
    if is_key {
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
        for wrong in [
            "Basic abc",
            "Bearer",
            "Bearer ",
            "abc",
            "Bearer wg-abc",
            "Bearer wgp-abc",
        ] {
            assert_eq!(of(&[wrong]), Err(Code::InvalidCredential), "{wrong}");
        }
        assert_eq!(of(&["Bearer a", "Bearer b"]), Err(Code::TwoCredentials));
    }
}
