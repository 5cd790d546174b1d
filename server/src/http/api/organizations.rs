//! `organizations[/{organization}]`: what people own together.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    organizations::{NewOrganization, Organization, OrganizationChange},
    page::Page,
    problem::Problem,
};

use super::keys::Paging;
use crate::{
    error::Result,
    http::extract::{AsAdmin, AsMember, AsOwner, Json, Place, Query, Reader, UnsettledReader},
    organizations,
    sessions::User,
};

type App = State<crate::State>;

/// The organizations you belong to, your personal one among them.
#[utoipa::path(
    get, path = "/organizations", operation_id = "list_organizations", tag = "organizations", security(("access_token" = []), ("session" = []), ("personal_token" = [])),
    params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<Organization>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(state): App,
    user: UnsettledReader,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<Organization>>> {
    let page = organizations::page(&state, &user, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Makes an organization that you own.
#[utoipa::path(
    post, path = "/organizations", operation_id = "create_organization", tag = "organizations", security(("access_token" = []), ("session" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewOrganization,
    responses(
        (status = 201, description = "The organization", body = Organization),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`slug_taken`, or you own too many", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn create(State(state): App, user: User, Json(new): Json<NewOrganization>) -> Result<Response> {
    let made = organizations::create(&state, &user, new).await?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// One of your organizations, by id or slug.
#[utoipa::path(
    get, path = "/organizations/{organization}", operation_id = "get_organization", tag = "organizations", security(("access_token" = ["member"]), ("session" = ["member"]), ("personal_token" = ["member"])),
    params(("organization" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, description = "The organization", body = Organization),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get(State(state): App, place: Place<AsMember, Reader>) -> Result<axum::Json<Organization>> {
    organizations::get(&state, &place.member).map(axum::Json)
}

/// Renames it, changes its slug, asks its members for a second factor, which owners may; or says which models whatever it pays for may use, which
/// admins may too. The fields that are sent change.
#[utoipa::path(
    patch, path = "/organizations/{organization}", operation_id = "update_organization", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug")),
    request_body = OrganizationChange,
    responses(
        (status = 200, description = "The organization after the change", body = Organization),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage it, the fields are the owners' alone, `second_factor_missing`, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`slug_taken`, or a slug for a personal organization", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule, or models that nobody offers", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn update(
    State(state): App,
    place: Place<AsAdmin>,
    Json(change): Json<OrganizationChange>,
) -> Result<axum::Json<Organization>> {
    let admin = place.member.admin()?;
    organizations::update(&state, &admin, change).await.map(axum::Json)
}

/// Deletes it with members, teams and invitations, and revokes its keys. What was used stays on the books.
#[utoipa::path(
    delete, path = "/organizations/{organization}", operation_id = "delete_organization", tag = "organizations", security(("access_token" = ["owner"]), ("session" = ["owner"])),
    params(("organization" = String, Path, description = "Id or slug")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not own it, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A personal organization", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn delete(State(state): App, place: Place<AsOwner>) -> Result<StatusCode> {
    let owner = place.member.owner()?;
    organizations::delete(&state, &owner).await?;
    Ok(StatusCode::NO_CONTENT)
}
