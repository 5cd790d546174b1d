//! What editing the catalogue while the server runs keeps: who set a price, and when a credential was last changed.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "prices", uuid_null("author_id")).await?;
        add(manager, "providers", big_null("credential_changed_at")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        remove(manager, "providers", "credential_changed_at").await?;
        remove(manager, "prices", "author_id").await
    }
}
