//! Deleting one's own account.

use serde_json::json;
use types::{OrganizationRole, PlatformRole, SessionId, UserId, error::Code};

use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    error::Result,
    organizations,
    sessions::{Device, User},
};

/// Removes the account with its sign-ins, tokens, keys, personal organization, and the shared ones that nobody else belongs to. Calls it
/// made stay on the books under ids that lead to nobody.
///
/// Errors: 409 for the only administrator, and 409 `last_owner` for the only owner of an organization that others belong to.
pub async fn leave(state: &State, user: &User, device: &Device) -> Result<()> {
    let (id, role) = (user.id(), user.role());
    let organization = user.organization_id();
    let clock = state.clock().clone();
    let event = Event {
        organization: Some(organization),
        actor: Actor::user(id, device),
        action: "user.deleted",
        target: Target::User(id),
        details: json!({ "by": "themselves" }),
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                // Nothing becomes theirs from here on, least of all an organization.
                db::users::lock(tx, id).await?;
                may_leave(tx, id, role).await?;
                leave_organizations(tx, &clock, id).await?;
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
                audit::record(tx, &clock, event).await
            })
        })
        .await
}

async fn may_leave(tx: &mut Tx, id: UserId, role: PlatformRole) -> Result<()> {
    if role == PlatformRole::Admin && !db::users::other_admin_exists_locked(tx, id).await? {
        let message = "You are the only administrator of this server. Make somebody else one first.";
        return Err(Error::refused(Code::Conflict, message));
    }
    Ok(())
}

/// Looks after every shared organization the person belongs to, one after the other and always in the same order.
async fn leave_organizations(tx: &mut Tx, clock: &Clock, id: UserId) -> Result<()> {
    for organization in db::organizations::shared_of(tx, id, None).await? {
        let Some(row) = db::organizations::lock(tx, organization).await? else {
            continue;
        };
        // Read behind the lock: what they were before it may be over.
        let member = db::organizations::member(tx, organization, id).await?;
        if member.is_none_or(|member| member.role != OrganizationRole::Owner.name()) {
            continue;
        }
        let others = db::organizations::roles_of_others(tx, organization, id).await?;
        if others.contains(&OrganizationRole::Owner) {
            continue;
        }
        if !others.is_empty() {
            let message = "You are the only owner of an organization that others belong to. Make somebody else its owner first, or delete it.";
            return Err(Error::refused(Code::LastOwner, message));
        }
        let actor = Actor::User { id, address: None };
        organizations::dissolve(tx, clock, actor, row).await?;
    }
    Ok(())
}
