//! `admin/users[/{id}]`: people, for who runs the server.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use types::{
    PlatformRole, UserId,
    page::Page,
    people::{CreatedPerson, NewPerson, Person, PersonChange, PersonDetails},
    problem::Problem,
};
use utoipa::IntoParams;

use super::answers::{OfAdministrators, OfBodies, OfOverseers};
use crate::{
    error::Result,
    http::extract::{Administrator, Id, Json, Overseer, Query},
    people::{self, Operator, Wanted},
};

type App = State<crate::State>;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The beginning of an e-mail or a user name, whatever the case; every character stands for itself.
    q: Option<String>,
    /// Only people of this role.
    #[param(inline)]
    role: Option<PlatformRole>,
    /// Only those who may sign in, or only those who may not.
    active: Option<bool>,
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

/// Everybody with an account, the newest first.
#[utoipa::path(
    get, path = "/admin/users", operation_id = "admin_list_users", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(Asked),
    responses(
        (status = 200, description = "One page", body = Page<Person>),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn list(
    State(state): App,
    overseer: Overseer,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Page<Person>>> {
    let wanted = Wanted {
        search: asked.q,
        role: asked.role,
        is_active: asked.active,
    };
    people::page(
        &state,
        &overseer.auditor()?,
        &wanted,
        asked.limit,
        asked.cursor.as_deref(),
    )
    .map(axum::Json)
}

/// Makes an account for somebody, whatever the registration mode. They set its password by a link, in a letter or, where this server sends none, in
/// the answer.
#[utoipa::path(
    post, path = "/admin/users", operation_id = "admin_create_user", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewPerson,
    responses(
        (status = 201, description = "The person", body = CreatedPerson),
        (status = 409, description = "`email_taken` or `username_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that are unknown or break a rule", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn create(State(state): App, administrator: Administrator, Json(new): Json<NewPerson>) -> Result<Response> {
    let operator = Operator::admin(&administrator.admin()?);
    let made = people::create(&state, &operator, new).await?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// One person, with their sign-ins counted and where they belong.
#[utoipa::path(
    get, path = "/admin/users/{id}", operation_id = "admin_get_user", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(("id" = UserId, Path)),
    responses(
        (status = 200, description = "The person", body = PersonDetails),
        (status = 404, description = "Nobody has this id", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn get(State(state): App, overseer: Overseer, Id(id): Id<UserId>) -> Result<axum::Json<PersonDetails>> {
    people::get(&state, &overseer.auditor()?, id).await.map(axum::Json)
}

/// Gives somebody another role on this server, disables their account or enables it again. The fields that are sent change; what was allowed before
/// is refused from the answer on, on other nodes within seconds. More rights, and disabling, end the person's sign-ins.
#[utoipa::path(
    patch, path = "/admin/users/{id}", operation_id = "admin_change_user", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = UserId, Path)), request_body = PersonChange,
    responses(
        (status = 200, description = "The person after the change", body = Person),
        (status = 404, description = "Nobody has this id", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Your own account, or the only administrator", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that are unknown or break a rule", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn change(
    State(state): App,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Json(change): Json<PersonChange>,
) -> Result<axum::Json<Person>> {
    let operator = Operator::admin(&administrator.admin()?);
    people::change(&state, &operator, id, change).await.map(axum::Json)
}

/// Deletes somebody's account as if they had left: with sign-ins, tokens, keys and the personal organization. Calls stay on the books.
#[utoipa::path(
    delete, path = "/admin/users/{id}", operation_id = "admin_delete_user", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = UserId, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "Nobody has this id", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Your own account, the only administrator, or `last_owner`: the only owner of an organization that others belong to", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn delete(State(state): App, administrator: Administrator, Id(id): Id<UserId>) -> Result<StatusCode> {
    let operator = Operator::admin(&administrator.admin()?);
    people::delete(&state, &operator, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs somebody out everywhere: browsers, programs, and command lines that signed in with the password. Keys go on working.
#[utoipa::path(
    post, path = "/admin/users/{id}/sign-out", operation_id = "admin_sign_out_user", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = UserId, Path)),
    responses(
        (status = 204, description = "Signed out"),
        (status = 404, description = "Nobody has this id", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn sign_out(State(state): App, administrator: Administrator, Id(id): Id<UserId>) -> Result<StatusCode> {
    let operator = Operator::admin(&administrator.admin()?);
    people::sign_out(&state, &operator, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes authenticator app, recovery codes and passkeys from somebody who lost them, and tells them by letter.
#[utoipa::path(
    post, path = "/admin/users/{id}/reset-second-factor", operation_id = "admin_reset_second_factor", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = UserId, Path)),
    responses(
        (status = 204, description = "They have none now"),
        (status = 404, description = "Nobody has this id", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Your own account", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn reset_second_factor(
    State(state): App,
    administrator: Administrator,
    Id(id): Id<UserId>,
) -> Result<StatusCode> {
    let operator = Operator::admin(&administrator.admin()?);
    people::reset_second_factor(&state, &operator, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
