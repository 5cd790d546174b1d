//! Segments of the audit log, each with the hash of the one before. Only `pruned_at` is ever set later.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_seals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub segment: i64,
    pub first_seq: i64,
    pub last_seq: i64,
    pub row_count: i64,
    /// Nothing else waited when this was made.
    pub took_all: bool,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub sealed_at: i64,
    pub pruned_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
