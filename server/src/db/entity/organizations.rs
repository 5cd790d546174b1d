//! What owns keys, usage and money. `personal_user_id` is set for the one that came with an account. `allowed_models` is a JSON list
//! of names, empty = all.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: Option<String>,
    pub name: String,
    pub kind: String,
    pub personal_user_id: Option<Uuid>,
    pub plan: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub requires_second_factor: bool,
    pub allowed_models: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
