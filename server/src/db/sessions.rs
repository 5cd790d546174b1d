//! Rows of sign-ins and the refresh tokens they have spent. Only hashes come here.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr};
use types::{SessionId, Timestamp, UserId};

use super::{
    Db, Tx,
    entity::{sessions, spent_refresh_tokens},
};
use crate::error::Result;

pub(crate) type Row = sessions::Model;

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = sessions::ActiveModel::from(row).reset_all();
    sessions::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn find(db: &Db, id: SessionId) -> Result<Option<Row>> {
    Ok(sessions::Entity::find_by_id(id.0).one(db.read()).await?)
}

pub(crate) async fn by_cookie(db: &Db, hash: &[u8]) -> Result<Option<Row>> {
    let query = sessions::Entity::find().filter(sessions::Column::CookieHash.eq(hash));
    Ok(query.one(db.read()).await?)
}

pub(crate) async fn by_refresh_token(tx: &mut Tx, hash: &[u8]) -> Result<Option<Row>> {
    let query = sessions::Entity::find().filter(sessions::Column::RefreshTokenHash.eq(hash));
    Ok(query.one(tx.conn()).await?)
}

/// The sign-in that once had this refresh token.
pub(crate) async fn by_spent_token(tx: &mut Tx, hash: &[u8]) -> Result<Option<Row>> {
    let spent = spent_refresh_tokens::Entity::find_by_id(hash).one(tx.conn()).await?;
    match spent {
        Some(spent) => Ok(sessions::Entity::find_by_id(spent.session_id).one(tx.conn()).await?),
        None => Ok(None),
    }
}

/// One step of a refresh family.
pub(crate) struct Rotation {
    pub session: SessionId,
    /// Hash of the presented token.
    pub spent: Vec<u8>,
    /// Hash of its successor.
    pub next: Vec<u8>,
    pub at: Timestamp,
}

/// Puts the successor in place if the presented token is still the current one; `false` when another request was faster.
/// PostgreSQL looks at the condition again after waiting for a concurrent update, so exactly one of many wins there too.
pub(crate) async fn rotate(tx: &mut Tx, rotation: Rotation) -> Result<bool> {
    let updated = sessions::Entity::update_many()
        .col_expr(sessions::Column::RefreshTokenHash, Expr::value(rotation.next))
        .col_expr(sessions::Column::PreviousTokenHash, Expr::value(rotation.spent.clone()))
        .col_expr(sessions::Column::RotatedAt, Expr::value(rotation.at.0))
        .col_expr(sessions::Column::LastSeenAt, Expr::value(rotation.at.0))
        .filter(sessions::Column::Id.eq(rotation.session.0))
        .filter(sessions::Column::RefreshTokenHash.eq(rotation.spent.clone()))
        .exec(tx.conn())
        .await?;
    if updated.rows_affected != 1 {
        return Ok(false);
    }
    let spent = spent_refresh_tokens::Model {
        hash: rotation.spent,
        session_id: rotation.session.0,
        spent_at: rotation.at.0,
    };
    let spent = spent_refresh_tokens::ActiveModel::from(spent).reset_all();
    spent_refresh_tokens::Entity::insert(spent)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(true)
}

/// All of a person's, the most recently used first.
pub(crate) async fn of_user(db: &Db, user: UserId) -> Result<Vec<Row>> {
    Ok(of(user).all(db.read()).await?)
}

pub(crate) async fn of_user_in(tx: &mut Tx, user: UserId) -> Result<Vec<Row>> {
    Ok(of(user).all(tx.conn()).await?)
}

fn of(user: UserId) -> sea_orm::Select<sessions::Entity> {
    sessions::Entity::find()
        .filter(sessions::Column::UserId.eq(user.0))
        .order_by_desc(sessions::Column::LastSeenAt)
        .order_by_desc(sessions::Column::Id)
}

pub(crate) async fn owned(tx: &mut Tx, user: UserId, id: SessionId) -> Result<Option<Row>> {
    Ok(of(user).filter(sessions::Column::Id.eq(id.0)).one(tx.conn()).await?)
}

pub(crate) async fn replace_cookie(tx: &mut Tx, id: SessionId, hash: Vec<u8>) -> Result<()> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::CookieHash, Expr::value(hash))
        .filter(sessions::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Notes a use; never moves backwards.
pub(crate) async fn touch(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<()> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::LastSeenAt, Expr::value(now.0))
        .filter(sessions::Column::Id.eq(id.0))
        .filter(sessions::Column::LastSeenAt.lt(now.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn count_refresh_tokens(db: &Db) -> Result<u64> {
    let query = sessions::Entity::find().filter(sessions::Column::RefreshTokenHash.is_not_null());
    Ok(query.count(db.read()).await?)
}

/// Whether a row was there to delete.
pub(crate) async fn delete(tx: &mut Tx, id: SessionId) -> Result<bool> {
    let deleted = sessions::Entity::delete_by_id(id.0).exec(tx.conn()).await?;
    Ok(deleted.rows_affected == 1)
}

/// Removes sign-ins that are past their absolute end, everybody's, and long enough for their access tokens to have expired too.
pub(crate) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    const ACCESS_TOKENS_MILLIS: i64 = 3_600_000;
    sessions::Entity::delete_many()
        .filter(sessions::Column::ExpiresAt.lt(now.plus_millis(-ACCESS_TOKENS_MILLIS).0))
        .exec(tx.conn())
        .await?;
    Ok(())
}
