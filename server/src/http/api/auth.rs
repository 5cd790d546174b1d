//! `auth/…`: signing up, in and out with tokens. The dashboard signs in through server functions and gets a cookie instead.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use types::{
    accounts::{Login, Me, RefreshToken, Register, SignedIn, TokenPair},
    error::Code,
    links::LinkSent,
    problem::Problem,
};

use crate::{
    Error,
    accounts::{self, Registered},
    error::Result,
    http::{
        cookie,
        extract::{self, Json, UnsettledReader},
    },
    sessions::{self, Device},
    sign_in::{self, Entered},
};

type App = State<crate::State>;

/// Signs up and in.
#[utoipa::path(
    post, path = "/auth/register", operation_id = "register", tag = "auth", request_body = Register,
    responses(
        (status = 201, description = "Signed up and in", body = SignedIn),
        (status = 202, description = "With `auth.registration = \"verify_first\"`, for every address: the rest is in a letter", body = LinkSent),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Sign-up is closed, or the invitation is for another address", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such invitation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken` or `username_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The invitation is over", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn register(State(state): App, device: Device, Json(new): Json<Register>) -> Result<Response> {
    match accounts::register(&state, new, &device).await? {
        Registered::Entered(user) => {
            let reply = signed_in(&state, &user, false, &device).await?;
            Ok((StatusCode::CREATED, axum::Json(reply)).into_response())
        }
        Registered::LookIntoMail => {
            let sent = LinkSent {
                message: "A letter is on its way to this address. Open the link in it to go on.".to_owned(),
                dev_link: None,
            };
            Ok((StatusCode::ACCEPTED, axum::Json(sent)).into_response())
        }
    }
}

/// The same as `register`.
#[utoipa::path(
    post, path = "/auth/signup", operation_id = "signup", tag = "auth", request_body = Register,
    responses(
        (status = 201, description = "Signed up and in", body = SignedIn),
        (status = 202, description = "With `auth.registration = \"verify_first\"`, for every address: the rest is in a letter", body = LinkSent),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Sign-up is closed, or the invitation is for another address", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such invitation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken` or `username_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The invitation is over", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn signup(state: App, device: Device, new: Json<Register>) -> Result<Response> {
    register(state, device, new).await
}

/// Trades e-mail and password for a pair of tokens.
#[utoipa::path(
    post, path = "/auth/login", operation_id = "login", tag = "auth", request_body = Login,
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The account is disabled", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown, missing or wrong-typed fields", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn login(State(state): App, device: Device, Json(login): Json<Login>) -> Result<axum::Json<SignedIn>> {
    let proven = accounts::verify_password(&state, &login, &device).await?;
    let user = sign_in::enter(&state, proven, login.code.as_deref(), &device).await?;
    signed_in(&state, &user, login.remember_me, &device)
        .await
        .map(axum::Json)
}

pub(super) async fn signed_in(
    state: &crate::State,
    user: &Entered,
    remember: bool,
    device: &Device,
) -> Result<SignedIn> {
    let tokens = sessions::start_tokens(state, user, remember, device).await?;
    let user = accounts::me(state, user).await?;
    Ok(SignedIn { user, tokens })
}

/// Trades a refresh token for the next pair; the old one is spent.
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "refresh", tag = "auth", request_body = RefreshToken,
    responses(
        (status = 200, description = "The next pair", body = TokenPair),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_grant`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown, missing or wrong-typed fields", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn refresh(
    State(state): App,
    device: Device,
    Json(body): Json<RefreshToken>,
) -> Result<axum::Json<TokenPair>> {
    sessions::refresh(&state, &body.refresh_token, &device)
        .await
        .map(axum::Json)
}

/// Ends a sign-in: that of the refresh token in the body, or, without a body, that of the session cookie.
#[utoipa::path(
    post, path = "/auth/logout", operation_id = "logout", tag = "auth", request_body = Option<RefreshToken>,
    responses(
        (status = 204, description = "Signed out, also when there was nothing to end"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither a refresh token nor a cookie", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown, missing or wrong-typed fields", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn logout(State(state): App, device: Device, headers: HeaderMap, body: Bytes) -> Result<Response> {
    if !body.is_empty() {
        let RefreshToken { refresh_token } = extract::json(&headers, &body)?;
        sessions::end_family(&state, &refresh_token, &device).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // Beside an `Authorization` header a cookie is never looked at (and was not checked for where it came from).
    let value = cookie::read(&headers, state.config()).filter(|_| !headers.contains_key(header::AUTHORIZATION));
    let Some(value) = value else {
        let message = "Send the refresh token of the sign-in to end.";
        return Err(Error::refused(Code::MissingCredential, message));
    };
    sessions::end_cookie(&state, &value, &device).await?;
    let clear: [(HeaderName, _); 2] = [
        (header::SET_COOKIE, cookie::clear(state.config())),
        (cookie::CLEAR_SITE_DATA, cookie::SITE_DATA),
    ];
    Ok((StatusCode::NO_CONTENT, clear).into_response())
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/auth/me", operation_id = "me", tag = "auth", security(("access_token" = []), ("session" = []), ("personal_token" = [])),
    responses(
        (status = 200, description = "The signed-in person", body = Me),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn me(State(state): App, user: UnsettledReader) -> Result<axum::Json<Me>> {
    accounts::me(&state, &user).await.map(axum::Json)
}
