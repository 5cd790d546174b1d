//! People as who runs the server sees them, and what may be changed of them.

use serde::{Deserialize, Serialize};

use crate::{
    OrganizationId, OrganizationRole, PlatformRole, Timestamp, UserId,
    accounts::{LOCALES, wrong},
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
};

/// Somebody with an account, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub username: String,
    pub full_name: Option<String>,
    pub avatar_url: Option<String>,
    pub role: PlatformRole,
    /// Who is not signs in nowhere, and neither do their keys and tokens work.
    pub is_active: bool,
    pub email_verified: bool,
    /// An authenticator app or a passkey.
    pub has_second_factor: bool,
    pub has_password: bool,
    /// The personal organization.
    pub organization_id: OrganizationId,
    pub created_at: Timestamp,
}

/// The same with what is counted for one person alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonDetails {
    #[serde(flatten)]
    pub person: Person,
    /// Sign-ins that still count: browsers and programs.
    pub sign_ins: u64,
    /// Of these, when one was used last.
    pub last_seen_at: Option<Timestamp>,
    /// The first hundred organizations they belong to, without the personal one.
    pub organizations: Vec<Membership>,
}

/// Where somebody belongs, and as what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Membership {
    pub organization_id: OrganizationId,
    pub slug: Option<String>,
    pub name: String,
    pub role: OrganizationRole,
}

/// `PATCH admin/users/{id}`. A field that is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<PlatformRole>,
    /// `false` also ends every sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

/// `POST admin/users`: an account whose owner sets the password by a link.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    pub email: String,
    /// Made out of the e-mail when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    #[serde(default)]
    pub role: PlatformRole,
    /// Language of letters and pages: `en` or `ru`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl NewPerson {
    /// Everything the rules can say without the database.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "email", rules::email(&self.email));
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

/// The reply to `POST admin/users`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedPerson {
    #[serde(flatten)]
    pub person: Person,
    /// Sets the password, once, within seven days. Null when it went to them by letter, and in the answer to a repeated request.
    pub link: Option<String>,
    /// A letter with the link is on its way.
    pub mailed: bool,
}
