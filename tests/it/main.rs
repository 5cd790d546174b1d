//! The binary as an operator uses it: its commands, its exit codes, what it prints and what it never prints.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod support;

mod admin;
mod admin_pages;
mod audit;
mod audit_page;
mod browser_session;
mod catalogue;
mod catalogue_pages;
mod config;
mod connect;
mod conversations_page;
mod doctor;
mod figure_csrf;
mod framing;
mod keys_import;
mod litellm_page;
mod markup;
mod matrix_functions;
mod models_sync;
mod nobody;
mod openapi;
mod organizations;
mod playground_page;
mod serve;
mod transcript_hash;
mod two_processes;
mod upstream_tls;
