//! Rows of single-use tokens. Only hashes come here; a used one is deleted, and whose delete hits the row has used it.

use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};
use types::{Timestamp, UserId};

use super::{Db, Tx, entity::sign_in_tokens};
use crate::error::Result;

const SWEEP_LOCK: i64 = 0x7765_6972_0003;

pub(crate) type Row = sign_in_tokens::Model;

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = sign_in_tokens::ActiveModel::from(row).reset_all();
    sign_in_tokens::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// One transaction at a time for an account, or for an address without one: those that use one of its tokens and then remove the
/// others would else wait for each other. It comes before the transaction touches the account itself.
async fn lock(tx: &mut Tx, whose: String) -> Result<()> {
    let backend = tx.conn().get_database_backend();
    // SQLite's write transactions already run one after another.
    if backend == DbBackend::Postgres {
        let text = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        let lock = Statement::from_sql_and_values(backend, text, [whose.into()]);
        tx.conn().query_one_raw(lock).await?;
    }
    Ok(())
}

/// The row as it stands, expired or not.
pub(crate) async fn find(db: &Db, hash: &[u8]) -> Result<Option<Row>> {
    Ok(sign_in_tokens::Entity::find_by_id(hash).one(db.read()).await?)
}

/// Takes the row out. `None` also when another transaction took it in the same moment.
pub(crate) async fn take(tx: &mut Tx, hash: &[u8]) -> Result<Option<Row>> {
    let Some(row) = sign_in_tokens::Entity::find_by_id(hash).one(tx.conn()).await? else {
        return Ok(None);
    };
    if let Some(whose) = row.user_id.map(|id| id.to_string()).or_else(|| row.email.clone()) {
        lock(tx, whose).await?;
    }
    let deleted = sign_in_tokens::Entity::delete_by_id(hash).exec(tx.conn()).await?;
    Ok((deleted.rows_affected == 1).then_some(row))
}

/// Removes a person's tokens of these kinds.
pub(crate) async fn delete_of_user(tx: &mut Tx, user: UserId, kinds: &[&str]) -> Result<()> {
    lock(tx, user.to_string()).await?;
    sign_in_tokens::Entity::delete_many()
        .filter(sign_in_tokens::Column::UserId.eq(user.0))
        .filter(sign_in_tokens::Column::Kind.is_in(kinds.iter().copied()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Removes an address's tokens of this kind.
pub(crate) async fn delete_of_email(tx: &mut Tx, email: &str, kind: &str) -> Result<()> {
    lock(tx, email.to_owned()).await?;
    sign_in_tokens::Entity::delete_many()
        .filter(sign_in_tokens::Column::Email.eq(email))
        .filter(sign_in_tokens::Column::Kind.eq(kind))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Removes what has expired, everybody's, unless another transaction is at it.
pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let backend = tx.conn().get_database_backend();
    if backend == DbBackend::Postgres {
        let text = "SELECT pg_try_advisory_xact_lock($1)";
        let lock = Statement::from_sql_and_values(backend, text, [SWEEP_LOCK.into()]);
        let got = tx.conn().query_one_raw(lock).await?;
        if !got.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false) {
            return Ok(());
        }
    }
    sign_in_tokens::Entity::delete_many()
        .filter(sign_in_tokens::Column::ExpiresAt.lte(now.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}
