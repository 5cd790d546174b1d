//! `admin/organizations[/{organization}]` and their members, for who runs the server.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use types::{
    UserId,
    organizations::{Member, NewMember, OverseenChange, OverseenOrganization, RoleChange},
    page::Page,
    problem::Problem,
};
use utoipa::IntoParams;

use super::{
    answers::{OfAdministrators, OfBodies, OfOverseers},
    keys::Paging,
};
use crate::{
    error::Result,
    http::extract::{Administrator, Id, Json, Named, Overseer, Query},
    organizations::overseen::{self, Wanted},
    people::Operator,
};

type App = State<crate::State>;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The beginning of a name or a slug, whatever the case; every character stands for itself.
    q: Option<String>,
    /// Also those that came with accounts.
    #[serde(default)]
    #[param(required = false)]
    personal: bool,
    /// 1 to 100.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 100)]
    limit: u64,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

const fn default_limit() -> u64 {
    50
}

/// Every organization, the newest first; personal ones only if asked for.
#[utoipa::path(
    get, path = "/admin/organizations", operation_id = "admin_list_organizations", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(Asked),
    responses(
        (status = 200, description = "One page", body = Page<OverseenOrganization>),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn list(
    State(state): App,
    overseer: Overseer,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Page<OverseenOrganization>>> {
    let wanted = Wanted {
        search: asked.q,
        personal: asked.personal,
    };
    let auditor = overseer.auditor()?;
    overseen::page(&state, &auditor, &wanted, asked.limit, asked.cursor.as_deref()).map(axum::Json)
}

/// One organization, by id or slug.
#[utoipa::path(
    get, path = "/admin/organizations/{organization}", operation_id = "admin_get_organization", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(("organization" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, description = "The organization", body = OverseenOrganization),
        (status = 404, description = "No such organization", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn get(
    State(state): App,
    overseer: Overseer,
    Named(organization): Named,
) -> Result<axum::Json<OverseenOrganization>> {
    overseen::get(&state, &overseer.auditor()?, &organization).map(axum::Json)
}

/// Renames it or changes its slug. The fields that are sent change.
#[utoipa::path(
    patch, path = "/admin/organizations/{organization}", operation_id = "admin_change_organization", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("organization" = String, Path, description = "Id or slug")),
    request_body = OverseenChange,
    responses(
        (status = 200, description = "The organization after the change", body = OverseenOrganization),
        (status = 404, description = "No such organization", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`slug_taken`, or a slug for a personal organization", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn change(
    State(state): App,
    administrator: Administrator,
    Named(organization): Named,
    Json(change): Json<OverseenChange>,
) -> Result<axum::Json<OverseenOrganization>> {
    let operator = Operator::admin(&administrator.admin()?);
    overseen::update(&state, &operator, &organization, change)
        .await
        .map(axum::Json)
}

/// Deletes it with members, teams and invitations, and revokes its keys. What was used stays on the books.
#[utoipa::path(
    delete, path = "/admin/organizations/{organization}", operation_id = "admin_delete_organization", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("organization" = String, Path, description = "Id or slug")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such organization", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A personal organization, or the server's own", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn delete(State(state): App, administrator: Administrator, Named(organization): Named) -> Result<StatusCode> {
    let operator = Operator::admin(&administrator.admin()?);
    overseen::delete(&state, &operator, &organization).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who belongs to it, those with the oldest accounts first.
#[utoipa::path(
    get, path = "/admin/organizations/{organization}/members", operation_id = "admin_list_members", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(("organization" = String, Path, description = "Id or slug"), Paging),
    responses(
        (status = 200, description = "One page", body = Page<Member>),
        (status = 404, description = "No such organization", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn members(
    State(state): App,
    overseer: Overseer,
    Named(organization): Named,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<Member>>> {
    let auditor = overseer.auditor()?;
    overseen::page_of_members(&state, &auditor, &organization, paging.limit, paging.cursor.as_deref())
        .await
        .map(axum::Json)
}

/// Adds somebody with an active account, as anything: one that lost its owners gets one by this.
#[utoipa::path(
    post, path = "/admin/organizations/{organization}/members", operation_id = "admin_add_member", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewMember,
    responses(
        (status = 201, description = "The member", body = Member),
        (status = 404, description = "No such organization, or `user_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "They belong to it already, or the organization is a personal one", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn add_member(
    State(state): App,
    administrator: Administrator,
    Named(organization): Named,
    Json(new): Json<NewMember>,
) -> Result<Response> {
    let operator = Operator::admin(&administrator.admin()?);
    let added = overseen::add(&state, &operator, &organization, new).await?;
    Ok((StatusCode::CREATED, axum::Json(added)).into_response())
}

/// Gives a member another role.
#[utoipa::path(
    patch, path = "/admin/organizations/{organization}/members/{user_id}", operation_id = "admin_change_member", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("user_id" = UserId, Path)),
    request_body = RoleChange,
    responses(
        (status = 200, description = "The member after the change", body = Member),
        (status = 404, description = "No such organization, or no such member", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`last_owner`, or the organization is a personal one", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn change_member(
    State(state): App,
    administrator: Administrator,
    Named(organization): Named,
    Id(user): Id<UserId>,
    Json(change): Json<RoleChange>,
) -> Result<axum::Json<Member>> {
    let operator = Operator::admin(&administrator.admin()?);
    overseen::change_role(&state, &operator, &organization, user, change.role)
        .await
        .map(axum::Json)
}

/// Removes a member; their keys in the organization are revoked.
#[utoipa::path(
    delete, path = "/admin/organizations/{organization}/members/{user_id}", operation_id = "admin_remove_member", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "No such organization, or no such member", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`last_owner`, or the organization is a personal one", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn remove_member(
    State(state): App,
    administrator: Administrator,
    Named(organization): Named,
    Id(user): Id<UserId>,
) -> Result<StatusCode> {
    let operator = Operator::admin(&administrator.admin()?);
    overseen::remove(&state, &operator, &organization, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
