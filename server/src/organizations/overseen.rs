//! Organizations of others as who runs the server sees and changes them: renamed, deleted, given an owner again.
//!
//! An administrator of the server may what an owner may, without belonging to it, and not more: an organization that has an owner keeps one.

use serde_json::json;
use types::{
    OrganizationId, OrganizationRole, UserId,
    error::Code,
    organizations::{
        Member, NewMember, OrganizationChange, OrganizationKind, OverseenChange, OverseenOrganization, Who,
    },
    page::Page,
};

use super::{dissolve, members, named, role_in, shared, unknown};
use crate::{
    Error, State,
    db::{self, Tx},
    directory::OrganizationEntry,
    error::Result,
    idempotency,
    paging::Asked,
    people::{MaySee, Operator, beginning, begins_with, hold_operator},
};

/// Which organizations; absent parts narrow nothing.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The beginning of a name or a slug, whatever the case. Every character stands for itself.
    pub search: Option<String>,
    /// Also those that came with accounts.
    pub personal: bool,
}

/// Newest first, from memory. `limit` is 1 to 100.
///
/// Errors: 422 for a search, a limit or a cursor that means nothing.
pub fn page(
    state: &State,
    _: &impl MaySee,
    wanted: &Wanted,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<OverseenOrganization>> {
    let begins = beginning("q", wanted.search.as_deref())?;
    let asked = Asked::<OrganizationId>::of(limit, cursor)?;
    let keep = |entry: &OrganizationEntry| {
        let slug = entry.slug.as_deref().unwrap_or_default();
        asked.after.is_none_or(|after| entry.id < after)
            && (wanted.personal || entry.kind != OrganizationKind::Personal)
            && (begins_with(&entry.name, &begins) || begins_with(slug, &begins))
    };
    let found = state.directory().newest_organizations(asked.most(), keep);
    Ok(asked.page(found, |entry| entry.id, |entry| Some(shown(state, &entry))))
}

/// The organization of this id or slug.
///
/// Errors: 404.
pub fn get(state: &State, _: &impl MaySee, text: &str) -> Result<OverseenOrganization> {
    let id = named(state, text).ok_or_else(unknown)?;
    of(state, id)
}

/// Another name, another slug, other models.
///
/// Errors: 404; 422 for fields that break a rule and models nobody offers; 409 `slug_taken`; 409 for a slug where there is none: personal ones and the server's own.
pub async fn update(
    state: &State,
    operator: &Operator,
    text: &str,
    change: OverseenChange,
) -> Result<OverseenOrganization> {
    let id = named(state, text).ok_or_else(unknown)?;
    let models = change.allowed_models.map(|models| shared::listed(state, id, models));
    let change = OrganizationChange {
        name: change.name,
        slug: change.slug,
        requires_second_factor: None,
        allowed_models: models.transpose()?,
    };
    change.check()?;
    let (operator, clock) = (operator.clone(), state.clock().clone());
    let write = state.write(move |tx| {
        Box::pin(async move {
            let row = hold(tx, &operator, id).await?;
            if change.slug.is_some() {
                must_be_shared(&row)?;
            }
            shared::write(tx, &clock, operator.actor().clone(), row, change).await
        })
    });
    write.await.map_err(shared::slug_conflict)?;
    of(state, id)
}

/// Deletes it with the consequences that its owner's deletion has.
///
/// Errors: 404; 409 for personal ones and the server's own.
pub async fn delete(state: &State, operator: &Operator, text: &str) -> Result<()> {
    let id = named(state, text).ok_or_else(unknown)?;
    let (operator, clock) = (operator.clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = hold(tx, &operator, id).await?;
                must_be_shared(&row)?;
                dissolve(tx, &clock, operator.actor().clone(), row).await
            })
        })
        .await
}

/// Who belongs to it, by when their accounts were made. `limit` is 1 to 100.
///
/// Errors: 404; 422 for a limit or a cursor that means nothing.
pub async fn page_of_members(
    state: &State,
    _: &impl MaySee,
    text: &str,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<Member>> {
    let id = named(state, text).ok_or_else(unknown)?;
    let asked = Asked::of(limit, cursor)?;
    let rows = db::organizations::members(state.db(), id, asked.after, asked.rows()).await?;
    Ok(asked.page(rows, |row| UserId(row.user_id), |row| members::shown(state, &row)))
}

/// Whether somebody belongs to it. From memory.
pub fn has_member(state: &State, _: &impl MaySee, text: &str, user: UserId) -> Result<bool> {
    let id = named(state, text).ok_or_else(unknown)?;
    Ok(state.directory().is_member(id, user).is_some())
}

/// Adds somebody with an active account, whether their address is verified or not: the operator vouches.
///
/// Errors: 404, and 404 `user_not_found`; 409 for who belongs to it already, for personal ones and the server's own.
pub async fn add(state: &State, operator: &Operator, text: &str, new: NewMember) -> Result<Member> {
    let row = match new.who()? {
        Who::Email(email) => db::users::by_email(state.db(), &email).await?,
        Who::Id(user) => db::users::find(state.db(), user).await?,
    };
    let id = named(state, text).ok_or_else(unknown)?;
    let user = row
        .filter(|row| row.is_active)
        .map(|row| UserId(row.id))
        .ok_or_else(nobody)?;
    let (operator, then, role) = (operator.clone(), state.clone(), new.role);
    state
        .write(move |tx| {
            Box::pin(async move {
                if !db::users::keep(tx, user).await? {
                    return Err(nobody());
                }
                let held = hold(tx, &operator, id).await?;
                must_be_shared(&held)?;
                let row = members::row_of(tx, id, user, role);
                idempotency::record(tx, &members::shown(&then, &row).ok_or_else(nobody)?).await?;
                let details = json!({ "after": { "role": role.name() } });
                members::join(tx, then.clock(), id, user, role, operator.actor().clone(), details).await
            })
        })
        .await?;
    one(state, id, user).await
}

fn nobody() -> Error {
    let message = "Nobody with an active account can be added by this.";
    Error::refused(Code::UserNotFound, message)
}

/// Gives a member another role; one without an owner gets one by this.
///
/// Errors: 404 for who does not belong to it; 409 `last_owner`; 409 for personal ones.
pub async fn change_role(
    state: &State,
    operator: &Operator,
    text: &str,
    user: UserId,
    role: OrganizationRole,
) -> Result<Member> {
    let id = named(state, text).ok_or_else(unknown)?;
    let (operator, clock) = (operator.clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                must_be_shared(&hold(tx, &operator, id).await?)?;
                let by = members::By {
                    role: OrganizationRole::Owner,
                    actor: operator.actor().clone(),
                };
                members::set_role(tx, &clock, id, user, role, by).await
            })
        })
        .await?;
    one(state, id, user).await
}

/// Removes a member with their keys in it.
///
/// Errors: 404 for who does not belong to it; 409 `last_owner`; 409 for personal ones.
pub async fn remove(state: &State, operator: &Operator, text: &str, user: UserId) -> Result<()> {
    let id = named(state, text).ok_or_else(unknown)?;
    let (operator, clock) = (operator.clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                must_be_shared(&hold(tx, &operator, id).await?)?;
                let role = role_in(tx, id, user).await?.ok_or_else(members::unknown)?;
                members::take_out(tx, &clock, id, user, role, operator.actor().clone()).await
            })
        })
        .await
}

/// Takes the organization for this transaction alone and asks again whether the operator may change it.
async fn hold(tx: &mut Tx, operator: &Operator, id: OrganizationId) -> Result<db::organizations::Row> {
    hold_operator(tx, operator).await?;
    db::organizations::lock(tx, id).await?.ok_or_else(unknown)
}

fn must_be_shared(row: &db::organizations::Row) -> Result<()> {
    if row.kind == OrganizationKind::Shared.name() {
        return Ok(());
    }
    let message = "This is for organizations of several people. A personal one goes with its account, and the server's own stays.";
    Err(Error::refused(Code::Conflict, message))
}

async fn one(state: &State, id: OrganizationId, user: UserId) -> Result<Member> {
    let row = db::organizations::find_member(state.db(), id, user).await?;
    row.and_then(|row| members::shown(state, &row))
        .ok_or_else(members::unknown)
}

fn of(state: &State, id: OrganizationId) -> Result<OverseenOrganization> {
    let entry = state.directory().organization(id).ok_or_else(unknown)?;
    Ok(shown(state, &entry))
}

fn shown(state: &State, entry: &OrganizationEntry) -> OverseenOrganization {
    let (members, owners) = state.directory().member_counts(entry.id);
    OverseenOrganization {
        id: entry.id,
        slug: entry.slug.clone(),
        name: entry.name.clone(),
        kind: entry.kind,
        plan: entry.plan.clone(),
        members: u64::try_from(members).unwrap_or(u64::MAX),
        owners: u64::try_from(owners).unwrap_or(u64::MAX),
        personal_user_id: entry.personal_user_id,
        requires_second_factor: entry.requires_second_factor,
        allowed_models: entry.allowed_models.clone(),
        created_at: entry.created_at,
    }
}
