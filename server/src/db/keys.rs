//! Rows of API keys. Every look-up is scoped by their owner first.

use std::sync::Arc;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use types::{KeyId, OrganizationId, TeamId, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Db, Tx,
    entity::{api_key_models, api_keys},
    mirrored_keys,
    together::Together,
};
use crate::error::Result;

pub(crate) type Row = api_keys::Model;

/// Whose keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// Those that a person made, whichever organization pays.
    Person(UserId),
    /// Those that an organization pays for, whoever made them.
    Organization(OrganizationId),
    /// Those that a person made in an organization.
    Member(OrganizationId, UserId),
    /// Those made for a team.
    Team(TeamId),
    /// Those that a person made for a team.
    TeamMember(TeamId, UserId),
}

impl Owner {
    fn condition(self) -> Condition {
        let organization = |id: OrganizationId| api_keys::Column::OrganizationId.eq(id.0);
        let person = |id: UserId| api_keys::Column::UserId.eq(id.0);
        let team = |id: TeamId| api_keys::Column::TeamId.eq(id.0);
        match self {
            Owner::Person(user) => Condition::all().add(person(user)),
            Owner::Organization(id) => Condition::all().add(organization(id)),
            Owner::Member(id, user) => Condition::all().add(organization(id)).add(person(user)),
            Owner::Team(id) => Condition::all().add(team(id)),
            Owner::TeamMember(id, user) => Condition::all().add(team(id)).add(person(user)),
        }
    }
}

fn owned(owner: Owner) -> sea_orm::Select<api_keys::Entity> {
    api_keys::Entity::find().filter(owner.condition())
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

/// The models that a key is limited to; none means all.
pub(crate) async fn models(tx: &mut Tx, id: KeyId) -> Result<Vec<String>> {
    let rows = api_key_models::Entity::find()
        .filter(api_key_models::Column::ApiKeyId.eq(id.0))
        .order_by_asc(api_key_models::Column::Model)
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| row.model).collect())
}

/// Pages that are asked for: whose, after which, how many.
pub(super) type Pages = Together<(Owner, Option<KeyId>, u64), Vec<Row>>;

/// Newest first, revoked ones included, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, owner: Owner, after: Option<KeyId>, limit: u64) -> Result<Vec<Row>> {
    let question = (owner, after, limit);
    let look = |db, (owner, after, limit)| async move { look(&db, owner, after, limit).await };
    let rows = Pages::ask(db, |db| &db.0.questions.keys, question, look).await?;
    Ok(Arc::unwrap_or_clone(rows))
}

async fn look(db: &Db, owner: Owner, after: Option<KeyId>, limit: u64) -> Result<Vec<Row>> {
    // Ids are UUID v7: their order is the order of creation.
    let mut query = owned(owner).order_by_desc(api_keys::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(api_keys::Column::Id.lt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

/// Any key by its row's id or its public id, with who pays for it: for the operator's command line alone.
pub(crate) async fn named(db: &Db, id: Option<KeyId>, public_id: &str) -> Result<Option<(KeyId, OrganizationId)>> {
    let mut by = Condition::any().add(api_keys::Column::PublicId.eq(public_id));
    if let Some(id) = id {
        by = by.add(api_keys::Column::Id.eq(id.0));
    }
    let row = api_keys::Entity::find().filter(by).one(db.read()).await?;
    Ok(row.map(|row| (KeyId(row.id), OrganizationId(row.organization_id))))
}

pub(crate) async fn find(db: &Db, owner: Owner, id: KeyId) -> Result<Option<Row>> {
    let query = owned(owner).filter(api_keys::Column::Id.eq(id.0));
    Ok(query.one(db.read()).await?)
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
        .filter(owner.condition())
        .filter(api_keys::Column::Id.eq(id.0))
        .filter(api_keys::Column::RevokedAt.is_null())
        .exec(tx.conn())
        .await?;
    if updated.rows_affected == 1 {
        mirrored_keys::unwant(tx, &[id.0]).await?;
        return Ok(Revoked::Now);
    }
    let row = find_in(tx, owner, id).await?;
    Ok(if row.is_some() {
        Revoked::Before
    } else {
        Revoked::Unknown
    })
}

pub(crate) async fn find_in(tx: &mut Tx, owner: Owner, id: KeyId) -> Result<Option<Row>> {
    let query = owned(owner).filter(api_keys::Column::Id.eq(id.0));
    Ok(query.one(tx.conn()).await?)
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
    mirrored_keys::unwant(tx, &ids).await?;
    Ok(ids.into_iter().map(KeyId).collect())
}

/// Revokes all keys of an owner and names those that were not revoked before.
pub(crate) async fn revoke_all(tx: &mut Tx, owner: Owner, now: Timestamp) -> Result<Vec<KeyId>> {
    let live = owner.condition().add(api_keys::Column::RevokedAt.is_null());
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
    mirrored_keys::unwant(tx, &ids).await?;
    Ok(ids.into_iter().map(KeyId).collect())
}
