//! The catalogue. `routes` is JSON: `[{"provider", "model", "weight", "priority"}]`, `capabilities` a JSON list of names.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "models")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub context_length: Option<i32>,
    pub routes: String,
    pub managed: bool,
    pub is_enabled: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub display_name: Option<String>,
    pub kind: String,
    pub capabilities: String,
    pub max_output_tokens: Option<i32>,
    pub origin: String,
    /// Who serves it behind the proxy it was taken over from; a label.
    pub vendor: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
