//! What crosses a wire: ids, money, roles, requests, replies and the rules both doors share.
//!
//! Compiled for the browser and for the server. No I/O, no async, no Leptos, no database.

pub mod accounts;
pub mod audit;
pub mod catalogue;
pub mod clients;
pub mod conversations;
pub mod dialect;
pub mod error;
pub mod factors;
pub mod ids;
pub mod key_format;
pub mod keys;
pub mod links;
pub mod litellm;
pub mod money;
pub mod organizations;
pub mod page;
pub mod people;
pub mod personal_tokens;
pub mod playground;
pub mod problem;
pub mod provider;
pub mod request_log;
pub mod role;
pub mod rules;
pub mod sessions;
pub mod sign_in;
pub mod system;
pub mod teams;
pub mod time;
pub mod tokens;
pub mod transcript;
pub mod usage;

pub use dialect::Dialect;
pub use error::Refusal;
pub use ids::{
    ApiTokenId, AuditId, CallId, ConversationId, InvitationId, KeyId, ModelId, OrganizationId, PasskeyId, PriceId,
    ProviderId, RequestLogId, SessionId, TeamId, UserId,
};
pub use money::{Nanos, Price};
pub use role::{OrganizationRole, PlatformRole};
pub use time::Timestamp;
pub use tokens::Tokens;

use serde::{Deserialize, Deserializer};

/// Tells a `null` that was sent from a field that was not.
fn sent<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
