//! One value for all that a SQLite database holds, for tests that show that nothing was written.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sha2::{Digest, Sha256};

use super::Db;
use crate::error::Result;

/// What a running process writes by itself or beside every request: its sign of life, seals over the audit log, the log of requests.
const LEFT_OUT: &str = "'nodes', 'audit_seals', 'audit_sealed', 'audit_unsealed', 'request_logs'";

/// Over every table but those, column by column and row by row.
pub(crate) async fn of(db: &Db) -> Result<[u8; 32]> {
    let texts = async |sql: String| -> Result<Vec<String>> {
        let rows = db
            .read()
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
            .await?;
        let texts = rows.iter().map(|row| row.try_get_by_index::<String>(0));
        Ok(texts.collect::<std::result::Result<_, _>>()?)
    };
    let tables =
        format!("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ({LEFT_OUT}) ORDER BY name");
    let mut hash = Sha256::new();
    for table in texts(tables).await? {
        let columns = texts(format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid")).await?;
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let row = quoted.join(" || '|' || ");
        hash.update(table.as_bytes());
        for row in texts(format!("SELECT {row} AS row FROM \"{table}\" ORDER BY 1")).await? {
            hash.update(row.as_bytes());
            hash.update(b"\n");
        }
    }
    Ok(hash.finalize().into())
}
