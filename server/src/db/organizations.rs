//! Rows of organizations and of who belongs to them.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};
use types::UserId;

use super::{
    Db, Tx,
    entity::{organization_members, organizations},
};
use crate::error::Result;

pub(crate) type Row = organizations::Model;
pub(crate) type MemberRow = organization_members::Model;

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = organizations::ActiveModel::from(row).reset_all();
    organizations::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn insert_member(tx: &mut Tx, row: MemberRow) -> Result<()> {
    let row = organization_members::ActiveModel::from(row).reset_all();
    organization_members::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// The organization that came with an account.
pub(crate) async fn personal(db: &Db, user: UserId) -> Result<Option<Row>> {
    let query = organizations::Entity::find().filter(organizations::Column::PersonalUserId.eq(user.0));
    Ok(query.one(db.read()).await?)
}
