//! Where a request carries its credential.
//!
//! Headers alone, and any of those that the vendors' clients use. An address is written into logs and histories on its way here, so a key in
//! it is refused by name instead of being looked up.

use ::http::{HeaderName, header, request::Parts};
use types::error::Code;

use super::invalid;
use crate::{Error, Gateway};

const HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("x-api-key"),
    header::AUTHORIZATION,
    // Azure's and Google's names, which some clients cannot be talked out of.
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Names under which clients put a key into the address.
const PARAMETERS: [&str; 6] = ["key", "api_key", "api-key", "apikey", "x-api-key", "access_token"];

const HOW: &str = "Send one as x-api-key or as Authorization: Bearer";

/// The one credential of the request. The same text in several headers is one credential.
///
/// Errors: 401 for none, an unreadable one, or two that differ.
pub fn of<'a>(gateway: &Gateway, parts: &'a Parts) -> Result<&'a str, Error> {
    let malformed = || invalid(gateway, &format!("The credential is not readable. {HOW}."));
    let mut found: Option<&str> = None;
    for value in HEADERS.iter().flat_map(|name| parts.headers.get_all(name)) {
        let text = value.to_str().map_err(|_| malformed())?;
        let text = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
            Some(_) => return Err(malformed()),
            None => text,
        };
        match found {
            Some(other) if other != text => {
                return Err(Error::refused(
                    Code::TwoCredentials,
                    format!("Two different credentials came with this request. {HOW}."),
                ));
            }
            _ => found = Some(text),
        }
    }
    found
        .filter(|text| !text.is_empty())
        .ok_or_else(|| missing(gateway, parts))
}

fn missing(gateway: &Gateway, parts: &Parts) -> Error {
    let keys = gateway.state().config().public_url();
    let message = match in_address(parts) {
        true => format!(
            "A key in the address is not accepted, since addresses are logged on their way. {HOW}, and make another at {keys}/keys."
        ),
        false => format!("No API key came with this request. {HOW}; make one at {keys}/keys."),
    };
    Error::refused(Code::MissingCredential, message)
}

fn in_address(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.any(|name| PARAMETERS.iter().any(|parameter| name.eq_ignore_ascii_case(parameter)))
}
