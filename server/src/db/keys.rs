//! Rows of API keys. Every look-up is scoped by the organization and the person first.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use types::{KeyId, OrganizationId, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Db, Tx,
    entity::{api_key_models, api_keys},
};
use crate::error::Result;

pub(crate) type Row = api_keys::Model;

/// Whose keys.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub organization: OrganizationId,
    pub user: UserId,
}

/// A key with the names of the models it may use, sorted.
pub(crate) struct WithModels {
    pub row: Row,
    pub models: Vec<String>,
}

fn owned(owner: Owner) -> sea_orm::Select<api_keys::Entity> {
    api_keys::Entity::find()
        .filter(api_keys::Column::OrganizationId.eq(owner.organization.0))
        .filter(api_keys::Column::UserId.eq(owner.user.0))
}

pub(crate) async fn insert(tx: &mut Tx, row: Row, models: Vec<String>) -> Result<()> {
    let id = row.id;
    let row = api_keys::ActiveModel::from(row).reset_all();
    api_keys::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    if models.is_empty() {
        return Ok(());
    }
    let rows = models.into_iter().map(|model| {
        let row = api_key_models::Model { api_key_id: id, model };
        api_key_models::ActiveModel::from(row).reset_all()
    });
    api_key_models::Entity::insert_many(rows)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Newest first, revoked ones included, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, owner: Owner, after: Option<KeyId>, limit: u64) -> Result<Vec<WithModels>> {
    // Ids are UUID v7: their order is the order of creation.
    let mut query = owned(owner).order_by_desc(api_keys::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(api_keys::Column::Id.lt(after.0));
    }
    with_models(db, query.all(db.read()).await?).await
}

/// Any key by its row's id or its public id, with its owner: for the operator's command line alone.
pub(crate) async fn named(db: &Db, id: Option<KeyId>, public_id: &str) -> Result<Option<(KeyId, Owner)>> {
    let mut by = Condition::any().add(api_keys::Column::PublicId.eq(public_id));
    if let Some(id) = id {
        by = by.add(api_keys::Column::Id.eq(id.0));
    }
    let row = api_keys::Entity::find().filter(by).one(db.read()).await?;
    Ok(row.map(|row| {
        let owner = Owner {
            organization: OrganizationId(row.organization_id),
            user: UserId(row.user_id),
        };
        (KeyId(row.id), owner)
    }))
}

pub(crate) async fn find(db: &Db, owner: Owner, id: KeyId) -> Result<Option<WithModels>> {
    let row = owned(owner)
        .filter(api_keys::Column::Id.eq(id.0))
        .one(db.read())
        .await?;
    let found = with_models(db, row.into_iter().collect()).await?;
    Ok(found.into_iter().next())
}

async fn with_models(db: &Db, rows: Vec<Row>) -> Result<Vec<WithModels>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let named = api_key_models::Entity::find()
        .filter(api_key_models::Column::ApiKeyId.is_in(ids))
        .order_by_asc(api_key_models::Column::Model)
        .all(db.read())
        .await?;
    let mut models: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in named {
        models.entry(row.api_key_id).or_default().push(row.model);
    }
    let join = |row: Row| WithModels {
        models: models.remove(&row.id).unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(join).collect())
}

/// What revoking found.
pub(crate) enum Revoked {
    Now,
    Before,
    Unknown,
}

pub(crate) async fn revoke(tx: &mut Tx, owner: Owner, id: KeyId, now: Timestamp) -> Result<Revoked> {
    let updated = api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.0))
        .col_expr(api_keys::Column::UpdatedAt, Expr::value(now.0))
        .filter(api_keys::Column::OrganizationId.eq(owner.organization.0))
        .filter(api_keys::Column::UserId.eq(owner.user.0))
        .filter(api_keys::Column::Id.eq(id.0))
        .filter(api_keys::Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    if updated.rows_affected == 1 {
        return Ok(Revoked::Now);
    }
    let row = owned(owner)
        .filter(api_keys::Column::Id.eq(id.0))
        .one(tx.conn())
        .await?;
    Ok(if row.is_some() {
        Revoked::Before
    } else {
        Revoked::Unknown
    })
}

/// Removes a person's keys for good and names them.
pub(crate) async fn delete_of(tx: &mut Tx, user: UserId) -> Result<Vec<KeyId>> {
    let ids: Vec<Uuid> = api_keys::Entity::find()
        .select_only()
        .column(api_keys::Column::Id)
        .filter(api_keys::Column::UserId.eq(user.0))
        .into_tuple()
        .all(tx.conn())
        .await?;
    api_keys::Entity::delete_many()
        .filter(api_keys::Column::UserId.eq(user.0))
        .exec(tx.conn())
        .await?;
    Ok(ids.into_iter().map(KeyId).collect())
}

/// Revokes a person's keys and names those that were not revoked before.
pub(crate) async fn revoke_all(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Vec<KeyId>> {
    let live = Condition::all()
        .add(api_keys::Column::UserId.eq(user.0))
        .add(api_keys::Column::RevokedAt.is_null());
    let ids: Vec<Uuid> = api_keys::Entity::find()
        .select_only()
        .column(api_keys::Column::Id)
        .filter(live.clone())
        .into_tuple()
        .all(tx.conn())
        .await?;
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.0))
        .col_expr(api_keys::Column::UpdatedAt, Expr::value(now.0))
        .filter(live)
        .exec(tx.conn())
        .await?;
    Ok(ids.into_iter().map(KeyId).collect())
}
