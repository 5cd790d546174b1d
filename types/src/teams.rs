//! Requests and replies about teams: groups of an organization's members with rules for the keys they make.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    OrganizationId, TeamId, Timestamp, UserId,
    accounts::wrong,
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
    sent,
};

/// The organization that the server itself has. Nobody is a member of it.
pub const SYSTEM_ORGANIZATION: OrganizationId =
    OrganizationId(Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0000));

/// The team everybody is in. It decides for keys without a team of their own.
pub const DEFAULT_TEAM: TeamId = TeamId(Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001));

/// Names of models a team may list.
pub const MOST_MODELS: usize = 200;

/// The largest limit.
pub const LIMIT_MOST: u32 = 1_000_000_000;

/// How much the calls of a team may be together; of the default team, those of each person. Null = no limit. 1 to [`LIMIT_MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallLimits {
    /// Calls a minute.
    pub rpm_limit: Option<u32>,
    /// Tokens a minute, of every kind that the books count.
    pub tpm_limit: Option<u32>,
    /// Calls at the same time.
    pub max_parallel: Option<u32>,
}

impl CallLimits {
    /// Whether there is any.
    pub fn is_some(&self) -> bool {
        *self != CallLimits::default()
    }
}

/// A team as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Team {
    pub id: TeamId,
    pub organization_id: OrganizationId,
    pub name: String,
    /// Names of the models that keys of this team may use, beside what each key says itself; empty = all.
    pub allowed_models: Vec<String>,
    #[serde(flatten)]
    pub limits: CallLimits,
    /// How many people belong to it; null for the default team, which everybody is in.
    pub members: Option<u64>,
    pub is_default: bool,
    pub created_at: Timestamp,
}

/// `POST organizations/{organization}/teams`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    pub name: String,
    /// Empty = all.
    #[serde(default)]
    pub allowed_models: Vec<String>,
    /// Calls a minute of all its keys together, 1 to a billion; absent or null = no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u32>,
    /// Tokens a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u32>,
    /// Calls at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
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
    /// Null takes the limit away.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub rpm_limit: Option<Option<u32>>,
    /// Null takes the limit away.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub tpm_limit: Option<Option<u32>>,
    /// Null takes the limit away.
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub max_parallel: Option<Option<u32>>,
}

impl NewTeam {
    pub fn limits(&self) -> CallLimits {
        CallLimits {
            rpm_limit: self.rpm_limit,
            tpm_limit: self.tpm_limit,
            max_parallel: self.max_parallel,
        }
    }

    /// Everything the rules can say without the database; whether the models exist is the server's to say.
    pub fn check(&self) -> Result<(), Refusal> {
        check(Some(&self.name), self.limits())
    }
}

impl TeamChange {
    /// What the limits are after this change of `before`.
    pub fn limits(&self, before: CallLimits) -> CallLimits {
        CallLimits {
            rpm_limit: self.rpm_limit.unwrap_or(before.rpm_limit),
            tpm_limit: self.tpm_limit.unwrap_or(before.tpm_limit),
            max_parallel: self.max_parallel.unwrap_or(before.max_parallel),
        }
    }

    /// As [`NewTeam::check`].
    pub fn check(&self) -> Result<(), Refusal> {
        check(self.name.as_deref(), self.limits(CallLimits::default()))
    }
}

fn check(name: Option<&str>, limits: CallLimits) -> Result<(), Refusal> {
    let mut errors = FieldErrors::new();
    if let Some(name) = name {
        wrong(&mut errors, "name", rules::name(name, rules::NAME_MOST));
    }
    for (field, limit) in [
        ("rpm_limit", limits.rpm_limit),
        ("tpm_limit", limits.tpm_limit),
        ("max_parallel", limits.max_parallel),
    ] {
        let fits = limit.is_none_or(|limit| (1..=LIMIT_MOST).contains(&limit));
        wrong(&mut errors, field, fits.then_some(()).ok_or(Wrong::OutOfRange));
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
    fn limit_is_one_to_a_billion_or_nothing() {
        for field in ["rpm_limit", "tpm_limit", "max_parallel"] {
            let new = |limit: &str| serde_json::from_str::<NewTeam>(&format!(r#"{{"name":"a","{field}":{limit}}}"#));
            let change = |limit: &str| serde_json::from_str::<TeamChange>(&format!(r#"{{"{field}":{limit}}}"#));
            for fits in ["1", "1000000000", "null"] {
                assert!(
                    new(fits).unwrap().check().is_ok() && change(fits).unwrap().check().is_ok(),
                    "{fits}"
                );
            }
            for off in ["0", "1000000001"] {
                assert_eq!(new(off).unwrap().check().unwrap_err().errors[field], ["out_of_range"]);
                assert_eq!(
                    change(off).unwrap().check().unwrap_err().errors[field],
                    ["out_of_range"]
                );
            }
            for wrong in ["-1", "1.5", "\"1\"", "5000000000"] {
                assert!(new(wrong).is_err() && change(wrong).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn change_of_one_limit_leaves_the_others() {
        let before = CallLimits {
            rpm_limit: Some(1),
            tpm_limit: Some(2),
            max_parallel: None,
        };
        let change: TeamChange = serde_json::from_str(r#"{"rpm_limit":null,"max_parallel":3}"#).unwrap();
        let after = CallLimits {
            rpm_limit: None,
            tpm_limit: Some(2),
            max_parallel: Some(3),
        };
        assert_eq!(change.limits(before), after);
        assert_eq!(TeamChange::default().limits(before), before);
    }
}
