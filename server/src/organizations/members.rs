//! Who belongs to an organization and as what: added, given another role, removed, gone by themselves.
//!
//! Every change holds the organization, so that of two owners who remove each other one stays. Who goes loses their keys and teams in
//! the same transaction.

use serde_json::{Value, json};
use types::{
    OrganizationId, OrganizationRole, TeamId, UserId,
    error::Code,
    organizations::{self as wire, NewMember, Who},
    page::Page,
    rules,
};

use super::{Member, OrganizationAdmin, hold, may_grant, must_be_shared, role_in};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx, organizations::MemberRow},
    error::Result,
    idempotency,
    keys::{self, Ended},
    paging::Asked,
    sign_in::limits,
};

/// Who belongs to the organization, by when their accounts were made. `limit` is 1 to 100.
pub async fn page(state: &State, member: &Member, limit: u64, cursor: Option<&str>) -> Result<Page<wire::Member>> {
    let asked = Asked::of(limit, cursor)?;
    let rows = db::organizations::members(state.db(), member.organization_id, asked.after, asked.rows()).await?;
    Ok(asked.page(rows, |row| UserId(row.user_id), |row| shown(state, &row)))
}

/// One of them.
pub async fn get(state: &State, member: &Member, user: UserId) -> Result<wire::Member> {
    let row = db::organizations::find_member(state.db(), member.organization_id, user).await?;
    row.and_then(|row| shown(state, &row)).ok_or_else(unknown)
}

/// Which of them has this address: members see each other's.
pub async fn by_email(state: &State, member: &Member, email: &str) -> Result<Option<UserId>> {
    let row = db::users::by_email(state.db(), &rules::normal_email(email)).await?;
    let id = row.map(|row| UserId(row.id));
    Ok(id.filter(|id| state.directory().is_member(member.organization_id, *id).is_some()))
}

/// Adds somebody who has an account with a verified address.
///
/// Errors: 403 for a role above one's own; 404 `user_not_found` for nobody, and for who cannot be added; 429 after too many of those; 409 for who
/// belongs to it already, and in a personal organization.
pub async fn add(state: &State, admin: &OrganizationAdmin<'_>, new: NewMember) -> Result<wire::Member> {
    let who = new.who()?;
    may_grant(admin.role, new.role)?;
    must_be_shared(state, admin)?;
    let user = look_up(state, admin.user_id, who).await?;
    let (member, role, clock) = ((**admin).clone(), new.role, state.clock().clone());
    let then = state.clone();
    state
        .write(move |tx| {
            Box::pin(async move {
                if !db::users::keep(tx, user).await? {
                    return Err(nobody());
                }
                let held = hold(tx, &member, OrganizationRole::Admin).await?;
                may_grant(held.role, role)?;
                let row = row_of(tx, member.organization_id, user, role);
                idempotency::record(tx, &shown(&then, &row).ok_or_else(unknown)?).await?;
                let details = json!({ "after": { "role": role.name() } });
                join(tx, &clock, member.organization_id, user, role, member.actor(), details).await
            })
        })
        .await?;
    get(state, admin, user).await
}

/// The active person with this address or id, if it is verified. How often somebody may look for people who are not here is counted.
async fn look_up(state: &State, asks: UserId, who: Who) -> Result<UserId> {
    let attempt = limits::probe(state, asks).await?;
    let row = match who {
        Who::Email(email) => db::users::by_email(state.db(), &email).await,
        Who::Id(id) => db::users::find(state.db(), id).await,
    };
    match row {
        Err(error) => {
            attempt.withdraw();
            Err(error)
        }
        Ok(Some(row)) if row.is_active && row.email_verified_at.is_some() => {
            attempt.withdraw();
            Ok(UserId(row.id))
        }
        Ok(_) => {
            attempt.failed();
            Err(nobody())
        }
    }
}

fn nobody() -> Error {
    let message = "Nobody with a verified address can be added by this. Send an invitation instead.";
    Error::refused(Code::UserNotFound, message)
}

pub(super) fn row_of(tx: &Tx, organization: OrganizationId, user: UserId, role: OrganizationRole) -> MemberRow {
    MemberRow {
        organization_id: organization.0,
        user_id: user.0,
        role: role.name().to_owned(),
        created_at: tx.now().0,
    }
}

/// Makes somebody a member, inside a transaction that holds the organization.
///
/// Errors: 409 for who belongs to it already.
pub(super) async fn join(
    tx: &mut Tx,
    clock: &Clock,
    organization: OrganizationId,
    user: UserId,
    role: OrganizationRole,
    actor: Actor,
    details: Value,
) -> Result<()> {
    if role_in(tx, organization, user).await?.is_some() {
        let message = "This person belongs to the organization already.";
        return Err(Error::refused(Code::Conflict, message));
    }
    let row = row_of(tx, organization, user, role);
    db::organizations::insert_member(tx, row).await?;
    tx.changed(Change::Member, user);
    tell(tx, clock, organization, user, actor, "member.added", details).await
}

/// Gives somebody another role. Making somebody an owner is how an organization changes hands.
///
/// Errors: 403 when the old role or the new one is above one's own; 404 for who does not belong to it; 409 `last_owner`.
pub async fn change_role(
    state: &State,
    admin: &OrganizationAdmin<'_>,
    user: UserId,
    role: OrganizationRole,
) -> Result<wire::Member> {
    let (member, clock) = ((**admin).clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let held = hold(tx, &member, OrganizationRole::Admin).await?;
                let by = By {
                    role: held.role,
                    actor: member.actor(),
                };
                set_role(tx, &clock, member.organization_id, user, role, by).await
            })
        })
        .await?;
    get(state, admin, user).await
}

/// Removes somebody, or oneself. Their keys in this organization are refused from the moment this returns, on other nodes within seconds.
///
/// Errors: 403 for who is neither oneself nor below; 404 for who does not belong to it; 409 `last_owner`, and for one's personal organization.
pub async fn remove(state: &State, member: &Member, user: UserId) -> Result<()> {
    if member.user_id != user {
        member.admin()?;
    }
    must_be_shared(state, member)?;
    let (member, clock) = (member.clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let held = hold(tx, &member, OrganizationRole::Member).await?;
                let organization = member.organization_id;
                let role = role_in(tx, organization, user).await?.ok_or_else(unknown)?;
                if member.user_id != user {
                    may_grant(held.role, role)?;
                }
                take_out(tx, &clock, organization, user, role, member.actor()).await
            })
        })
        .await
}

/// Who changes a member, and what they may do in the organization.
pub(super) struct By {
    pub role: OrganizationRole,
    pub actor: Actor,
}

/// Gives a member another role, inside a transaction that holds the organization.
pub(super) async fn set_role(
    tx: &mut Tx,
    clock: &Clock,
    organization: OrganizationId,
    user: UserId,
    role: OrganizationRole,
    by: By,
) -> Result<()> {
    let before = role_in(tx, organization, user).await?.ok_or_else(unknown)?;
    may_grant(by.role, before)?;
    may_grant(by.role, role)?;
    if before == role {
        return Ok(());
    }
    keep_an_owner(tx, organization, user, before).await?;
    db::organizations::set_member_role(tx, organization, user, role).await?;
    tx.changed(Change::Member, user);
    let details = json!({ "before": { "role": before.name() }, "after": { "role": role.name() } });
    tell(tx, clock, organization, user, by.actor, "member.role_changed", details).await
}

/// Removes a member who is `role`, inside a transaction that holds the organization.
pub(super) async fn take_out(
    tx: &mut Tx,
    clock: &Clock,
    organization: OrganizationId,
    user: UserId,
    role: OrganizationRole,
    actor: Actor,
) -> Result<()> {
    keep_an_owner(tx, organization, user, role).await?;
    let keys = part(tx, organization, user).await?;
    let details = json!({ "before": { "role": role.name() }, "keys_revoked": keys.told() });
    tell(tx, clock, organization, user, actor, "member.removed", details).await
}

/// Errors: 409 when nobody else owns the organization.
async fn keep_an_owner(tx: &mut Tx, organization: OrganizationId, user: UserId, role: OrganizationRole) -> Result<()> {
    if role != OrganizationRole::Owner {
        return Ok(());
    }
    let others = db::organizations::roles_of_others(tx, organization, user).await?;
    if others.contains(&OrganizationRole::Owner) {
        return Ok(());
    }
    let message = "An organization has an owner, always. Make somebody else its owner first, or delete it.";
    Err(Error::refused(Code::LastOwner, message))
}

/// Takes somebody out of the organization and its teams and revokes their keys in it, which it returns. The caller holds the
/// organization and writes the audit row.
pub(crate) async fn part(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<Ended> {
    let keys = keys::end_all(tx, db::keys::Owner::Member(organization, user)).await?;
    for team in db::teams::of_member(tx, organization, user).await? {
        db::teams::delete_member(tx, TeamId(team), user).await?;
        tx.changed(Change::Team, team);
    }
    db::organizations::delete_member(tx, organization, user).await?;
    tx.changed(Change::Member, user);
    Ok(keys)
}

pub(crate) async fn tell(
    tx: &mut Tx,
    clock: &Clock,
    organization: OrganizationId,
    user: UserId,
    actor: Actor,
    action: &'static str,
    details: Value,
) -> Result<()> {
    let event = Event {
        organization: Some(organization),
        actor,
        action,
        target: Target::User(user),
        details,
    };
    audit::record(tx, clock, event).await
}

pub(super) fn shown(state: &State, row: &MemberRow) -> Option<wire::Member> {
    let person = state.directory().user(UserId(row.user_id))?;
    Some(wire::Member {
        user_id: person.id,
        email: person.email.clone(),
        username: person.username.clone(),
        full_name: person.full_name.clone(),
        avatar_url: person.avatar_url.clone(),
        role: OrganizationRole::parse(&row.role)?,
        joined_at: types::Timestamp(row.created_at),
    })
}

pub(super) fn unknown() -> Error {
    Error::refused(Code::NotFound, "Nobody of this id belongs to the organization.")
}
