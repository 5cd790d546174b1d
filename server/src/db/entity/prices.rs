//! Versions of a model's price in micro-dollars per million tokens; the highest version is current, rows never change.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub model_id: Uuid,
    pub version: i32,
    pub input: i64,
    pub output: i64,
    pub cache_read: Option<i64>,
    #[sea_orm(column_name = "cache_write_5m")]
    pub cache_write_5m: Option<i64>,
    #[sea_orm(column_name = "cache_write_1h")]
    pub cache_write_1h: Option<i64>,
    /// Who set it; none for the configuration file and the command line.
    pub author_id: Option<Uuid>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
