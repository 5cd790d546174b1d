//! A group on SQLite. Every execution is a hand-over to the connection's thread and back, so statements go together where they can: four of them
//! write a group of up to 32 calls. Larger ones take multi-row statements of a few fixed sizes.

use std::sync::Arc;

use sea_orm::sqlx::{
    self, Arguments, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteArguments, SqliteRow},
};
use types::Tokens;
use uuid::Uuid;

use super::{
    rollups::{RollupKey, RollupSums, Rollups, days, signed},
    sums, text,
    text::{BySize, CALLS, SQLITE, SUMS, in_sizes},
};
use crate::books::ledger::{Call, Group, Settled};

type Bound = Result<(), sqlx::error::BoxDynError>;

pub(super) async fn commit(pool: &SqlitePool, node: i32, group: &Group) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let inserted = calls(&mut tx, node, group).await?;
    // After their records, which may have come in the same group.
    run(
        &mut tx,
        &SQLITE.checkpoint,
        &group.checkpoints,
        |bind, (key, tokens)| {
            bind.add(*key)?;
            counts(bind, tokens)
        },
    )
    .await?;
    let refusals = match &group.refusals {
        Some(counted) => {
            let query = sqlx::query(text::COUNT_REFUSALS).bind(counted.number).bind(node);
            query.execute(&mut *tx).await?.rows_affected() == 1
        }
        None => false,
    };
    add_sums(&mut tx, node, sums(group, &inserted, refusals), &group.closed_keys()).await?;
    tx.commit().await
}

/// Writes open records and usage rows; the ids of the rows that were not there before.
async fn calls(connection: &mut SqliteConnection, node: i32, group: &Group) -> Result<Vec<Uuid>, sqlx::Error> {
    let opens: Vec<&Arc<Call>> = group.written_opens().collect();
    let settled = &group.settled;
    if let Some((text, open_rows, settled_rows)) = CALLS.get(opens.len(), settled.len()) {
        let mut values = SqliteArguments::default();
        values.reserve(open_rows * 15 + settled_rows * 29, 0);
        fill(&mut values, &opens, open_rows, |bind, call| open(bind, call, node))?;
        fill(&mut values, settled, settled_rows, |bind, settled| {
            usage(bind, settled, node)
        })?;
        return ids(connection, text, values).await;
    }
    let mut inserted = Vec::with_capacity(settled.len());
    run(connection, &SQLITE.open, &opens, |bind, call| open(bind, call, node)).await?;
    for rows in in_sizes(settled) {
        let values = arguments(rows, |bind, settled| usage(bind, settled, node))?;
        inserted.extend(ids(connection, SQLITE.usage.get(rows.len()), values).await?);
    }
    Ok(inserted)
}

async fn ids(
    connection: &mut SqliteConnection,
    text: &'static str,
    values: SqliteArguments,
) -> Result<Vec<Uuid>, sqlx::Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let query = sqlx::query_with(text, values);
    let ids = query.try_map(|row: SqliteRow| row.try_get::<Uuid, _>(0));
    ids.fetch_all(connection).await
}

/// Adds the sums and removes the open records of calls that have ended.
async fn add_sums(
    connection: &mut SqliteConnection,
    node: i32,
    quarters: Rollups,
    closed: &[i64],
) -> Result<(), sqlx::Error> {
    let days: Vec<_> = days(&quarters).into_iter().collect();
    let quarters: Vec<_> = quarters.into_iter().collect();
    if let Some((text, sum_rows, closed_rows)) = SUMS.get(quarters.len(), closed.len()) {
        let mut values = SqliteArguments::default();
        values.reserve(2 * sum_rows * 17 + closed_rows, 0);
        for rows in [&days, &quarters] {
            for (key, sums) in rows {
                rollup(&mut values, key, sums, node).map_err(sqlx::Error::Encode)?;
            }
            // Nothing added to a row that is there.
            if let Some((key, _)) = rows.last() {
                for _ in rows.len()..sum_rows {
                    rollup(&mut values, key, &RollupSums::default(), node).map_err(sqlx::Error::Encode)?;
                }
            }
        }
        fill(&mut values, closed, closed_rows, |bind, key| bind.add(*key))?;
        if !text.is_empty() {
            sqlx::query_with(text, values).execute(connection).await?;
        }
        return Ok(());
    }
    for (texts, rows) in [(&SQLITE.days, days), (&SQLITE.quarters, quarters)] {
        run(connection, texts, &rows, |bind, (key, sums)| {
            rollup(bind, key, sums, node)
        })
        .await?;
    }
    run(connection, &SQLITE.close, closed, |bind, key| bind.add(*key)).await
}

/// Binds `rows`, and the last one again until there are `count`.
fn fill<T>(
    values: &mut SqliteArguments,
    rows: &[T],
    count: usize,
    bind: impl Fn(&mut SqliteArguments, &T) -> Bound,
) -> Result<(), sqlx::Error> {
    let again = rows.last().into_iter().cycle();
    for row in rows.iter().chain(again).take(count) {
        bind(values, row).map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}

async fn run<T>(
    connection: &mut SqliteConnection,
    texts: &'static BySize,
    rows: &[T],
    bind: impl Fn(&mut SqliteArguments, &T) -> Bound,
) -> Result<(), sqlx::Error> {
    for rows in in_sizes(rows) {
        let arguments = arguments(rows, &bind)?;
        sqlx::query_with(texts.get(rows.len()), arguments)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn arguments<T>(rows: &[T], bind: impl Fn(&mut SqliteArguments, &T) -> Bound) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(rows.len() * 29, 0);
    for row in rows {
        bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn open(bind: &mut SqliteArguments, call: &Call, node: i32) -> Bound {
    bind.add(call.key)?;
    bind.add(call.id.0)?;
    bind.add(Arc::clone(&call.request_id))?;
    bind.add(call.organization_id.0)?;
    bind.add(call.user_id.0)?;
    bind.add(call.key_id.map(Uuid::from))?;
    bind.add(Arc::clone(&call.model))?;
    bind.add(Arc::clone(&call.provider))?;
    bind.add(Arc::clone(&call.upstream_model))?;
    bind.add(call.price_id.map(Uuid::from))?;
    bind.add(call.endpoint.as_ref())?;
    bind.add(call.stream)?;
    bind.add(call.opened_at.0)?;
    bind.add(node)?;
    bind.add(call.conversation_id.map(Uuid::from))
}

fn usage(bind: &mut SqliteArguments, settled: &Settled, node: i32) -> Bound {
    let call = &settled.call;
    bind.add(call.id.0)?;
    bind.add(Arc::clone(&call.request_id))?;
    bind.add(call.opened_at.0)?;
    bind.add(settled.settled_at.0)?;
    bind.add(call.organization_id.0)?;
    bind.add(call.user_id.0)?;
    bind.add(call.key_id.map(Uuid::from))?;
    bind.add(Arc::clone(&call.model))?;
    bind.add(Arc::clone(&settled.provider))?;
    bind.add(Arc::clone(&settled.upstream_model))?;
    bind.add(call.endpoint.as_ref())?;
    bind.add(call.stream)?;
    bind.add(settled.status.name())?;
    bind.add(i32::from(settled.http_status))?;
    bind.add(settled.source.name())?;
    counts(bind, &settled.tokens)?;
    bind.add(settled.cost.0)?;
    bind.add(settled.unpriced)?;
    bind.add(call.price_id.map(Uuid::from))?;
    bind.add(settled.latency_ms.map(signed))?;
    bind.add(settled.ttft_ms.map(signed))?;
    bind.add(settled.error_class)?;
    bind.add(node)?;
    bind.add(call.conversation_id.map(Uuid::from))?;
    bind.add(settled.attempts.clone())
}

fn counts(bind: &mut SqliteArguments, tokens: &Tokens) -> Bound {
    bind.add(signed(tokens.input))?;
    bind.add(signed(tokens.cache_read))?;
    bind.add(signed(tokens.cache_write_5m))?;
    bind.add(signed(tokens.cache_write_1h))?;
    bind.add(signed(tokens.output))
}

fn rollup(bind: &mut SqliteArguments, key: &RollupKey, sums: &RollupSums, node: i32) -> Bound {
    bind.add(key.organization_id)?;
    bind.add(key.bucket)?;
    bind.add(key.user_id)?;
    bind.add(key.api_key_id)?;
    bind.add(Arc::clone(&key.model))?;
    bind.add(node)?;
    for sum in sums.in_columns() {
        bind.add(sum)?;
    }
    Ok(())
}
