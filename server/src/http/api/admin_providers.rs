//! `admin/providers`: who serves models, changed while the server runs.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use types::{
    ProviderId,
    catalogue::{NewCredential, NewProvider, Provider, ProviderChange, ProviderTest},
    page::Page,
    problem::Problem,
};

use super::{
    answers::{OfAdministrators, OfBodies, OfOverseers},
    keys::Paging,
};
use crate::{
    catalogue::{self, Editor, providers},
    error::Result,
    http::extract::{Administrator, Id, Json, Overseer, Query, json},
};

type App = State<crate::State>;

/// What a test takes: nothing may say what is dialled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Providers, oldest first.
#[utoipa::path(
    get, path = "/admin/providers", operation_id = "list_providers", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<Provider>),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn list(
    State(state): App,
    user: Overseer,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<Provider>>> {
    let page = providers::page(&state, &user.auditor()?, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Makes a provider. Calls can go to it from the reply on, on other nodes within two seconds.
#[utoipa::path(
    post, path = "/admin/providers", operation_id = "create_provider", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewProvider,
    responses(
        (status = 201, description = "The provider", body = Provider),
        (status = 409, description = "Another provider has this name, or there are too many", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule; `base_url` on a private network among them, unless `allow_private_network`", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn create(State(state): App, user: Administrator, Json(new): Json<NewProvider>) -> Result<Response> {
    let editor = Editor::from(&user.admin()?);
    let made = providers::create(&state, &editor, new).await?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// One provider; of its credential no more than whether there is one.
#[utoipa::path(
    get, path = "/admin/providers/{id}", operation_id = "get_provider", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(("id" = ProviderId, Path)),
    responses(
        (status = 200, description = "The provider", body = Provider),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn get(State(state): App, user: Overseer, Id(id): Id<ProviderId>) -> Result<axum::Json<Provider>> {
    providers::get(&state, &user.auditor()?, id).await.map(axum::Json)
}

/// Changes the fields that are sent.
#[utoipa::path(
    patch, path = "/admin/providers/{id}", operation_id = "update_provider", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ProviderId, Path)),
    request_body = ProviderChange,
    responses(
        (status = 200, description = "The provider after the change", body = Provider),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It comes from the configuration file", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule; `credential` where `base_url` moves to another host", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn update(
    State(state): App,
    user: Administrator,
    Id(id): Id<ProviderId>,
    Json(change): Json<ProviderChange>,
) -> Result<axum::Json<Provider>> {
    let editor = Editor::from(&user.admin()?);
    providers::update(&state, &editor, id, change).await.map(axum::Json)
}

/// Deletes a provider that no model has a route to.
#[utoipa::path(
    delete, path = "/admin/providers/{id}", operation_id = "delete_provider", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ProviderId, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Models have routes to it, or it comes from the configuration file", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn delete(State(state): App, user: Administrator, Id(id): Id<ProviderId>) -> Result<StatusCode> {
    let editor = Editor::from(&user.admin()?);
    providers::delete(&state, &editor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores another credential, or removes it. It is encrypted and never shown again.
#[utoipa::path(
    put, path = "/admin/providers/{id}/credential", operation_id = "rotate_credential", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ProviderId, Path)),
    request_body = NewCredential,
    responses(
        (status = 200, description = "The provider after the change", body = Provider),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It comes from the configuration file", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Text that no header can carry", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn rotate(
    State(state): App,
    user: Administrator,
    Id(id): Id<ProviderId>,
    Json(new): Json<NewCredential>,
) -> Result<axum::Json<Provider>> {
    let editor = Editor::from(&user.admin()?);
    providers::rotate(&state, &editor, id, new).await.map(axum::Json)
}

/// Asks the saved provider for its models, within ten seconds. Nothing is stored, and nothing of the request says what is dialled.
#[utoipa::path(
    post, path = "/admin/providers/{id}/test", operation_id = "test_provider", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ProviderId, Path)),
    responses(
        (status = 200, description = "What came of it, good or bad", body = ProviderTest),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A body with fields: the test takes none", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn test(
    State(state): App,
    user: Administrator,
    Id(id): Id<ProviderId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<axum::Json<ProviderTest>> {
    if !body.is_empty() {
        let Nothing {} = json(&headers, &body)?;
    }
    let editor = Editor::from(&user.admin()?);
    catalogue::test(&state, &editor, id).await.map(axum::Json)
}
