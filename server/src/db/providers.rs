//! Rows of providers. Credentials come and go sealed; only `catalogue` opens them.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use uuid::Uuid;

use super::{Change, Db, Tx, entity::providers};
use crate::error::Result;

pub(crate) type Row = providers::Model;

pub(crate) async fn all(db: &Db) -> Result<Vec<Row>> {
    Ok(providers::Entity::find()
        .order_by_asc(providers::Column::Name)
        .all(db.read())
        .await?)
}

/// As the transaction sees them.
pub(crate) async fn all_in(tx: &mut Tx) -> Result<Vec<Row>> {
    Ok(providers::Entity::find().all(tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let id = row.id;
    let row = providers::ActiveModel::from(row).reset_all();
    providers::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    tx.changed(Change::Provider, id);
    Ok(())
}

/// Writes every column of the row with this id.
pub(crate) async fn replace(tx: &mut Tx, row: Row) -> Result<()> {
    let id = row.id;
    let row = providers::ActiveModel::from(row).reset_all();
    providers::Entity::update(row).exec(tx.conn()).await?;
    tx.changed(Change::Provider, id);
    Ok(())
}

/// Its models go on existing, without this way to serve them.
pub(crate) async fn disable(tx: &mut Tx, id: Uuid) -> Result<()> {
    let now = tx.now().0;
    providers::Entity::update_many()
        .col_expr(providers::Column::IsEnabled, Expr::value(false))
        .col_expr(providers::Column::UpdatedAt, Expr::value(now))
        .filter(providers::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    tx.changed(Change::Provider, id);
    Ok(())
}
