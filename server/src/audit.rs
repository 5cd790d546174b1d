//! Who changed what. A change and its audit row commit together (invariant 8), so a row is only ever written into the
//! transaction of the change it tells of.
//!
//! Rows outlive what they are about. They hold ids and names of fields, never values of secrets.

use serde_json::Value;
use types::{ApiTokenId, KeyId, OrganizationId, SessionId, UserId};

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

    /// A signed-in person. Their address stands in the row that tells of the sign-in.
    pub fn signed_in(user: &User) -> Self {
        Actor::User {
            id: user.id(),
            address: None,
        }
    }

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
    Session(SessionId),
    Key(KeyId),
    Token(ApiTokenId),
}

impl Target {
    const fn kind(self) -> &'static str {
        match self {
            Target::User(_) => "user",
            Target::Organization(_) => "organization",
            Target::Session(_) => "session",
            Target::Key(_) => "api_key",
            Target::Token(_) => "api_token",
        }
    }

    fn id(self) -> String {
        match self {
            Target::User(id) => id.to_string(),
            Target::Organization(id) => id.to_string(),
            Target::Session(id) => id.to_string(),
            Target::Key(id) => id.to_string(),
            Target::Token(id) => id.to_string(),
        }
    }
}

/// One thing that happened. `action` reads like `key.created`.
pub struct Event {
    pub organization: Option<OrganizationId>,
    pub actor: Actor,
    pub action: &'static str,
    pub target: Target,
    /// A JSON object.
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
