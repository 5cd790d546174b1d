//! Requests and replies about personal tokens: what a person's programs show instead of a password.

use serde::{Deserialize, Serialize};

use crate::{
    ApiTokenId, Timestamp,
    accounts::{Me, wrong},
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
};

/// What a token may do. None of them changes the account: that takes a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The model API: list models.
    Read,
    /// The model API: calls that cost.
    Write,
    /// The account API: read profile, keys and usage.
    Account,
}

impl Scope {
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Write, Scope::Account];

    pub const fn name(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Account => "account",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == text)
    }
}

/// `POST auth/tokens`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    pub name: String,
    /// At least one.
    pub scopes: Vec<Scope>,
    /// Absent = in a year.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The account's password; may be absent when the account has none and the sign-in is at most five minutes old.
    #[serde(default)]
    pub password: Option<String>,
}

impl NewToken {
    /// Everything the rules can say without the database. `now` decides whether the expiry lies ahead.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "name", rules::name(&self.name, rules::KEY_NAME_MOST));
        if self.scopes.is_empty() {
            wrong(&mut errors, "scopes", Err(Wrong::Required));
        }
        if self.expires_at.is_some_and(|expiry| expiry <= now) {
            wrong(&mut errors, "expires_at", Err(Wrong::InThePast));
        }
        Refusal::fields(errors)
    }
}

/// `POST auth/cli-login`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CliLogin {
    pub email: String,
    pub password: String,
    /// What the list of tokens calls it; absent = `command line`.
    #[serde(default)]
    pub name: Option<String>,
    /// The second factor, where the account has one: a code of an authenticator app or a recovery code.
    #[serde(default)]
    pub code: Option<String>,
}

/// A token as lists show it; the secret is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonalToken {
    pub id: ApiTokenId,
    pub name: String,
    /// `wgp-<public id>…`, enough to recognise it.
    pub hint: String,
    pub scopes: Vec<Scope>,
    /// The user agent that made it, as far as the server keeps it.
    pub device: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// The reply to making a token: the only place where it stands in full.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// Null when the reply is replayed.
    pub token: Option<String>,
    #[serde(flatten)]
    pub details: PersonalToken,
}

/// The reply to `cli-login`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CliSignedIn {
    pub user: Me,
    #[serde(flatten)]
    pub created: CreatedToken,
}
