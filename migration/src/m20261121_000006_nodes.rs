//! What keeps processes in step: the feed of changes, and who is serving.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            table("changes")
                .col(big("seq").auto_increment().primary_key())
                .col(text("kind"))
                .col(uuid("id"))
                .col(big("created_at"))
                .to_owned(),
            [],
        )
        .await?;
        // Numbers are never used twice, not even after the row is gone: open calls and sums carry them.
        create(
            manager,
            table("nodes")
                .col(int("id").auto_increment().primary_key())
                .col(big("started_at"))
                .col(count("refusals"))
                .to_owned(),
            [],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["changes", "nodes"]).await
    }
}
