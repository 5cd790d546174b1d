//! A group on PostgreSQL: one statement per table whatever the number of rows, which travel as arrays.

use sea_orm::sqlx::{self, Arguments, Connection, PgConnection, Row, postgres::PgArguments};
use types::Tokens;
use uuid::Uuid;

use super::{
    rollups::{COLUMNS, Rollups, days, signed},
    sums, text,
    text::POSTGRES,
};
use crate::books::ledger::{Call, Group, Settled};

type Bound = Result<PgArguments, sqlx::error::BoxDynError>;

pub(super) async fn commit(connection: &mut PgConnection, node: i32, group: &Group) -> Result<(), sqlx::Error> {
    let mut tx = connection.begin().await?;

    let opens: Vec<&Call> = group.written_opens().map(AsRef::as_ref).collect();
    if !opens.is_empty() {
        run(&mut tx, &POSTGRES.open, open(&opens, node)).await?;
    }
    if !group.checkpoints.is_empty() {
        run(&mut tx, text::POSTGRES_CHECKPOINT, checkpoints(&group.checkpoints)).await?;
    }

    let mut inserted = Vec::new();
    if !group.settled.is_empty() {
        let arguments = usage(&group.settled, node).map_err(sqlx::Error::Encode)?;
        let rows = sqlx::query_with(POSTGRES.usage.as_str(), arguments)
            .fetch_all(&mut *tx)
            .await?;
        for row in rows {
            inserted.push(row.try_get::<Uuid, _>(0)?);
        }
    }

    let refusals = match &group.refusals {
        Some(counted) => {
            let query = sqlx::query(text::COUNT_REFUSALS).bind(counted.number).bind(node);
            query.execute(&mut *tx).await?.rows_affected() == 1
        }
        None => false,
    };
    let quarters = sums(group, &inserted, refusals);
    if !quarters.is_empty() {
        run(&mut tx, &POSTGRES.days, rollups(&days(&quarters), node)).await?;
        run(&mut tx, &POSTGRES.quarters, rollups(&quarters, node)).await?;
    }

    let closed = group.closed_keys();
    if !closed.is_empty() {
        sqlx::query(text::POSTGRES_CLOSE).bind(closed).execute(&mut *tx).await?;
    }
    tx.commit().await
}

async fn run(connection: &mut PgConnection, text: &'static str, arguments: Bound) -> Result<(), sqlx::Error> {
    let arguments = arguments.map_err(sqlx::Error::Encode)?;
    sqlx::query_with(text, arguments).execute(connection).await.map(|_| ())
}

fn column<T, V>(rows: &[T], value: impl Fn(&T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

/// A text array borrows from its rows, which a closure's signature cannot say.
fn texts<'a, T>(rows: &'a [T], value: impl Fn(&'a T) -> &'a str) -> Vec<&'a str> {
    rows.iter().map(value).collect()
}

fn open(calls: &[&Call], node: i32) -> Bound {
    let mut bind = PgArguments::default();
    bind.add(column(calls, |call| call.key))?;
    bind.add(column(calls, |call| call.id.0))?;
    bind.add(texts(calls, |call| &call.request_id))?;
    bind.add(column(calls, |call| call.organization_id.0))?;
    bind.add(column(calls, |call| call.user_id.0))?;
    bind.add(column(calls, |call| call.key_id.map(Uuid::from)))?;
    bind.add(texts(calls, |call| &call.model))?;
    bind.add(texts(calls, |call| &call.provider))?;
    bind.add(texts(calls, |call| &call.upstream_model))?;
    bind.add(column(calls, |call| call.price_id.map(Uuid::from)))?;
    bind.add(texts(calls, |call| &call.endpoint))?;
    bind.add(column(calls, |call| call.stream))?;
    bind.add(column(calls, |call| call.opened_at.0))?;
    bind.add(column(calls, |_| node))?;
    bind.add(column(calls, |call| call.conversation_id.map(Uuid::from)))?;
    Ok(bind)
}

fn usage(rows: &[Settled], node: i32) -> Bound {
    let mut bind = PgArguments::default();
    bind.add(column(rows, |row| row.call.id.0))?;
    bind.add(texts(rows, |row| &row.call.request_id))?;
    bind.add(column(rows, |row| row.call.opened_at.0))?;
    bind.add(column(rows, |row| row.settled_at.0))?;
    bind.add(column(rows, |row| row.call.organization_id.0))?;
    bind.add(column(rows, |row| row.call.user_id.0))?;
    bind.add(column(rows, |row| row.call.key_id.map(Uuid::from)))?;
    bind.add(texts(rows, |row| &row.call.model))?;
    bind.add(texts(rows, |row| &row.provider))?;
    bind.add(texts(rows, |row| &row.upstream_model))?;
    bind.add(texts(rows, |row| &row.call.endpoint))?;
    bind.add(column(rows, |row| row.call.stream))?;
    bind.add(texts(rows, |row| row.status.name()))?;
    bind.add(column(rows, |row| i32::from(row.http_status)))?;
    bind.add(texts(rows, |row| row.source.name()))?;
    counts(&mut bind, &column(rows, |row| row.tokens))?;
    bind.add(column(rows, |row| row.cost.0))?;
    bind.add(column(rows, |row| row.unpriced))?;
    bind.add(column(rows, |row| row.call.price_id.map(Uuid::from)))?;
    bind.add(column(rows, |row| row.latency_ms.map(signed)))?;
    bind.add(column(rows, |row| row.ttft_ms.map(signed)))?;
    bind.add(column(rows, |row| row.error_class))?;
    bind.add(column(rows, |_| node))?;
    bind.add(column(rows, |row| row.call.conversation_id.map(Uuid::from)))?;
    bind.add(rows.iter().map(|row| row.attempts.as_deref()).collect::<Vec<_>>())?;
    Ok(bind)
}

fn counts(bind: &mut PgArguments, rows: &[Tokens]) -> Result<(), sqlx::error::BoxDynError> {
    bind.add(column(rows, |tokens| signed(tokens.input)))?;
    bind.add(column(rows, |tokens| signed(tokens.cache_read)))?;
    bind.add(column(rows, |tokens| signed(tokens.cache_write_5m)))?;
    bind.add(column(rows, |tokens| signed(tokens.cache_write_1h)))?;
    bind.add(column(rows, |tokens| signed(tokens.output)))
}

fn checkpoints(rows: &[(i64, Tokens)]) -> Bound {
    let mut bind = PgArguments::default();
    bind.add(column(rows, |(key, _)| *key))?;
    counts(&mut bind, &column(rows, |(_, tokens)| *tokens))?;
    Ok(bind)
}

fn rollups(sums: &Rollups, node: i32) -> Bound {
    let rows: Vec<_> = sums.iter().collect();
    let mut bind = PgArguments::default();
    bind.add(column(&rows, |(key, _)| key.organization_id))?;
    bind.add(column(&rows, |(key, _)| key.bucket))?;
    bind.add(column(&rows, |(key, _)| key.user_id))?;
    bind.add(column(&rows, |(key, _)| key.api_key_id))?;
    bind.add(texts(&rows, |(key, _)| &key.model))?;
    bind.add(column(&rows, |_| node))?;
    let columns = column(&rows, |(_, sums)| sums.in_columns());
    for index in 0..COLUMNS {
        bind.add(column(&columns, |row| row[index]))?;
    }
    Ok(bind)
}
