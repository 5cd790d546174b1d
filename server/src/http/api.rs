//! One file an area.
#![allow(unused_qualifications, reason = "utoipa's macros write paths in full")]

pub(super) mod account;
pub(super) mod admin_models;
pub(super) mod admin_providers;
mod answers;
pub(super) mod audit;
pub(super) mod auth;
pub(super) mod conversations;
pub(super) mod emails;
pub(super) mod health;
pub(super) mod identities;
pub(super) mod invitations;
pub(super) mod keys;
pub(super) mod links;
pub(super) mod litellm;
pub(super) mod members;
pub(super) mod models;
pub(super) mod organization_keys;
pub(super) mod organizations;
pub(super) mod overseen;
pub(super) mod passkeys;
pub(super) mod passwords;
pub(super) mod request_log;
pub(super) mod sessions;
pub(super) mod setup;
pub(super) mod system;
pub(super) mod teams;
pub(super) mod tokens;
pub(super) mod totp;
pub(super) mod usage;
pub(super) mod users;
