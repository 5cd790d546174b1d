//! The account API through its real router, on SQLite and, when `WEIRGATE_TEST_POSTGRES_URL` names a server, on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod support;

mod account_keys;
mod account_profile;
mod audit;
mod auth_login_post;
mod auth_logout_post;
mod auth_me_get;
mod auth_refresh_post;
mod auth_register_post;
mod client_address;
mod cookies;
mod cors;
mod csrf;
mod errors;
mod first_admin;
mod health;
mod nodes;
mod openapi;
mod secrets_at_rest;
mod setup_post;
mod usage_get;
