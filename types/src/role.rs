//! Roles on the whole server and inside an organization, and who may give which.
//!
//! Roles of one kind are a line: each may do what the ones below it may. Nobody gives, takes or touches more than they have.

use serde::{Deserialize, Serialize};

/// What a person may do on the whole server; later ones may do what earlier ones may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlatformRole {
    #[default]
    User,
    /// Sees what administrators see and changes nothing of it.
    ReadOnlyAdmin,
    Admin,
}

/// What a person may do inside one organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrganizationRole {
    Owner,
    Admin,
    Member,
}

impl OrganizationRole {
    /// Highest first.
    pub const ALL: [OrganizationRole; 3] = [
        OrganizationRole::Owner,
        OrganizationRole::Admin,
        OrganizationRole::Member,
    ];

    const fn height(self) -> u8 {
        match self {
            OrganizationRole::Owner => 2,
            OrganizationRole::Admin => 1,
            OrganizationRole::Member => 0,
        }
    }

    /// Whether this role may do what `needed` may.
    pub const fn reaches(self, needed: OrganizationRole) -> bool {
        self.height() >= needed.height()
    }

    /// Whether this role may give somebody `role`, and take it away: owners every one, admins all but owner, members none.
    pub const fn may_grant(self, role: OrganizationRole) -> bool {
        self.reaches(OrganizationRole::Admin) && self.reaches(role)
    }
}

macro_rules! named {
    ($kind:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $kind {
            pub const fn name(self) -> &'static str {
                match self { $($kind::$variant => $name),+ }
            }
            /// The role of that name, as stored and as sent.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some($kind::$variant),)+ _ => None }
            }
        }
    };
}

named!(PlatformRole { User = "user", ReadOnlyAdmin = "read_only_admin", Admin = "admin" });
named!(OrganizationRole { Owner = "owner", Admin = "admin", Member = "member" });

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        OrganizationRole::{Admin, Member, Owner},
        *,
    };

    #[test]
    fn roles_reach_themselves_and_what_is_below() {
        let expected = [
            (Owner, [true, true, true]),
            (Admin, [false, true, true]),
            (Member, [false, false, true]),
        ];
        for (role, reached) in expected {
            assert_eq!(
                OrganizationRole::ALL.map(|needed| role.reaches(needed)),
                reached,
                "{role:?}"
            );
        }
    }

    #[test]
    fn nobody_grants_more_than_they_have_and_members_grant_nothing() {
        let expected = [
            (Owner, [true, true, true]),
            (Admin, [false, true, true]),
            (Member, [false, false, false]),
        ];
        for (role, granted) in expected {
            assert_eq!(
                OrganizationRole::ALL.map(|given| role.may_grant(given)),
                granted,
                "{role:?}"
            );
        }
        for role in OrganizationRole::ALL {
            for given in OrganizationRole::ALL {
                assert!(
                    !role.may_grant(given) || role.reaches(given),
                    "{role:?} gives {given:?}"
                );
            }
        }
    }

    #[test]
    fn platform_roles_are_a_line() {
        assert!(PlatformRole::User < PlatformRole::ReadOnlyAdmin);
        assert!(PlatformRole::ReadOnlyAdmin < PlatformRole::Admin);
    }

    #[test]
    fn names_are_what_is_sent_and_read_back() {
        for role in OrganizationRole::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
            assert_eq!(OrganizationRole::parse(role.name()), Some(role));
        }
        for role in [PlatformRole::User, PlatformRole::ReadOnlyAdmin, PlatformRole::Admin] {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
            assert_eq!(PlatformRole::parse(role.name()), Some(role));
        }
    }
}
