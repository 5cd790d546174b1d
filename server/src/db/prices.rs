//! Versions of prices. A version is never changed: calls on the books point at it.

use sea_orm::{ActiveModelTrait, EntityTrait, QueryOrder};
use types::{Price, money::Prices};

use super::{Change, Db, Tx, entity::prices};
use crate::error::Result;

pub(crate) type Row = prices::Model;

/// All versions, each model's highest last.
pub(crate) async fn all(db: &Db) -> Result<Vec<Row>> {
    Ok(prices::Entity::find()
        .order_by_asc(prices::Column::Version)
        .all(db.read())
        .await?)
}

/// As the transaction sees them, each model's highest last.
pub(crate) async fn all_in(tx: &mut Tx) -> Result<Vec<Row>> {
    Ok(prices::Entity::find()
        .order_by_asc(prices::Column::Version)
        .all(tx.conn())
        .await?)
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let model = row.model_id;
    let row = prices::ActiveModel::from(row).reset_all();
    prices::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    tx.changed(Change::Price, model);
    Ok(())
}

/// In `input` of a version that says: from here on the price is not known.
pub(crate) const WITHDRAWN: i64 = -1;

impl prices::Model {
    pub(crate) fn prices(&self) -> Option<Prices> {
        (self.input != WITHDRAWN).then(|| Prices {
            input: Price(self.input),
            output: Price(self.output),
            cache_read: self.cache_read.map(Price),
            cache_write_5m: self.cache_write_5m.map(Price),
            cache_write_1h: self.cache_write_1h.map(Price),
        })
    }
}
