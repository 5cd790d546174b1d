//! `auth/email/…`: showing that an address is one's own, and exchanging it.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    accounts::SignedIn,
    links::{EmailChange, EmailVerification, LinkSent, LinkUsed},
    problem::Problem,
};

use crate::{
    accounts::{self, email},
    error::Result,
    http::extract::Json,
    sessions::{self, Device, User},
};

type App = State<crate::State>;

/// Uses up a link out of a letter: the address is verified, exchanged, or, when a sign-up waited for it, has an account now.
#[utoipa::path(
    post, path = "/auth/email/verify", operation_id = "verify_email", tag = "auth", request_body = EmailVerification,
    responses(
        (status = 200, description = "Verified; with tokens when the link finished a sign-up", body = LinkUsed),
        (status = 400, description = "`invalid_link`: unknown, used or too old", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken` in the meantime", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown fields", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn verify(
    State(state): App,
    device: Device,
    Json(asked): Json<EmailVerification>,
) -> Result<axum::Json<LinkUsed>> {
    let verified = email::verify(&state, &asked.token.0, &device).await?;
    let signed_in = match &verified.entered {
        Some(entered) => Some(SignedIn {
            tokens: sessions::start_tokens(&state, entered, false, &device).await?,
            user: accounts::me(&state, entered).await?,
        }),
        None => None,
    };
    Ok(axum::Json(LinkUsed {
        message: "This address is yours.".to_owned(),
        email: Some(verified.email),
        signed_in,
    }))
}

/// Sends the link that verifies the signed-in person's address once more.
#[utoipa::path(
    post, path = "/auth/email/resend", operation_id = "resend_verification", tag = "auth",
    security(("access_token" = []), ("session" = [])),
    responses(
        (status = 202, description = "A letter is on its way, unless the address is verified or got too many", body = LinkSent),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A personal token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests from this address", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn resend(State(state): App, user: User, device: Device) -> Result<Response> {
    email::resend_verification(&state, &user, &device).await?;
    Ok(sent("If your address is not verified yet, a link is on its way."))
}

/// Asks to exchange the address: a link goes to the new one, and nothing changes before it is opened.
#[utoipa::path(
    post, path = "/auth/email/change", operation_id = "change_email", tag = "auth", request_body = EmailChange,
    security(("access_token" = []), ("session" = [])),
    responses(
        (status = 202, description = "If the address is free, a link is on its way to it", body = LinkSent),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, or a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`: it is this account's own", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not an address", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests or wrong passwords", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn change(State(state): App, user: User, device: Device, Json(asked): Json<EmailChange>) -> Result<Response> {
    email::change(&state, &user, &asked.email, asked.password.as_deref(), &device).await?;
    Ok(sent(
        "If this address is free, a link is on its way to it. Until it is opened the old address stays.",
    ))
}

fn sent(message: &str) -> Response {
    let sent = LinkSent {
        message: message.to_owned(),
        dev_link: None,
    };
    (StatusCode::ACCEPTED, axum::Json(sent)).into_response()
}
