//! The feed of changes: every transaction that touches what the directory knows adds rows here, in the order of commits.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use types::Timestamp;
use uuid::Uuid;

use super::{Db, Tx, entity::changes};
use crate::error::Result;

/// What kind of row changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    Key,
    User,
    Organization,
    Member,
    Team,
    Session,
    ApiToken,
    Provider,
    Model,
    Price,
}

impl Change {
    pub const ALL: [Change; 10] = [
        Change::Key,
        Change::User,
        Change::Organization,
        Change::Member,
        Change::Team,
        Change::Session,
        Change::ApiToken,
        Change::Provider,
        Change::Model,
        Change::Price,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Change::Key => "key",
            Change::User => "user",
            Change::Organization => "organization",
            Change::Member => "member",
            Change::Team => "team",
            Change::Session => "session",
            Change::ApiToken => "api_token",
            Change::Provider => "provider",
            Change::Model => "model",
            Change::Price => "price",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// One change. `seq` is 0 for those of a transaction of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed {
    pub seq: i64,
    pub kind: Change,
    pub id: Uuid,
}

/// A part of the feed.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub changes: Vec<Changed>,
    /// Where to go on; also counts rows of kinds that this binary does not know.
    pub last: Option<i64>,
}

/// Held by a PostgreSQL transaction from its first row here to its commit: sequences are handed out before a commit, so without it a reader
/// that has seen 7 could miss a 6 that commits later.
const ORDER_LOCK: i64 = 0x7765_6972_0001;

pub(super) async fn insert(tx: &Tx) -> Result<()> {
    let backend = tx.conn().get_database_backend();
    if backend == DbBackend::Postgres {
        let lock = Statement::from_sql_and_values(backend, "SELECT pg_advisory_xact_lock($1)", [ORDER_LOCK.into()]);
        tx.conn().query_one_raw(lock).await?;
    }
    let rows = tx.changed.iter().map(|change| changes::ActiveModel {
        seq: NotSet,
        kind: Set(change.kind.name().to_owned()),
        id: Set(change.id),
        created_at: Set(tx.now.0),
    });
    changes::Entity::insert_many(rows)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// The number of the newest change, 0 when there is none. Read it before loading the directory, poll from it afterwards.
pub(crate) async fn newest(db: &Db) -> Result<i64> {
    let newest: Option<i64> = changes::Entity::find()
        .select_only()
        .column(changes::Column::Seq)
        .order_by_desc(changes::Column::Seq)
        .limit(1)
        .into_tuple()
        .one(db.read())
        .await?;
    Ok(newest.unwrap_or(0))
}

/// At most `limit` changes after `seq`, oldest first.
pub(crate) async fn after(db: &Db, seq: i64, limit: u64) -> Result<Batch> {
    let rows = changes::Entity::find()
        .filter(changes::Column::Seq.gt(seq))
        .order_by_asc(changes::Column::Seq)
        .limit(limit)
        .all(db.read())
        .await?;
    let known = |row: &changes::Model| {
        Change::parse(&row.kind).map(|kind| Changed {
            seq: row.seq,
            kind,
            id: row.id,
        })
    };
    Ok(Batch {
        changes: rows.iter().filter_map(known).collect(),
        last: rows.last().map(|row| row.seq),
    })
}

/// Deletes changes older than `before`. Give readers time: a node that has not polled since then must load everything anew.
pub(crate) async fn prune(tx: &Tx, before: Timestamp) -> Result<u64> {
    let outcome = changes::Entity::delete_many()
        .filter(changes::Column::CreatedAt.lt(before.0))
        .exec(tx.conn())
        .await?;
    Ok(outcome.rows_affected)
}
