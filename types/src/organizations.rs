//! Requests and replies about organizations, who belongs to them, and who is invited.

use serde::{Deserialize, Serialize};

use crate::{
    InvitationId, OrganizationId, OrganizationRole, TeamId, Timestamp, UserId,
    accounts::wrong,
    error::{FieldErrors, Refusal},
    keys::Key,
    rules::{self, Wrong},
};

/// What an organization is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrganizationKind {
    /// Came with an account, whose person is its only member.
    Personal,
    /// Of several people.
    Shared,
    /// The server's own: nobody is a member. It owns the default team.
    System,
}

impl OrganizationKind {
    pub const fn name(self) -> &'static str {
        match self {
            OrganizationKind::Personal => "personal",
            OrganizationKind::Shared => "shared",
            OrganizationKind::System => "system",
        }
    }

    /// The kind of that name, as stored and as sent.
    pub fn parse(text: &str) -> Option<Self> {
        [
            OrganizationKind::Personal,
            OrganizationKind::Shared,
            OrganizationKind::System,
        ]
        .into_iter()
        .find(|kind| kind.name() == text)
    }
}

/// An organization as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Organization {
    pub id: OrganizationId,
    /// Its name in addresses; personal ones have none.
    pub slug: Option<String>,
    pub name: String,
    pub kind: OrganizationKind,
    /// The caller's.
    pub role: OrganizationRole,
    pub plan: String,
    /// How many people belong to it.
    pub members: u64,
    /// Members without a second factor must set one up before anything else.
    pub requires_second_factor: bool,
    /// Names of the models that whatever it pays for may use, beside what keys and teams say; empty = all.
    pub allowed_models: Vec<String>,
    pub created_at: Timestamp,
}

/// `POST organizations`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    pub name: String,
    /// 2 to 39 of `a-z` and `0-9` with single hyphens between them; not shaped like a UUID, and not one of the reserved words.
    pub slug: String,
}

impl NewOrganization {
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "name", rules::name(&self.name, rules::NAME_MOST));
        wrong(&mut errors, "slug", rules::slug(&self.slug));
        Refusal::fields(errors)
    }
}

/// `PATCH organizations/{organization}`. A field that is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganizationChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The old one leads here for 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Asks every member for a second factor. Only an owner who has one may turn it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_second_factor: Option<bool>,
    /// Also for admins, who change nothing else here. Empty = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Vec<String>>,
}

impl OrganizationChange {
    /// The least role that may change what this names.
    pub const fn needs(&self) -> OrganizationRole {
        match (&self.name, &self.slug, self.requires_second_factor) {
            (None, None, None) => OrganizationRole::Admin,
            _ => OrganizationRole::Owner,
        }
    }

    /// Everything the rules can say without the catalogue; whether the models exist is the server's to say.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        if let Some(name) = &self.name {
            wrong(&mut errors, "name", rules::name(name, rules::NAME_MOST));
        }
        if let Some(slug) = &self.slug {
            wrong(&mut errors, "slug", rules::slug(slug));
        }
        Refusal::fields(errors)
    }
}

/// Somebody who belongs to an organization, as its members see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    pub user_id: UserId,
    pub email: String,
    pub username: String,
    pub full_name: Option<String>,
    pub avatar_url: Option<String>,
    pub role: OrganizationRole,
    pub joined_at: Timestamp,
}

/// `POST organizations/{organization}/members`: one of `email` and `user_id`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    pub role: OrganizationRole,
}

/// Who is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// In its normal form.
    Email(String),
    Id(UserId),
}

impl NewMember {
    /// Errors: 422 unless exactly one of the two names somebody.
    pub fn who(&self) -> Result<Who, Refusal> {
        let mut errors = FieldErrors::new();
        let email = self.email.as_deref().unwrap_or_default();
        let who = match self.user_id {
            Some(id) => Who::Id(id),
            None => Who::Email(rules::normal_email(email)),
        };
        match (&self.email, self.user_id) {
            (Some(_), Some(_)) => wrong(&mut errors, "user_id", Err(Wrong::NotMatching)),
            (None, Some(_)) => {}
            (_, None) => wrong(&mut errors, "email", rules::email(email)),
        }
        Refusal::fields(errors)?;
        Ok(who)
    }
}

/// `PATCH organizations/{organization}/members/{user_id}`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    pub role: OrganizationRole,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    Open,
    Accepted,
    Revoked,
    Expired,
    /// Who sent it may not give this role any more, or does not belong to the organization any more. Sending it again revives it.
    Void,
}

/// An invitation as the organization's admins see it. The token in its link is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    pub id: InvitationId,
    /// Whom it was mailed to; null for a link that anybody may use who has it.
    pub email: Option<String>,
    pub role: OrganizationRole,
    pub state: InvitationState,
    pub invited_by: UserId,
    /// The user name; null when the person is gone.
    pub invited_by_name: Option<String>,
    pub accepted_by: Option<UserId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// `POST organizations/{organization}/invitations`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Sends a letter, and only the account with this address, verified, can accept. Absent: a link that works for one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub role: OrganizationRole,
}

/// The reply to making an invitation or sending it again.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentInvitation {
    /// Only for an invitation without an address, and only here. Null when the reply is replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The link in the letter. In development only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev_link: Option<String>,
    #[serde(flatten)]
    pub details: Invitation,
}

/// `GET invitations/{token}`: what somebody who holds the link is invited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationView {
    pub organization: String,
    pub role: OrganizationRole,
    /// The user name of who sent it.
    pub invited_by: String,
    /// Only the account with the address it was sent to can accept it.
    pub is_personal: bool,
    pub expires_at: Timestamp,
}

/// Somebody, by what others see of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    pub id: UserId,
    /// Null when the person is gone.
    pub username: Option<String>,
}

/// A team, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamName {
    pub id: TeamId,
    pub name: String,
}

/// A key as the organization's admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationKey {
    #[serde(flatten)]
    pub key: Key,
    pub user: Person,
    pub team: Option<TeamName>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exactly_one_of_address_and_id_names_somebody() {
        let id = UserId(uuid::Uuid::from_u128(7));
        let who = |email: Option<&str>, user_id| {
            let new = NewMember {
                email: email.map(str::to_owned),
                user_id,
                role: OrganizationRole::Member,
            };
            new.who()
                .map_err(|refusal| refusal.errors.into_keys().collect::<Vec<_>>())
        };
        assert_eq!(
            who(Some(" Anna@Example.com"), None),
            Ok(Who::Email("anna@example.com".to_owned()))
        );
        assert_eq!(who(None, Some(id)), Ok(Who::Id(id)));
        assert_eq!(who(None, None), Err(vec!["email".to_owned()]));
        assert_eq!(who(Some("nobody"), None), Err(vec!["email".to_owned()]));
        assert_eq!(who(Some("a@b.co"), Some(id)), Err(vec!["user_id".to_owned()]));
    }

    #[test]
    fn fields_that_nobody_may_set_are_refused() {
        for body in [
            r#"{"name":"A","slug":"ab","id":"0199f7c2-7a3e-7000-8000-000000000000"}"#,
            r#"{"name":"A","slug":"ab","plan":"team"}"#,
        ] {
            assert!(serde_json::from_str::<NewOrganization>(body).is_err(), "{body}");
        }
        let needs = |body| serde_json::from_str::<OrganizationChange>(body).unwrap().needs();
        assert_eq!(needs(r#"{"allowed_models":[]}"#), OrganizationRole::Admin);
        for body in [
            r#"{"name":"A","allowed_models":[]}"#,
            r#"{"slug":"ab"}"#,
            r#"{"requires_second_factor":false}"#,
        ] {
            assert_eq!(needs(body), OrganizationRole::Owner, "{body}");
        }
        for body in [r#"{"plan":"team"}"#, r#"{"kind":"personal"}"#, r#"{"created_at":0}"#] {
            assert!(serde_json::from_str::<OrganizationChange>(body).is_err(), "{body}");
        }
    }
}

/// An organization as who runs the server sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OverseenOrganization {
    pub id: OrganizationId,
    /// Its name in addresses; personal ones and the server's own have none.
    pub slug: Option<String>,
    pub name: String,
    pub kind: OrganizationKind,
    pub plan: String,
    /// How many people belong to it.
    pub members: u64,
    /// How many of them own it. None is a mistake that an administrator of the server can mend.
    pub owners: u64,
    /// Whose personal organization it is.
    pub personal_user_id: Option<UserId>,
    pub requires_second_factor: bool,
    /// Names of the models that whatever it pays for may use; empty = all.
    pub allowed_models: Vec<String>,
    pub created_at: Timestamp,
}

/// `PATCH admin/organizations/{organization}`. A field that is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OverseenChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The old one leads here for 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Empty = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Vec<String>>,
}
