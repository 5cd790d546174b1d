//! `models`: the catalogue as whoever may call models sees it.

use axum::extract::{Path, State};
use types::{catalogue::OfferedModel, page::Page, problem::Problem};

use super::keys::Paging;
use crate::{
    catalogue::offered,
    error::Result,
    http::extract::{Query, Reader},
};

type App = State<crate::State>;

/// Models you may call, by name: who serves them, what they can, what they cost.
#[utoipa::path(
    get, path = "/models", operation_id = "list_models", tag = "models", security(("access_token" = ["user"]), ("session" = ["user"]), ("personal_token" = ["user"])),
    params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<OfferedModel>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(state): App,
    user: Reader,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<OfferedModel>>> {
    let page = offered::page(&state, &user, paging.limit, paging.cursor.as_deref())?;
    Ok(axum::Json(page))
}

/// One model you may call, by its id or its name (slashes in it as `%2F`).
#[utoipa::path(
    get, path = "/models/{id}", operation_id = "get_model", tag = "models", security(("access_token" = ["user"]), ("session" = ["user"]), ("personal_token" = ["user"])),
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "The model", body = OfferedModel),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such model, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get(State(state): App, user: Reader, Path(id): Path<String>) -> Result<axum::Json<OfferedModel>> {
    offered::get(&state, &user, &id).map(axum::Json)
}
