//! The audit log as its readers see it: an organization's for who manages it, and (`admin::audit`) the whole server's. What a filter means is said
//! here once for both.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use super::organizations::{PAGE, Place, cursor};
use super::{Moment, organizations::OrganizationView};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};
#[cfg(feature = "ssr")]
use server::{
    audit::{self, Filter, Scope},
    sessions::User,
};
#[cfg(feature = "ssr")]
use types::{Timestamp, UserId, audit::AuditEntry};

/// What stands in the page's address; empty parts narrow nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// A user name, an e-mail address, a person's id, or a kind of actor.
    pub actor: String,
    /// An action, or a word with a dot for all that begin with it.
    pub action: String,
    /// The id of what it was done to.
    pub target: String,
    /// `YYYY-MM-DD` in the reader's time zone, both days included.
    pub from: String,
    pub to: String,
    /// Where the page before ended.
    pub after: String,
}

/// A part of the log: the page that was asked for, and the ways on from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditList {
    /// As it was asked for, a person by name.
    pub asked: Asked,
    pub rows: Vec<AuditRow>,
    /// The query of the next page.
    pub next: Option<String>,
    /// The query of an export, but for its format.
    pub export: String,
    /// What is wrong with what was asked for.
    pub error: Option<ApiError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub at: Moment,
    /// Reads like `key.created`.
    pub action: String,
    /// `user`, `unknown`, `command_line` or `system`.
    pub actor_kind: String,
    pub actor_id: Option<String>,
    /// Absent for who is gone.
    pub actor: Option<String>,
    /// `user`, `team`, …
    pub target_kind: String,
    pub target_id: Option<String>,
    /// Absent for what is gone or has no name.
    pub target: Option<String>,
    pub address: Option<String>,
    pub details: Vec<Detail>,
}

/// One field of a row's details, as far as it had a value and has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationAudit {
    pub place: OrganizationView,
    pub list: AuditList,
}

/// The arguments but the organization are those of [`Asked`].
#[server(endpoint = "organization_audit")]
pub async fn read_organization_audit(
    organization: String,
    #[server(default)] actor: String,
    #[server(default)] action: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] after: String,
) -> Result<OrganizationAudit, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    let admin = place.member.admin().map_err(|error| request.error(&error))?;
    let asked = Asked {
        actor,
        action,
        target: String::new(),
        from,
        to,
        after,
    };
    let list = list(&request, &place.user, Scope::organization(&admin), asked).await?;
    Ok(OrganizationAudit {
        place: place.view,
        list,
    })
}

/// The part of `scope` that was asked for. A filter that means nothing is the form's mistake and not the page's.
#[cfg(feature = "ssr")]
pub(super) async fn list(
    request: &Request,
    user: &User,
    scope: Scope,
    mut asked: Asked,
) -> Result<AuditList, ApiError> {
    let (state, format) = (&request.state, Format::of(request, user));
    let given = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut error = None;
    let mut day = |field: &str, text: &str, next: bool| {
        let text = given(text)?;
        let at = format.day(&text).map(|(start, end)| if next { end } else { start });
        if at.is_none() {
            error = Some(ApiError::field(field, "unknown_value"));
        }
        at
    };
    let (from, to) = (day("from", &asked.from, false), day("to", &asked.to, true));
    let actor = match given(&asked.actor) {
        Some(text) => Some(
            audit::actor_named(state, &text)
                .await
                .map_err(|error| request.error(&error))?,
        ),
        None => None,
    };
    let filter = Filter {
        action: given(&asked.action),
        actor,
        target: given(&asked.target),
        from,
        to,
    };
    let export = query(&filter);
    let mut next = None;
    let mut rows = Vec::new();
    if error.is_none() {
        match audit::page(state, scope, filter.clone(), PAGE, cursor(&asked.after)).await {
            Ok(page) => {
                rows = page
                    .data
                    .into_iter()
                    .map(|entry| shown(request, &format, entry))
                    .collect();
                next = page.next_cursor;
            }
            Err(server::Error::Refused(refusal)) if !refusal.errors.is_empty() => {
                error = Some(ApiError {
                    refusal,
                    request_id: request.id(),
                });
            }
            Err(failed) => return Err(request.error(&failed)),
        }
    }
    // A person out of a link is shown by name.
    if let Some(person) = asked.actor.parse().ok().and_then(|id| state.directory().user(id)) {
        asked.actor = person.username.clone();
    }
    let next = next.map(|after| {
        let parts = [
            ("actor", &asked.actor),
            ("action", &asked.action),
            ("target", &asked.target),
            ("from", &asked.from),
            ("to", &asked.to),
            ("after", &after),
        ];
        encoded(parts.map(|(name, text)| (name, given(text))))
    });
    Ok(AuditList {
        asked,
        rows,
        next,
        export,
        error,
    })
}

/// The filter as the account API takes it.
#[cfg(feature = "ssr")]
fn query(filter: &Filter) -> String {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_rfc3339());
    encoded([
        ("actor", filter.actor.clone()),
        ("action", filter.action.clone()),
        ("target", filter.target.clone()),
        ("from", time(filter.from)),
        ("to", time(filter.to)),
    ])
}

/// `a=b&c=d` of the parts that are there.
#[cfg(feature = "ssr")]
fn encoded<const N: usize>(parts: [(&str, Option<String>); N]) -> String {
    let given = parts.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let pairs = given.map(|(name, text)| [name, "=", &leptos_router::location::Url::escape(&text)].concat());
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(feature = "ssr")]
fn shown(request: &Request, format: &Format, entry: AuditEntry) -> AuditRow {
    AuditRow {
        at: format.moment(entry.at),
        action: entry.action,
        actor_kind: entry.actor.kind,
        actor_id: entry.actor.id.map(|id| id.to_string()),
        actor: entry.actor.name,
        target_kind: entry.target.kind,
        // What is gone is called what its row says.
        target: entry
            .target
            .name
            .or_else(|| Some(entry.details.get("name")?.as_str()?.to_owned())),
        target_id: entry.target.id,
        address: entry.address,
        details: details(request, &entry.details),
    }
}

/// What changed first, then what else is told. Ids of people are joined to their names, as everywhere.
#[cfg(feature = "ssr")]
fn details(request: &Request, told: &serde_json::Value) -> Vec<Detail> {
    let directory = request.state.directory();
    let person = |text: &str| {
        let id: UserId = text.parse().ok()?;
        Some(directory.user(id)?.username.clone())
    };
    let worded = |value: &serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(person(text).unwrap_or_else(|| text.clone())),
        serde_json::Value::Array(list) if list.is_empty() => None,
        serde_json::Value::Array(list) => {
            let texts = list
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
            Some(texts.collect::<Vec<_>>().join(", "))
        }
        serde_json::Value::Object(fields) => {
            let texts = fields
                .iter()
                .map(|(name, value)| [name, " ", value.as_str().unwrap_or(&value.to_string())].concat());
            Some(texts.collect::<Vec<_>>().join(", "))
        }
        other => Some(other.to_string()),
    };
    let Some(told) = told.as_object() else {
        return Vec::new();
    };
    let side = |name: &str| told.get(name).and_then(|side| side.as_object());
    let (before, after) = (side("before"), side("after"));
    let mut fields: Vec<&String> = before.into_iter().chain(after).flat_map(|side| side.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    let changed = fields.into_iter().map(|field| Detail {
        field: field.clone(),
        before: before.and_then(|side| side.get(field)).and_then(worded),
        after: after.and_then(|side| side.get(field)).and_then(worded),
    });
    // What was nothing and is nothing is no news.
    let changed = changed.filter(|detail| detail.before.is_some() || detail.after.is_some());
    let rest = told
        .iter()
        // The name stands with what it was done to, the fields with their values.
        .filter(|(name, _)| !matches!(name.as_str(), "before" | "after" | "name"));
    let rest = rest.map(|(name, value)| Detail {
        field: name.clone(),
        before: None,
        after: worded(value),
    });
    changed.chain(rest).collect()
}
