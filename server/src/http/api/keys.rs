//! `account/keys`, and the same under the name other clients use, `api-keys`.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use types::{
    KeyId,
    keys::{CreatedKey, Key, NewKey},
    page::Page,
    problem::Problem,
};
use utoipa::IntoParams;

use crate::{
    error::Result,
    http::extract::{Id, Json, Query, Reader},
    keys,
    sessions::User,
};

type App = State<crate::State>;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// 1 to 100.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 100)]
    pub(super) limit: u64,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

pub(super) const fn default_limit() -> u64 {
    50
}

/// Your keys, whichever organization pays, newest first, revoked ones included.
#[utoipa::path(
    get, path = "/account/keys", operation_id = "list_keys", tag = "keys", security(("access_token" = []), ("session" = []), ("personal_token" = [])), params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<Key>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(State(state): App, user: Reader, Query(paging): Query<Paging>) -> Result<axum::Json<Page<Key>>> {
    let page = keys::page(&state, &user, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Makes a key; `key` stands in this reply only.
#[utoipa::path(
    post, path = "/account/keys", operation_id = "create_key", tag = "keys", security(("access_token" = []), ("session" = [])), request_body = NewKey,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again; `key` is null then")),
    responses(
        (status = 201, description = "The key", body = CreatedKey),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed in this organization, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization or team", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request with this `Idempotency-Key` is being served", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule or whose rule is not built, or an `Idempotency-Key` that came with another body", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn create(State(state): App, user: User, Json(new): Json<NewKey>) -> Result<Response> {
    let created = keys::create(&state, &user, new).await?;
    Ok((StatusCode::CREATED, axum::Json(created)).into_response())
}

/// One of your keys.
#[utoipa::path(
    get, path = "/account/keys/{id}", operation_id = "get_key", tag = "keys", security(("access_token" = []), ("session" = []), ("personal_token" = [])), params(("id" = KeyId, Path)),
    responses(
        (status = 200, description = "The key without its text", body = Key),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get(State(state): App, user: Reader, Id(id): Id<KeyId>) -> Result<axum::Json<Key>> {
    keys::get(&state, &user, id).await.map(axum::Json)
}

/// Revokes a key for good.
#[utoipa::path(
    delete, path = "/account/keys/{id}", operation_id = "revoke_key", tag = "keys", security(("access_token" = []), ("session" = [])), params(("id" = KeyId, Path)),
    responses(
        (status = 204, description = "Revoked, also when it was before"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn revoke(State(state): App, user: User, Id(id): Id<KeyId>) -> Result<StatusCode> {
    keys::revoke(&state, &user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Your keys, newest first, revoked ones included; the same as `account/keys`.
#[utoipa::path(
    get, path = "/api-keys", operation_id = "list_keys_alias", tag = "keys", security(("access_token" = []), ("session" = []), ("personal_token" = [])), params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<Key>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list_alias(state: App, user: Reader, paging: Query<Paging>) -> Result<axum::Json<Page<Key>>> {
    list(state, user, paging).await
}

/// Makes a key; `key` stands in this reply only; the same as `account/keys`.
#[utoipa::path(
    post, path = "/api-keys", operation_id = "create_key_alias", tag = "keys", security(("access_token" = []), ("session" = [])), request_body = NewKey,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again; `key` is null then")),
    responses(
        (status = 201, description = "The key", body = CreatedKey),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed in this organization, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization or team", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request with this `Idempotency-Key` is being served", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule or whose rule is not built, or an `Idempotency-Key` that came with another body", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn create_alias(state: App, user: User, new: Json<NewKey>) -> Result<Response> {
    create(state, user, new).await
}

/// One of your keys; the same as `account/keys/{id}`.
#[utoipa::path(
    get, path = "/api-keys/{id}", operation_id = "get_key_alias", tag = "keys", security(("access_token" = []), ("session" = []), ("personal_token" = [])), params(("id" = KeyId, Path)),
    responses(
        (status = 200, description = "The key without its text", body = Key),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get_alias(state: App, user: Reader, id: Id<KeyId>) -> Result<axum::Json<Key>> {
    get(state, user, id).await
}

/// Revokes a key for good; the same as `account/keys/{id}`.
#[utoipa::path(
    delete, path = "/api-keys/{id}", operation_id = "revoke_key_alias", tag = "keys", security(("access_token" = []), ("session" = [])), params(("id" = KeyId, Path)),
    responses(
        (status = 204, description = "Revoked, also when it was before"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn revoke_alias(state: App, user: User, id: Id<KeyId>) -> Result<StatusCode> {
    revoke(state, user, id).await
}
