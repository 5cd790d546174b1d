//! Rows of keys that a proxy knows too. What a row still asks for is due at `next_attempt_at`; a row that asks for nothing has none.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use types::Timestamp;
use uuid::Uuid;

use super::{
    Db, Tx,
    directory::Which,
    entity::{api_keys, mirrored_keys},
};
use crate::error::Result;

pub(crate) type Row = mirrored_keys::Model;

use mirrored_keys::Column;

/// Adds rows; one that is there stays as it is.
pub(crate) async fn insert(tx: &mut Tx, rows: Vec<Row>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows
        .into_iter()
        .map(|row| mirrored_keys::ActiveModel::from(row).reset_all());
    mirrored_keys::Entity::insert_many(rows)
        .on_conflict(OnConflict::column(Column::KeyId).do_nothing().to_owned())
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Those that the proxy knows, for the directory.
pub(crate) async fn there(db: &Db, which: Which<'_>, proxy: &str) -> Result<Vec<Row>> {
    let query = which
        .of::<mirrored_keys::Entity>(Column::KeyId)
        .filter(Column::Proxy.eq(proxy))
        .filter(Column::IsThere.eq(true))
        .filter(Column::IsWanted.eq(true));
    Ok(query.all(db.read()).await?)
}

/// At most `limit` rows that are due, the longest waiting first.
pub(crate) async fn due(db: &Db, now: Timestamp, limit: u64) -> Result<Vec<Row>> {
    let query = mirrored_keys::Entity::find()
        .filter(Column::NextAttemptAt.lte(now.0))
        .order_by_asc(Column::NextAttemptAt)
        .limit(limit);
    Ok(query.all(db.read()).await?)
}

/// Takes a row that is due until `until`. False when another node took it, or what it asks for changed.
pub(crate) async fn claim(tx: &mut Tx, row: &Row, until: Timestamp) -> Result<bool> {
    let claimed = mirrored_keys::Entity::update_many()
        .col_expr(Column::NextAttemptAt, Expr::value(until.0))
        .filter(Column::KeyId.eq(row.key_id))
        .filter(Column::NextAttemptAt.eq(row.next_attempt_at))
        .filter(Column::IsWanted.eq(row.is_wanted))
        .exec(tx.conn())
        .await?;
    Ok(claimed.rows_affected == 1)
}

/// Writes what came of an attempt, unless something else is asked for by now: then that stays due.
pub(crate) async fn note(tx: &mut Tx, row: Row) -> Result<bool> {
    let (id, wanted, now) = (row.key_id, row.is_wanted, tx.now().0);
    let noted = mirrored_keys::Entity::update_many()
        .col_expr(Column::Credential, Expr::value(row.credential))
        .col_expr(Column::IsThere, Expr::value(row.is_there))
        .col_expr(Column::Attempts, Expr::value(row.attempts))
        .col_expr(Column::NextAttemptAt, Expr::value(row.next_attempt_at))
        .col_expr(Column::Failure, Expr::value(row.failure))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::KeyId.eq(id))
        .filter(Column::IsWanted.eq(wanted))
        .exec(tx.conn())
        .await?;
    Ok(noted.rows_affected == 1)
}

/// Whether the proxy knows the key and nothing was said of it since `before`.
pub(crate) async fn is_settled(db: &Db, key: Uuid, before: Timestamp) -> Result<bool> {
    let row = mirrored_keys::Entity::find_by_id(key).filter(settled(before));
    Ok(row.one(db.read()).await?.is_some())
}

/// Asks for such a key again.
pub(crate) async fn ask_again(tx: &mut Tx, key: Uuid, before: Timestamp) -> Result<()> {
    let now = tx.now().0;
    mirrored_keys::Entity::update_many()
        .col_expr(Column::NextAttemptAt, Expr::value(now))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::KeyId.eq(key))
        .filter(settled(before))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn settled(before: Timestamp) -> Condition {
    Condition::all()
        .add(Column::IsWanted.eq(true))
        .add(Column::NextAttemptAt.is_null())
        .add(Column::UpdatedAt.lt(before.0))
}

/// The proxy forgot it, and so may we.
pub(crate) async fn delete(tx: &mut Tx, key: Uuid) -> Result<()> {
    mirrored_keys::Entity::delete_by_id(key).exec(tx.conn()).await?;
    Ok(())
}

/// Asks that the proxy forgets keys, in the transaction in which they end here.
pub(crate) async fn unwant(tx: &mut Tx, keys: &[Uuid]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let now = tx.now().0;
    // SQLite takes about 32,000 values in a statement.
    for some in keys.chunks(5_000) {
        mirrored_keys::Entity::update_many()
            .col_expr(Column::IsWanted, Expr::value(false))
            .col_expr(Column::Attempts, Expr::value(0))
            .col_expr(Column::NextAttemptAt, Expr::value(now))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::KeyId.is_in(some.iter().copied()))
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

/// Keys that can make calls and that no row tells of, at most `limit`.
pub(crate) async fn missing(db: &Db, now: Timestamp, limit: u64) -> Result<Vec<Uuid>> {
    let usable = Condition::all()
        .add(api_keys::Column::RevokedAt.is_null())
        .add(api_keys::Column::CanWrite.eq(true))
        .add(
            Condition::any()
                .add(api_keys::Column::ExpiresAt.is_null())
                .add(api_keys::Column::ExpiresAt.gt(now.0)),
        );
    let keys = api_keys::Entity::find()
        .select_only()
        .column(api_keys::Column::Id)
        .join(JoinType::LeftJoin, rows_of_keys())
        .filter(Column::KeyId.is_null())
        .filter(usable)
        .limit(limit);
    Ok(keys.into_tuple().all(db.read()).await?)
}

/// Keys that a row still wants there although they are revoked or gone here: whoever ended them did not say so.
pub(crate) async fn orphans(db: &Db, limit: u64) -> Result<Vec<Uuid>> {
    let rows = mirrored_keys::Entity::find()
        .select_only()
        .column(Column::KeyId)
        .join(JoinType::LeftJoin, rows_of_keys().rev())
        .filter(Column::IsWanted.eq(true))
        .filter(
            Condition::any()
                .add(api_keys::Column::Id.is_null())
                .add(api_keys::Column::RevokedAt.is_not_null()),
        )
        .limit(limit);
    Ok(rows.into_tuple().all(db.read()).await?)
}

/// Rows of another proxy begin anew at this one.
pub(crate) async fn move_to(tx: &mut Tx, proxy: &str) -> Result<u64> {
    let now = tx.now().0;
    let moved = mirrored_keys::Entity::update_many()
        .col_expr(Column::Proxy, Expr::value(proxy))
        .col_expr(Column::IsThere, Expr::value(false))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAttemptAt, Expr::value(now))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Proxy.ne(proxy))
        .exec(tx.conn())
        .await?;
    Ok(moved.rows_affected)
}

fn rows_of_keys() -> sea_orm::RelationDef {
    api_keys::Entity::belongs_to(mirrored_keys::Entity)
        .from(api_keys::Column::Id)
        .to(Column::KeyId)
        .into()
}
