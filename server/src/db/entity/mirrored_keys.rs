//! Keys of ours that a proxy knows too, or shall know or forget: what is still to be done stands in the row.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mirrored_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: Uuid,
    pub proxy: String,
    pub credential: Vec<u8>,
    pub is_wanted: bool,
    pub is_there: bool,
    pub attempts: i32,
    pub next_attempt_at: Option<i64>,
    pub failure: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
