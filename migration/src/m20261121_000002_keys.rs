//! API keys and the models they may use.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            table("api_keys")
                .col(uuid("id").primary_key())
                .col(uuid("organization_id"))
                .col(uuid("user_id"))
                .col(text("name"))
                .col(text("public_id"))
                .col(text("last_four"))
                .col(bytes("secret_hash"))
                .col(flag("can_read"))
                .col(flag("can_write"))
                .col(big_null("expires_at"))
                .col(big_null("last_used_at"))
                .col(big_null("revoked_at"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .to_owned(),
            [
                index("api_keys", &["organization_id"]),
                index("api_keys", &["user_id"]),
                unique("api_keys", &["public_id"]),
                unique("api_keys", &["secret_hash"]),
            ],
        )
        .await?;

        create(
            manager,
            table("api_key_models")
                .col(uuid("api_key_id"))
                .col(text("model"))
                .primary_key(&mut primary_key(&["api_key_id", "model"]))
                .foreign_key(&mut owned_by("api_key_models", "api_key_id", "api_keys"))
                .to_owned(),
            [],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["api_keys", "api_key_models"]).await
    }
}
