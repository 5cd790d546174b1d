//! What handlers take: a strict JSON body, a strict query, an id out of the path, the person who asks and their device.
//!
//! Refusals name the field and the kind of mistake, never the value: it may be a password that stands in the wrong place.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::de::{DeserializeOwned, IgnoredAny};
use types::{
    Refusal,
    error::{Code, FieldErrors},
    key_format,
};

use crate::{
    Error, State,
    http::cookie,
    sessions::{self, Device, User},
};

/// No request of ours nests deeper than a few levels.
const DEEPEST: usize = 32;

/// A JSON body, read strictly: 415 for another content type, 400 for text that is not JSON, 422 with the field's name for
/// unknown, missing, repeated and wrong-typed fields, 413 above the route's limit.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<State> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &State) -> Result<Self, Error> {
        require_json(request.headers())?;
        let body = body(request, state).await?;
        parse(&body).map(Json)
    }
}

/// [`Json`] for handlers that take an optional body.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Error> {
    require_json(headers)?;
    parse(body)
}

fn require_json(headers: &HeaderMap) -> Result<(), Error> {
    if is_json(headers) {
        return Ok(());
    }
    let message = "Send the body as `application/json`.";
    Err(Error::refused(Code::UnsupportedMediaType, message))
}

/// The whole body within the route's limit.
async fn body(request: Request, state: &State) -> Result<Bytes, Error> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Error::refused(Code::TooLarge, "The request's body is larger than this address takes.")
        } else {
            Error::refused(Code::BadRequest, "The request's body could not be read to its end.")
        }
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // Once over the whole text first: what is not JSON to its end is 400, whatever its beginning lacks.
    let text = std::str::from_utf8(body)
        .map_err(|_| Error::refused(Code::BadRequest, "The body is not JSON: it is not UTF-8."))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| refusal_of(".", &error))?;
    if depth(text) > DEEPEST {
        return Err(Error::refused(Code::BadRequest, "The body is nested too deeply."));
    }
    // serde would also fill a struct from a list, field by field.
    if !text.trim_start().starts_with('{') {
        return Err(invalid("body", "wrong_type"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        refusal_of(&path, error.inner())
    })
}

/// How many lists and objects stand in each other at the most, in text that is JSON.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !in_string => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// `application/json` or `application/*+json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn refusal_of(path: &str, error: &serde_json::Error) -> Error {
    if error.classify() != serde_json::error::Category::Data {
        let (line, column) = (error.line(), error.column());
        let message = format!("The body is not JSON; reading stopped at line {line}, column {column}.");
        return Error::refused(Code::BadRequest, message);
    }
    field_refusal(path, &error.to_string())
}

/// 422 out of serde's words. Only names between backticks are taken from them, as the rest may quote a value.
fn field_refusal(path: &str, words: &str) -> Error {
    let named = || words.split('`').nth(1).unwrap_or_default().to_owned();
    let inside = |name: String| match path {
        "." | "" | "?" => name,
        path => match path.rsplit_once('.') {
            Some((parent, last)) if last == name => format!("{parent}.{last}"),
            _ if path == name => name,
            _ => format!("{path}.{name}"),
        },
    };
    let (field, code) = if words.starts_with("unknown field") {
        (inside(named()), "unknown_field")
    } else if words.starts_with("missing field") {
        (inside(named()), "required")
    } else if words.starts_with("duplicate field") {
        (inside(named()), "repeated_field")
    } else if path == "." || path == "?" {
        ("body".to_owned(), "wrong_type")
    } else {
        (path.to_owned(), "wrong_type")
    };
    invalid(&field, code)
}

/// 422 for one field.
pub(super) fn invalid(field: &str, code: &str) -> Error {
    let errors = FieldErrors::from([(field.to_owned(), vec![code.to_owned()])]);
    match Refusal::fields(errors) {
        Err(refusal) => Error::Refused(refusal),
        Ok(()) => Error::internal("a refusal without fields"),
    }
}

/// The query string, read strictly: unknown and malformed parameters are 422.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<State> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Error> {
        let text = parts.uri.query().unwrap_or_default();
        let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(reader)
            .map(Query)
            .map_err(|error| field_refusal(&error.path().to_string(), &error.inner().to_string()))
    }
}

/// The one id in the path. Text that is no id names nothing, so it is 404 like an unknown one.
pub struct Id<T>(pub T);

impl<T: std::str::FromStr + Send> FromRequestParts<State> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let nothing = || Error::refused(Code::NotFound, "There is nothing with this id.");
        let axum::extract::Path(text) = axum::extract::Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| nothing())?;
        text.parse().map(Id).map_err(|_| nothing())
    }
}

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

impl FromRequestParts<State> for Device {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Self::Rejection> {
        Ok(device(state, parts))
    }
}

/// What is kept of the client's address and user agent, as far as the privacy settings allow.
pub fn device(state: &State, parts: &Parts) -> Device {
    let config = state.config();
    let agent = parts
        .headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .map(|agent| agent.chars().filter(|c| !c.is_control()).take(200).collect::<String>());
    Device {
        info: agent.as_deref().and_then(|agent| config.kept_agent(agent)),
        address: client_address(state, parts).and_then(|address| config.kept_address(address)),
    }
}

/// The peer, or, when the peer is a trusted proxy, the rightmost hop of `X-Forwarded-For` that is not one.
pub fn client_address(state: &State, parts: &Parts) -> Option<IpAddr> {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip().to_canonical())?;
    let config = state.config();
    if !config.server.is_trusted_proxy(peer) {
        return Some(peer);
    }
    let hops = parts.headers.get_all("x-forwarded-for").iter();
    let hops: Vec<&str> = hops
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .collect();
    let mut address = peer;
    for hop in hops.iter().rev() {
        let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
        address = hop.to_canonical();
        if !config.server.is_trusted_proxy(address) {
            break;
        }
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use types::{accounts::Login, keys::NewKey};

    fn refusal<T: DeserializeOwned>(body: &str) -> Refusal {
        match parse::<T>(body.as_bytes()) {
            Ok(_) => panic!("accepted: {body}"),
            Err(error) => error.refusal(),
        }
    }

    fn field<T: DeserializeOwned>(body: &str) -> (u16, String, String) {
        let refusal = refusal::<T>(body);
        let (field, codes) = refusal.errors.first_key_value().unwrap();
        (refusal.status(), field.clone(), codes.join(" "))
    }

    #[test]
    fn wrong_fields_are_named() {
        let said = |field: &str, code: &str| (422, field.to_owned(), code.to_owned());
        let cases = [
            (r#"{"email":"a@b.co"}"#, said("password", "required")),
            (
                r#"{"email":"a@b.co","password":"x","admin":true}"#,
                said("admin", "unknown_field"),
            ),
            (r#"{"email":7,"password":"x"}"#, said("email", "wrong_type")),
            (
                r#"{"email":"a","email":"b","password":"x"}"#,
                said("email", "repeated_field"),
            ),
            (r#""text""#, said("body", "wrong_type")),
        ];
        for (body, expected) in cases {
            assert_eq!(field::<Login>(body), expected, "{body}");
        }
        let nested = r#"{"name":"x","permissions":{"read":true,"admin":true}}"#;
        assert_eq!(field::<NewKey>(nested), said("permissions.admin", "unknown_field"));
        let nested = r#"{"name":"x","models":["a",7]}"#;
        assert_eq!(field::<NewKey>(nested), said("models[1]", "wrong_type"));
    }

    #[test]
    fn text_that_is_not_json_is_400() {
        for body in [
            "",
            "{",
            "{\"email\":\"a\"",
            "not json",
            "{} {}",
            "{\"a\":1e999}",
            "{\"a\":\"\\ud800\"}",
        ] {
            let refusal = refusal::<serde_json::Value>(body);
            assert_eq!(refusal.status(), 400, "{body}");
        }
        let deep = format!(
            "{{\"name\":\"k\",\"metadata\":{}1{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        assert_eq!(refusal::<NewKey>(&deep).status(), 400);
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        for (text, expected) in [
            ("7", 0),
            ("{}", 1),
            (r#"{"a":[1,{"b":2}]}"#, 3),
            (r#"{"a":"[[\"[[\\"}"#, 1),
            ("[[],[]]", 2),
        ] {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    #[test]
    fn list_does_not_fill_a_struct() {
        let list = r#"["a@b.co","a password"]"#;
        assert_eq!(field::<Login>(list), (422, "body".to_owned(), "wrong_type".to_owned()));
    }

    #[test]
    fn refused_value_is_not_repeated() {
        let refusal = refusal::<Login>(r#"{"email":"a@b.co","password":"x","remember_me":"hunter2hunter2"}"#);
        assert!(!format!("{refusal:?}").contains("hunter2"));
    }

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
