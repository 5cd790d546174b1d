//! `organizations/{organization}/keys`: every key an organization pays for.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use types::{KeyId, TeamId, UserId, organizations::OrganizationKey, page::Page, problem::Problem};
use utoipa::IntoParams;

use super::keys::default_limit;
use crate::{
    error::Result,
    http::extract::{AsAdmin, Id, Place, Query, Reader},
    keys,
};

type App = State<crate::State>;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Narrowed {
    /// Keys made for this team alone.
    team: Option<TeamId>,
    /// Keys of this person alone, by id.
    member: Option<UserId>,
    /// 1 to 100.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 100)]
    limit: u64,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Every key the organization pays for, with its person and team, newest first, revoked ones included.
#[utoipa::path(
    get, path = "/organizations/{organization}/keys", operation_id = "list_organization_keys", tag = "keys", security(("access_token" = ["admin"]), ("session" = ["admin"]), ("personal_token" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), Narrowed),
    responses(
        (status = 200, description = "One page", body = Page<OrganizationKey>),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, or the personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or no such team in it", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(state): App,
    place: Place<AsAdmin, Reader>,
    Query(asked): Query<Narrowed>,
) -> Result<axum::Json<Page<OrganizationKey>>> {
    let admin = place.member.admin()?;
    let wanted = keys::WantedKeys {
        team: asked.team,
        member: asked.member,
    };
    let page = keys::page_of_organization(&state, &admin, wanted, asked.limit, asked.cursor.as_deref()).await?;
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
