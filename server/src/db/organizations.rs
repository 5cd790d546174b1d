//! Rows of organizations and of who belongs to them.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use types::{OrganizationId, OrganizationRole, Timestamp, UserId};
use uuid::Uuid;

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

/// Takes the organization for this transaction alone: what changes who belongs to it as what runs one after another. `None` when it
/// is gone.
pub(crate) async fn lock(tx: &mut Tx, id: OrganizationId) -> Result<Option<Row>> {
    // SQLite knows no such lock; its write transactions already run one after another.
    let query = organizations::Entity::find_by_id(id.0).lock_exclusive();
    Ok(query.one(tx.conn()).await?)
}

/// The shared organizations that this person belongs to, or those where they have this role, in the order of their ids.
pub(crate) async fn shared_of(
    tx: &mut Tx,
    user: UserId,
    role: Option<OrganizationRole>,
) -> Result<Vec<OrganizationId>> {
    let mut memberships = organization_members::Entity::find()
        .select_only()
        .column(organization_members::Column::OrganizationId)
        .filter(organization_members::Column::UserId.eq(user.0));
    if let Some(role) = role {
        memberships = memberships.filter(organization_members::Column::Role.eq(role.name()));
    }
    let ids: Vec<Uuid> = memberships.into_tuple().all(tx.conn()).await?;
    let shared: Vec<Uuid> = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::Id)
        .filter(organizations::Column::Id.is_in(ids))
        .filter(organizations::Column::PersonalUserId.is_null())
        .order_by_asc(organizations::Column::Id)
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(shared.into_iter().map(OrganizationId).collect())
}

/// Roles of everybody in it but this person.
pub(crate) async fn roles_of_others(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
) -> Result<Vec<OrganizationRole>> {
    let roles: Vec<String> = organization_members::Entity::find()
        .select_only()
        .column(organization_members::Column::Role)
        .filter(organization_members::Column::OrganizationId.eq(organization.0))
        .filter(organization_members::Column::UserId.ne(user.0))
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(roles.iter().filter_map(|role| OrganizationRole::parse(role)).collect())
}

/// Who belongs to it, in the order of their ids, at most `limit`, those after `after` only.
pub(crate) async fn members(
    db: &Db,
    organization: OrganizationId,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<MemberRow>> {
    let mut query = organization_members::Entity::find()
        .filter(organization_members::Column::OrganizationId.eq(organization.0))
        .order_by_asc(organization_members::Column::UserId)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(organization_members::Column::UserId.gt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

/// Where the person belongs, in the order of the organizations' ids, at most `limit`, those after `after` only.
pub(crate) async fn of_user(
    db: &Db,
    user: UserId,
    after: Option<OrganizationId>,
    limit: u64,
) -> Result<Vec<MemberRow>> {
    let mut query = organization_members::Entity::find()
        .filter(organization_members::Column::UserId.eq(user.0))
        .order_by_asc(organization_members::Column::OrganizationId)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(organization_members::Column::OrganizationId.gt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

pub(crate) async fn find_member(db: &Db, organization: OrganizationId, user: UserId) -> Result<Option<MemberRow>> {
    let query = organization_members::Entity::find_by_id((organization.0, user.0));
    Ok(query.one(db.read()).await?)
}

/// Writes name and slug.
pub(crate) async fn rename(tx: &mut Tx, id: OrganizationId, name: &str, slug: Option<&str>) -> Result<()> {
    let now = tx.now().0;
    organizations::Entity::update_many()
        .col_expr(organizations::Column::Name, Expr::value(name))
        .col_expr(organizations::Column::Slug, Expr::value(slug.map(str::to_owned)))
        .col_expr(organizations::Column::UpdatedAt, Expr::value(now))
        .filter(organizations::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Removes an organization; members, teams and invitations go with the row. Its keys do not, and neither does what was used.
pub(crate) async fn delete(tx: &mut Tx, id: OrganizationId) -> Result<()> {
    organizations::Entity::delete_by_id(id.0).exec(tx.conn()).await?;
    Ok(())
}

/// Whether the organization was there and this changed it.
pub(crate) async fn require_second_factor(
    tx: &mut Tx,
    id: OrganizationId,
    required: bool,
    now: Timestamp,
) -> Result<bool> {
    let updated = organizations::Entity::update_many()
        .col_expr(organizations::Column::RequiresSecondFactor, Expr::value(required))
        .col_expr(organizations::Column::UpdatedAt, Expr::value(now.0))
        .filter(organizations::Column::Id.eq(id.0))
        .filter(organizations::Column::RequiresSecondFactor.ne(required))
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

/// `models`: a JSON list of names.
pub(crate) async fn set_allowed_models(tx: &mut Tx, id: OrganizationId, models: &str, now: Timestamp) -> Result<()> {
    organizations::Entity::update_many()
        .col_expr(organizations::Column::AllowedModels, Expr::value(models))
        .col_expr(organizations::Column::UpdatedAt, Expr::value(now.0))
        .filter(organizations::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The organization with this slug; personal ones have none.
pub(crate) async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Row>> {
    let query = organizations::Entity::find()
        .filter(organizations::Column::Slug.eq(slug))
        .filter(organizations::Column::PersonalUserId.is_null());
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn member(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<Option<MemberRow>> {
    let query = organization_members::Entity::find_by_id((organization.0, user.0));
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn set_member_role(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    role: OrganizationRole,
) -> Result<()> {
    organization_members::Entity::update_many()
        .col_expr(organization_members::Column::Role, Expr::value(role.name()))
        .filter(organization_members::Column::OrganizationId.eq(organization.0))
        .filter(organization_members::Column::UserId.eq(user.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn delete_member(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<()> {
    organization_members::Entity::delete_by_id((organization.0, user.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}
