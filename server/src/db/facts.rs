//! What kind of database this is and how large it has become.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Db;
use crate::error::{Error, Result};

pub(crate) struct Facts {
    pub kind: &'static str,
    pub version: String,
    pub bytes: u64,
}

pub(crate) async fn of(db: &Db) -> Result<Facts> {
    let (backend, kind, query) = match db.is_sqlite() {
        true => (
            DbBackend::Sqlite,
            "sqlite",
            "SELECT sqlite_version(), page_count * page_size FROM pragma_page_count, pragma_page_size",
        ),
        false => (
            DbBackend::Postgres,
            "postgresql",
            "SELECT current_setting('server_version'), pg_database_size(current_database())",
        ),
    };
    let row = db.read().query_one_raw(Statement::from_string(backend, query)).await?;
    let row = row.ok_or_else(|| Error::internal("the database says nothing of itself"))?;
    let bytes: i64 = row.try_get_by_index(1)?;
    Ok(Facts {
        kind,
        version: row.try_get_by_index(0)?,
        bytes: u64::try_from(bytes).unwrap_or_default(),
    })
}
