//! The dashboard's session cookie: its name, its flags, and how it is read.
//!
//! The value is opaque here; `sessions` makes and checks it.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{Config, sessions::NewCookie};

/// `__Host-wg` binds the cookie to this very host over https; on plain http (loopback only) that prefix is not allowed.
pub fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-wg" } else { "wg" }
}

/// `Set-Cookie` for a new session. Without an age the browser forgets it when it closes.
pub fn set(config: &Config, cookie: &NewCookie) -> HeaderValue {
    write(config, &cookie.value, cookie.max_age)
}

/// `Set-Cookie` that removes the session's cookie.
pub fn clear(config: &Config) -> HeaderValue {
    write(config, "", Some(0))
}

fn write(config: &Config, value: &str, max_age: Option<u64>) -> HeaderValue {
    let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", name(config));
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
    let name = name(config);
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && !value.is_empty()).then(|| value.to_owned())
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
