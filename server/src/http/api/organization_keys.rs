//! `organizations/{organization}/keys`: every key an organization pays for.

use axum::{extract::State, http::StatusCode};
use types::{KeyId, organizations::OrganizationKey, page::Page, problem::Problem};

use super::keys::Paging;
use crate::{
    error::Result,
    http::extract::{AsAdmin, Id, Place, Query, Reader},
    keys,
};

type App = State<crate::State>;

/// Every key the organization pays for, with its person and team, newest first, revoked ones included.
#[utoipa::path(
    get, path = "/organizations/{organization}/keys", operation_id = "list_organization_keys", tag = "keys", security(("access_token" = ["admin"]), ("session" = ["admin"]), ("personal_token" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), Paging),
    responses(
        (status = 200, description = "One page", body = Page<OrganizationKey>),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, or the personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(state): App,
    place: Place<AsAdmin, Reader>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<OrganizationKey>>> {
    let admin = place.member.admin()?;
    let page = keys::page_of_organization(&state, &admin, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Revokes a key of the organization for good, whoever made it.
#[utoipa::path(
    delete, path = "/organizations/{organization}/keys/{id}", operation_id = "revoke_organization_key", tag = "keys", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("id" = KeyId, Path)),
    responses(
        (status = 204, description = "Revoked, also when it was before"),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or no such key", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn revoke(State(state): App, place: Place<AsAdmin>, Id(id): Id<KeyId>) -> Result<StatusCode> {
    let admin = place.member.admin()?;
    keys::revoke_of_organization(&state, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
