//! Rows of models: the names clients use and the routes behind each, as JSON.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement, sea_query::Expr,
};
use types::ModelId;
use uuid::Uuid;

use super::{
    Change, Db, Tx,
    entity::{models, organizations, teams},
};
use crate::error::Result;

pub(crate) type Row = models::Model;

pub(crate) async fn all(db: &Db) -> Result<Vec<Row>> {
    Ok(models::Entity::find()
        .order_by_asc(models::Column::Name)
        .all(db.read())
        .await?)
}

/// As the transaction sees them.
pub(crate) async fn all_in(tx: &mut Tx) -> Result<Vec<Row>> {
    Ok(models::Entity::find().all(tx.conn()).await?)
}

/// The one of this name, for this transaction alone.
pub(crate) async fn named_locked(tx: &mut Tx, name: &str) -> Result<Option<Row>> {
    let query = models::Entity::find()
        .filter(models::Column::Name.eq(name))
        .lock_exclusive();
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let id = row.id;
    let row = models::ActiveModel::from(row).reset_all();
    models::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    tx.changed(Change::Model, id);
    Ok(())
}

/// Writes every column of the row with this id.
pub(crate) async fn replace(tx: &mut Tx, row: Row) -> Result<()> {
    let id = row.id;
    let row = models::ActiveModel::from(row).reset_all();
    models::Entity::update(row).exec(tx.conn()).await?;
    tx.changed(Change::Model, id);
    Ok(())
}

/// Its history stays; nobody can call it.
pub(crate) async fn disable(tx: &mut Tx, id: Uuid) -> Result<()> {
    let now = tx.now().0;
    models::Entity::update_many()
        .col_expr(models::Column::IsEnabled, Expr::value(false))
        .col_expr(models::Column::UpdatedAt, Expr::value(now))
        .filter(models::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    tx.changed(Change::Model, id);
    Ok(())
}

pub(crate) async fn find(db: &Db, id: ModelId) -> Result<Option<Row>> {
    Ok(models::Entity::find_by_id(id.0).one(db.read()).await?)
}

/// The row for this transaction alone.
pub(crate) async fn find_locked(tx: &mut Tx, id: ModelId) -> Result<Option<Row>> {
    let query = models::Entity::find_by_id(id.0).lock_exclusive();
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn by_name(db: &Db, name: &str) -> Result<Option<Row>> {
    let query = models::Entity::find().filter(models::Column::Name.eq(name));
    Ok(query.one(db.read()).await?)
}

/// In the order of their ids, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, after: Option<ModelId>, limit: u64) -> Result<Vec<Row>> {
    let mut query = models::Entity::find().order_by_asc(models::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(models::Column::Id.gt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

pub(crate) async fn count(tx: &mut Tx) -> Result<u64> {
    Ok(models::Entity::find().count(tx.conn()).await?)
}

pub(crate) async fn delete(tx: &mut Tx, id: ModelId) -> Result<()> {
    models::Entity::delete_by_id(id.0).exec(tx.conn()).await?;
    tx.changed(Change::Model, id);
    Ok(())
}

/// What a model's name stands in beside the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Referring {
    Books,
    Keys,
    Teams,
    Organizations,
}

/// What refers to the model of this name, if anything does.
pub(crate) async fn referring(tx: &mut Tx, name: &str) -> Result<Option<Referring>> {
    for table in ["calls_open", "usage_days", "usage_quarters"] {
        let text = format!("SELECT 1 FROM {table} WHERE model = $1 LIMIT 1");
        let statement = Statement::from_sql_and_values(tx.conn().get_database_backend(), text, [name.into()]);
        if tx.conn().query_one_raw(statement).await?.is_some() {
            return Ok(Some(Referring::Books));
        }
    }
    let keys = "SELECT 1 FROM api_key_models m JOIN api_keys k ON k.id = m.api_key_id WHERE m.model = $1 AND k.revoked_at IS NULL LIMIT 1";
    let statement = Statement::from_sql_and_values(tx.conn().get_database_backend(), keys, [name.into()]);
    if tx.conn().query_one_raw(statement).await?.is_some() {
        return Ok(Some(Referring::Keys));
    }
    let names =
        |list: &String| serde_json::from_str::<Vec<String>>(list).is_ok_and(|list| list.iter().any(|one| one == name));
    let limited = teams::Entity::find()
        .select_only()
        .column(teams::Column::AllowedModels)
        .filter(teams::Column::AllowedModels.ne("[]"));
    let lists: Vec<String> = limited.into_tuple().all(tx.conn()).await?;
    if lists.iter().any(names) {
        return Ok(Some(Referring::Teams));
    }
    let limited = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::AllowedModels)
        .filter(organizations::Column::AllowedModels.ne("[]"));
    let lists: Vec<String> = limited.into_tuple().all(tx.conn()).await?;
    Ok(lists.iter().any(names).then_some(Referring::Organizations))
}
