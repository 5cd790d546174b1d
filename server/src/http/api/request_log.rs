//! `admin/request-log`: requests to the account API.

use axum::extract::State;
use serde::Deserialize;
use types::{Timestamp, UserId, page::Page, problem::Problem, request_log::LoggedRequest};
use utoipa::IntoParams;

use super::answers::OfOverseers;
use crate::{
    error::Result,
    http::extract::{Overseer, Query},
    request_log::{self, Filter},
};

type App = State<crate::State>;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The id of the person who asked.
    #[param(value_type = Option<String>, format = Uuid)]
    actor: Option<UserId>,
    /// A template, such as `/api/v1/account/keys/{id}`.
    route: Option<String>,
    /// A status (`404`) or a class of them (`4xx`).
    status: Option<String>,
    /// RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// RFC 3339, not included.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
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

/// Requests to the account API, newest first; they are there about a second after their answer. For administrators of this server.
#[utoipa::path(
    get, path = "/admin/request-log", operation_id = "admin_request_log", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])), params(Asked),
    responses(
        (status = 200, description = "One page", body = Page<LoggedRequest>),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn list(
    State(state): App,
    overseer: Overseer,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Page<LoggedRequest>>> {
    let filter = Filter {
        actor: asked.actor,
        route: asked.route,
        status: asked.status,
        from: asked.from,
        to: asked.to,
    };
    request_log::page(
        &state,
        &overseer.auditor()?,
        filter,
        asked.limit,
        asked.cursor.as_deref(),
    )
    .await
    .map(axum::Json)
}
