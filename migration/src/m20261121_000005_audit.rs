//! Who changed what.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            table("audit_logs")
                .col(uuid("id").primary_key())
                .col(uuid_null("organization_id"))
                .col(uuid_null("actor_id"))
                .col(text("actor_kind"))
                .col(text("action"))
                .col(text("target_kind"))
                .col(text_null("target_id"))
                .col(text_null("ip_address"))
                .col(text("details"))
                .col(big("created_at"))
                .to_owned(),
            [index("audit_logs", &["organization_id", "created_at"])],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["audit_logs"]).await
    }
}
