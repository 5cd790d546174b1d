//! Short words for tables, columns and indexes, so that a migration reads like the schema.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// A table that does not exist yet.
pub fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).to_owned()
}

pub fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

pub fn uuid_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().null().take()
}

pub fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

pub fn text_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().null().take()
}

pub fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

pub fn int_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().null().take()
}

/// Counts, money and times (Unix milliseconds).
pub fn big(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

pub fn big_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().null().take()
}

/// A count that starts at 0.
pub fn count(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().default(0).take()
}

pub fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

pub fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().take()
}

pub fn bytes_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().null().take()
}

/// A reference whose rows go with the row they refer to.
pub fn owned_by(table: &'static str, column: &'static str, owner: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to(owner, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

/// A primary key of several columns.
pub fn primary_key(columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    for column in columns {
        index.col(*column);
    }
    index.primary().to_owned()
}

/// A unique index, named so that the column can be told from the name.
pub fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = plain(table, columns, "uq");
    index.unique().to_owned()
}

/// An index for look-ups.
pub fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    plain(table, columns, "ix")
}

fn plain(table: &'static str, columns: &[&'static str], prefix: &str) -> IndexCreateStatement {
    let first = columns.first().copied().unwrap_or_default();
    let mut index = Index::create();
    index.name(format!("{prefix}__{table}__{first}")).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// Keeps the rows in the primary key's own tree on SQLite: one tree to write instead of two. PostgreSQL has no such choice.
pub fn clustered(manager: &SchemaManager<'_>, mut table: TableCreateStatement) -> TableCreateStatement {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// Creates a table and then its indexes.
pub async fn create(
    manager: &SchemaManager<'_>,
    table: TableCreateStatement,
    indexes: impl IntoIterator<Item = IndexCreateStatement>,
) -> Result<(), DbErr> {
    manager.create_table(table).await?;
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops tables, last created first.
pub async fn drop_all(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for name in tables.iter().rev() {
        manager
            .drop_table(Table::drop().table(*name).if_exists().to_owned())
            .await?;
    }
    Ok(())
}

/// Adds a column to a table that exists. SQLite adds one a statement.
pub async fn add(manager: &SchemaManager<'_>, name: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    let mut change = Table::alter();
    manager
        .alter_table(change.table(name).add_column(column).to_owned())
        .await
}

/// Takes a column out of its table; no index may hold it.
pub async fn remove(manager: &SchemaManager<'_>, name: &'static str, column: &'static str) -> Result<(), DbErr> {
    let mut change = Table::alter();
    manager
        .alter_table(change.table(name).drop_column(column).to_owned())
        .await
}
