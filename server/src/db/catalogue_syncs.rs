//! Rows of the last take-over of models, one a source.

use sea_orm::{ActiveModelTrait, EntityTrait, sea_query::OnConflict};

use super::{Db, Tx, entity::catalogue_syncs};
use crate::error::Result;

pub(crate) type Row = catalogue_syncs::Model;

pub(crate) async fn find(db: &Db, source: &str) -> Result<Option<Row>> {
    Ok(catalogue_syncs::Entity::find_by_id(source.to_owned())
        .one(db.read())
        .await?)
}

/// Writes every column of the source's row, for the first time or anew.
pub(crate) async fn put(tx: &mut Tx, row: Row) -> Result<()> {
    use catalogue_syncs::Column;
    let row = catalogue_syncs::ActiveModel::from(row).reset_all();
    let anew = OnConflict::column(Column::Source)
        .update_columns([
            Column::AttemptedAt,
            Column::SucceededAt,
            Column::Failure,
            Column::Report,
        ])
        .to_owned();
    catalogue_syncs::Entity::insert(row)
        .on_conflict(anew)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}
