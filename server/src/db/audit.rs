//! Rows of the audit log: added, never changed.

use sea_orm::{ActiveModelTrait, EntityTrait};

use super::{Tx, entity::audit_logs};
use crate::error::Result;

pub(crate) type Row = audit_logs::Model;

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = audit_logs::ActiveModel::from(row).reset_all();
    audit_logs::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}
