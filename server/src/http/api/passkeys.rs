//! `auth/passkeys`: adding, listing, removing, and signing in with one.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::Value;
use types::{
    PasskeyId,
    accounts::SignedIn,
    factors::{Passkey, PasskeyAdded, Reauth},
    page::Page,
    problem::Problem,
};

use super::auth::signed_in;
use crate::{
    error::Result,
    factors::passkeys::{self, Ceremony, NewPasskey},
    http::{
        cookie,
        extract::{Id, Json, Unsettled},
    },
    sessions::Device,
    sign_in::{self, limits},
};

type App = State<crate::State>;

/// What a passkey answered, to sign in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    ceremony: String,
    /// What `navigator.credentials.get` gave, in WebAuthn's JSON form.
    #[schema(value_type = Object)]
    credential: Value,
    /// Keeps the sign-in for 30 days instead of one.
    #[serde(default)]
    remember_me: bool,
}

/// Your passkeys, oldest first.
#[utoipa::path(
    get, path = "/auth/passkeys", operation_id = "list_passkeys", tag = "auth", security(("access_token" = []), ("session" = [])),
    responses(
        (status = 200, description = "All of them", body = Page<Passkey>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(State(state): App, Unsettled(user): Unsettled) -> Result<axum::Json<Page<Passkey>>> {
    let data = passkeys::list(&state, &user).await?;
    Ok(axum::Json(Page {
        data,
        next_cursor: None,
    }))
}

/// Begins to add a passkey.
#[utoipa::path(
    post, path = "/auth/passkeys/register/start", operation_id = "start_passkey", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = Reauth,
    responses(
        (status = 200, description = "What the browser needs", body = Ceremony),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There are 20 already", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown or wrong-typed fields", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "`public_url` is none that passkeys work with", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn start(
    State(state): App,
    Unsettled(user): Unsettled,
    Json(body): Json<Reauth>,
) -> Result<axum::Json<Ceremony>> {
    passkeys::start_registration(&state, &user, body.current_password.as_deref())
        .await
        .map(axum::Json)
}

/// Keeps the passkey that the browser made.
#[utoipa::path(
    post, path = "/auth/passkeys/register/finish", operation_id = "finish_passkey", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = NewPasskey,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again; `recovery_codes` is absent then")),
    responses(
        (status = 201, description = "The passkey; recovery codes, this once, when it is the first second factor", body = PasskeyAdded),
        (status = 400, description = "Not JSON, or not what was asked for", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `invalid_passkey`: too late, or finished before", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It belongs to an account already", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown, missing or wrong-typed fields, or a name that breaks a rule", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "`public_url` is none that passkeys work with", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn finish(State(state): App, Unsettled(user): Unsettled, Json(new): Json<NewPasskey>) -> Result<Response> {
    let added: PasskeyAdded = passkeys::finish_registration(&state, &user, new).await?;
    cookie::renewed(&state, &user, (StatusCode::CREATED, axum::Json(added))).await
}

/// Removes a passkey.
#[utoipa::path(
    delete, path = "/auth/passkeys/{id}", operation_id = "remove_passkey", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = Reauth,
    params(("id" = PasskeyId, Path, description = "The passkey's id")),
    responses(
        (status = 204, description = "Removed"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such passkey", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`last_way_in`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown or wrong-typed fields", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn remove(
    State(state): App,
    Unsettled(user): Unsettled,
    Id(id): Id<PasskeyId>,
    Json(body): Json<Reauth>,
) -> Result<Response> {
    passkeys::remove(&state, &user, id, body.current_password.as_deref()).await?;
    cookie::renewed(&state, &user, StatusCode::NO_CONTENT).await
}

/// Begins to sign in with a passkey; whose it is, it says itself.
#[utoipa::path(
    post, path = "/auth/passkeys/sign-in/start", operation_id = "start_passkey_sign_in", tag = "auth",
    responses(
        (status = 200, description = "What the browser needs", body = Ceremony),
        (status = 501, description = "`public_url` is none that passkeys work with", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn start_sign_in(State(state): App) -> Result<axum::Json<Ceremony>> {
    passkeys::start_sign_in(&state).map(axum::Json)
}

/// Trades a passkey's answer for a pair of tokens. No second factor is asked for: a passkey checks its holder.
#[utoipa::path(
    post, path = "/auth/passkeys/sign-in/finish", operation_id = "finish_passkey_sign_in", tag = "auth", request_body = PasskeySignIn,
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "Not JSON, or no credential", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_passkey`: unknown, removed, copied, too late, or used before", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown, missing or wrong-typed fields", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "`public_url` is none that passkeys work with", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn finish_sign_in(
    State(state): App,
    device: Device,
    Json(body): Json<PasskeySignIn>,
) -> Result<axum::Json<SignedIn>> {
    limits::request(&state, &device)?;
    let proven = passkeys::finish_sign_in(&state, &body.ceremony, body.credential, &device).await?;
    let user = sign_in::enter(&state, proven, None, &device).await?;
    signed_in(&state, &user, body.remember_me, &device)
        .await
        .map(axum::Json)
}
