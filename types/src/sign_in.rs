//! Ways to sign in: what a server offers, identities elsewhere, and why a sign-in elsewhere came to nothing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// What a provider of identities speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Any OpenID issuer.
    Oidc,
    Github,
    Google,
    Gitlab,
}

/// `GET auth/providers`: every way into this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Methods {
    /// E-mail and password.
    pub password: bool,
    /// A link sent by mail.
    pub link: bool,
    pub passkey: bool,
    /// A test user without a password; development only.
    pub mock: bool,
    /// Whether this server can send mail.
    pub mail: bool,
    /// `open`, `verify_first`, `invite` or `closed`.
    pub registration: String,
    pub identities: Vec<IdentityProvider>,
}

/// Somewhere else that says who people are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IdentityProvider {
    pub id: String,
    pub name: String,
    pub kind: ProviderKind,
    /// The path to open in a browser; takes `?next=` with a path of this server.
    pub start: String,
}

/// An identity elsewhere that signs its person in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkedIdentity {
    pub id: Uuid,
    /// The provider's id in the configuration.
    pub provider: String,
    /// The provider's name, while it is configured.
    pub name: String,
    pub issuer: String,
    pub email: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// Why a way through a provider led nowhere. Pages word it; its name travels in an address, so it says nothing about anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The person or the provider said no.
    Denied,
    /// The provider did not answer, or not as it should.
    Unreachable,
    /// The way back was too old, used already, or begun in another browser.
    Stale,
    /// What the provider sent does not prove who somebody is.
    Unproven,
    /// There is an account with this e-mail: sign in the usual way and link it in the settings.
    AccountExists,
    /// The provider does not vouch for an e-mail.
    NoEmail,
    /// No new accounts here.
    Closed,
    /// The account is disabled.
    Disabled,
    /// The identity signs another account in.
    LinkedElsewhere,
    /// Linking needs a sign-in that is not older than five minutes.
    Reauth,
    /// Too many attempts, or the server could not check.
    Unavailable,
}

impl Trouble {
    pub const ALL: [Trouble; 11] = [
        Trouble::Denied,
        Trouble::Unreachable,
        Trouble::Stale,
        Trouble::Unproven,
        Trouble::AccountExists,
        Trouble::NoEmail,
        Trouble::Closed,
        Trouble::Disabled,
        Trouble::LinkedElsewhere,
        Trouble::Reauth,
        Trouble::Unavailable,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Trouble::Denied => "denied",
            Trouble::Unreachable => "unreachable",
            Trouble::Stale => "stale",
            Trouble::Unproven => "unproven",
            Trouble::AccountExists => "account_exists",
            Trouble::NoEmail => "no_email",
            Trouble::Closed => "closed",
            Trouble::Disabled => "disabled",
            Trouble::LinkedElsewhere => "linked_elsewhere",
            Trouble::Reauth => "reauth",
            Trouble::Unavailable => "unavailable",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.name() == text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn trouble_is_found_by_its_name_and_by_nothing_else() {
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::parse(trouble.name()), Some(trouble));
            assert_eq!(serde_json::to_value(trouble).unwrap(), trouble.name());
        }
        assert_eq!(Trouble::parse("<script>"), None);
    }
}
