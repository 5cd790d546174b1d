//! What models are called and can do, where their rows come from, which models an organization may use, and the attempts of a call.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "models", text_null("display_name")).await?;
        add(manager, "models", text("kind").default("chat").take()).await?;
        add(manager, "models", text("capabilities").default("[]").take()).await?;
        add(manager, "models", int_null("max_output_tokens")).await?;
        add(manager, "models", text("origin").default("page").take()).await?;
        let connection = manager.get_connection();
        connection
            .execute_unprepared("UPDATE models SET origin = 'config' WHERE managed")
            .await?;

        add(manager, "providers", flag("responses").default(false).take()).await?;
        add(manager, "organizations", text("allowed_models").default("[]").take()).await?;
        add(manager, "usage_logs", text_null("attempts")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        remove(manager, "usage_logs", "attempts").await?;
        remove(manager, "organizations", "allowed_models").await?;
        remove(manager, "providers", "responses").await?;
        for column in ["origin", "max_output_tokens", "capabilities", "kind", "display_name"] {
            remove(manager, "models", column).await?;
        }
        Ok(())
    }
}
