//! The ledger: calls under way, finished calls, and their sums by quarter-hour and UTC day.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No index beside the integer key: every call writes and deletes a row here.
        create(
            manager,
            table("calls_open")
                .col(big("key").primary_key())
                .col(uuid("call_id"))
                .col(text("request_id"))
                .col(uuid("organization_id"))
                .col(uuid("user_id"))
                .col(uuid_null("api_key_id"))
                .col(text("model"))
                .col(text("provider"))
                .col(text("upstream_model"))
                .col(uuid_null("price_id"))
                .col(text("endpoint"))
                .col(flag("stream"))
                .col(big("opened_at"))
                .col(int("node"))
                .col(big_null("tok_input"))
                .col(big_null("tok_cache_read"))
                .col(big_null("tok_cache_write_5m"))
                .col(big_null("tok_cache_write_1h"))
                .col(big_null("tok_output"))
                .to_owned(),
            [],
        )
        .await?;

        let usage_logs = table("usage_logs")
            .col(uuid("id").primary_key())
            .col(text("request_id"))
            .col(big("created_at"))
            .col(big("settled_at"))
            .col(uuid("organization_id"))
            .col(uuid("user_id"))
            .col(uuid_null("api_key_id"))
            .col(text("model"))
            .col(text("provider"))
            .col(text("upstream_model"))
            .col(text("endpoint"))
            .col(flag("stream"))
            .col(text("status"))
            .col(int("http_status"))
            .col(text("source"))
            .col(big("input_tokens"))
            .col(big("cache_read_tokens"))
            .col(big("cache_write_5m_tokens"))
            .col(big("cache_write_1h_tokens"))
            .col(big("output_tokens"))
            .col(big("cost_nanos"))
            .col(flag("unpriced"))
            .col(uuid_null("price_id"))
            .col(big_null("latency_ms"))
            .col(big_null("ttft_ms"))
            .col(text_null("error_class"))
            .col(int("node"))
            .to_owned();
        create(
            manager,
            clustered(manager, usage_logs),
            [
                index("usage_logs", &["organization_id", "created_at"]),
                index("usage_logs", &["user_id", "created_at"]),
            ],
        )
        .await?;

        for name in ["usage_quarters", "usage_days"] {
            create(manager, clustered(manager, rollup(name)), []).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, &["calls_open", "usage_logs", "usage_quarters", "usage_days"]).await
    }
}

/// The organization and the time come first, since every question names both; the node comes last, so that nodes never wait for each other's rows.
fn rollup(name: &'static str) -> TableCreateStatement {
    table(name)
        .col(uuid("organization_id"))
        .col(big("bucket"))
        .col(uuid("user_id"))
        .col(uuid("api_key_id"))
        .col(text("model"))
        .col(int("node"))
        .col(count("requests"))
        .col(count("refused"))
        .col(count("failed"))
        .col(count("unpriced"))
        .col(count("input_tokens"))
        .col(count("cache_read_tokens"))
        .col(count("cache_write_5m_tokens"))
        .col(count("cache_write_1h_tokens"))
        .col(count("output_tokens"))
        .col(count("cost_nanos"))
        .col(count("latency_ms_sum"))
        .primary_key(&mut primary_key(&[
            "organization_id",
            "bucket",
            "user_id",
            "api_key_id",
            "model",
            "node",
        ]))
        .to_owned()
}
