//! Sign-ins: a browser's cookie or a refresh family. Secrets are here as hashes only.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub family_id: Uuid,
    pub cookie_hash: Option<Vec<u8>>,
    pub refresh_token_hash: Option<Vec<u8>>,
    pub previous_token_hash: Option<Vec<u8>>,
    pub refresh_salt: Vec<u8>,
    pub rotated_at: Option<i64>,
    pub device_info: Option<String>,
    pub ip_address: Option<String>,
    pub remember: bool,
    pub last_seen_at: i64,
    pub expires_at: i64,
    pub created_at: i64,
    /// How the person proved who they are, joined by `+`: `password+totp`.
    pub methods: String,
    pub authenticated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
