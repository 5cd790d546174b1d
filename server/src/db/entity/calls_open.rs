//! Calls that are under way. Written before the first byte of an answer leaves, deleted when the call is settled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calls_open")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: i64,
    pub call_id: Uuid,
    pub request_id: String,
    pub organization_id: Uuid,
    pub user_id: Uuid,
    pub api_key_id: Option<Uuid>,
    pub model: String,
    pub provider: String,
    pub upstream_model: String,
    pub price_id: Option<Uuid>,
    pub endpoint: String,
    pub stream: bool,
    pub opened_at: i64,
    pub node: i32,
    pub tok_input: Option<i64>,
    pub tok_cache_read: Option<i64>,
    #[sea_orm(column_name = "tok_cache_write_5m")]
    pub tok_cache_write_5m: Option<i64>,
    #[sea_orm(column_name = "tok_cache_write_1h")]
    pub tok_cache_write_1h: Option<i64>,
    pub tok_output: Option<i64>,
    pub conversation_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
