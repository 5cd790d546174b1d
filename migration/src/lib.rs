//! The schema of the books and accounts, for SQLite and PostgreSQL from one set of migrations.
//!
//! Conventions: ids are UUIDs (16-byte blobs on SQLite), times are Unix milliseconds in a bigint, JSON is text, and a unique index is named
//! `uq__<table>__<first column>` so that both databases can name the column that is taken. Usage and audit rows carry no foreign keys: they outlive what they are about.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod columns;
mod m20261121_000001_accounts;
mod m20261121_000002_keys;
mod m20261121_000003_catalogue;
mod m20261121_000004_books;
mod m20261121_000005_audit;
mod m20261121_000006_nodes;
mod m20261121_000007_sign_in;
mod m20261121_000008_organizations;
mod m20261121_000009_audit_chain;
mod m20261121_000010_conversations;
mod m20261128_000011_catalogue;
mod m20261128_000012_catalogue_edits;
mod m20261128_000021_lists;
mod m20261128_000022_litellm;
mod m20261128_000023_mirrored_keys;
mod m20261128_000025_request_log_classes;

/// All migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_accounts::Migration),
            Box::new(m20261121_000002_keys::Migration),
            Box::new(m20261121_000003_catalogue::Migration),
            Box::new(m20261121_000004_books::Migration),
            Box::new(m20261121_000005_audit::Migration),
            Box::new(m20261121_000006_nodes::Migration),
            Box::new(m20261121_000007_sign_in::Migration),
            Box::new(m20261121_000008_organizations::Migration),
            Box::new(m20261121_000009_audit_chain::Migration),
            Box::new(m20261121_000010_conversations::Migration),
            Box::new(m20261128_000011_catalogue::Migration),
            Box::new(m20261128_000012_catalogue_edits::Migration),
            Box::new(m20261128_000021_lists::Migration),
            Box::new(m20261128_000022_litellm::Migration),
            Box::new(m20261128_000023_mirrored_keys::Migration),
            Box::new(m20261128_000025_request_log_classes::Migration),
        ]
    }
}
