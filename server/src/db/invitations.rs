//! Rows of invitations. Look-ups are scoped by the organization first, or made by the hash of a token, which is its own proof.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};
use types::{InvitationId, OrganizationId, Timestamp, UserId};

use super::{Db, Tx, entity::invitations};
use crate::error::Result;

pub(crate) type Row = invitations::Model;

fn owned(organization: OrganizationId) -> Select<invitations::Entity> {
    invitations::Entity::find().filter(invitations::Column::OrganizationId.eq(organization.0))
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = invitations::ActiveModel::from(row).reset_all();
    invitations::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Newest first, at most `limit`, those after `after` only.
pub(crate) async fn page(
    db: &Db,
    organization: OrganizationId,
    after: Option<InvitationId>,
    limit: u64,
) -> Result<Vec<Row>> {
    // Ids are UUID v7: their order is the order of creation.
    let mut query = owned(organization).order_by_desc(invitations::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(invitations::Column::Id.lt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

pub(crate) async fn look(db: &Db, organization: OrganizationId, id: InvitationId) -> Result<Option<Row>> {
    let query = owned(organization).filter(invitations::Column::Id.eq(id.0));
    Ok(query.one(db.read()).await?)
}

pub(crate) async fn find(tx: &mut Tx, organization: OrganizationId, id: InvitationId) -> Result<Option<Row>> {
    let query = owned(organization).filter(invitations::Column::Id.eq(id.0));
    Ok(query.one(tx.conn()).await?)
}

/// How many may still be accepted.
pub(crate) async fn count_open(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let now = tx.now().0;
    let open = owned(organization)
        .filter(invitations::Column::AcceptedAt.is_null())
        .filter(invitations::Column::RevokedAt.is_null())
        .filter(invitations::Column::ExpiresAt.gt(now));
    Ok(open.count(tx.conn()).await?)
}

pub(crate) async fn by_hash(db: &Db, hash: &[u8]) -> Result<Option<Row>> {
    let query = invitations::Entity::find().filter(invitations::Column::SecretHash.eq(hash));
    Ok(query.one(db.read()).await?)
}

pub(crate) async fn by_hash_in(tx: &mut Tx, hash: &[u8]) -> Result<Option<Row>> {
    let query = invitations::Entity::find().filter(invitations::Column::SecretHash.eq(hash));
    Ok(query.one(tx.conn()).await?)
}

/// Uses the invitation up: of many who try at once exactly one hears `true`.
pub(crate) async fn accept(tx: &mut Tx, id: InvitationId, user: UserId) -> Result<bool> {
    let now = tx.now().0;
    let updated = invitations::Entity::update_many()
        .col_expr(invitations::Column::AcceptedAt, Expr::value(now))
        .col_expr(invitations::Column::AcceptedBy, Expr::value(user.0))
        .col_expr(invitations::Column::UpdatedAt, Expr::value(now))
        .filter(invitations::Column::Id.eq(id.0))
        .filter(invitations::Column::AcceptedAt.is_null())
        .filter(invitations::Column::RevokedAt.is_null())
        .filter(invitations::Column::ExpiresAt.gt(now))
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Whether this revoked it: it was not accepted and not revoked before.
pub(crate) async fn revoke(tx: &mut Tx, organization: OrganizationId, id: InvitationId) -> Result<bool> {
    let now = tx.now().0;
    let updated = invitations::Entity::update_many()
        .col_expr(invitations::Column::RevokedAt, Expr::value(now))
        .col_expr(invitations::Column::UpdatedAt, Expr::value(now))
        .filter(invitations::Column::OrganizationId.eq(organization.0))
        .filter(invitations::Column::Id.eq(id.0))
        .filter(invitations::Column::AcceptedAt.is_null())
        .filter(invitations::Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Exchanges the token, which makes the old one worthless, and gives it its whole time again. Whether it was neither accepted nor revoked.
pub(crate) async fn renew(
    tx: &mut Tx,
    organization: OrganizationId,
    id: InvitationId,
    hash: Vec<u8>,
    by: UserId,
    expires_at: Timestamp,
) -> Result<bool> {
    let now = tx.now().0;
    let updated = invitations::Entity::update_many()
        .col_expr(invitations::Column::SecretHash, Expr::value(hash))
        .col_expr(invitations::Column::InvitedBy, Expr::value(by.0))
        .col_expr(invitations::Column::ExpiresAt, Expr::value(expires_at.0))
        .col_expr(invitations::Column::UpdatedAt, Expr::value(now))
        .filter(invitations::Column::OrganizationId.eq(organization.0))
        .filter(invitations::Column::Id.eq(id.0))
        .filter(invitations::Column::AcceptedAt.is_null())
        .filter(invitations::Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}
