//! Deleting an account: one's own, or somebody's by who runs the server.

use serde_json::json;
use types::{OrganizationId, OrganizationRole, PlatformRole, SessionId, UserId, error::Code};

use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    error::Result,
    organizations::{self, members},
    sessions::{Device, User},
};

/// Whose account goes, and who says so.
pub(crate) struct Leaving {
    pub id: UserId,
    /// The personal organization.
    pub organization: OrganizationId,
    pub actor: Actor,
    /// For the audit log.
    pub by: &'static str,
}

/// Removes the account with its sign-ins, tokens, keys, personal organization, and the shared ones that nobody else belongs to. Calls it
/// made stay on the books under ids that lead to nobody.
///
/// Errors: 409 for the only administrator, and 409 `last_owner` for the only owner of an organization that others belong to.
pub async fn leave(state: &State, user: &User, device: &Device) -> Result<()> {
    let clock = state.clock().clone();
    let leaving = Leaving {
        id: user.id(),
        organization: user.organization_id(),
        actor: Actor::user(user.id(), device),
        by: "themselves",
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                // Nothing becomes theirs from here on, least of all an organization.
                db::users::lock(tx, leaving.id).await?;
                remove(tx, &clock, leaving).await
            })
        })
        .await
}

/// [`leave`], inside a transaction that holds the person.
pub(crate) async fn remove(tx: &mut Tx, clock: &Clock, leaving: Leaving) -> Result<()> {
    let Leaving {
        id,
        organization,
        actor,
        by,
    } = leaving;
    may_leave(tx, id).await?;
    leave_organizations(tx, clock, id, &actor).await?;
    for team in db::teams::of_user(tx, id).await? {
        tx.changed(Change::Team, team);
    }
    for key in db::keys::delete_of(tx, id).await? {
        tx.changed(Change::Key, key);
    }
    for session in db::sessions::of_user_in(tx, id).await? {
        tx.changed(Change::Session, SessionId(session.id));
    }
    db::users::delete(tx, id).await?;
    tx.changed(Change::Organization, organization);
    tx.changed(Change::User, id);
    let event = Event {
        organization: Some(organization),
        actor,
        action: "user.deleted",
        target: Target::User(id),
        details: json!({ "by": by }),
    };
    audit::record(tx, clock, event).await
}

async fn may_leave(tx: &mut Tx, id: UserId) -> Result<()> {
    let row = db::users::find_in(tx, id).await?;
    let is_admin = row.is_some_and(|row| row.role == PlatformRole::Admin.name());
    if is_admin && !db::users::other_admin_exists_locked(tx, id).await? {
        let message = "This is the only administrator of this server. Make somebody else one first.";
        return Err(Error::refused(Code::Conflict, message));
    }
    Ok(())
}

/// Looks after every shared organization the person belongs to, one after the other and always in the same order.
async fn leave_organizations(tx: &mut Tx, clock: &Clock, id: UserId, actor: &Actor) -> Result<()> {
    for organization in db::organizations::shared_of(tx, id, None).await? {
        let Some(row) = db::organizations::lock(tx, organization).await? else {
            continue;
        };
        // Read behind the lock: what they were before it may be over.
        let Some(member) = db::organizations::member(tx, organization, id).await? else {
            continue;
        };
        let others = db::organizations::roles_of_others(tx, organization, id).await?;
        if member.role != OrganizationRole::Owner.name() || others.contains(&OrganizationRole::Owner) {
            let keys = members::part(tx, organization, id).await?;
            let details =
                json!({ "before": { "role": member.role }, "keys_revoked": keys.told(), "why": "account_deleted" });
            members::tell(tx, clock, organization, id, actor.clone(), "member.removed", details).await?;
            continue;
        }
        if !others.is_empty() {
            let message = "This account is the only owner of an organization that others belong to. Make somebody else its owner first, or delete it.";
            return Err(Error::refused(Code::LastOwner, message));
        }
        organizations::dissolve(tx, clock, actor.clone(), row).await?;
    }
    Ok(())
}
