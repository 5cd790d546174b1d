//! `auth/totp`: the authenticator app and the recovery codes.

use axum::{extract::State, http::StatusCode, response::Response};
use types::{
    factors::{Reauth, RecoveryCodes, TotpCode, TotpSetup, TotpStatus},
    problem::Problem,
};

use crate::{
    error::Result,
    factors::{self, totp},
    http::{
        cookie,
        extract::{Json, Unsettled},
    },
};

type App = State<crate::State>;

/// Whether sign-in asks for a code, and how many recovery codes are left.
#[utoipa::path(
    get, path = "/auth/totp", operation_id = "totp", tag = "auth", security(("access_token" = []), ("session" = [])),
    responses(
        (status = 200, description = "As it stands", body = TotpStatus),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn status(State(state): App, Unsettled(user): Unsettled) -> Result<axum::Json<TotpStatus>> {
    totp::status(&state, &user).await.map(axum::Json)
}

/// Begins to set an authenticator app up. Nothing is asked for before a code confirmed it.
#[utoipa::path(
    post, path = "/auth/totp", operation_id = "begin_totp", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = Reauth,
    responses(
        (status = 200, description = "The secret, this once", body = TotpSetup),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is one already", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown or wrong-typed fields", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn begin(
    State(state): App,
    Unsettled(user): Unsettled,
    Json(body): Json<Reauth>,
) -> Result<axum::Json<TotpSetup>> {
    totp::begin(&state, &user, body.current_password.as_deref())
        .await
        .map(axum::Json)
}

/// Confirms it by a first code. From here on sign-in asks for one.
#[utoipa::path(
    post, path = "/auth/totp/confirm", operation_id = "confirm_totp", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = TotpCode,
    responses(
        (status = 200, description = "Recovery codes, this once", body = RecoveryCodes),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_code`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing was begun in the last 15 minutes", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown, missing or wrong-typed fields", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Five wrong codes in 15 minutes", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn confirm(State(state): App, Unsettled(user): Unsettled, Json(body): Json<TotpCode>) -> Result<Response> {
    let codes: RecoveryCodes = totp::confirm(&state, &user, &body.code).await?;
    cookie::renewed(&state, &user, axum::Json(codes)).await
}

/// Removes the authenticator app.
#[utoipa::path(
    delete, path = "/auth/totp", operation_id = "remove_totp", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = Reauth,
    responses(
        (status = 204, description = "Removed"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`last_way_in`: an organization asks for a second factor and this is the last", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown or wrong-typed fields", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn remove(State(state): App, Unsettled(user): Unsettled, Json(body): Json<Reauth>) -> Result<Response> {
    totp::remove(&state, &user, body.current_password.as_deref()).await?;
    cookie::renewed(&state, &user, StatusCode::NO_CONTENT).await
}

/// Replaces the recovery codes by a new set.
#[utoipa::path(
    post, path = "/auth/totp/recovery-codes", operation_id = "new_recovery_codes", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = Reauth,
    responses(
        (status = 200, description = "The new codes, this once", body = RecoveryCodes),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The account has no second factor", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown or wrong-typed fields", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn new_recovery_codes(
    State(state): App,
    Unsettled(user): Unsettled,
    Json(body): Json<Reauth>,
) -> Result<axum::Json<RecoveryCodes>> {
    factors::new_recovery_codes(&state, &user, body.current_password.as_deref())
        .await
        .map(axum::Json)
}
