//! `organizations/{organization}/audit` and `admin/audit`: who changed what.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use types::{Timestamp, audit::AuditEntry, page::Page, problem::Problem};
use utoipa::{IntoParams, ToSchema};

use crate::{
    audit::{self, Filter, Scope},
    error::Result,
    http::extract::{AsAdmin, Overseer, Place, Query},
};

type App = State<crate::State>;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// A person's id, or a kind of actor: `user`, `unknown`, `command_line`, `system`.
    actor: Option<String>,
    /// An action (`key.created`), or all that begin with a word and a dot (`key.`).
    action: Option<String>,
    /// The id of what it was done to.
    target: Option<String>,
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

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Exported {
    #[serde(default)]
    #[param(inline, required = false)]
    format: Format,
    /// A person's id, or a kind of actor: `user`, `unknown`, `command_line`, `system`.
    actor: Option<String>,
    /// An action (`key.created`), or all that begin with a word and a dot (`key.`).
    action: Option<String>,
    /// The id of what it was done to.
    target: Option<String>,
    /// RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// RFC 3339, not included.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Csv,
    #[default]
    Json,
}

/// The audit log of an organization, newest first; for its owners and admins.
#[utoipa::path(
    get, path = "/organizations/{organization}/audit", operation_id = "organization_audit", tag = "audit", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), Asked),
    responses(
        (status = 200, description = "One page", body = Page<AuditEntry>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 403, description = "You do not manage the organization, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn organization(
    State(state): App,
    place: Place<AsAdmin>,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Page<AuditEntry>>> {
    let scope = Scope::organization(&place.member.admin()?);
    page(&state, scope, asked).await
}

/// The same as one file, streamed: CSV (what a spreadsheet would take for a formula begins with an apostrophe) or one JSON array.
#[utoipa::path(
    get, path = "/organizations/{organization}/audit/export", operation_id = "export_organization_audit", tag = "audit", security(("access_token" = ["admin"]), ("session" = ["admin"])),
    params(("organization" = String, Path, description = "Id or slug"), Exported),
    responses(
        (status = 200, description = "The file", content((Vec<AuditEntry> = "application/json"), (String = "text/csv"))),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 307, description = "It has another slug now; `location` says which"),
        (status = 403, description = "You do not manage the organization, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn organization_export(
    State(state): App,
    place: Place<AsAdmin>,
    Query(asked): Query<Exported>,
) -> Result<Response> {
    let scope = Scope::organization(&place.member.admin()?);
    export(&state, scope, asked)
}

/// The whole audit log, newest first; for administrators of this server.
#[utoipa::path(
    get, path = "/admin/audit", operation_id = "admin_audit", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])), params(Asked),
    responses(
        (status = 200, description = "One page", body = Page<AuditEntry>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator of this server, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn server(
    State(state): App,
    overseer: Overseer,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Page<AuditEntry>>> {
    let scope = Scope::server(&overseer.auditor()?);
    page(&state, scope, asked).await
}

/// The same as one file, streamed: CSV (what a spreadsheet would take for a formula begins with an apostrophe) or one JSON array.
#[utoipa::path(
    get, path = "/admin/audit/export", operation_id = "export_admin_audit", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])), params(Exported),
    responses(
        (status = 200, description = "The file", content((Vec<AuditEntry> = "application/json"), (String = "text/csv"))),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator of this server, or asked with a personal token", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn server_export(State(state): App, overseer: Overseer, Query(asked): Query<Exported>) -> Result<Response> {
    let scope = Scope::server(&overseer.auditor()?);
    export(&state, scope, asked)
}

async fn page(state: &crate::State, scope: Scope, asked: Asked) -> Result<axum::Json<Page<AuditEntry>>> {
    let filter = Filter {
        actor: asked.actor,
        action: asked.action,
        target: asked.target,
        from: asked.from,
        to: asked.to,
    };
    audit::page(state, scope, filter, asked.limit, asked.cursor.as_deref())
        .await
        .map(axum::Json)
}

fn export(state: &crate::State, scope: Scope, asked: Exported) -> Result<Response> {
    let filter = Filter {
        actor: asked.actor,
        action: asked.action,
        target: asked.target,
        from: asked.from,
        to: asked.to,
    };
    let (format, kind, name) = match asked.format {
        Format::Csv => (
            audit::Format::Csv,
            "text/csv; charset=utf-8",
            "attachment; filename=\"audit.csv\"",
        ),
        Format::Json => (
            audit::Format::Json,
            "application/json",
            "attachment; filename=\"audit.json\"",
        ),
    };
    let body = Body::from_stream(audit::export(state, scope, filter, format)?);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    Ok((headers, body).into_response())
}
