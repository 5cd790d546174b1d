//! Rows of organizations and of who belongs to them.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use types::{OrganizationId, OrganizationRole, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Tx,
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

/// Organizations of several members in which this person is the only owner.
pub(crate) async fn shared_with_only_owner(tx: &mut Tx, user: UserId) -> Result<Vec<Uuid>> {
    let owned: Vec<Uuid> = organization_members::Entity::find()
        .select_only()
        .column(organization_members::Column::OrganizationId)
        .filter(organization_members::Column::UserId.eq(user.0))
        .filter(organization_members::Column::Role.eq(OrganizationRole::Owner.name()))
        .into_tuple()
        .all(tx.conn())
        .await?;
    let mut alone = Vec::new();
    for organization in owned {
        let others: Vec<String> = organization_members::Entity::find()
            .select_only()
            .column(organization_members::Column::Role)
            .filter(organization_members::Column::OrganizationId.eq(organization))
            .filter(organization_members::Column::UserId.ne(user.0))
            .into_tuple()
            .all(tx.conn())
            .await?;
        if !others.is_empty() && others.iter().all(|role| role != OrganizationRole::Owner.name()) {
            alone.push(organization);
        }
    }
    Ok(alone)
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
