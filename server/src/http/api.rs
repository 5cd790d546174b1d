//! One file an area.
#![allow(unused_qualifications, reason = "utoipa's macros write paths in full")]

pub(super) mod account;
pub(super) mod auth;
pub(super) mod health;
pub(super) mod keys;
pub(super) mod setup;
pub(super) mod usage;
