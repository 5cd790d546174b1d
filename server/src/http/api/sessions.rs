//! `auth/sessions`: the devices a person is signed in on.

use axum::{extract::State, http::StatusCode};
use types::{SessionId, page::Page, problem::Problem, sessions::Session};

use crate::{
    error::Result,
    http::extract::Id,
    sessions::{self, User},
};

type App = State<crate::State>;

/// Your sign-ins that still count, the most recently used first; all of them are on the one page.
#[utoipa::path(
    get, path = "/auth/sessions", operation_id = "list_sessions", tag = "auth", security(("access_token" = []), ("session" = [])),
    responses(
        (status = 200, description = "The sign-ins", body = Page<Session>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(State(state): App, user: User) -> Result<axum::Json<Page<Session>>> {
    let data = sessions::list(&state, &user).await?;
    Ok(axum::Json(Page {
        data,
        next_cursor: None,
    }))
}

/// Ends one of your sign-ins.
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", operation_id = "end_session", tag = "auth", security(("access_token" = []), ("session" = [])),
    params(("id" = SessionId, Path)),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such sign-in", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn end(State(state): App, user: User, Id(id): Id<SessionId>) -> Result<StatusCode> {
    sessions::end_one(&state, &user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all your sign-ins but the one this request comes with.
#[utoipa::path(
    delete, path = "/auth/sessions", operation_id = "end_other_sessions", tag = "auth", security(("access_token" = []), ("session" = [])),
    responses(
        (status = 204, description = "Ended, also when there were no others"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn end_others(State(state): App, user: User) -> Result<StatusCode> {
    sessions::end_others(&state, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
