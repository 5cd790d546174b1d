//! Rows of models: the names clients use and the routes behind each, as JSON.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use uuid::Uuid;

use super::{Change, Db, Tx, entity::models};
use crate::error::Result;

pub(crate) type Row = models::Model;

pub(crate) async fn all(db: &Db) -> Result<Vec<Row>> {
    Ok(models::Entity::find()
        .order_by_asc(models::Column::Name)
        .all(db.read())
        .await?)
}

/// As the transaction sees them.
pub(crate) async fn all_in(tx: &mut Tx) -> Result<Vec<Row>> {
    Ok(models::Entity::find().all(tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let id = row.id;
    let row = models::ActiveModel::from(row).reset_all();
    models::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    tx.changed(Change::Model, id);
    Ok(())
}

/// Writes every column of the row with this id.
pub(crate) async fn replace(tx: &mut Tx, row: Row) -> Result<()> {
    let id = row.id;
    let row = models::ActiveModel::from(row).reset_all();
    models::Entity::update(row).exec(tx.conn()).await?;
    tx.changed(Change::Model, id);
    Ok(())
}

/// Its history stays; nobody can call it.
pub(crate) async fn disable(tx: &mut Tx, id: Uuid) -> Result<()> {
    let now = tx.now().0;
    models::Entity::update_many()
        .col_expr(models::Column::IsEnabled, Expr::value(false))
        .col_expr(models::Column::UpdatedAt, Expr::value(now))
        .filter(models::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    tx.changed(Change::Model, id);
    Ok(())
}
