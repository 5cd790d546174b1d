//! The ledger's tables: a group of records is written in one transaction, and repeating it changes nothing.
//!
//! The order inside a group is fixed: open records, counts so far, usage rows, sums, deletions. Sums are written only for the usage rows that this
//! very transaction inserted. Everything here is below SeaORM's builder, because every call of the model API pays for it.

mod postgres;
mod rollups;
mod sqlite;
mod text;

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sqlx::{self, PgConnection},
};
use types::{CallId, ConversationId, KeyId, OrganizationId, Price, PriceId, Timestamp, Tokens, UserId, money::Prices};
use uuid::Uuid;

use super::{
    Db,
    entity::{calls_open, prices},
    open::Pools,
};
use crate::{
    books::ledger::{Call, Group, Progress},
    error::{Error, Result},
};

pub(crate) use rollups::{DAY, QUARTER, Rollups, add_refusal, bucket};

/// Writes groups. Has a PostgreSQL connection of its own, which is closed when anything goes wrong with it; on SQLite it takes its turn at the one
/// write connection.
pub(crate) struct Writer {
    db: Db,
    node: i32,
    connection: Option<PgConnection>,
}

impl Writer {
    pub fn new(db: &Db, node: i32) -> Self {
        Writer {
            db: db.clone(),
            node,
            connection: None,
        }
    }

    /// One transaction. After an error it is unknown whether the group was committed; committing it again is safe.
    ///
    /// Not cancelled with a caller: only the ledger's own task and the sweep at start call this.
    pub async fn commit(&mut self, group: &Group) -> Result<(), Failed> {
        self.run(group).await.map_err(|error| Failed {
            for_good: super::error::is_about_a_row(&error),
            error: error.into(),
        })
    }

    async fn run(&mut self, group: &Group) -> Result<(), sqlx::Error> {
        match self.db.pools() {
            Pools::Sqlite { write, .. } => sqlite::commit(write, self.node, group).await,
            Pools::Postgres { pool, .. } => {
                let mut connection = match self.connection.take() {
                    Some(connection) => connection,
                    None => sqlx::ConnectOptions::connect(pool.connect_options().as_ref()).await?,
                };
                // Kept only after a success: one that failed or was cut off half-way is closed by being dropped.
                postgres::commit(&mut connection, self.node, group).await?;
                self.connection = Some(connection);
                Ok(())
            }
        }
    }
}

/// Why a group was not committed, as far as is known.
#[derive(Debug)]
pub(crate) struct Failed {
    pub error: Error,
    /// A row is refused and will be refused again; everything else may pass.
    pub for_good: bool,
}

/// The sums of the usage rows that were inserted: all of them, unless some were there before.
fn sums(group: &Group, inserted: &[Uuid], refusals: bool) -> Rollups {
    let mut quarters = Rollups::new();
    if inserted.len() == group.settled.len() {
        for settled in &group.settled {
            rollups::add_call(&mut quarters, settled);
        }
    } else {
        // An id that came twice in one group was inserted once.
        let mut inserted: HashSet<Uuid> = inserted.iter().copied().collect();
        for settled in group
            .settled
            .iter()
            .filter(|settled| inserted.remove(&settled.call.id.0))
        {
            rollups::add_call(&mut quarters, settled);
        }
    }
    if refusals && let Some(counted) = &group.refusals {
        for (key, sums) in &counted.counts {
            rollups::add(&mut quarters, key.clone(), sums);
        }
    }
    quarters
}

/// An open record as it was found, with the counts of its last checkpoint.
pub(crate) struct Found {
    pub call: Call,
    pub tokens: Option<Tokens>,
}

/// At most `limit` open records of other nodes (of the given ones, or of all but `own`).
pub(crate) async fn left_behind(db: &Db, nodes: Left<'_>, limit: u64) -> Result<Vec<Found>> {
    let whose = match nodes {
        Left::ByAllBut(own) => calls_open::Column::Node.ne(own),
        Left::By(nodes) => calls_open::Column::Node.is_in(nodes.iter().copied()),
    };
    let rows = calls_open::Entity::find()
        .filter(whose)
        .order_by_asc(calls_open::Column::Key)
        .limit(limit)
        .all(db.read())
        .await?;
    let versions: HashSet<Uuid> = rows.iter().filter_map(|row| row.price_id).collect();
    let versions = prices::Entity::find()
        .filter(prices::Column::Id.is_in(versions))
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|row| found(row, &versions)).collect())
}

/// Whose open records are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Left<'a> {
    ByAllBut(i32),
    By(&'a [i32]),
}

fn found(row: calls_open::Model, versions: &[prices::Model]) -> Found {
    let counts = [
        row.tok_input,
        row.tok_cache_read,
        row.tok_cache_write_5m,
        row.tok_cache_write_1h,
        row.tok_output,
    ];
    let count = |value: Option<i64>| u64::try_from(value.unwrap_or(0)).unwrap_or(0);
    let tokens = counts.iter().any(Option::is_some).then(|| Tokens {
        input: count(counts[0]),
        cache_read: count(counts[1]),
        cache_write_5m: count(counts[2]),
        cache_write_1h: count(counts[3]),
        output: count(counts[4]),
    });
    let version = versions.iter().find(|version| Some(version.id) == row.price_id);
    let call = Call {
        key: row.key,
        id: CallId(row.call_id),
        request_id: row.request_id.into(),
        organization_id: OrganizationId(row.organization_id),
        user_id: UserId(row.user_id),
        key_id: row.api_key_id.map(KeyId),
        model: row.model.into(),
        provider: row.provider.into(),
        upstream_model: row.upstream_model.into(),
        price_id: row.price_id.map(PriceId),
        prices: version.map(prices_of),
        endpoint: row.endpoint.into(),
        stream: row.stream,
        opened_at: Timestamp(row.opened_at),
        conversation_id: row.conversation_id.map(ConversationId),
        progress: Progress::default(),
    };
    // It stands in the table, whatever this process thinks of calls that it has just been told about.
    call.progress.set_durable();
    Found { call, tokens }
}

fn prices_of(version: &prices::Model) -> Prices {
    Prices {
        input: Price(version.input),
        output: Price(version.output),
        cache_read: version.cache_read.map(Price),
        cache_write_5m: version.cache_write_5m.map(Price),
        cache_write_1h: version.cache_write_1h.map(Price),
    }
}

/// How many open records there are, of all nodes.
pub(crate) async fn count_open(db: &Db) -> Result<u64> {
    Ok(calls_open::Entity::find().count(db.read()).await?)
}
