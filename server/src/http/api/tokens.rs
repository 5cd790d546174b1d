//! `auth/tokens`, `auth/cli-login` and `auth/cli-logout`: personal tokens for a person's own programs.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    ApiTokenId,
    page::Page,
    personal_tokens::{CliLogin, CliSignedIn, CreatedToken, NewToken, PersonalToken},
    problem::Problem,
};

use super::keys::Paging;
use crate::{
    error::Result,
    http::extract::{Id, Json, Query},
    sessions::{Device, User},
    tokens::{self, TokenUser},
};

type App = State<crate::State>;

/// Your personal tokens, newest first, revoked ones included.
#[utoipa::path(
    get, path = "/auth/tokens", operation_id = "list_tokens", tag = "auth", security(("access_token" = []), ("session" = [])), params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<PersonalToken>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(state): App,
    user: User,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<PersonalToken>>> {
    let page = tokens::page(&state, &user, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Makes a personal token; `token` stands in this reply only. Needs the password, or a sign-in that is not older than five minutes.
#[utoipa::path(
    post, path = "/auth/tokens", operation_id = "create_token", tag = "auth", security(("access_token" = []), ("session" = [])), request_body = NewToken,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again; `token` is null then")),
    responses(
        (status = 201, description = "The token", body = CreatedToken),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or `wrong_password`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`reauth_required`, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Too many tokens, or the request with this `Idempotency-Key` is being served", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule, or an `Idempotency-Key` that came with another body", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests or wrong passwords", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn create(State(state): App, user: User, device: Device, Json(new): Json<NewToken>) -> Result<Response> {
    let created = tokens::create(&state, &user, new, &device).await?;
    Ok((StatusCode::CREATED, axum::Json(created)).into_response())
}

/// Revokes a personal token for good.
#[utoipa::path(
    delete, path = "/auth/tokens/{id}", operation_id = "revoke_token", tag = "auth", security(("access_token" = []), ("session" = [])), params(("id" = ApiTokenId, Path)),
    responses(
        (status = 204, description = "Revoked, also when it was before"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn revoke(State(state): App, user: User, Id(id): Id<ApiTokenId>) -> Result<StatusCode> {
    tokens::revoke(&state, &user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Trades e-mail and password for a personal token with every scope; `token` stands in this reply only.
#[utoipa::path(
    post, path = "/auth/cli-login", operation_id = "cli_login", tag = "auth", request_body = CliLogin,
    responses(
        (status = 200, description = "The token and its person", body = CliSignedIn),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`wrong_password`, `second_factor_required` or `wrong_code`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The account is disabled", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Too many tokens", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Unknown, missing or wrong-typed fields", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn cli_login(
    State(state): App,
    device: Device,
    Json(login): Json<CliLogin>,
) -> Result<axum::Json<CliSignedIn>> {
    tokens::cli_login(&state, login, &device).await.map(axum::Json)
}

/// Revokes the personal token that is sent as `Authorization: Bearer`.
#[utoipa::path(
    post, path = "/auth/cli-logout", operation_id = "cli_logout", tag = "auth", security(("personal_token" = [])),
    responses(
        (status = 204, description = "Revoked"),
        (status = 401, description = "No personal token, or one that is not good any more", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A cookie that came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn cli_logout(State(state): App, token: TokenUser) -> Result<StatusCode> {
    tokens::cli_logout(&state, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}
