//! Rows of identities elsewhere, and what is left to sign in with when one of them goes.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use types::{Timestamp, UserId};
use uuid::Uuid;

use super::{
    Db, Tx,
    entity::{identities, passkeys, users},
};
use crate::error::Result;

pub(crate) type Row = identities::Model;

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = identities::ActiveModel::from(row).reset_all();
    identities::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// By issuer and subject, which is what an identity is.
pub(crate) async fn find(tx: &mut Tx, issuer: &str, subject: &str) -> Result<Option<Row>> {
    let query = identities::Entity::find()
        .filter(identities::Column::Issuer.eq(issuer))
        .filter(identities::Column::Subject.eq(subject));
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn of_user(db: &Db, user: UserId) -> Result<Vec<Row>> {
    let query = identities::Entity::find()
        .filter(identities::Column::UserId.eq(user.0))
        .order_by_asc(identities::Column::CreatedAt)
        .order_by_asc(identities::Column::Id);
    Ok(query.all(db.read()).await?)
}

/// The same inside a transaction.
pub(crate) async fn of_user_in(tx: &mut Tx, user: UserId) -> Result<Vec<Row>> {
    let query = identities::Entity::find().filter(identities::Column::UserId.eq(user.0));
    Ok(query.all(tx.conn()).await?)
}

/// What a sign-in changes: its time, the e-mail to show, and what the provider's groups give.
pub(crate) async fn used(tx: &mut Tx, row: &Row, now: Timestamp) -> Result<()> {
    identities::Entity::update_many()
        .col_expr(identities::Column::Provider, Expr::value(row.provider.clone()))
        .col_expr(identities::Column::Email, Expr::value(row.email.clone()))
        .col_expr(identities::Column::Grants, Expr::value(row.grants.clone()))
        .col_expr(identities::Column::LastUsedAt, Expr::value(now.0))
        .filter(identities::Column::Id.eq(row.id))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, id: Uuid) -> Result<()> {
    identities::Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// Whether the person could still sign in without identity `except`. Holds the person's row, so that two last ways in cannot go at once.
pub(crate) async fn another_way_in(tx: &mut Tx, user: UserId, except: Uuid) -> Result<bool> {
    let row = users::Entity::find_by_id(user.0)
        .lock_exclusive()
        .one(tx.conn())
        .await?;
    if row.is_some_and(|row| row.hashed_password.is_some()) {
        return Ok(true);
    }
    let others = identities::Entity::find()
        .filter(identities::Column::UserId.eq(user.0))
        .filter(identities::Column::Id.ne(except))
        .count(tx.conn())
        .await?;
    if others > 0 {
        return Ok(true);
    }
    let passkeys = passkeys::Entity::find()
        .filter(passkeys::Column::UserId.eq(user.0))
        .count(tx.conn())
        .await?;
    Ok(passkeys > 0)
}
