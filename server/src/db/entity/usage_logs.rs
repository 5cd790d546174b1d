//! One row per finished call; the primary key is the call's id.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_logs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub request_id: String,
    pub created_at: i64,
    pub settled_at: i64,
    pub organization_id: Uuid,
    pub user_id: Uuid,
    pub api_key_id: Option<Uuid>,
    pub model: String,
    pub provider: String,
    pub upstream_model: String,
    pub endpoint: String,
    pub stream: bool,
    pub status: String,
    pub http_status: i32,
    pub source: String,
    pub input_tokens: i64,
    pub cache_read_tokens: i64,
    #[sea_orm(column_name = "cache_write_5m_tokens")]
    pub cache_write_5m_tokens: i64,
    #[sea_orm(column_name = "cache_write_1h_tokens")]
    pub cache_write_1h_tokens: i64,
    pub output_tokens: i64,
    pub cost_nanos: i64,
    pub unpriced: bool,
    pub price_id: Option<Uuid>,
    pub latency_ms: Option<i64>,
    pub ttft_ms: Option<i64>,
    pub error_class: Option<String>,
    pub node: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
