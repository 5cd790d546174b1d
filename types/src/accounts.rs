//! Requests and replies of sign-up, sign-in and the profile.

use serde::{Deserialize, Serialize};

use crate::{
    OrganizationId, PlatformRole, Timestamp, UserId,
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
};

/// `POST auth/register`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Register {
    pub email: String,
    pub password: String,
    #[serde(default)]
    pub username: Option<String>,
    /// `name` is accepted as another name of this field.
    #[serde(default, alias = "name")]
    pub full_name: Option<String>,
}

impl Register {
    /// Everything the rules can say without the database.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "email", rules::email(&self.email));
        wrong(&mut errors, "password", rules::password(&self.password));
        if let Some(username) = &self.username {
            wrong(&mut errors, "username", rules::username(username));
        }
        if let Some(name) = &self.full_name {
            wrong(&mut errors, "full_name", rules::name(name, rules::NAME_MOST));
        }
        Refusal::fields(errors)
    }
}

/// Adds what a rule said about `field` to `errors`.
pub fn wrong(errors: &mut FieldErrors, field: &str, outcome: Result<(), Wrong>) {
    if let Err(wrong) = outcome {
        errors
            .entry(field.to_owned())
            .or_default()
            .push(wrong.code().to_owned());
    }
}

/// `POST auth/login`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub email: String,
    pub password: String,
    /// Keeps the sign-in for 30 days instead of one.
    #[serde(default)]
    pub remember_me: bool,
}

/// `POST auth/refresh`, `POST auth/logout`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    pub refresh_token: String,
}

/// The reply to register and login.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    pub user: Me,
    #[serde(flatten)]
    pub tokens: TokenPair,
}

/// A JWT for `Authorization: Bearer` and an opaque token that buys the next pair.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

/// `GET auth/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    pub id: UserId,
    pub email: String,
    pub username: String,
    pub full_name: Option<String>,
    pub role: PlatformRole,
    /// The personal organization's plan.
    pub plan: String,
    pub organization_id: OrganizationId,
    pub avatar_url: Option<String>,
    pub email_verified: bool,
    pub locale: String,
    pub theme: String,
    pub time_zone: String,
    pub created_at: Timestamp,
}
