//! `admin/system`, `admin/limits`, `admin/sign-in-methods`: the server itself, to read.

use axum::extract::State;
use types::system::{Limits, SignInMethods, System};

use super::answers::OfOverseers;
use crate::{error::Result, http::extract::Overseer, system};

type App = State<crate::State>;

/// Version, database, nodes and every setting with its source. Secrets are masked.
#[utoipa::path(
    get, path = "/admin/system", operation_id = "admin_system", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    responses(
        (status = 200, description = "The server", body = System),
        OfOverseers
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
        OfOverseers
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
        OfOverseers
    )
)]
pub async fn sign_in_methods(State(state): App, overseer: Overseer) -> Result<axum::Json<SignInMethods>> {
    Ok(axum::Json(system::sign_in_methods(&state, &overseer.auditor()?)))
}
