//! Requests and replies of sign-up, sign-in and the profile.

use serde::{Deserialize, Serialize};

use crate::{
    OrganizationId, PlatformRole, Timestamp, UserId,
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
    sent,
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
    /// Language of letters and pages: `en` or `ru`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The token of an invitation's link: the account joins the organization. One that was mailed to this address also verifies it and is
    /// good while sign-up is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
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
        if let Some(locale) = &self.locale {
            let known = LOCALES.contains(&locale.as_str());
            wrong(&mut errors, "locale", known.then_some(()).ok_or(Wrong::UnknownValue));
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
    /// The second factor, where the account has one: a code of an authenticator app or a recovery code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// `POST auth/refresh`, `POST auth/logout`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    pub refresh_token: String,
}

/// `POST setup`: the account of the first administrator and the token that the server printed at its start.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Setup {
    pub token: String,
    pub email: String,
    pub password: String,
    #[serde(default)]
    pub username: Option<String>,
    /// `name` is accepted as another name of this field.
    #[serde(default, alias = "name")]
    pub full_name: Option<String>,
}

/// `DELETE account/profile`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// The account's, if it has one.
    #[serde(default)]
    pub password: Option<String>,
}

pub const LOCALES: [&str; 2] = ["en", "ru"];
pub const THEMES: [&str; 3] = ["system", "light", "dark"];
const URL_MOST: usize = 2048;

/// `PUT account/profile`. A field that is absent stays as it is; `null` empties those that may be empty.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub full_name: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `https` only.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub avatar_url: Option<Option<String>>,
    /// `en` or `ru`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// `system`, `light` or `dark`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// An IANA name such as `Europe/Berlin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

impl ProfileChange {
    /// Everything the rules can say without the database; whether the time zone exists is the server's to say.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        if let Some(Some(name)) = &self.full_name {
            wrong(&mut errors, "full_name", rules::name(name, rules::NAME_MOST));
        }
        if let Some(username) = &self.username {
            wrong(&mut errors, "username", rules::username(username));
        }
        if let Some(Some(url)) = &self.avatar_url {
            let plain = url.starts_with("https://") && url.len() > 8 && url.bytes().all(|byte| byte.is_ascii_graphic());
            let outcome = match url.len() {
                length if length > URL_MOST => Err(Wrong::TooLong),
                _ if plain => Ok(()),
                _ => Err(Wrong::UnknownValue),
            };
            wrong(&mut errors, "avatar_url", outcome);
        }
        let listed = |list: &[&str], value: &str| {
            if list.contains(&value) {
                Ok(())
            } else {
                Err(Wrong::UnknownValue)
            }
        };
        if let Some(locale) = &self.locale {
            wrong(&mut errors, "locale", listed(&LOCALES, locale));
        }
        if let Some(theme) = &self.theme {
            wrong(&mut errors, "theme", listed(&THEMES, theme));
        }
        Refusal::fields(errors)
    }
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
