//! Rows of the request log: added in groups, read by the operator, removed by age.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::Expr,
};
use types::{RequestLogId, Timestamp, UserId};

use super::{Db, Tx, entity::request_logs, id_range};
use crate::error::Result;

pub(crate) type Row = request_logs::Model;

/// Which rows; absent parts narrow nothing.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    pub actor: Option<UserId>,
    pub route: Option<String>,
    pub status: Option<Statuses>,
    pub from: Option<Timestamp>,
    /// Not included.
    pub to: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statuses {
    One(u16),
    /// The first digit of all of them.
    Class(u16),
}

/// Newest first, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, wanted: &Wanted, after: Option<RequestLogId>, limit: u64) -> Result<Vec<Row>> {
    use request_logs::Column;
    let mut query = request_logs::Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after.0));
    }
    if let Some(actor) = wanted.actor {
        query = query.filter(Column::UserId.eq(actor.0));
    }
    if let Some(route) = &wanted.route {
        query = query.filter(Column::Route.eq(route));
    }
    query = match wanted.status {
        None => query,
        Some(Statuses::One(status)) => query.filter(Column::Status.eq(i32::from(status))),
        // In the very words of its index: over a range of statuses none holds rows in the order of a page.
        Some(Statuses::Class(class)) => query.filter(Expr::cust("status / 100").eq(i32::from(class))),
    };
    if let Some(from) = wanted.from {
        query = query
            .filter(Column::At.gte(from.0))
            .filter(Column::Id.gte(id_range::since(from)));
    }
    if let Some(to) = wanted.to {
        query = query
            .filter(Column::At.lt(to.0))
            .filter(Column::Id.lt(id_range::until(to)));
    }
    Ok(query.all(db.read()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, rows: Vec<Row>) -> Result<()> {
    let rows = rows
        .into_iter()
        .map(|row| request_logs::ActiveModel::from(row).reset_all());
    request_logs::Entity::insert_many(rows)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Removes the oldest rows from before `before`, at most `limit`. How many that were.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp, limit: u64) -> Result<u64> {
    // A range of the primary key: nothing is looked at that is not removed.
    let oldest = request_logs::Entity::find()
        .select_only()
        .column(request_logs::Column::Id)
        .filter(request_logs::Column::Id.lt(id_range::at(before)))
        .order_by_asc(request_logs::Column::Id)
        .limit(limit)
        .into_query();
    let outcome = request_logs::Entity::delete_many()
        .filter(request_logs::Column::Id.in_subquery(oldest))
        .exec(tx.conn())
        .await?;
    Ok(outcome.rows_affected)
}
