//! A LiteLLM proxy behind this server: when its models were last taken over and what came of it, and who serves its models.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "models", text_null("vendor")).await?;

        create(
            manager,
            table("catalogue_syncs")
                .col(text("source").primary_key())
                .col(big("attempted_at"))
                .col(big_null("succeeded_at"))
                .col(text_null("failure"))
                .col(text_null("report"))
                .to_owned(),
            [],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["catalogue_syncs"]).await?;
        remove(manager, "models", "vendor").await
    }
}
