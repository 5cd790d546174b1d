//! `Idempotency-Key` around the account API: what was made for a key before is answered again, and nothing is made twice.
//!
//! Which requests make something is not known here: a service says so by `idempotency::record`, and what nobody recorded is simply
//! carried out. Without a caller there is nobody to tell a repetition from a stranger's guess, so signing up and in take no keys.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::limits::door;
use crate::{
    error::{Error, Result},
    factors,
    http::extract::{self, Asker},
    idempotency::{self, Once, Replay},
};

const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const LONGEST: usize = 255;

/// Stands behind the layer that finds out who asks, and in front of everything that reads a body.
pub async fn once(State(state): State<crate::State>, request: Request, next: Next) -> Result<Response> {
    let asks = request.method() == Method::POST && request.headers().contains_key(KEY);
    let asker = request.extensions().get::<Asker>().filter(|_| asks).cloned();
    // Who may not use the account now is refused by the door, whatever they were told before.
    let asker = asker.filter(|asker| factors::require_set_up(&state, asker.user()).is_ok());
    let Some(asker) = asker else {
        return Ok(next.run(request).await);
    };

    let key = key(request.headers())?.to_owned();
    let (parts, body) = request.into_parts();
    let body = extract::body(Request::from_parts(parts.clone(), body), &state).await?;
    let path = parts.uri.path();
    let token = match &asker {
        Asker::SignedIn(_) => None,
        Asker::Token(token) => Some(token.id()),
    };
    let once = Once::new(
        &state,
        asker.user().id(),
        token,
        door(path).unwrap_or(path),
        &key,
        &body,
    );
    let once = Arc::new(once);

    // In this order, so that who is not let in finds the answer of a request that has just ended.
    let running = once.enter();
    if let Some(replay) = once.replay().await? {
        return Ok(again(replay));
    }
    let Some(_running) = running else {
        return Err(idempotency::in_progress());
    };
    let request = Request::from_parts(parts, Body::from(body));
    let response = idempotency::scope(Arc::clone(&once), next.run(request)).await;
    if response.status().is_success() {
        return Ok(response);
    }
    // Perhaps the same request was carried out meanwhile, by another node or by a task whose client had left.
    match once.replay().await {
        Ok(Some(replay)) => Ok(again(replay)),
        Err(Error::Refused(refusal)) => Err(Error::Refused(refusal)),
        Ok(None) | Err(_) => Ok(response),
    }
}

/// 1 to 255 visible ASCII characters, once.
fn key(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(KEY).iter();
    let wrong = |code| Err(extract::invalid("idempotency_key", code));
    let (Some(value), None) = (values.next(), values.next()) else {
        return wrong("repeated_field");
    };
    match value.to_str() {
        Ok("") => wrong("required"),
        Ok(text) if text.len() > LONGEST => wrong("too_long"),
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text),
        Ok(_) | Err(_) => wrong("control_characters"),
    }
}

fn again(replay: Replay) -> Response {
    let status = StatusCode::from_u16(replay.status).unwrap_or(StatusCode::CREATED);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, replay.body).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn key_is_one_short_visible_text() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(KEY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            key(&headers).map(str::to_owned).map_err(|error| error.refusal().errors)
        };
        let longest = "k".repeat(255);
        for good in ["k", "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", &longest] {
            assert_eq!(read(&[good]).unwrap(), good);
        }
        let longer = "k".repeat(256);
        let cases: [(&[&str], &str); 5] = [
            (&[""], "required"),
            (&["a", "b"], "repeated_field"),
            (&["two words"], "control_characters"),
            (&["ключ"], "control_characters"),
            (&[&longer], "too_long"),
        ];
        for (bad, code) in cases {
            assert_eq!(read(bad).unwrap_err()["idempotency_key"], [code], "{bad:?}");
        }
    }
}
