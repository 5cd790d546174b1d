//! Keys of ours that a proxy knows too, or shall know or forget.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Most rows ask for nothing, and looking for those that do happens every other second.
        let due = Index::create()
            .name("ix__mirrored_keys__next_attempt_at")
            .table("mirrored_keys")
            .col("next_attempt_at")
            .and_where(Expr::col("next_attempt_at").is_not_null())
            .to_owned();
        // No foreign key: what is gone here must still be deleted there.
        create(
            manager,
            table("mirrored_keys")
                .col(uuid("key_id").primary_key())
                .col(text("proxy"))
                .col(bytes("credential"))
                .col(flag("is_wanted"))
                .col(flag("is_there"))
                .col(int("attempts"))
                .col(big_null("next_attempt_at"))
                .col(text_null("failure"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .to_owned(),
            [due],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["mirrored_keys"]).await
    }
}
