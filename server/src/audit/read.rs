//! Reading the audit log: whose rows, which of them, and what the ids in them are called now.

use std::str::FromStr;

use types::{
    AuditId, KeyId, OrganizationId, Refusal, TeamId, Timestamp, UserId,
    accounts::wrong,
    audit::{AuditActor, AuditEntry, AuditTarget},
    error::FieldErrors,
    page::{LARGEST_LIMIT, Page},
    rules::{self, Wrong},
};
use uuid::Uuid;

use super::Actor;
use crate::{
    State, accounts,
    db::{
        self,
        audit::{Action, By, Wanted},
    },
    error::Result,
    organizations::OrganizationAdmin,
    sessions::Auditor,
};

/// Longer texts than any action or target.
const LONGEST: usize = 100;

/// Whose rows may be read.
#[derive(Debug, Clone, Copy)]
pub struct Scope(Option<OrganizationId>);

impl Scope {
    /// An organization's, for those who run it.
    pub fn organization(admin: &OrganizationAdmin<'_>) -> Self {
        Scope(Some(admin.organization_id()))
    }

    /// Everything, what belongs to no organization included.
    pub fn server(_: &Auditor<'_>) -> Self {
        Scope(None)
    }
}

/// Which rows; absent parts narrow nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A person's id, or a kind of actor: `user`, `unknown`, `command_line`, `system`.
    pub actor: Option<String>,
    /// An action, or the beginning of some that ends with a dot: `key.`.
    pub action: Option<String>,
    /// The id of what it was done to.
    pub target: Option<String>,
    pub from: Option<Timestamp>,
    /// Not included.
    pub to: Option<Timestamp>,
}

/// Newest first. `limit` is 1 to 100.
///
/// Errors: 422 for a filter, a limit or a cursor that means nothing.
pub async fn page(
    state: &State,
    scope: Scope,
    filter: Filter,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<AuditEntry>> {
    let mut errors = FieldErrors::new();
    let wanted = wanted(scope, filter, &mut errors);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        wrong(&mut errors, "limit", Err(Wrong::UnknownValue));
    }
    let after = cursor.map(AuditId::from_str);
    if matches!(after, Some(Err(_))) {
        wrong(&mut errors, "cursor", Err(Wrong::UnknownValue));
    }
    Refusal::fields(errors)?;

    // One more than asked for tells whether there is another page.
    let mut rows = db::audit::page(state.db(), &wanted, after.and_then(std::result::Result::ok), limit + 1).await?;
    let shown_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown_rows;
    rows.truncate(shown_rows);
    let data: Vec<AuditEntry> = rows.into_iter().map(|row| shown(state, row)).collect();
    let next_cursor = data.last().filter(|_| more).map(|entry| entry.id.to_string());
    Ok(Page { data, next_cursor })
}

/// What [`Filter::actor`] is for somebody whom a reader names by user name, address, id or kind. Whoever has no rows here and whoever does not
/// exist look alike: nobody learns from it who has an account.
pub async fn actor_named(state: &State, text: &str) -> Result<String> {
    if Actor::KINDS.contains(&text) || UserId::from_str(text).is_ok() {
        return Ok(text.to_owned());
    }
    let found = match text.contains('@') {
        true => db::users::by_email(state.db(), &rules::normal_email(text)).await?,
        false => db::users::by_username(state.db(), &accounts::username::fold(text)).await?,
    };
    Ok(found.map_or(UserId(Uuid::nil()), |row| UserId(row.id)).to_string())
}

/// The filter as the database takes it; what is wrong with it goes to `errors`.
pub(super) fn wanted(scope: Scope, filter: Filter, errors: &mut FieldErrors) -> Wanted {
    let mut unknown = |field: &str| wrong(errors, field, Err(Wrong::UnknownValue));
    let actor = filter.actor.map(|text| match UserId::from_str(&text) {
        Ok(id) => By::Person(id),
        Err(_) => {
            if !Actor::KINDS.contains(&text.as_str()) {
                unknown("actor");
            }
            By::Kind(text)
        }
    });
    let action = filter.action.map(|text| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte);
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
            unknown("action");
        }
        match text.ends_with('.') {
            true => Action::BeginsWith(text),
            false => Action::Is(text),
        }
    });
    // A NUL is no text to PostgreSQL.
    if filter
        .target
        .as_ref()
        .is_some_and(|text| text.len() > LONGEST || text.contains('\0'))
    {
        unknown("target");
    }
    Wanted {
        organization: scope.0,
        actor,
        action,
        target: filter.target,
        from: filter.from,
        to: filter.to,
    }
}

/// A row with names out of the directory, so that no query is spent on them.
pub(super) fn shown(state: &State, row: db::audit::Row) -> AuditEntry {
    let directory = state.directory();
    let person = |id: UserId| Some(directory.user(id)?.username.clone());
    // Nobody reads another organization's names here, whatever a row says.
    let is_theirs = |owner: OrganizationId| row.organization_id.is_none_or(|id| id == owner.0);
    let of_target = |id: &str| match row.target_kind.as_str() {
        "user" => person(id.parse().ok()?),
        "organization" => Some(directory.organization(id.parse().ok()?)?.name.clone()),
        "team" => {
            let team = directory.team(TeamId::from_str(id).ok()?)?;
            is_theirs(team.organization_id).then(|| team.name.clone())
        }
        "api_key" => {
            let key = directory.key_of_id(KeyId::from_str(id).ok()?)?;
            is_theirs(key.organization_id).then(|| key.name.clone())
        }
        _ => None,
    };
    let target_name = row.target_id.as_deref().and_then(of_target);
    let actor = row.actor_id.map(UserId);
    AuditEntry {
        id: AuditId(row.id),
        at: Timestamp(row.created_at),
        action: row.action,
        actor: AuditActor {
            kind: row.actor_kind,
            id: actor,
            name: actor.and_then(person),
        },
        target: AuditTarget {
            kind: row.target_kind,
            id: row.target_id,
            name: target_name,
        },
        organization_id: row.organization_id.map(OrganizationId),
        address: row.ip_address,
        details: serde_json::from_str(&row.details).unwrap_or_default(),
    }
}
