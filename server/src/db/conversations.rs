//! Rows of conversations. Every look-up is scoped by the person first.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType},
};
use types::{ConversationId, Timestamp, UserId};

use super::{
    Db, Tx,
    entity::{conversations, users},
};
use crate::error::Result;

pub(crate) type Row = conversations::Model;

fn owned(user: UserId) -> sea_orm::Select<conversations::Entity> {
    conversations::Entity::find().filter(conversations::Column::UserId.eq(user.0))
}

fn open(user: UserId) -> sea_orm::Select<conversations::Entity> {
    owned(user).filter(conversations::Column::EndedAt.is_null())
}

/// How many may be open at once. Asked by one transaction at a time for each person, so that what it counts afterwards stays true.
pub(crate) async fn most_locked(tx: &mut Tx, user: UserId) -> Result<Option<u64>> {
    // SQLite has no such lock: its write transactions run one after another.
    let most: Option<i32> = users::Entity::find_by_id(user.0)
        .select_only()
        .column(users::Column::MaxChats)
        .lock(LockType::NoKeyUpdate)
        .into_tuple()
        .one(tx.conn())
        .await?;
    Ok(most.map(|most| u64::try_from(most).unwrap_or(0)))
}

pub(crate) async fn count_open(tx: &mut Tx, user: UserId) -> Result<u64> {
    Ok(open(user).count(tx.conn()).await?)
}

/// The open one that the client calls so.
pub(crate) async fn open_of_client(tx: &mut Tx, user: UserId, client_session_id: &str) -> Result<Option<Row>> {
    let query = open(user).filter(conversations::Column::ClientSessionId.eq(client_session_id));
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = conversations::ActiveModel::from(row).reset_all();
    conversations::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Ends it unless it has ended before, and gives it back as it then stands.
pub(crate) async fn end(
    tx: &mut Tx,
    user: UserId,
    id: ConversationId,
    hash: Option<&str>,
    now: Timestamp,
) -> Result<Option<Row>> {
    // PostgreSQL looks at the condition again after waiting for a concurrent end, so the first one stays.
    conversations::Entity::update_many()
        .col_expr(conversations::Column::EndedAt, Expr::value(now.0))
        .col_expr(
            conversations::Column::TranscriptHash,
            Expr::value(hash.map(str::to_owned)),
        )
        .filter(conversations::Column::UserId.eq(user.0))
        .filter(conversations::Column::Id.eq(id.0))
        .filter(conversations::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    let query = owned(user).filter(conversations::Column::Id.eq(id.0));
    Ok(query.one(tx.conn()).await?)
}

/// Newest first, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, user: UserId, after: Option<ConversationId>, limit: u64) -> Result<Vec<Row>> {
    // Ids are UUID v7: their order is the order of creation.
    let mut query = owned(user).order_by_desc(conversations::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(conversations::Column::Id.lt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

pub(crate) async fn find(db: &Db, user: UserId, id: ConversationId) -> Result<Option<Row>> {
    let query = owned(user).filter(conversations::Column::Id.eq(id.0));
    Ok(query.one(db.read()).await?)
}
