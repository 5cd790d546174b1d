//! Cookies of the dashboard beside the session's: preferences, and the flash.

use http::{HeaderMap, HeaderValue, header};

use server::Config;

pub const LOCALE: &str = "wg-locale";
pub const THEME: &str = "wg-theme";
pub const SIDEBAR: &str = "wg-sidebar";
/// Written by the browser's script; the only one that scripts touch.
pub const ZONE: &str = "wg-zone";
pub const FLASH: &str = "wg-flash";

const YEAR: u32 = 365 * 24 * 3600;

pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// A preference, kept for a year.
pub fn keep(config: &Config, name: &str, value: &str) -> HeaderValue {
    write(config, name, value, YEAR)
}

/// For `seconds`; 0 removes it. `value` is in the alphabet of RFC 6265 cookies already.
pub fn write(config: &Config, name: &str, value: &str, seconds: u32) -> HeaderValue {
    let secure = if config.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
