//! Upstreams, the models behind them, and what those cost.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            table("providers")
                .col(uuid("id").primary_key())
                .col(text("name"))
                .col(text("dialect"))
                .col(text("base_url"))
                .col(bytes_null("credential"))
                .col(flag("allow_private_network"))
                .col(flag("managed"))
                .col(flag("is_enabled"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .to_owned(),
            [unique("providers", &["name"])],
        )
        .await?;

        create(
            manager,
            table("models")
                .col(uuid("id").primary_key())
                .col(text("name"))
                .col(int_null("context_length"))
                .col(text("routes"))
                .col(flag("managed"))
                .col(flag("is_enabled"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .to_owned(),
            [unique("models", &["name"])],
        )
        .await?;

        create(
            manager,
            table("prices")
                .col(uuid("id").primary_key())
                .col(uuid("model_id"))
                .col(int("version"))
                .col(big("input"))
                .col(big("output"))
                .col(big_null("cache_read"))
                .col(big_null("cache_write_5m"))
                .col(big_null("cache_write_1h"))
                .col(big("created_at"))
                .foreign_key(
                    // A price that calls were charged with must stay: models are disabled, never deleted.
                    ForeignKey::create()
                        .from("prices", "model_id")
                        .to("models", "id")
                        .on_delete(ForeignKeyAction::Restrict),
                )
                .to_owned(),
            [unique("prices", &["model_id", "version"])],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["providers", "models", "prices"]).await
    }
}
