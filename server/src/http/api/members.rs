//! `organizations/{organization}/members[/{user_id}]`: who belongs to an organization.

use std::borrow::Borrow;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    UserId,
    organizations::{Member, NewMember, RoleChange},
    page::Page,
    problem::Problem,
};

use super::keys::Paging;
use crate::{
    error::Result,
    factors,
    http::extract::{AsAdmin, AsMember, Id, Json, Place, Query, Reader, Unsettled},
    organizations::members,
    sessions::User,
};

type App = State<crate::State>;

/// Who belongs to the organization, those with the oldest accounts first.
#[utoipa::path(
    get, path = "/organizations/{organization}/members", operation_id = "list_members", tag = "organizations", security(("access_token" = ["member"]), ("session" = ["member"]), ("personal_token" = ["member"])),
    params(("organization" = String, Path, description = "Id or slug"), Paging),
    responses(
        (status = 200, description = "One page", body = Page<Member>),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(state): App,
    place: Place<AsMember, Reader>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<Member>>> {
    let page = members::page(&state, &place.member, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Adds somebody with an account whose address is verified; others get an invitation.
#[utoipa::path(
    post, path = "/organizations/{organization}/members", operation_id = "add_member", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewMember,
    responses(
        (status = 201, description = "The member", body = Member),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, or the role is above yours, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or `user_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "They belong to it already, or the organization is a personal one", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests, or you looked for too many people who are not here", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn add(State(state): App, place: Place<AsAdmin>, Json(new): Json<NewMember>) -> Result<Response> {
    let admin = place.member.admin()?;
    let added = members::add(&state, &admin, new).await?;
    Ok((StatusCode::CREATED, axum::Json(added)).into_response())
}

/// One member.
#[utoipa::path(
    get, path = "/organizations/{organization}/members/{user_id}", operation_id = "get_member", tag = "organizations", security(("access_token" = ["member"]), ("session" = ["member"]), ("personal_token" = ["member"])),
    params(("organization" = String, Path, description = "Id or slug"), ("user_id" = UserId, Path)),
    responses(
        (status = 200, description = "The member", body = Member),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or no such member", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get(
    State(state): App,
    place: Place<AsMember, Reader>,
    Id(user): Id<UserId>,
) -> Result<axum::Json<Member>> {
    members::get(&state, &place.member, user).await.map(axum::Json)
}

/// Gives somebody another role. Making somebody an owner is how an organization is handed on.
#[utoipa::path(
    patch, path = "/organizations/{organization}/members/{user_id}", operation_id = "change_member", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("user_id" = UserId, Path)),
    request_body = RoleChange,
    responses(
        (status = 200, description = "The member after the change", body = Member),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, or one of the two roles is above yours, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or no such member", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`last_owner`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn change(
    State(state): App,
    place: Place<AsAdmin>,
    Id(user): Id<UserId>,
    Json(change): Json<RoleChange>,
) -> Result<axum::Json<Member>> {
    let admin = place.member.admin()?;
    members::change_role(&state, &admin, user, change.role)
        .await
        .map(axum::Json)
}

/// Removes somebody, or yourself. Their keys in the organization stop at once.
#[utoipa::path(
    delete, path = "/organizations/{organization}/members/{user_id}", operation_id = "remove_member", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "It is neither you nor somebody below you, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or no such member", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`last_owner`, or the organization is a personal one", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn remove(State(state): App, place: Place<AsMember, Unsettled>, Id(user): Id<UserId>) -> Result<StatusCode> {
    let asks: &User = place.user.borrow();
    if asks.id() != user {
        // Leaving is open to who lacks the second factor that this organization asks for; removing others is not.
        factors::require_set_up(&state, asks)?;
    }
    members::remove(&state, &place.member, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
