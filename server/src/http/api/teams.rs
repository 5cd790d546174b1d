//! `organizations/{organization}/teams` and `teams[/{id}]`: groups of members whose keys share rules.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    TeamId, UserId,
    page::Page,
    problem::Problem,
    teams::{NewTeam, NewTeamMember, Team, TeamChange, TeamMember},
};

use super::keys::Paging;
use crate::{
    error::Result,
    http::extract::{AsAdmin, AsMember, AtTeam, Id, Json, Place, Query, Reader},
    teams,
};

type App = State<crate::State>;

/// The organization's teams: all of them for who manages it, for others those they are in.
#[utoipa::path(
    get, path = "/organizations/{organization}/teams", operation_id = "list_teams_of_organization", tag = "teams", security(("access_token" = ["member"]), ("session" = ["member"]), ("personal_token" = ["member"])),
    params(("organization" = String, Path, description = "Id or slug"), Paging),
    responses(
        (status = 200, description = "One page", body = Page<Team>),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn of_organization(
    State(state): App,
    place: Place<AsMember, Reader>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<Team>>> {
    let page = teams::page_of_organization(&state, &place.member, paging.limit, paging.cursor.as_deref())?;
    Ok(axum::Json(page))
}

/// Makes a team.
#[utoipa::path(
    post, path = "/organizations/{organization}/teams", operation_id = "create_team", tag = "teams", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), ("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewTeam,
    responses(
        (status = 201, description = "The team", body = Team),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the organization, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another team has this name, there are too many, or the organization is a personal one", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn create(State(state): App, place: Place<AsAdmin>, Json(new): Json<NewTeam>) -> Result<Response> {
    let admin = place.member.admin()?;
    let made = teams::create(&state, &admin, new).await?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// The teams you are in, the default one among them, which everybody is in.
#[utoipa::path(
    get, path = "/teams", operation_id = "list_teams", tag = "teams", security(("access_token" = []), ("session" = []), ("personal_token" = [])),
    params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<Team>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(State(state): App, user: Reader, Query(paging): Query<Paging>) -> Result<axum::Json<Page<Team>>> {
    let page = teams::page(&state, &user, paging.limit, paging.cursor.as_deref())?;
    Ok(axum::Json(page))
}

/// A team you are in, or one of an organization you manage.
#[utoipa::path(
    get, path = "/teams/{id}", operation_id = "get_team", tag = "teams", security(("access_token" = ["member"]), ("session" = ["member"]), ("personal_token" = ["member"])),
    params(("id" = TeamId, Path)),
    responses(
        (status = 200, description = "The team", body = Team),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such team, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get(at: AtTeam<AsMember, Reader>) -> axum::Json<Team> {
    axum::Json(teams::get(&at.team))
}

/// Changes the fields that are sent. The default team is changed by administrators of the server.
#[utoipa::path(
    patch, path = "/teams/{id}", operation_id = "update_team", tag = "teams", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("id" = TeamId, Path)),
    request_body = TeamChange,
    responses(
        (status = 200, description = "The team after the change", body = Team),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the team's organization, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such team, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another team has this name", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn update(
    State(state): App,
    at: AtTeam<AsAdmin>,
    Json(change): Json<TeamChange>,
) -> Result<axum::Json<Team>> {
    let admin = at.team.admin()?;
    teams::update(&state, &admin, change).await.map(axum::Json)
}

/// Deletes a team and revokes the keys made for it.
#[utoipa::path(
    delete, path = "/teams/{id}", operation_id = "delete_team", tag = "teams", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("id" = TeamId, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the team's organization, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such team, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The default team", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn delete(State(state): App, at: AtTeam<AsAdmin>) -> Result<StatusCode> {
    let admin = at.team.admin()?;
    teams::delete(&state, &admin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is in the team, those with the oldest accounts first.
#[utoipa::path(
    get, path = "/teams/{id}/members", operation_id = "list_team_members", tag = "teams", security(("access_token" = ["member"]), ("session" = ["member"]), ("personal_token" = ["member"])),
    params(("id" = TeamId, Path), Paging),
    responses(
        (status = 200, description = "One page", body = Page<TeamMember>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The default team, which is everybody, or the personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such team, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn members(
    State(state): App,
    at: AtTeam<AsMember, Reader>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<TeamMember>>> {
    let page = teams::page_of_members(&state, &at.team, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Puts a member of the organization into the team.
#[utoipa::path(
    post, path = "/teams/{id}/members", operation_id = "add_team_member", tag = "teams", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("id" = TeamId, Path), ("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewTeamMember,
    responses(
        (status = 201, description = "The member", body = TeamMember),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the team's organization, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such team, as far as you may know, or `user_not_found`: nobody in the organization", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "They are in the team already, or it is the default one", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn add_member(State(state): App, at: AtTeam<AsAdmin>, Json(new): Json<NewTeamMember>) -> Result<Response> {
    let admin = at.team.admin()?;
    let added = teams::add(&state, &admin, new.user_id).await?;
    Ok((StatusCode::CREATED, axum::Json(added)).into_response())
}

/// Takes somebody out of the team and revokes their keys for it.
#[utoipa::path(
    delete, path = "/teams/{id}/members/{user_id}", operation_id = "remove_team_member", tag = "teams", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("id" = TeamId, Path), ("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "You do not manage the team's organization, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such team, as far as you may know, or nobody of this id in it", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The default team", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn remove_member(State(state): App, at: AtTeam<AsAdmin>, Id(user): Id<UserId>) -> Result<StatusCode> {
    let admin = at.team.admin()?;
    teams::remove(&state, &admin, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
