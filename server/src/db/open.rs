//! Opening: connections and their settings, what is asserted at start, and migrations under a lock.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqlxPostgresConnector, SqlxSqliteConnector, Statement,
    sqlx::{
        self, ConnectOptions, PgPool, SqlitePool,
        pool::PoolOptions,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio_util::sync::CancellationToken;

use super::{Db, wal};
use crate::{Error, clock::Clock, error::Result};

/// How to open a database.
#[derive(Clone)]
pub(crate) struct Options {
    /// `sqlite://path` or `postgres://…`.
    pub url: String,
    /// Most connections: all of PostgreSQL's, the readers of SQLite.
    pub pool_size: u32,
    /// A commit survives power loss (else: the end of the process).
    pub survives_power_loss: bool,
    pub clock: Clock,
}

/// A call waits this long for a connection; then the answer is 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long SQLite waits for the command line's process to finish writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// SQLite below it can corrupt a WAL that is being reset (<https://sqlite.org/releaselog/3_51_3.html>).
const SQLITE_LEAST: [u32; 3] = [3, 51, 3];
const MIGRATION_LOCK: i64 = 0x7765_6972_0002;

pub(super) struct Opened {
    pub pools: Pools,
    pub read: DatabaseConnection,
    pub write: DatabaseConnection,
}

/// The connections below SeaORM, for the ledger's statements and for housekeeping.
pub(super) enum Pools {
    Sqlite {
        read: SqlitePool,
        /// One connection.
        write: SqlitePool,
        path: PathBuf,
        stop: CancellationToken,
    },
    Postgres {
        pool: PgPool,
        trust: Arc<Trust>,
    },
}

/// Connections opened before a given moment are not used again. Moments are milliseconds since `start`.
pub(super) struct Trust {
    start: Instant,
    since: AtomicU64,
}

pub(super) async fn open(options: &Options) -> Result<Opened> {
    if options.url.starts_with("sqlite:") {
        open_sqlite(options).await
    } else if DbBackend::Postgres.is_prefix_of(&options.url) {
        open_postgres(options).await
    } else {
        Err(Error::internal("database.url must begin with sqlite:// or postgres://"))
    }
}

async fn open_sqlite(options: &Options) -> Result<Opened> {
    let synchronous = if options.survives_power_loss {
        SqliteSynchronous::Full
    } else {
        SqliteSynchronous::Normal
    };
    let base = SqliteConnectOptions::from_str(&options.url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("mmap_size", "0")
        // Statements of several rows keep a journal of their own; a file in /var/tmp for each would cost more than the statement.
        .pragma("temp_store", "MEMORY")
        // The checkpoint runs on a connection of its own (see `wal`), never inside a commit that somebody waits for.
        .pragma("wal_autocheckpoint", "0")
        .statement_cache_capacity(256)
        // One message per row would cost a hand-over between threads each.
        .row_buffer_size(512)
        .disable_statement_logging();
    let path = base.get_filename().to_path_buf();
    if path.as_os_str().is_empty() || path == Path::new(":memory:") || options.url.contains("mode=memory") {
        return Err(Error::internal(
            "database.url must name a file: readers and the writer share it",
        ));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::unavailable(format_args!("{}: {error}", folder.display())))?;
    }

    let write = sqlite_pool(1).min_connections(1).connect_with(base.clone()).await?;
    let read = sqlite_pool(options.pool_size.max(1))
        .idle_timeout(Duration::from_secs(60))
        .connect_with(base.clone().pragma("query_only", "ON"))
        .await?;
    assert_sqlite(&write, synchronous).await?;
    let stop = CancellationToken::new();
    Ok(Opened {
        read: timed(SqlxSqliteConnector::from_sqlx_sqlite_pool(read.clone())),
        write: timed(SqlxSqliteConnector::from_sqlx_sqlite_pool(write.clone())),
        pools: Pools::Sqlite {
            read,
            write,
            path,
            stop,
        },
    })
}

/// Tells how long each statement took, if the log asks for `server::db=trace` at the start. Never the statement: it may hold values.
fn timed(mut connection: DatabaseConnection) -> DatabaseConnection {
    if tracing::enabled!(target: "server::db", tracing::Level::TRACE) {
        connection.set_metric_callback(|statement| {
            let elapsed_us = u64::try_from(statement.elapsed.as_micros()).unwrap_or(u64::MAX);
            tracing::trace!(target: "server::db", elapsed_us, failed = statement.failed, "statement");
        });
    }
    connection
}

fn sqlite_pool(most: u32) -> PoolOptions<sqlx::Sqlite> {
    PoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE_TIMEOUT.max(BUSY_TIMEOUT))
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None)
}

/// The settings that the books rely on, as the database itself reports them.
async fn assert_sqlite(pool: &SqlitePool, synchronous: SqliteSynchronous) -> Result<()> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(pool).await?;
    let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if numbers.as_slice() < SQLITE_LEAST.as_slice() {
        return Err(Error::internal(format_args!(
            "SQLite {version} has a defect that can corrupt the database; 3.51.3 or newer is needed"
        )));
    }
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await?;
    let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(pool).await?;
    let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await?;
    let wanted = if matches!(synchronous, SqliteSynchronous::Full) {
        2
    } else {
        1
    };
    if journal != "wal" || foreign_keys != 1 || level != wanted {
        return Err(Error::internal(format_args!(
            "the database refused its settings: journal_mode {journal}, foreign_keys {foreign_keys}, synchronous {level}"
        )));
    }
    Ok(())
}

async fn open_postgres(options: &Options) -> Result<Opened> {
    let synchronous = if options.survives_power_loss { "on" } else { "off" };
    let connect = PgConnectOptions::from_str(&options.url)?
        .application_name("weirgate")
        .options([
            ("synchronous_commit", synchronous),
            ("statement_timeout", "30000"),
            ("lock_timeout", "10000"),
            ("idle_in_transaction_session_timeout", "30000"),
        ])
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let trust = Arc::new(Trust {
        start: Instant::now(),
        since: AtomicU64::new(0),
    });
    let check = Arc::clone(&trust);
    let pool = PoolOptions::<sqlx::Postgres>::new()
        .max_connections(options.pool_size.max(2))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire(false)
        .before_acquire(move |connection, used| {
            let check = Arc::clone(&check);
            Box::pin(async move {
                if check.older(used.age) {
                    return Ok(false);
                }
                // A connection that was just used needs no round trip to prove that it lives.
                if used.idle_for > Duration::from_secs(2) {
                    sqlx::Connection::ping(connection).await?;
                }
                Ok(true)
            })
        })
        .connect_with(connect)
        .await?;
    let connection = timed(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()));
    Ok(Opened {
        read: connection.clone(),
        write: connection,
        pools: Pools::Postgres { pool, trust },
    })
}

impl Trust {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn older(&self, age: Duration) -> bool {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        // A connection opened in the first millisecond of all has never been distrusted.
        let since = self.since.load(Ordering::Relaxed);
        since > 0 && self.now().saturating_sub(age) <= since
    }
}

impl Pools {
    /// Lets go of the connections that are open now: the server behind them cannot write any more.
    pub(super) fn distrust(&self) {
        if let Pools::Postgres { trust, .. } = self {
            trust.since.store(trust.now().max(1), Ordering::Relaxed);
        }
    }

    pub(super) fn stop_background(&self) {
        if let Pools::Sqlite { stop, .. } = self {
            stop.cancel();
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Pools::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// Names of the migrations this binary knows, and whether each is applied. Writes nothing.
pub(super) async fn migrations(db: &Db) -> Result<Vec<(String, bool)>> {
    let applied = applied(db).await?;
    let known = Migrator::migrations().into_iter().map(|migration| {
        let name = migration.name().to_owned();
        let done = applied.contains(&name);
        (name, done)
    });
    Ok(known.collect())
}

async fn applied(db: &Db) -> Result<Vec<String>> {
    let table = match db.is_sqlite() {
        true => "SELECT count(*) FROM sqlite_schema WHERE name = 'seaql_migrations'",
        false => {
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'seaql_migrations'"
        }
    };
    let backend = db.read().get_database_backend();
    let count = db.read().query_one_raw(Statement::from_string(backend, table)).await?;
    if count
        .map(|row| row.try_get_by_index::<i64>(0))
        .transpose()?
        .unwrap_or(0)
        == 0
    {
        return Ok(Vec::new());
    }
    let rows = Statement::from_string(backend, "SELECT version FROM seaql_migrations");
    let rows = db.read().query_all_raw(rows).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}

/// All of it in one transaction: a process that dies half-way leaves the old schema. On PostgreSQL an advisory lock makes the others wait, on
/// SQLite `BEGIN IMMEDIATE` does. A newer schema than this binary's is left alone and served.
pub(super) async fn migrate(db: &Db) -> Result<()> {
    let pending = |list: &[(String, bool)]| list.iter().any(|(_, done)| !done);
    if pending(&migrations(db).await?) {
        db.write(|tx| {
            Box::pin(async move {
                if tx.conn().get_database_backend() == DbBackend::Postgres {
                    let wait = Statement::from_sql_and_values(
                        DbBackend::Postgres,
                        "SELECT pg_advisory_xact_lock($1)",
                        [MIGRATION_LOCK.into()],
                    );
                    tx.conn()
                        .execute_unprepared("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
                        .await?;
                    tx.conn().query_one_raw(wait).await?;
                }
                Ok(Migrator::up(tx.conn(), None).await?)
            })
        })
        .await?;
    }
    wal::start(db);
    Ok(())
}
