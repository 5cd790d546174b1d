//! Deleting one's own account.

use serde_json::json;
use types::{PlatformRole, SessionId, UserId, error::Code};
use uuid::Uuid;

use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    db::{self, Change, Tx},
    error::Result,
    sessions::{Device, User},
};

/// Removes the account with its sign-ins, tokens, keys and personal organization. Calls it made stay on the books under ids that lead
/// to nobody.
///
/// Errors: 409 for the only administrator, and for the only owner of an organization that others belong to.
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
                may_leave(tx, id, role).await?;
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
    let alone: Vec<Uuid> = db::organizations::shared_with_only_owner(tx, id).await?;
    if alone.is_empty() {
        return Ok(());
    }
    let message = "You are the only owner of an organization that others belong to. Make somebody else its owner first, or delete it.";
    Err(Error::refused(Code::Conflict, message))
}
