//! Who changed what. A change and its audit row commit together (invariant 8), so a row is only ever written into the
//! transaction of the change it tells of.
//!
//! Rows outlive what they are about. They hold ids, names of fields and values that are about nobody (roles, switches, names of models, the
//! slug that addresses an organization), never secrets and never what somebody or something is called by a person. Written here, read in
//! `read` and `export`, proven by `chain`, and removed by `prune` alone.

pub(crate) mod chain;
mod export;
mod prune;
mod read;
mod verify;

use serde_json::Value;
use types::{ApiTokenId, InvitationId, KeyId, ModelId, OrganizationId, ProviderId, SessionId, TeamId, UserId};

pub use chain::Head;
pub use export::{Format, export};
pub use prune::{Pruned, prune};
pub use read::{Filter, Scope, actor_named, page};
pub use verify::{Finding, Report, verify};

use crate::{
    clock::Clock,
    db::{self, Tx},
    error::Result,
    sessions::{Device, User},
};

/// Who did it.
#[derive(Clone)]
pub enum Actor {
    /// A person, with as much of their address as the settings keep.
    User { id: UserId, address: Option<String> },
    /// Somebody who could not prove who they are.
    Unknown { address: Option<String> },
    /// An operator at the server's own command line.
    CommandLine,
    /// The server itself, such as seeding from the configuration.
    System,
}

impl Actor {
    pub fn user(id: UserId, device: &Device) -> Self {
        Actor::User {
            id,
            address: device.address.clone(),
        }
    }

    /// A signed-in person, with the address that their request came from.
    pub fn signed_in(user: &User) -> Self {
        Actor::User {
            id: user.id(),
            address: user.address().map(str::to_owned),
        }
    }

    /// All of [`Actor::kind`].
    const KINDS: [&str; 4] = ["user", "unknown", "command_line", "system"];

    const fn kind(&self) -> &'static str {
        match self {
            Actor::User { .. } => "user",
            Actor::Unknown { .. } => "unknown",
            Actor::CommandLine => "command_line",
            Actor::System => "system",
        }
    }
}

/// What it was done to.
#[derive(Clone, Copy)]
pub enum Target {
    User(UserId),
    Organization(OrganizationId),
    Invitation(InvitationId),
    Team(TeamId),
    Session(SessionId),
    Key(KeyId),
    Token(ApiTokenId),
    Provider(ProviderId),
    Model(ModelId),
    /// A part of the log itself, and what came before it.
    AuditSegment(i64),
}

impl Target {
    const fn kind(self) -> &'static str {
        match self {
            Target::User(_) => "user",
            Target::Organization(_) => "organization",
            Target::Invitation(_) => "invitation",
            Target::Team(_) => "team",
            Target::Session(_) => "session",
            Target::Key(_) => "api_key",
            Target::Token(_) => "api_token",
            Target::Provider(_) => "provider",
            Target::Model(_) => "model",
            Target::AuditSegment(_) => "audit_segment",
        }
    }

    fn id(self) -> String {
        let id = match self {
            Target::User(id) => id.0,
            Target::Organization(id) => id.0,
            Target::Invitation(id) => id.0,
            Target::Team(id) => id.0,
            Target::Session(id) => id.0,
            Target::Key(id) => id.0,
            Target::Token(id) => id.0,
            Target::Provider(id) => id.0,
            Target::Model(id) => id.0,
            Target::AuditSegment(segment) => return segment.to_string(),
        };
        id.to_string()
    }
}

/// One thing that happened. `action` reads like `key.created`.
pub struct Event {
    pub organization: Option<OrganizationId>,
    pub actor: Actor,
    pub action: &'static str,
    pub target: Target,
    /// A JSON object; `before` and `after` where something had a value and has another.
    pub details: Value,
}

/// Writes the row into the transaction of the change.
pub(crate) async fn record(tx: &mut Tx, clock: &Clock, event: Event) -> Result<()> {
    let (actor_id, address) = match &event.actor {
        Actor::User { id, address } => (Some(id.0), address.clone()),
        Actor::Unknown { address } => (None, address.clone()),
        Actor::CommandLine | Actor::System => (None, None),
    };
    let row = db::audit::Row {
        id: clock.new_id(),
        organization_id: event.organization.map(|id| id.0),
        actor_id,
        actor_kind: event.actor.kind().to_owned(),
        action: event.action.to_owned(),
        target_kind: event.target.kind().to_owned(),
        target_id: Some(event.target.id()),
        ip_address: address,
        details: event.details.to_string(),
        created_at: clock.now().0,
    };
    db::audit::insert(tx, row).await
}
