//! Organizations: what owns keys, usage and money. Everyone has a personal one, whose only member and owner they are.
//!
//! [`Member`] is the proof that somebody belongs to an organization; services that work inside one ask for it.

use serde_json::json;
use types::{OrganizationId, OrganizationRole, UserId, error::Code};

use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    db::{self, Change},
    error::Result,
    sessions::User,
};

/// Somebody's place in one organization, as the directory has it now.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    organization_id: OrganizationId,
    user_id: UserId,
    role: OrganizationRole,
}

impl Member {
    pub const fn organization_id(&self) -> OrganizationId {
        self.organization_id
    }

    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    pub const fn role(&self) -> OrganizationRole {
        self.role
    }

    /// Keys spend the organization's money, so members who only use it cannot make them.
    pub(crate) fn may_create_keys(&self) -> Result<()> {
        match self.role {
            OrganizationRole::Owner | OrganizationRole::Admin => Ok(()),
            OrganizationRole::Member => Err(Error::refused(
                Code::Forbidden,
                "Only owners and admins of this organization create keys in it.",
            )),
        }
    }
}

/// The person's place in `organization`; one they do not belong to is as unknown to them as one that does not exist.
pub fn member(state: &State, user: &User, organization: OrganizationId) -> Result<Member> {
    match state.directory().is_member(organization, user.id()) {
        Some(role) => Ok(Member {
            organization_id: organization,
            user_id: user.id(),
            role,
        }),
        None => Err(Error::refused(Code::NotFound, "There is no such organization.")),
    }
}

/// The person's own organization.
pub fn personal(state: &State, user: &User) -> Result<Member> {
    member(state, user, user.organization_id())
}

/// Asks every member of the organization for a second factor, or no longer. Who has none is led to set one up before anything else.
///
/// Errors: 403 for who does not own the organization, or has no second factor themselves.
pub async fn require_second_factor(
    state: &State,
    user: &User,
    organization: OrganizationId,
    required: bool,
) -> Result<()> {
    if member(state, user, organization)?.role() != OrganizationRole::Owner {
        let message = "Only owners of this organization decide this.";
        return Err(Error::refused(Code::Forbidden, message));
    }
    if required && !user.entry().has_second_factor {
        // Otherwise the next page would lock its owner out of everything but the settings.
        let message = "Set up a second factor of your own first.";
        return Err(Error::refused(Code::SecondFactorMissing, message));
    }
    let clock = state.clock().clone();
    let event = Event {
        organization: Some(organization),
        actor: Actor::signed_in(user),
        action: "organization.second_factor",
        target: Target::Organization(organization),
        details: json!({ "required": required }),
    };
    let write = state.write(move |tx| {
        Box::pin(async move {
            let now = tx.now();
            if !db::organizations::require_second_factor(tx, organization, required, now).await? {
                return Ok(());
            }
            tx.changed(Change::Organization, organization);
            audit::record(tx, &clock, event).await
        })
    });
    write.await
}
