//! `auth/password/…`: forgotten, set anew by a link, changed.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    links::{LinkRequest, LinkSent, LinkUsed, PasswordChange, PasswordReset},
    problem::Problem,
};

use crate::{
    accounts::password,
    error::Result,
    http::{cookie, extract::Json},
    sessions::{Device, User},
};

type App = State<crate::State>;

/// Sends a link to set a new password, if the address has an account. The reply is the same for every address.
#[utoipa::path(
    post, path = "/auth/password/forgot", operation_id = "forgot_password", tag = "auth", request_body = LinkRequest,
    responses(
        (status = 202, description = "Accepted, whether there is an account or not", body = LinkSent),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not an address", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests from this address", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn forgot(State(state): App, device: Device, Json(asked): Json<LinkRequest>) -> Result<Response> {
    password::forgot(&state, &asked.email, &device).await?;
    let sent = LinkSent {
        message: "If this address has an account, a link is on its way. It works once, within 10 minutes.".to_owned(),
        dev_link: None,
    };
    Ok((StatusCode::ACCEPTED, axum::Json(sent)).into_response())
}

/// Uses up a link and sets the password. Ends every sign-in of the account.
#[utoipa::path(
    post, path = "/auth/password/reset", operation_id = "reset_password", tag = "auth", request_body = PasswordReset,
    responses(
        (status = 200, description = "The password is set", body = LinkUsed),
        (status = 400, description = "`invalid_link`: unknown, used or too old", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The password breaks a rule; the link stays good", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn reset(
    State(state): App,
    device: Device,
    Json(asked): Json<PasswordReset>,
) -> Result<axum::Json<LinkUsed>> {
    password::reset(&state, &asked.token.0, &asked.password, &device).await?;
    Ok(axum::Json(LinkUsed {
        message: "The password is set. Sign in with it.".to_owned(),
        email: None,
        signed_in: None,
    }))
}

/// Changes the password, or sets the first one of an account without. Ends the other sign-ins.
#[utoipa::path(
    post, path = "/auth/password/change", operation_id = "change_password", tag = "auth", request_body = PasswordChange,
    security(("access_token" = []), ("session" = [])),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The new password breaks a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn change(
    State(state): App,
    user: User,
    device: Device,
    Json(asked): Json<PasswordChange>,
) -> Result<Response> {
    let current = asked.current_password.as_deref();
    password::change(&state, &user, current, &asked.new_password, &device).await?;
    cookie::renewed(&state, &user, StatusCode::NO_CONTENT).await
}
