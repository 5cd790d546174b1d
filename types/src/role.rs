//! Roles on the whole server and inside an organization.

use serde::{Deserialize, Serialize};

/// What a person may do on the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlatformRole {
    #[default]
    User,
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

named!(PlatformRole { User = "user", Admin = "admin" });
named!(OrganizationRole { Owner = "owner", Admin = "admin", Member = "member" });
