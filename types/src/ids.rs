//! Newtypes around UUID v7, one per kind of thing, so that a key's id cannot stand where a user's belongs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                $name(id)
            }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids!(
    /// A person.
    UserId,
    /// A sign-in of a person on a device; also the refresh family's id and the access token's `sid`.
    SessionId,
    /// What owns keys, usage and money; everyone has a personal one.
    OrganizationId,
    /// A group of members with rules of its own.
    TeamId,
    /// An invitation's row (not the token in its link).
    InvitationId,
    /// An API key's row (not its public id, which stands in the key itself).
    KeyId,
    /// A personal token's row (not its public id, which stands in the token itself).
    ApiTokenId,
    /// A passkey's row (not the credential's id, which the authenticator chose).
    PasskeyId,
    /// A configured upstream.
    ProviderId,
    /// A model of the catalogue (its public name is a string of its own).
    ModelId,
    /// One version of a model's price.
    PriceId,
    /// One call through the model API: primary key of `usage_logs`.
    CallId,
    /// A row of the audit log.
    AuditId,
    /// A row of the request log.
    RequestLogId,
    /// A session with a model, as a client reports it: when it began and ended, never what was said.
    ConversationId,
);
