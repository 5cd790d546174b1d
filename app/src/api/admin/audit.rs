//! The audit log of the whole server.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Named;
#[cfg(feature = "ssr")]
use super::{PAGE, address, auditor, given, mistake, path, person};
use crate::{api::Moment, error::ApiError};
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};
#[cfg(feature = "ssr")]
use server::{
    audit::{self, Filter, Scope},
    sessions::User,
};
#[cfg(feature = "ssr")]
use types::{Timestamp, audit::AuditEntry, page::Page};

/// Where the API gives out the same rows as one file.
#[cfg(feature = "ssr")]
const EXPORT: &str = "/api/v1/admin/audit/export";

/// What was typed into the filter, and where the page before ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    pub actor: String,
    pub action: String,
    pub target: String,
    /// Days, such as `2026-11-28`.
    pub from: String,
    pub to: String,
    pub after: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    pub id: String,
    pub at: Moment,
    pub action: String,
    pub actor_kind: String,
    pub actor: Named,
    pub target_kind: String,
    pub target: Named,
    pub address: Option<String>,
    /// JSON, or nothing.
    pub details: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    pub query: AuditQuery,
    pub entries: Vec<EntryView>,
    /// The address of the next page.
    pub next: Option<String>,
    pub csv: String,
    pub json: String,
    pub error: Option<ApiError>,
}

#[server(endpoint = "admin_audit")]
pub async fn read_admin_audit(query: AuditQuery) -> Result<AuditView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let format = Format::of(&request, &user);
    let (read, error) = mistake(page(&request, &user, &format, &query).await)?;
    let (filter, page) = read.unwrap_or((Filter::default(), Page::empty()));
    let from = filter.from.map(Timestamp::to_rfc3339).unwrap_or_default();
    let to = filter.to.map(Timestamp::to_rfc3339).unwrap_or_default();
    let actor = filter.actor.unwrap_or_default();
    let export = |format: &str| {
        let (action, target) = (query.action.trim(), query.target.trim());
        let pairs = [
            ("format", format),
            ("actor", &actor),
            ("action", action),
            ("target", target),
            ("from", &from),
            ("to", &to),
        ];
        address(EXPORT, &pairs)
    };
    let next = page.next_cursor.map(|after| {
        let pairs = [
            ("actor", query.actor.as_str()),
            ("action", &query.action),
            ("target", &query.target),
            ("from", &query.from),
            ("to", &query.to),
            ("after", &after),
        ];
        address(&path("audit"), &pairs)
    });
    Ok(AuditView {
        entries: page.data.into_iter().map(|entry| shown(&format, entry)).collect(),
        next,
        csv: export("csv"),
        json: export("json"),
        error,
        query,
    })
}

#[cfg(feature = "ssr")]
type Read = Option<(Filter, Page<AuditEntry>)>;

#[cfg(feature = "ssr")]
async fn page(request: &Request, user: &User, format: &Format, query: &AuditQuery) -> Result<Read, ApiError> {
    let day = |field: &str, typed: &str| match given(typed) {
        None => Ok(None),
        Some(typed) => format
            .day(typed)
            .map(Some)
            .ok_or_else(|| request.wrong_field(field, "unknown_value")),
    };
    let actor = match given(&query.actor) {
        Some(kind @ ("user" | "unknown" | "command_line" | "system")) => Some(kind.to_owned()),
        Some(typed) => Some(person(request, user, "actor", typed).await?.to_string()),
        None => None,
    };
    let filter = Filter {
        actor,
        action: given(&query.action).map(str::to_owned),
        target: given(&query.target).map(str::to_owned),
        from: day("from", &query.from)?.map(|(start, _)| start),
        to: day("to", &query.to)?.map(|(_, end)| end),
    };
    let read = async {
        let scope = Scope::server(&user.auditor()?);
        audit::page(&request.state, scope, filter.clone(), PAGE, given(&query.after)).await
    };
    let page = read.await.map_err(|error| request.error(&error))?;
    Ok(Some((filter, page)))
}

#[cfg(feature = "ssr")]
fn shown(format: &Format, entry: AuditEntry) -> EntryView {
    let nothing = entry.details.as_object().is_none_or(serde_json::Map::is_empty);
    EntryView {
        id: entry.id.to_string(),
        at: format.moment(entry.at),
        action: entry.action,
        actor_kind: entry.actor.kind,
        actor: Named {
            name: entry.actor.name,
            id: entry.actor.id.map(|id| id.to_string()),
        },
        target_kind: entry.target.kind,
        target: Named {
            name: entry.target.name,
            id: entry.target.id,
        },
        address: entry.address,
        details: if nothing {
            String::new()
        } else {
            entry.details.to_string()
        },
    }
}
