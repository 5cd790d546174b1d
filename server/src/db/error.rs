//! What a database error means: something like it exists, try later, or a bug.

use std::sync::Arc;

use sea_orm::{
    DbErr, RuntimeErr, SqlErr,
    sqlx::{self, error::DatabaseError},
};

use crate::Error;

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(message)) => {
                let named = driver_error(&error)
                    .and_then(DatabaseError::constraint)
                    .map(str::to_owned);
                Error::Conflict {
                    constraint: constraint(named.as_deref(), &message),
                }
            }
            _ if is_temporary(&error) => Error::unavailable(&error),
            _ => Error::internal(&error),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))).into()
    }
}

/// `table.first_column`, whatever the database. PostgreSQL names the index (`uq__users__email`, `users_pkey`), SQLite the columns
/// (`UNIQUE constraint failed: users.email`).
fn constraint(index: Option<&str>, message: &str) -> String {
    if let Some(index) = index {
        return index.strip_prefix("uq__").unwrap_or(index).replace("__", ".");
    }
    let columns = message.rsplit(": ").next().unwrap_or(message);
    columns.split(',').next().unwrap_or(columns).trim().to_owned()
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

fn driver_error(error: &DbErr) -> Option<&dyn DatabaseError> {
    match sqlx_error(error)? {
        sqlx::Error::Database(error) => Some(error.as_ref()),
        _ => None,
    }
}

/// Whether the same work may succeed later: the database is away, busy, full or read-only for now.
pub(super) fn is_temporary(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        return true;
    }
    let Some(error) = sqlx_error(error) else {
        return false;
    };
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| temporary_code(&code)),
        _ => false,
    }
}

/// SQLSTATE classes 08 (connection), 53 (resources), 57P (shutdown), 40 (rolled back), 55P03 (lock), 25006 (read-only), 57014 (timeout);
/// SQLite's primary codes BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN and PROTOCOL in the low byte.
fn temporary_code(code: &str) -> bool {
    const SQLITE: [u32; 7] = [5, 6, 8, 10, 13, 14, 15];
    if code.len() == 5 && !code.starts_with(['1', '3', '6', '7', '8', '9']) {
        return ["08", "53", "57P", "40"].iter().any(|class| code.starts_with(class))
            || ["25006", "57014", "55P03"].contains(&code);
    }
    code.parse::<u32>().is_ok_and(|code| SQLITE.contains(&(code & 0xff)))
}

/// Whether a value or a constraint is what the database refuses, so that the same rows will be refused again: SQLSTATE classes 22 and 23,
/// SQLite's TOOBIG, CONSTRAINT, MISMATCH and RANGE.
pub(super) fn is_about_a_row(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Encode(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            let sqlite = code.len() < 5
                && code
                    .parse::<u32>()
                    .is_ok_and(|code| [18, 19, 20, 25].contains(&(code & 0xff)));
            sqlite || (code.len() == 5 && (code.starts_with("22") || code.starts_with("23")))
        }),
        _ => false,
    }
}

/// Whether PostgreSQL said that this server will not do: it is read-only now (a standby after a failover), or it is going away.
pub(super) fn connection_is_no_good(error: &DbErr) -> bool {
    driver_error(error)
        .and_then(|error| error.code())
        .is_some_and(|code| code == "25006" || code.starts_with("57P"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_column_has_one_name_on_both_databases() {
        assert_eq!(constraint(Some("uq__users__email"), ""), "users.email");
        assert_eq!(constraint(None, "UNIQUE constraint failed: users.email"), "users.email");
        assert_eq!(constraint(Some("uq__prices__model_id"), ""), "prices.model_id");
        assert_eq!(
            constraint(None, "UNIQUE constraint failed: prices.model_id, prices.version"),
            "prices.model_id"
        );
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for code in [
            "08006", "57P01", "40001", "40P01", "53300", "25006", "5", "261", "13", "778", "3850",
        ] {
            assert!(temporary_code(code), "{code}");
        }
        for code in [
            "23505", "23503", "42601", "22021", "1", "19", "2067", "1555", "787", "11", "26",
        ] {
            assert!(!temporary_code(code), "{code}");
        }
    }
}
