//! Requests and replies about teams: groups of an organization's members with rules for the keys they make.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    OrganizationId, TeamId, Timestamp, UserId,
    accounts::wrong,
    error::{FieldErrors, Refusal},
    keys::Unbuilt,
    rules::{self, Wrong},
};

/// The organization that the server itself has. Nobody is a member of it.
pub const SYSTEM_ORGANIZATION: OrganizationId =
    OrganizationId(Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0000));

/// The team everybody is in. It decides for keys without a team of their own.
pub const DEFAULT_TEAM: TeamId = TeamId(Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001));

/// Names of models a team may list.
pub const MOST_MODELS: usize = 200;

/// A team as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Team {
    pub id: TeamId,
    pub organization_id: OrganizationId,
    pub name: String,
    /// Names of the models that keys of this team may use, beside what each key says itself; empty = all.
    pub allowed_models: Vec<String>,
    /// How many people belong to it; null for the default team, which everybody is in.
    pub members: Option<u64>,
    pub is_default: bool,
    pub created_at: Timestamp,
}

/// `POST organizations/{organization}/teams`. Fields whose rule is not built are read only to be refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    pub name: String,
    /// Empty = all.
    #[serde(default)]
    pub allowed_models: Vec<String>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<Unbuilt>,
}

/// `PATCH teams/{id}`. A field that is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TeamChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Empty = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Vec<String>>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<Unbuilt>,
    /// Refused with 422 until its rule is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<Unbuilt>,
}

impl NewTeam {
    /// Everything the rules can say without the database; whether the models exist is the server's to say.
    pub fn check(&self) -> Result<(), Refusal> {
        check(Some(&self.name), [self.rpm_limit, self.tpm_limit, self.max_parallel])
    }
}

impl TeamChange {
    /// As [`NewTeam::check`].
    pub fn check(&self) -> Result<(), Refusal> {
        check(
            self.name.as_deref(),
            [self.rpm_limit, self.tpm_limit, self.max_parallel],
        )
    }
}

fn check(name: Option<&str>, limits: [Option<Unbuilt>; 3]) -> Result<(), Refusal> {
    let mut errors = FieldErrors::new();
    if let Some(name) = name {
        wrong(&mut errors, "name", rules::name(name, rules::NAME_MOST));
    }
    let limits = ["rpm_limit", "tpm_limit", "max_parallel"].into_iter().zip(limits);
    for (field, _) in limits.filter(|(_, sent)| sent.is_some()) {
        wrong(&mut errors, field, Err(Wrong::NotBuilt));
    }
    Refusal::fields(errors)
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TeamMember {
    pub user_id: UserId,
    pub email: String,
    pub username: String,
    pub full_name: Option<String>,
    pub joined_at: Timestamp,
}

/// `POST teams/{id}/members`: a member of the team's organization.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTeamMember {
    pub user_id: UserId,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fixed_ids_are_those_of_the_contract() {
        assert_eq!(DEFAULT_TEAM.to_string(), "a0000000-0000-4000-8000-000000000001");
        assert_eq!(SYSTEM_ORGANIZATION.to_string(), "a0000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn limits_are_refused_until_they_are_built() {
        for field in ["rpm_limit", "tpm_limit", "max_parallel"] {
            let body = format!(r#"{{"name":"a","{field}":1}}"#);
            let refusal = serde_json::from_str::<NewTeam>(&body).unwrap().check().unwrap_err();
            assert_eq!(refusal.errors[field], ["not_supported"]);
            let refusal = serde_json::from_str::<TeamChange>(&body).unwrap().check().unwrap_err();
            assert_eq!(refusal.errors[field], ["not_supported"]);
        }
        assert!(TeamChange::default().check().is_ok());
    }
}
