//! `organizations/{organization}/invitations` for who invites, `invitations/{token}` for who is invited.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    InvitationId,
    organizations::{Invitation, InvitationView, NewInvitation, Organization, SentInvitation},
    page::Page,
    problem::Problem,
};

use super::keys::Paging;
use crate::{
    error::Result,
    http::extract::{AsAdmin, Id, Json, Place, Query, Reader},
    organizations::invitations,
    sessions::{Device, User},
};

type App = State<crate::State>;

/// The organization's invitations, newest first, with what became of each.
#[utoipa::path(
    get, path = "/organizations/{organization}/invitations", operation_id = "list_invitations", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"]), ("personal_token" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), Paging),
    responses(
        (status = 200, description = "One page", body = Page<Invitation>),
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
) -> Result<axum::Json<Page<Invitation>>> {
    let admin = place.member.admin()?;
    let page = invitations::page(&state, &admin, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Invites somebody for seven days: by a letter to `email`, or by the `link` that stands in this reply only.
#[utoipa::path(
    post, path = "/organizations/{organization}/invitations", operation_id = "create_invitation", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again; `link` is null then")),
    request_body = NewInvitation,
    responses(
        (status = 201, description = "The invitation", body = SentInvitation),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, or the role is above yours, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody with this address belongs to it, too many are open, or the organization is a personal one", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule, or an address where this server sends no mail", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests or letters", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn create(
    State(state): App,
    place: Place<AsAdmin>,
    device: Device,
    Json(new): Json<NewInvitation>,
) -> Result<Response> {
    let admin = place.member.admin()?;
    let sent = invitations::create(&state, &admin, new, &device).await?;
    Ok((StatusCode::CREATED, axum::Json(sent)).into_response())
}

/// Makes an invitation worthless.
#[utoipa::path(
    delete, path = "/organizations/{organization}/invitations/{id}", operation_id = "revoke_invitation", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("id" = InvitationId, Path)),
    responses(
        (status = 204, description = "Revoked, also when it was before"),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, or the role is above yours, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or no such invitation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was accepted", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn revoke(State(state): App, place: Place<AsAdmin>, Id(id): Id<InvitationId>) -> Result<StatusCode> {
    let admin = place.member.admin()?;
    invitations::revoke(&state, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an invitation again, with a new link for another seven days. The old link dies.
#[utoipa::path(
    post, path = "/organizations/{organization}/invitations/{id}/resend", operation_id = "resend_invitation", tag = "organizations", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("id" = InvitationId, Path)),
    responses(
        (status = 200, description = "The invitation", body = SentInvitation),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, or the role is above yours, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know, or no such invitation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was accepted or revoked", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests or letters", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn resend(
    State(state): App,
    place: Place<AsAdmin>,
    Id(id): Id<InvitationId>,
    device: Device,
) -> Result<axum::Json<SentInvitation>> {
    let admin = place.member.admin()?;
    invitations::resend(&state, &admin, id, &device).await.map(axum::Json)
}

/// What a link invites to. Whoever holds it may look, signed in or not.
#[utoipa::path(
    get, path = "/invitations/{token}", operation_id = "look_at_invitation", tag = "organizations",
    params(("token" = String, Path, description = "Out of the link")),
    responses(
        (status = 200, description = "What it invites to", body = InvitationView),
        (status = 404, description = "No such invitation", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`gone`: used, revoked, too old, or its sender may not give it any more", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn look(State(state): App, Path(token): Path<String>) -> Result<axum::Json<InvitationView>> {
    invitations::look(&state, &token).await.map(axum::Json)
}

/// Joins the organization. An invitation that came by letter is for the account with that address, verified; who has none signs up with
/// `invitation` in `auth/register` instead.
#[utoipa::path(
    post, path = "/invitations/{token}/accept", operation_id = "accept_invitation", tag = "organizations", security(("access_token" = []), ("session" = [])),
    params(("token" = String, Path, description = "Out of the link")),
    responses(
        (status = 200, description = "The organization you belong to now", body = Organization),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "It was sent to another address, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such invitation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "You belong to the organization already", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`gone`: used, revoked, too old, or its sender may not give it any more", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn accept(State(state): App, user: User, Path(token): Path<String>) -> Result<axum::Json<Organization>> {
    invitations::accept(&state, &user, &token).await.map(axum::Json)
}
