//! `account/profile`.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use types::{
    accounts::{Leave, Me, ProfileChange},
    problem::Problem,
};

use crate::{
    accounts,
    error::Result,
    http::{
        cookie,
        extract::{Json, Reader},
    },
    sessions::{Device, User},
};

type App = State<crate::State>;

/// The same as `auth/me`.
#[utoipa::path(
    get, path = "/account/profile", operation_id = "profile", tag = "account", security(("access_token" = []), ("session" = []), ("personal_token" = [])),
    responses(
        (status = 200, description = "The signed-in person", body = Me),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn profile(State(state): App, user: Reader) -> Result<axum::Json<Me>> {
    accounts::me(&state, &user).await.map(axum::Json)
}

/// Changes the fields that are sent.
#[utoipa::path(
    put, path = "/account/profile", operation_id = "update_profile", tag = "account",
    security(("access_token" = []), ("session" = [])), request_body = ProfileChange,
    responses(
        (status = 200, description = "The person after the change", body = Me),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`username_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn update_profile(
    State(state): App,
    user: User,
    Json(change): Json<ProfileChange>,
) -> Result<axum::Json<Me>> {
    accounts::update_profile(&state, &user, change).await.map(axum::Json)
}

/// Deletes the account: profile, sign-ins, tokens, keys and personal organization.
#[utoipa::path(
    delete, path = "/account/profile", operation_id = "leave", tag = "account",
    security(("access_token" = []), ("session" = [])), request_body = Leave,
    responses(
        (status = 204, description = "Deleted"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The only administrator, or `last_owner`: an organization's only owner", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown or wrong-typed fields", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn leave(State(state): App, user: User, device: Device, Json(body): Json<Leave>) -> Result<Response> {
    accounts::reauth(&state, &user, body.password.as_deref()).await?;
    accounts::leave(&state, &user, &device).await?;
    let clear: [(HeaderName, _); 1] = [(header::SET_COOKIE, cookie::clear(state.config()))];
    Ok((StatusCode::NO_CONTENT, clear).into_response())
}
