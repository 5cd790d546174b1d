//! Upstreams. `responses`: an OpenAI-shaped one serves Responses itself. `credential` is encrypted; `managed` rows belong to the configuration file.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub dialect: String,
    pub base_url: String,
    pub credential: Option<Vec<u8>>,
    pub credential_changed_at: Option<i64>,
    pub allow_private_network: bool,
    pub managed: bool,
    pub is_enabled: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub responses: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
