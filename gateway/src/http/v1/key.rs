//! The key a client is set up with, told to that client: what it may do and what it has spent.

use ::http::request::Parts;
use axum::{extract::State, response::Response};
use bytes::Bytes;
use types::{error::Code, keys::CallingKey};

use crate::{
    Error, Gateway, admit,
    http::{
        extract::{self, Caller},
        reply::{Asked, reply, shared_dialect},
    },
};

const PATH: &str = "/v1/key";

/// The calling key: what it may use, its limits, what it spent today and this month (UTC), when that begins anew.
#[utoipa::path(get, path = "/v1/key", tag = "models", responses((status = 200, body = CallingKey), (status = 404, description = "The credential is no API key")))]
pub async fn key(State(gateway): State<Gateway>, parts: Parts) -> Response {
    let request_id = extract::request_id(&gateway, &parts.headers);
    let asked = Asked::now(PATH, &parts, &request_id);
    let outcome = about(&gateway, &parts).await.map(super::own_json);
    reply(outcome, shared_dialect(&parts), &asked)
}

async fn about(gateway: &Gateway, parts: &Parts) -> Result<Bytes, Error> {
    let caller = Caller::prove(gateway, parts)?;
    caller.require_read()?;
    let Some(key) = caller.key() else {
        return Err(Error::refused(
            Code::NotFound,
            "This credential belongs to a person and is no API key. GET /api/v1/usage/summary tells what the person spent.",
        ));
    };
    let models = admit::allowed(gateway, &caller);
    let models = models.iter().map(|model| model.name.clone()).collect();
    let told = server::keys::calling(gateway.state(), key, models).await?;
    serde_json::to_vec(&told)
        .map(Bytes::from)
        .map_err(|error| Error::Internal(format!("a key cannot be told: {error}")))
}
