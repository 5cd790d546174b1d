//! The account API through its real router, on SQLite and, when `WEIRGATE_TEST_POSTGRES_URL` names a server, on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod support;

mod account_keys;
mod account_profile;
mod account_profile_delete;
mod api_limits;
mod audit;
mod auth_email_post;
mod auth_identities;
mod auth_login_post;
mod auth_login_second_factor;
mod auth_logout_post;
mod auth_me_get;
mod auth_mock_post;
mod auth_oauth_callback_get;
mod auth_oauth_start_get;
mod auth_passkeys;
mod auth_password_post;
mod auth_providers_get;
mod auth_refresh_post;
mod auth_register_post;
mod auth_request_link_post;
mod auth_sessions;
mod auth_tokens;
mod auth_totp;
mod auth_verify_post;
mod client_address;
mod cookies;
mod cors;
mod csrf;
mod errors;
mod figure_enumeration;
mod figure_refresh;
mod first_admin;
mod health;
mod nodes;
mod openapi;
mod organization_second_factor;
mod secrets_at_rest;
mod security_events;
mod setup_post;
mod sign_in_limits;
mod usage_get;
