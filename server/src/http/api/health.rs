//! Whether the process lives (`/livez`) and whether it can serve (`/readyz`).

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `unavailable`.
    status: &'static str,
    /// The part that does not work: `database`, `directory`, `ledger` or `shutdown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<&'static str>,
}

const OK: Health = Health {
    status: "ok",
    failing: None,
};

/// The server answers.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "health", responses((status = 200, description = "It answers", body = Health)))]
pub async fn health() -> Json<Health> {
    Json(OK)
}

/// The process lives; looks at nothing else, so that a database that is away does not get it restarted.
#[utoipa::path(get, path = "/livez", operation_id = "live", tag = "health", responses((status = 200, description = "It lives", body = Health)))]
pub async fn live() -> Json<Health> {
    Json(OK)
}

/// Every part works and no shutdown is under way.
#[utoipa::path(
    get, path = "/readyz", operation_id = "ready", tag = "health",
    responses(
        (status = 200, description = "Send traffic", body = Health),
        (status = 503, description = "Send none; `failing` names the part", body = Health)
    )
)]
pub async fn ready(State(state): State<crate::State>) -> (StatusCode, Json<Health>) {
    match state.is_ready().await {
        Ok(()) => (StatusCode::OK, Json(OK)),
        Err(part) => {
            let health = Health {
                status: "unavailable",
                failing: Some(part),
            };
            (StatusCode::SERVICE_UNAVAILABLE, Json(health))
        }
    }
}
