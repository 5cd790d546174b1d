//! Rows of the audit log: added, never changed.

use sea_orm::{ActiveModelTrait, EntityTrait, QueryOrder};

use super::{Db, Tx, entity::audit_logs};
use crate::error::Result;

pub(crate) type Row = audit_logs::Model;

/// Everything, oldest first.
pub(crate) async fn all(db: &Db) -> Result<Vec<Row>> {
    let query = audit_logs::Entity::find().order_by_asc(audit_logs::Column::Id);
    Ok(query.all(db.read()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = audit_logs::ActiveModel::from(row).reset_all();
    audit_logs::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}
