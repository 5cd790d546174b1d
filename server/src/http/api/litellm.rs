//! `admin/models/sync`: models taken over from a LiteLLM proxy.

use axum::extract::State;
use types::{
    litellm::{SyncReport, SyncStatus},
    problem::Problem,
};

use crate::{
    catalogue::Editor,
    error::Result,
    http::extract::{Administrator, Overseer},
    litellm,
};

type App = State<crate::State>;

/// How the catalogue stands to the proxy: when it was last looked at, whether the models are only the last known ones, and what came of it.
#[utoipa::path(
    get, path = "/admin/models/sync", operation_id = "models_sync_status", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    responses(
        (status = 200, description = "As of the last attempt", body = SyncStatus),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator of this server, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn status(State(state): App, user: Overseer) -> Result<axum::Json<SyncStatus>> {
    litellm::status(&state, &user.auditor()?).await.map(axum::Json)
}

/// Takes the proxy's models over now. Whatever goes wrong, the last known models stay.
#[utoipa::path(
    post, path = "/admin/models/sync", operation_id = "sync_models", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    responses(
        (status = 200, description = "What came of it", body = SyncReport),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator of this server, asked with a personal token, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No proxy is configured", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The proxy cannot be reached, refuses our key, or answers something else than its models", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The proxy failed several times and is left alone until `retry-after`", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The proxy does not answer in time", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn sync(State(state): App, user: Administrator) -> Result<axum::Json<SyncReport>> {
    let editor = Editor::from(&user.admin()?);
    litellm::sync(&state, &editor).await.map(axum::Json)
}
