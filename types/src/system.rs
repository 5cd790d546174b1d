//! The server itself as who runs it sees it. Nothing here can be changed from outside.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, sign_in::Methods};

/// `GET admin/system`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct System {
    pub version: String,
    /// `production` or `development`.
    pub app_env: String,
    pub public_url: String,
    /// When the process that answers started.
    pub started_at: Timestamp,
    pub uptime_seconds: u64,
    pub database: DatabaseFacts,
    /// Oldest first.
    pub migrations: Vec<Migration>,
    pub nodes: Vec<Node>,
    /// How long ago the process last looked at the feed of changes with success; null when it never did. Above 5,000 the model API refuses.
    pub last_good_poll_ms: Option<u64>,
    /// Every setting, secrets masked.
    pub configuration: Vec<Setting>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DatabaseFacts {
    /// `sqlite` or `postgresql`.
    pub kind: String,
    pub version: String,
    pub size_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Migration {
    pub name: String,
    pub applied: bool,
}

/// A process that serves this database, or left something behind when it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node {
    pub id: i32,
    pub started_at: Timestamp,
    /// The one that answers.
    pub is_this: bool,
    /// It holds its proof of life.
    pub is_alive: bool,
}

/// One line of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting {
    pub key: String,
    /// Masked when it is a secret; null when nothing sets it.
    pub value: Option<String>,
    /// A file, an environment variable, `command line`, `default`, `derived` or `not set`.
    pub source: String,
}

/// `GET admin/limits`: what is counted, and how much of it is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    pub data: Vec<Limit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limit {
    pub name: LimitName,
    pub most: u64,
    /// The window it is counted in.
    pub window_seconds: u64,
    /// The setting that says how many.
    pub setting: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// Requests of a signed-in person to the account API.
    SignedIn,
    /// Requests from one address without a sign-in.
    Anonymous,
    /// Failed sign-ins of one account from one address.
    SignInFailures,
    /// Failed sign-ins of one account from all addresses that it is not known by.
    SignInAccountFailures,
    /// Attempts to sign in from one address.
    SignInRequests,
    /// Letters asked for from one address in a minute.
    LinksPerMinute,
    /// Letters asked for from one address in an hour.
    LinksPerHour,
    /// Letters to one address at once; then it is one an hour.
    LinksPerEmail,
}

/// `GET admin/sign-in-methods`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInMethods {
    #[serde(flatten)]
    pub methods: Methods,
    pub providers: Vec<SignInProvider>,
}

/// A provider of identities as it is configured. Its secret is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInProvider {
    pub id: String,
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The address to register with the provider.
    pub callback: String,
    pub role_claim: Option<String>,
    pub groups_claim: Option<String>,
    /// Groups whose people administer this server.
    pub admin_groups: Vec<String>,
    pub organizations: Vec<MappedGroup>,
}

/// Who is in the group is in the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MappedGroup {
    pub group: String,
    /// Its slug.
    pub organization: String,
    pub role: crate::OrganizationRole,
}
