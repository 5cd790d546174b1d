//! `setup`: the first administrator, without a browser.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    accounts::{Setup, SignedIn},
    problem::Problem,
};

use crate::{
    accounts,
    error::Result,
    http::extract::Json,
    sessions::{self, Device},
    setup,
};

/// Makes the first administrator, with the token that the server prints at its start.
#[utoipa::path(
    post, path = "/setup", operation_id = "setup", tag = "auth", request_body = Setup,
    responses(
        (status = 201, description = "The administrator, signed in", body = SignedIn),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not the right token", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is an administrator, or e-mail or user name are in use", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn complete(State(state): State<crate::State>, device: Device, Json(body): Json<Setup>) -> Result<Response> {
    let (token, new) = setup::parts(body);
    let user = setup::complete(&state, &token, new, &device).await?;
    let tokens = sessions::start_tokens(&state, &user, false, &device).await?;
    let user = accounts::me(&state, &user).await?;
    Ok((StatusCode::CREATED, axum::Json(SignedIn { user, tokens })).into_response())
}
