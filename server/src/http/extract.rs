//! What handlers take: a strict JSON body, a strict query, an id out of the path, the person who asks and their device.
//!
//! Refusals name the field and the kind of mistake, never the value: it may be a password that stands in the wrong place.

mod caller;
mod client;
mod json;
mod place;
mod platform;
mod visitor;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use types::error::Code;

pub(super) use caller::Asker;
pub use caller::{Reader, Reporter, Unsettled, UnsettledReader};
pub use client::{client_address, device};
pub use json::Json;
pub(super) use json::{body, invalid, json};
pub(super) use place::{AsAdmin, AsMember, AsOwner, AtTeam, Named, Place};
pub use platform::{Administrator, Overseer};
pub use visitor::visitor;

use crate::{Error, State};

/// The query string, read strictly: unknown and malformed parameters are 422.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<State> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Error> {
        let text = parts.uri.query().unwrap_or_default();
        let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(reader)
            .map(Query)
            .map_err(|error| json::field_refusal(&error.path().to_string(), &error.inner().to_string()))
    }
}

/// The last id in the path. Text that is no id names nothing, so it is 404 like an unknown one.
pub struct Id<T>(pub T);

impl<T: std::str::FromStr + Send> FromRequestParts<State> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        named(parts, state, false).await.map(Id)
    }
}

/// The first id in the path: that of what the last one is part of.
pub struct Of<T>(pub T);

impl<T: std::str::FromStr + Send> FromRequestParts<State> for Of<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        named(parts, state, true).await.map(Of)
    }
}

async fn named<T: std::str::FromStr>(parts: &mut Parts, state: &State, is_first: bool) -> Result<T, Error> {
    let nothing = || Error::refused(Code::NotFound, "There is nothing with this id.");
    let params = RawPathParams::from_request_parts(parts, state).await;
    let params = params.map_err(|_| nothing())?;
    let mut texts = params.iter().map(|(_, text)| text);
    let text = if is_first { texts.next() } else { texts.last() };
    text.ok_or_else(nothing)?.parse().map_err(|_| nothing())
}
