//! Versions of prices. A version is never changed: calls on the books point at it.

use std::collections::HashMap;

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use types::{ModelId, Price, money::Prices};
use uuid::Uuid;

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

/// The model's highest version, as the transaction sees it.
pub(crate) async fn current(tx: &mut Tx, model: ModelId) -> Result<Option<Row>> {
    let query = prices::Entity::find()
        .filter(prices::Column::ModelId.eq(model.0))
        .order_by_desc(prices::Column::Version);
    Ok(query.one(tx.conn()).await?)
}

/// The highest version of each of these models.
pub(crate) async fn current_of(db: &Db, models: &[ModelId]) -> Result<Vec<Row>> {
    let query = prices::Entity::find()
        .filter(prices::Column::ModelId.is_in(models.iter().map(|model| model.0)))
        .order_by_asc(prices::Column::Version);
    let mut highest: HashMap<Uuid, Row> = HashMap::new();
    for row in query.all(db.read()).await? {
        highest.insert(row.model_id, row);
    }
    Ok(highest.into_values().collect())
}

/// The model's versions, the highest first, at most `limit`, those below `before` only.
pub(crate) async fn page(db: &Db, model: ModelId, before: Option<i32>, limit: u64) -> Result<Vec<Row>> {
    let mut query = prices::Entity::find()
        .filter(prices::Column::ModelId.eq(model.0))
        .order_by_desc(prices::Column::Version)
        .limit(limit);
    if let Some(before) = before {
        query = query.filter(prices::Column::Version.lt(before));
    }
    Ok(query.all(db.read()).await?)
}

/// With their model, which no call was ever charged for.
pub(crate) async fn delete_of(tx: &mut Tx, model: ModelId) -> Result<()> {
    prices::Entity::delete_many()
        .filter(prices::Column::ModelId.eq(model.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}
