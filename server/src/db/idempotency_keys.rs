//! Rows of replies that may be asked for again. Only hashes and sealed bytes come here.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{LockBehavior, LockType, Query},
};
use types::Timestamp;

use super::{Db, Tx, entity::idempotency_keys};
use crate::error::Result;

pub(crate) type Row = idempotency_keys::Model;

/// The row, unless it has expired.
pub(crate) async fn find(db: &Db, id: &[u8], now: Timestamp) -> Result<Option<Row>> {
    let query = idempotency_keys::Entity::find_by_id(id).filter(idempotency_keys::Column::ExpiresAt.gt(now.0));
    Ok(query.one(db.read()).await?)
}

/// A conflict when there is one of this id. On PostgreSQL this waits for another transaction that is about to add it.
pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = idempotency_keys::ActiveModel::from(row).reset_all();
    idempotency_keys::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Removes what has expired, everybody's. Leaves to others what they are removing: transactions hold more than these rows, and would wait
/// for each other in circles.
pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let expired = Query::select()
        .column(idempotency_keys::Column::Id)
        .from(idempotency_keys::Entity)
        .and_where(idempotency_keys::Column::ExpiresAt.lte(now.0))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .to_owned();
    idempotency_keys::Entity::delete_many()
        .filter(idempotency_keys::Column::Id.in_subquery(expired))
        .exec(tx.conn())
        .await?;
    Ok(())
}
