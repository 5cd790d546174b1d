//! `auth/request-link`, `auth/verify`: signing in by a link that was sent by mail.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use types::{
    accounts::SignedIn,
    links::{LinkRequest, LinkSent, LinkSignIn},
    problem::Problem,
};

use crate::{
    accounts,
    error::Result,
    http::{cookie, extract::Json},
    sessions::{self, Device},
    sign_in::{self, Entered},
};

type App = State<crate::State>;

/// Sends a link that signs in, if the address has an account. The reply is the same for every address.
#[utoipa::path(
    post, path = "/auth/request-link", operation_id = "request_link", tag = "auth", request_body = LinkRequest,
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
pub async fn request(State(state): App, device: Device, Json(asked): Json<LinkRequest>) -> Result<Response> {
    let dev_link = sign_in::link::request(&state, &asked.email, &device).await?;
    let sent = LinkSent {
        message: "If this address has an account, a link is on its way. It works once, within 10 minutes.".to_owned(),
        dev_link,
    };
    Ok((StatusCode::ACCEPTED, axum::Json(sent)).into_response())
}

/// Uses up a link and signs in: tokens in the body, and the dashboard's cookie for a browser. Both are one sign-in.
#[utoipa::path(
    post, path = "/auth/verify", operation_id = "verify", tag = "auth", request_body = LinkSignIn,
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "`invalid_link`: unknown, used or too old", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`second_factor_required` or `wrong_code`; the link stays good", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown or wrong-typed fields", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn verify(State(state): App, device: Device, Json(asked): Json<LinkSignIn>) -> Result<Response> {
    let entered = sign_in::link::sign_in(&state, &asked.token.0, asked.code.as_deref(), &device).await?;
    enter(&state, &entered, asked.remember_me, &device).await
}

/// 200 with tokens and cookie.
async fn enter(state: &crate::State, entered: &Entered, remember: bool, device: &Device) -> Result<Response> {
    let (new, tokens) = sessions::start_both(state, entered, remember, device).await?;
    let config = state.config();
    let mut cookies = vec![(header::SET_COOKIE, cookie::set(config, &new))];
    cookies.extend(cookie::set_device(config, &new).map(|device| (header::SET_COOKIE, device)));
    let user = accounts::me(state, entered).await?;
    Ok((AppendHeaders(cookies), axum::Json(SignedIn { user, tokens })).into_response())
}
