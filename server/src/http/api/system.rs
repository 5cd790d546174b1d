//! `admin/system`, `admin/limits`, `admin/sign-in-methods`: the server itself, to read.

use axum::extract::State;
use types::{
    problem::Problem,
    system::{Limits, SignInMethods, System},
};

use crate::{error::Result, http::extract::Overseer, system};

type App = State<crate::State>;

/// Version, database, nodes and every setting with its source. Secrets are masked.
#[utoipa::path(
    get, path = "/admin/system", operation_id = "admin_system", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    responses(
        (status = 200, description = "The server", body = System),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator of this server, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn facts(State(state): App, overseer: Overseer) -> Result<axum::Json<System>> {
    system::facts(&state, &overseer.auditor()?).await.map(axum::Json)
}

/// What is counted for everybody, and how much of it is allowed.
#[utoipa::path(
    get, path = "/admin/limits", operation_id = "admin_limits", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    responses(
        (status = 200, description = "The limits", body = Limits),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator of this server, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn limits(State(state): App, overseer: Overseer) -> Result<axum::Json<Limits>> {
    Ok(axum::Json(system::limits(&state, &overseer.auditor()?)))
}

/// Every way to sign in, and what providers of identities decide here.
#[utoipa::path(
    get, path = "/admin/sign-in-methods", operation_id = "admin_sign_in_methods", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    responses(
        (status = 200, description = "The ways in", body = SignInMethods),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator of this server, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn sign_in_methods(State(state): App, overseer: Overseer) -> Result<axum::Json<SignInMethods>> {
    Ok(axum::Json(system::sign_in_methods(&state, &overseer.auditor()?)))
}
