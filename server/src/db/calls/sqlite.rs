//! A group on SQLite: multi-row statements of a few fixed sizes, since every execution is a hand-over to the connection's thread.

use std::sync::Arc;

use sea_orm::sqlx::{
    self, Arguments, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteArguments, SqliteRow},
};
use types::Tokens;
use uuid::Uuid;

use super::{
    rollups::{RollupKey, RollupSums, days, signed},
    sums, text,
    text::{BySize, SQLITE, in_sizes},
};
use crate::books::ledger::{Call, Group, Settled};

type Bound = Result<(), sqlx::error::BoxDynError>;

pub(super) async fn commit(pool: &SqlitePool, node: i32, group: &Group) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;

    let opens: Vec<&Arc<Call>> = group.written_opens().collect();
    run(&mut tx, &SQLITE.open, &opens, |bind, call| open(bind, call, node)).await?;
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

    let mut inserted = Vec::with_capacity(group.settled.len());
    for rows in in_sizes(&group.settled) {
        let bind = arguments(rows, |bind, settled| usage(bind, settled, node))?;
        let query = sqlx::query_with(SQLITE.usage.get(rows.len()), bind);
        let ids = query.try_map(|row: SqliteRow| row.try_get::<Uuid, _>(0));
        inserted.extend(ids.fetch_all(&mut *tx).await?);
    }

    let refusals = match &group.refusals {
        Some(counted) => {
            let query = sqlx::query(text::COUNT_REFUSALS).bind(counted.number).bind(node);
            query.execute(&mut *tx).await?.rows_affected() == 1
        }
        None => false,
    };
    let quarters = sums(group, &inserted, refusals);
    for (texts, sums) in [(&SQLITE.days, days(&quarters)), (&SQLITE.quarters, quarters)] {
        let rows: Vec<_> = sums.into_iter().collect();
        run(&mut tx, texts, &rows, |bind, (key, sums)| rollup(bind, key, sums, node)).await?;
    }

    run(&mut tx, &SQLITE.close, &group.closed_keys(), |bind, key| bind.add(*key)).await?;
    tx.commit().await
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
