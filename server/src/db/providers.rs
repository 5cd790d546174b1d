//! Rows of providers. Credentials come and go sealed; only `catalogue` opens them.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use types::ProviderId;
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

/// The one of this name, as the transaction sees it.
pub(crate) async fn named_in(tx: &mut Tx, name: &str) -> Result<Option<Row>> {
    let query = providers::Entity::find().filter(providers::Column::Name.eq(name));
    Ok(query.one(tx.conn()).await?)
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

pub(crate) async fn find(db: &Db, id: ProviderId) -> Result<Option<Row>> {
    Ok(providers::Entity::find_by_id(id.0).one(db.read()).await?)
}

/// The row for this transaction alone.
pub(crate) async fn find_locked(tx: &mut Tx, id: ProviderId) -> Result<Option<Row>> {
    let query = providers::Entity::find_by_id(id.0).lock_exclusive();
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn by_name(db: &Db, name: &str) -> Result<Option<Row>> {
    let query = providers::Entity::find().filter(providers::Column::Name.eq(name));
    Ok(query.one(db.read()).await?)
}

/// In the order of their ids, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, after: Option<ProviderId>, limit: u64) -> Result<Vec<Row>> {
    let mut query = providers::Entity::find()
        .order_by_asc(providers::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(providers::Column::Id.gt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

pub(crate) async fn count(tx: &mut Tx) -> Result<u64> {
    Ok(providers::Entity::find().count(tx.conn()).await?)
}

pub(crate) async fn delete(tx: &mut Tx, id: ProviderId) -> Result<()> {
    providers::Entity::delete_by_id(id.0).exec(tx.conn()).await?;
    tx.changed(Change::Provider, id);
    Ok(())
}
