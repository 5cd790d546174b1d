//! JSON bodies, and serde's mistakes in the contract's words.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use serde::de::{DeserializeOwned, IgnoredAny};
use types::{
    Refusal,
    error::{Code, FieldErrors},
};

use crate::{Error, State};

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
pub fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Error> {
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
pub async fn body(request: Request, state: &State) -> Result<Bytes, Error> {
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
pub(super) fn field_refusal(path: &str, words: &str) -> Error {
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
pub fn invalid(field: &str, code: &str) -> Error {
    let errors = FieldErrors::from([(field.to_owned(), vec![code.to_owned()])]);
    match Refusal::fields(errors) {
        Err(refusal) => Error::Refused(refusal),
        Ok(()) => Error::internal("a refusal without fields"),
    }
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
}
