//! The seals over the audit log: what waits for one, what each covers, and how whole segments leave.
//!
//! Triggers keep rows and seals as they are (see the migration); the hashes are made in `audit::chain`.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Statement, Value, sea_query::Expr,
};
use types::Timestamp;
use uuid::Uuid;

use super::Row;
use crate::{
    db::{
        Db, Tx,
        entity::{audit_logs, audit_sealed, audit_seals, audit_unsealed},
    },
    error::Result,
};

pub(crate) type Seal = audit_seals::Model;
pub(crate) type Sealed = audit_sealed::Model;

/// Held by whoever seals or prunes, so that of several processes one adds to the chain at a time. SQLite's writers queue anyway.
const CHAIN_LOCK: i64 = 0x7765_6972_0009;

pub(crate) async fn lock(tx: &mut Tx) -> Result<()> {
    let backend = tx.conn().get_database_backend();
    if backend == DbBackend::Postgres {
        let lock = Statement::from_sql_and_values(backend, "SELECT pg_advisory_xact_lock($1)", [CHAIN_LOCK.into()]);
        tx.conn().query_one_raw(lock).await?;
    }
    Ok(())
}

/// Whether a committed row waits for its seal.
pub(crate) async fn is_waiting(db: &Db) -> Result<bool> {
    Ok(audit_unsealed::Entity::find().one(db.read()).await?.is_some())
}

/// Rows that wait, by id: as many as `limit`, or all of them.
pub(crate) async fn waiting(tx: &mut Tx, limit: u64) -> Result<Vec<Row>> {
    let queued = audit_unsealed::Entity::find()
        .order_by_asc(audit_unsealed::Column::RowId)
        .limit(limit);
    let ids: Vec<Uuid> = queued.all(tx.conn()).await?.into_iter().map(|row| row.row_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = audit_logs::Entity::find()
        .filter(audit_logs::Column::Id.is_in(ids))
        .order_by_asc(audit_logs::Column::Id);
    Ok(rows.all(tx.conn()).await?)
}

pub(crate) async fn newest_in(tx: &mut Tx) -> Result<Option<Seal>> {
    let query = audit_seals::Entity::find().order_by_desc(audit_seals::Column::Segment);
    Ok(query.one(tx.conn()).await?)
}

/// Writes a seal with the rows it covers, which wait no longer.
pub(crate) async fn insert(tx: &mut Tx, seal: Seal, rows: Vec<Sealed>) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.row_id).collect();
    let rows = rows
        .into_iter()
        .map(|row| audit_sealed::ActiveModel::from(row).reset_all());
    audit_sealed::Entity::insert_many(rows)
        .exec_without_returning(tx.conn())
        .await?;
    let seal = audit_seals::ActiveModel::from(seal).reset_all();
    audit_seals::Entity::insert(seal)
        .exec_without_returning(tx.conn())
        .await?;
    audit_unsealed::Entity::delete_many()
        .filter(audit_unsealed::Column::RowId.is_in(ids))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Seals after this segment, oldest first.
pub(crate) async fn seals(db: &Db, after: i64, limit: u64) -> Result<Vec<Seal>> {
    let query = audit_seals::Entity::find()
        .filter(audit_seals::Column::Segment.gt(after))
        .order_by_asc(audit_seals::Column::Segment)
        .limit(limit);
    Ok(query.all(db.read()).await?)
}

/// What a segment covers in its order, and the rows that are still there.
pub(crate) async fn covered(db: &Db, segment: i64) -> Result<(Vec<Sealed>, HashMap<Uuid, Row>)> {
    let sealed = audit_sealed::Entity::find()
        .filter(audit_sealed::Column::Segment.eq(segment))
        .order_by_asc(audit_sealed::Column::Seq)
        .all(db.read())
        .await?;
    let ids = sealed.iter().map(|row| row.row_id);
    let rows = audit_logs::Entity::find()
        .filter(audit_logs::Column::Id.is_in(ids))
        .all(db.read())
        .await?;
    Ok((sealed, rows.into_iter().map(|row| (row.id, row)).collect()))
}

/// The details of what tells that everything up to a segment was removed.
pub(crate) async fn told_of(db: &Db, action: &str, segment: i64) -> Result<Vec<String>> {
    let rows = audit_logs::Entity::find()
        .filter(audit_logs::Column::Action.eq(action))
        .filter(audit_logs::Column::TargetId.eq(segment.to_string()));
    Ok(rows.all(db.read()).await?.into_iter().map(|row| row.details).collect())
}

/// What is there and in no seal. Each list has at most so many entries.
pub(crate) struct Strays {
    /// How many rows wait for their seal.
    pub waiting: i64,
    /// Rows that wait and say that they are older than they can be.
    pub late: Vec<Uuid>,
    /// Rows that neither wait nor are sealed.
    pub outside: Vec<Uuid>,
    /// Ids that wait and have no row.
    pub gone: Vec<Uuid>,
    /// Rows that are listed under a seal that does not exist.
    pub unsealed: Vec<Uuid>,
}

/// `oldest` is before when no waiting row can be.
pub(crate) async fn strays(db: &Db, oldest: Timestamp, limit: u64) -> Result<Strays> {
    let backend = db.read().get_database_backend();
    let ids = async |text: &str, values: &[i64]| -> Result<Vec<Uuid>> {
        let text = format!("{text} ORDER BY 1 LIMIT {limit}");
        let values = values.iter().map(|value| Value::from(*value));
        let rows = Statement::from_sql_and_values(backend, text, values);
        let rows = db.read().query_all_raw(rows).await?;
        Ok(rows
            .iter()
            .map(|row| row.try_get_by_index(0))
            .collect::<std::result::Result<_, _>>()?)
    };
    let count = Statement::from_string(backend, "SELECT COUNT(*) FROM audit_unsealed");
    let count = db.read().query_one_raw(count).await?;
    Ok(Strays {
        waiting: count.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0),
        late: ids(
            "SELECT id FROM audit_logs WHERE id IN (SELECT row_id FROM audit_unsealed) AND created_at < $1",
            &[oldest.0],
        )
        .await?,
        outside: ids(
            "SELECT id FROM audit_logs WHERE NOT EXISTS (SELECT 1 FROM audit_sealed WHERE row_id = audit_logs.id) \
             AND NOT EXISTS (SELECT 1 FROM audit_unsealed WHERE row_id = audit_logs.id)",
            &[],
        )
        .await?,
        gone: ids(
            "SELECT row_id FROM audit_unsealed WHERE NOT EXISTS (SELECT 1 FROM audit_logs WHERE id = audit_unsealed.row_id)",
            &[],
        )
        .await?,
        unsealed: ids(
            "SELECT row_id FROM audit_sealed WHERE NOT EXISTS \
             (SELECT 1 FROM audit_seals WHERE audit_seals.segment = audit_sealed.segment)",
            &[],
        )
        .await?,
    })
}

/// The oldest segments that are there, oldest first.
pub(crate) async fn oldest_in(tx: &mut Tx, limit: u64) -> Result<Vec<Seal>> {
    let query = audit_seals::Entity::find()
        .filter(audit_seals::Column::PrunedAt.is_null())
        .order_by_asc(audit_seals::Column::Segment)
        .limit(limit);
    Ok(query.all(tx.conn()).await?)
}

/// Removes whole segments with their rows. The last one's seal stays: what follows is proven by its hash.
pub(crate) async fn remove(tx: &mut Tx, first: i64, last: i64, now: Timestamp) -> Result<()> {
    // Marked first: the triggers let go of nothing else.
    audit_seals::Entity::update_many()
        .col_expr(audit_seals::Column::PrunedAt, Expr::value(now.0))
        .filter(audit_seals::Column::Segment.between(first, last))
        .exec(tx.conn())
        .await?;
    let rows = audit_sealed::Entity::find()
        .select_only()
        .column(audit_sealed::Column::RowId)
        .filter(audit_sealed::Column::Segment.between(first, last))
        .into_query();
    audit_logs::Entity::delete_many()
        .filter(audit_logs::Column::Id.in_subquery(rows))
        .exec(tx.conn())
        .await?;
    audit_sealed::Entity::delete_many()
        .filter(audit_sealed::Column::Segment.between(first, last))
        .exec(tx.conn())
        .await?;
    audit_seals::Entity::delete_many()
        .filter(audit_seals::Column::PrunedAt.is_not_null())
        .filter(audit_seals::Column::Segment.lt(last))
        .exec(tx.conn())
        .await?;
    Ok(())
}
