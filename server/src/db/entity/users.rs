//! People. `email` is stored normalised; `username_folded` is what makes user names unique.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub email: String,
    pub username: String,
    pub username_folded: String,
    pub hashed_password: Option<String>,
    pub full_name: Option<String>,
    pub role: String,
    pub is_active: bool,
    pub max_chats: i32,
    pub telegram_chat_id: Option<String>,
    pub avatar_url: Option<String>,
    pub locale: String,
    pub theme: String,
    pub time_zone: String,
    pub email_verified_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
