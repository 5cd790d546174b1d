//! Moves SQLite's write-ahead log into the database file, on a connection of its own so that no commit pays for it.

use std::{path::Path, time::Duration};

use sea_orm::sqlx::{
    self, ConnectOptions, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use tokio_util::sync::CancellationToken;

use super::{Db, open::Pools};

const EVERY: Duration = Duration::from_secs(1);
/// Pages of 4 KiB. Above it writers are held up for a moment so that the log can begin anew: under constant load a passive checkpoint
/// never catches up with the end.
const RESTART_ABOVE: i64 = 8_192;
/// Above it the file is also made small again.
const TRUNCATE_ABOVE: i64 = 65_536;

/// Starts the task, once per opened database. Does nothing on PostgreSQL.
pub(super) fn start(db: &Db) {
    if let Pools::Sqlite { write, path, stop, .. } = db.pools() {
        let (pool, path, stop) = (write.clone(), path.clone(), stop.clone());
        db.spawn(async move { run(&pool, &path, stop).await });
    }
}

async fn run(pool: &SqlitePool, path: &Path, stop: CancellationToken) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_millis(500))
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging();
    let log = {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        std::path::PathBuf::from(name)
    };
    let mut connection: Option<SqliteConnection> = None;
    let mut seen = None;
    while !pool.is_closed() {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
        let changed = tokio::fs::metadata(&log).await.and_then(|file| file.modified()).ok();
        if changed.is_none() || changed == seen {
            continue;
        }
        if connection.is_none() {
            connection = options.connect().await.ok();
        }
        let Some(open) = connection.as_mut() else { continue };
        match checkpoint(open).await {
            Ok(()) => seen = changed,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be moved into the database");
                connection = None;
            }
        }
    }
    if let Some(open) = connection {
        let _ = sqlx::Connection::close(open).await;
    }
}

async fn checkpoint(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (_, pages, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
        .fetch_one(&mut *connection)
        .await?;
    let mode = match pages {
        pages if pages > TRUNCATE_ABOVE => "PRAGMA wal_checkpoint(TRUNCATE)",
        pages if pages > RESTART_ABOVE => "PRAGMA wal_checkpoint(RESTART)",
        _ => return Ok(()),
    };
    // A reader that is still in the old part of the log makes this give up; the next round tries again.
    sqlx::query(mode).fetch_one(&mut *connection).await.map(|_| ())
}
