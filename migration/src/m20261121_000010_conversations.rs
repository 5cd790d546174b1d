//! Conversations, which calls belong to them, and the keys that make a repeated request one.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const NAMED: &str = "ix__usage_logs__conversation_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let open = Index::create()
            .name("ix__conversations__open")
            .table("conversations")
            .col("user_id")
            .and_where(Expr::col("ended_at").is_null())
            .to_owned();
        create(
            manager,
            table("conversations")
                .col(uuid("id").primary_key())
                .col(uuid("organization_id"))
                .col(uuid("user_id"))
                .col(text_null("client_session_id"))
                .col(big("started_at"))
                .col(big_null("ended_at"))
                .col(text_null("transcript_hash"))
                .foreign_key(&mut owned_by("conversations", "user_id", "users"))
                .to_owned(),
            [index("conversations", &["user_id", "id"]), open],
        )
        .await?;

        for name in ["calls_open", "usage_logs"] {
            let mut change = Table::alter();
            manager
                .alter_table(change.table(name).add_column(uuid_null("conversation_id")).to_owned())
                .await?;
        }
        // Calls that name none, which is most of them, cost nothing here.
        let named = Index::create()
            .name(NAMED)
            .table("usage_logs")
            .col("conversation_id")
            .col("user_id")
            .and_where(Expr::col("conversation_id").is_not_null())
            .to_owned();
        manager.create_index(named).await?;

        create(
            manager,
            table("idempotency_keys")
                .col(bytes("id").primary_key())
                .col(uuid("user_id"))
                .col(bytes("fingerprint"))
                .col(int("status"))
                .col(bytes("reply"))
                .col(big("expires_at"))
                .foreign_key(&mut owned_by("idempotency_keys", "user_id", "users"))
                .to_owned(),
            [
                index("idempotency_keys", &["user_id"]),
                index("idempotency_keys", &["expires_at"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["conversations", "idempotency_keys"]).await?;
        manager
            .drop_index(Index::drop().name(NAMED).table("usage_logs").to_owned())
            .await?;
        for name in ["usage_logs", "calls_open"] {
            let mut change = Table::alter();
            manager
                .alter_table(change.table(name).drop_column("conversation_id").to_owned())
                .await?;
        }
        Ok(())
    }
}
