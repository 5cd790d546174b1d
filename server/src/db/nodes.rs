//! Who is serving, and the proof that they live.
//!
//! On SQLite the database belongs to one serving process, which holds a lock on a file beside it. On PostgreSQL each node holds an advisory lock on a
//! connection of its own for as long as it lives; whoever can take that lock knows that the node is gone.

use std::{fs::File, path::PathBuf, time::Duration};

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sqlx::{self, ConnectOptions, Connection, PgConnection, PgPool},
};
use tokio_util::sync::CancellationToken;

use super::{Db, entity::nodes, open::Pools};
use crate::error::{Error, Result};

/// First half of the advisory locks' keys; the second is the node's number.
const LOCK_CLASS: i32 = 0x7765_6972;
const PROVE_EVERY: Duration = Duration::from_secs(2);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// This process among those that serve. Others see it alive until this is stopped or dropped.
pub(crate) struct Node {
    pub id: i32,
    stop: CancellationToken,
    /// Held, never read: the lock goes with it.
    _file: Option<File>,
}

impl Node {
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Gives this process a number and begins its proof of life. On SQLite an error when another process serves the same file.
pub(crate) async fn register(db: &Db) -> Result<Node> {
    let file = match db.pools() {
        Pools::Sqlite { path, .. } => Some(lock_file(path.clone())?),
        Pools::Postgres { .. } => None,
    };
    let id = db
        .write(|tx| {
            Box::pin(async move {
                let row = nodes::ActiveModel {
                    id: NotSet,
                    started_at: Set(tx.now().0),
                    refusals: Set(0),
                };
                Ok(nodes::Entity::insert(row).exec(tx.conn()).await?.last_insert_id)
            })
        })
        .await?;
    let stop = CancellationToken::new();
    if let Pools::Postgres { pool, .. } = db.pools() {
        let connection = prove(pool, id).await?;
        let (pool, stop) = (pool.clone(), stop.clone());
        db.spawn(async move {
            tokio::select! {
                () = keep_proving(&pool, id, connection) => {}
                () = stop.cancelled() => {}
            }
        });
    }
    Ok(Node { id, stop, _file: file })
}

fn lock_file(database: PathBuf) -> Result<File> {
    let mut name = database.into_os_string();
    name.push(".lock");
    let path = PathBuf::from(name);
    let failed = |reason: &dyn std::fmt::Display| Error::unavailable(format_args!("{}: {reason}", path.display()));
    let file = File::create(&path).map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(failed(&"another Weirgate serves this database")),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(&error)),
    }
}

async fn prove(pool: &PgPool, id: i32) -> Result<PgConnection, sqlx::Error> {
    // The server notices within half a minute when this machine is gone without a word.
    let options = pool.connect_options().as_ref().clone().options([
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
    ]);
    let mut connection = options.connect().await?;
    let lock = sqlx::query("SELECT pg_advisory_lock($1, $2)").bind(LOCK_CLASS).bind(id);
    lock.execute(&mut connection).await?;
    Ok(connection)
}

async fn keep_proving(pool: &PgPool, id: i32, connection: PgConnection) {
    let mut connection = Some(connection);
    loop {
        tokio::time::sleep(PROVE_EVERY).await;
        let lives = match &mut connection {
            Some(connection) => tokio::time::timeout(ANSWER_WITHIN, connection.ping())
                .await
                .is_ok_and(|answer| answer.is_ok()),
            None => false,
        };
        if lives {
            continue;
        }
        // Closed first: the lock cannot be taken while the old connection holds it.
        drop(connection.take());
        match tokio::time::timeout(ANSWER_WITHIN, prove(pool, id)).await {
            Ok(Ok(proved)) => connection = Some(proved),
            Ok(Err(error)) => tracing::warn!(%error, "this node cannot prove that it lives"),
            Err(_) => tracing::warn!("this node cannot prove that it lives: the database does not answer"),
        }
    }
}

/// A serving process.
pub(crate) struct Seen {
    pub id: i32,
    /// Unix milliseconds.
    pub started_at: i64,
    pub is_alive: bool,
}

/// Every process that serves this database, and those that left something behind, the oldest first. On SQLite there is one that lives: `own`.
pub(crate) async fn all(db: &Db, own: Option<i32>) -> Result<Vec<Seen>> {
    let rows = nodes::Entity::find()
        .order_by_asc(nodes::Column::Id)
        .all(db.read())
        .await?;
    let alive: Vec<i32> = match db.pools() {
        Pools::Sqlite { .. } => own.into_iter().collect(),
        Pools::Postgres { pool, .. } => {
            let query = "SELECT objid::int8::int4 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = $1::int8::oid \
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            sqlx::query_scalar(query)
                .bind(i64::from(LOCK_CLASS))
                .fetch_all(pool)
                .await?
        }
    };
    let seen = |row: nodes::Model| Seen {
        id: row.id,
        started_at: row.started_at,
        is_alive: alive.contains(&row.id),
    };
    Ok(rows.into_iter().map(seen).collect())
}

/// Removes a node that has left nothing behind.
pub(crate) async fn leave(db: &Db, id: i32) -> Result<()> {
    db.write(move |tx| {
        Box::pin(async move {
            nodes::Entity::delete_by_id(id).exec(tx.conn()).await?;
            Ok(())
        })
    })
    .await
}

pub(crate) async fn forget_all_but(db: &Db, id: i32) -> Result<()> {
    db.write(move |tx| {
        Box::pin(async move {
            nodes::Entity::delete_many()
                .filter(nodes::Column::Id.ne(id))
                .exec(tx.conn())
                .await?;
            Ok(())
        })
    })
    .await
}

/// Nodes that are gone but have open records. Keeps other processes from sweeping them too, until it is released.
pub(crate) struct Dead {
    nodes: Vec<i32>,
    connection: PgConnection,
}

impl Dead {
    /// PostgreSQL only.
    pub async fn look(db: &Db, own: i32) -> Result<Self> {
        let Pools::Postgres { pool, .. } = db.pools() else {
            return Err(Error::internal("on SQLite no node outlives another"));
        };
        let mut connection = pool.connect_options().connect().await?;
        let query = "SELECT node FROM (SELECT DISTINCT node FROM calls_open WHERE node <> $1) AS others \
                     WHERE pg_try_advisory_lock($2, node) ORDER BY node";
        let query = sqlx::query_scalar(query).bind(own).bind(LOCK_CLASS);
        let nodes: Vec<i32> = query.fetch_all(&mut connection).await?;
        Ok(Dead { nodes, connection })
    }

    pub fn nodes(&self) -> &[i32] {
        &self.nodes
    }

    /// Forgets the nodes that were swept and lets go of the rest.
    pub async fn release(mut self, db: &Db, swept: &[i32]) -> Result<()> {
        let swept = swept.to_vec();
        if !swept.is_empty() {
            db.write(move |tx| {
                Box::pin(async move {
                    nodes::Entity::delete_many()
                        .filter(nodes::Column::Id.is_in(swept))
                        .exec(tx.conn())
                        .await?;
                    Ok(())
                })
            })
            .await?;
        }
        sqlx::query("SELECT pg_advisory_unlock_all()")
            .execute(&mut self.connection)
            .await?;
        let _ = self.connection.close().await;
        Ok(())
    }
}
