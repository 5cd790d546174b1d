//! Indexes that hold a list in the order of its pages, so that a page costs its own rows and not the owner's all; and one for the keys of a team,
//! which end together.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Lists by owner, whose pages follow the ids.
const LISTS: [(&str, &str); 3] = [
    ("api_keys", "organization_id"),
    ("api_keys", "user_id"),
    ("invitations", "organization_id"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, owner) in LISTS {
            replace(manager, table, owner, &[owner, "id"]).await?;
        }
        manager.create_index(index("api_keys", &["team_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, "api_keys", "team_id").await?;
        for (table, owner) in LISTS {
            replace(manager, table, owner, &[owner]).await?;
        }
        Ok(())
    }
}

/// Both are named after their first column.
async fn replace(
    manager: &SchemaManager<'_>,
    table: &'static str,
    first: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    drop(manager, table, first).await?;
    manager.create_index(index(table, columns)).await
}

async fn drop(manager: &SchemaManager<'_>, table: &'static str, first: &'static str) -> Result<(), DbErr> {
    let mut index = Index::drop();
    let name = format!("ix__{table}__{first}");
    manager.drop_index(index.name(name).table(table).to_owned()).await
}
