//! Rows of personal tokens. Every look-up is scoped by the person first.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use types::{ApiTokenId, Timestamp, UserId};
use uuid::Uuid;

use super::{Db, Tx, directory::Which, entity::api_tokens, keys::Revoked};
use crate::error::Result;

pub(crate) type Row = api_tokens::Model;

fn owned(user: UserId) -> sea_orm::Select<api_tokens::Entity> {
    api_tokens::Entity::find().filter(api_tokens::Column::UserId.eq(user.0))
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = api_tokens::ActiveModel::from(row).reset_all();
    api_tokens::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// How many tokens of the person are neither revoked nor expired.
pub(crate) async fn count_live(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<u64> {
    let unexpired = Condition::any()
        .add(api_tokens::Column::ExpiresAt.is_null())
        .add(api_tokens::Column::ExpiresAt.gt(now.0));
    let live = owned(user)
        .filter(api_tokens::Column::RevokedAt.is_null())
        .filter(unexpired);
    Ok(live.count(tx.conn()).await?)
}

/// Newest first, revoked ones included, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, user: UserId, after: Option<ApiTokenId>, limit: u64) -> Result<Vec<Row>> {
    // Ids are UUID v7: their order is the order of creation.
    let mut query = owned(user).order_by_desc(api_tokens::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(api_tokens::Column::Id.lt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

/// What the directory loads.
pub(crate) async fn all(db: &Db, which: Which<'_>) -> Result<Vec<Row>> {
    Ok(which
        .of::<api_tokens::Entity>(api_tokens::Column::Id)
        .all(db.read())
        .await?)
}

pub(crate) async fn revoke(tx: &mut Tx, user: UserId, id: ApiTokenId, now: Timestamp) -> Result<Revoked> {
    let updated = api_tokens::Entity::update_many()
        .col_expr(api_tokens::Column::RevokedAt, Expr::value(now.0))
        .filter(api_tokens::Column::UserId.eq(user.0))
        .filter(api_tokens::Column::Id.eq(id.0))
        .filter(api_tokens::Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    if updated.rows_affected == 1 {
        return Ok(Revoked::Now);
    }
    let row = owned(user)
        .filter(api_tokens::Column::Id.eq(id.0))
        .one(tx.conn())
        .await?;
    Ok(if row.is_some() {
        Revoked::Before
    } else {
        Revoked::Unknown
    })
}

/// A person's tokens of one origin that are not revoked.
pub(crate) async fn of_origin(tx: &mut Tx, user: UserId, origin: &str) -> Result<Vec<Row>> {
    let query = owned(user)
        .filter(api_tokens::Column::Origin.eq(origin))
        .filter(api_tokens::Column::RevokedAt.is_null());
    Ok(query.all(tx.conn()).await?)
}

/// Revokes a person's tokens and names those that were not revoked before.
pub(crate) async fn revoke_all(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Vec<Uuid>> {
    let live = owned(user).filter(api_tokens::Column::RevokedAt.is_null());
    let ids: Vec<Uuid> = live.all(tx.conn()).await?.into_iter().map(|row| row.id).collect();
    api_tokens::Entity::update_many()
        .col_expr(api_tokens::Column::RevokedAt, Expr::value(now.0))
        .filter(api_tokens::Column::UserId.eq(user.0))
        .filter(api_tokens::Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ids)
}

/// Notes when tokens were last used; never turns a time back.
pub(crate) async fn touch(tx: &mut Tx, used: &[(Uuid, Timestamp)]) -> Result<()> {
    for (id, at) in used {
        let earlier = Condition::any()
            .add(api_tokens::Column::LastUsedAt.is_null())
            .add(api_tokens::Column::LastUsedAt.lt(at.0));
        api_tokens::Entity::update_many()
            .col_expr(api_tokens::Column::LastUsedAt, Expr::value(at.0))
            .filter(api_tokens::Column::Id.eq(*id))
            .filter(earlier)
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}
