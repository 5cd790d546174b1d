//! The dashboard's session cookie: its name, its flags, and how it is read.
//!
//! The value is opaque here; `sessions` makes and checks it.

use std::fmt::Write;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    Config, State,
    error::Result,
    sessions::{self, DeviceToken, NewCookie, User},
};

/// `__Host-wg` binds the cookie to this very host over https; on plain http (loopback only) that prefix is not allowed.
pub fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-wg" } else { "wg" }
}

pub const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// On signing out. Not `cookies`: that would take those of the whole domain, and what the browser is known by.
pub const SITE_DATA: HeaderValue = HeaderValue::from_static("\"cache\", \"storage\"");

/// `Set-Cookie` for a new session. Without an age the browser forgets it when it closes.
pub fn set(config: &Config, cookie: &NewCookie) -> HeaderValue {
    write(config, name(config), &cookie.value, cookie.max_age)
}

/// `reply` for somebody who changed what protects their account: a browser gets a new value for its session with it, so that one
/// seen before is worth nothing.
pub(super) async fn renewed(state: &State, user: &User, reply: impl IntoResponse) -> Result<Response> {
    let mut response = reply.into_response();
    if let Some(cookie) = sessions::rotate_cookie(state, user).await? {
        response
            .headers_mut()
            .append(header::SET_COOKIE, set(state.config(), &cookie));
    }
    Ok(response)
}

/// The name of the cookie that a browser is known by; it says nothing about who is signed in.
pub fn device_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-wg-device"
    } else {
        "wg-device"
    }
}

const YEAR: u64 = 365 * 24 * 3600;

/// `Set-Cookie` for the device of a new session; to be sent beside [`set`].
pub fn set_device(config: &Config, cookie: &NewCookie) -> Option<HeaderValue> {
    let device = cookie.device.as_ref()?;
    Some(write(config, device_name(config), device.expose(), Some(YEAR)))
}

/// What the browser is known by, if it sent exactly one well-formed device cookie.
pub(super) fn device(headers: &HeaderMap, config: &Config) -> Option<DeviceToken> {
    only(headers, device_name(config)).and_then(DeviceToken::read)
}

/// The name of the cookie that keeps a sign-in between its two steps.
pub fn paused_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-wg-second"
    } else {
        "wg-second"
    }
}

/// `Set-Cookie` with what `sign_in::pause` sealed; the browser goes on at [`SECOND_STEP`].
pub fn set_paused(config: &Config, sealed: &[u8]) -> HeaderValue {
    let value = URL_SAFE_NO_PAD.encode(sealed);
    write(config, paused_name(config), &value, Some(600))
}

/// `Set-Cookie` that forgets the first step.
pub fn clear_paused(config: &Config) -> HeaderValue {
    write(config, paused_name(config), "", Some(0))
}

/// What `sign_in::resume` opens, if exactly one such cookie came.
pub fn paused(headers: &HeaderMap, config: &Config) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(only(headers, paused_name(config))?).ok()
}

/// The page that asks for the second factor.
pub const SECOND_STEP: &str = "/login/second";

/// `Set-Cookie` that removes the session's cookie.
pub fn clear(config: &Config) -> HeaderValue {
    write(config, name(config), "", Some(0))
}

/// Binds a way to a provider of identities to the browser that began it.
fn way_name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-wg-oidc" } else { "wg-oidc" }
}

/// `Set-Cookie` for a browser on its way to a provider, as long as a way lasts.
pub fn set_way(config: &Config, value: &str) -> HeaderValue {
    write(config, way_name(config), value, Some(600))
}

pub fn way(headers: &HeaderMap, config: &Config) -> Option<String> {
    only(headers, way_name(config)).map(str::to_owned)
}

fn write(config: &Config, name: &str, value: &str, max_age: Option<u64>) -> HeaderValue {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if config.is_https() {
        text.push_str("; Secure");
    }
    if let Some(seconds) = max_age {
        // Writing to a string cannot fail.
        let _ = write!(text, "; Max-Age={seconds}");
    }
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The session cookie's value, if exactly one came: two of one name mean that somebody else set one.
pub fn read(headers: &HeaderMap, config: &Config) -> Option<String> {
    only(headers, name(config)).map(str::to_owned)
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

/// Whether any cookie of the session's name came, also one that will not be accepted.
pub fn present(headers: &HeaderMap, config: &Config) -> bool {
    let name = name(config);
    headers.get_all(header::COOKIE).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b';').any(|pair| {
            let pair = pair.trim_ascii();
            pair.starts_with(name.as_bytes()) && pair.get(name.len()) == Some(&b'=')
        })
    })
}
