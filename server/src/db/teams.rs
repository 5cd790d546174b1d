//! Rows of teams and of who is in them. Look-ups are scoped by the organization first.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};
use types::{OrganizationId, TeamId, UserId, teams::CallLimits};
use uuid::Uuid;

use super::{
    Db, Tx,
    directory::Which,
    entity::{team_members, teams},
};
use crate::error::{Error, Result};

pub(crate) type Row = teams::Model;
pub(crate) type MemberRow = team_members::Model;

impl Row {
    /// Errors: a limit that is none. It must not pass for its absence.
    pub(crate) fn limits(&self) -> Result<CallLimits> {
        let limit = |name: &str, stored: Option<i64>| {
            let read = stored.map(u32::try_from).transpose();
            let read = read.ok().filter(|limit| *limit != Some(0));
            read.ok_or_else(|| Error::internal(format_args!("teams {}: {name} cannot be read", self.id)))
        };
        Ok(CallLimits {
            rpm_limit: limit("rpm_limit", self.rpm_limit)?,
            tpm_limit: limit("tpm_limit", self.tpm_limit)?,
            max_parallel: limit("max_parallel", self.max_parallel)?,
        })
    }

    pub(crate) fn set_limits(&mut self, limits: CallLimits) {
        self.rpm_limit = limits.rpm_limit.map(i64::from);
        self.tpm_limit = limits.tpm_limit.map(i64::from);
        self.max_parallel = limits.max_parallel.map(i64::from);
    }
}

fn owned(organization: OrganizationId) -> Select<teams::Entity> {
    teams::Entity::find().filter(teams::Column::OrganizationId.eq(organization.0))
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = teams::ActiveModel::from(row).reset_all();
    teams::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut Tx, organization: OrganizationId, id: TeamId) -> Result<Option<Row>> {
    let query = owned(organization).filter(teams::Column::Id.eq(id.0));
    Ok(query.one(tx.conn()).await?)
}

pub(crate) async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    Ok(owned(organization).count(tx.conn()).await?)
}

/// Writes name, models and limits; the rest of a team does not change.
pub(crate) async fn update(tx: &mut Tx, row: &Row) -> Result<()> {
    let now = tx.now().0;
    teams::Entity::update_many()
        .col_expr(teams::Column::Name, Expr::value(row.name.as_str()))
        .col_expr(teams::Column::AllowedModels, Expr::value(row.allowed_models.as_str()))
        .col_expr(teams::Column::RpmLimit, Expr::value(row.rpm_limit))
        .col_expr(teams::Column::TpmLimit, Expr::value(row.tpm_limit))
        .col_expr(teams::Column::MaxParallel, Expr::value(row.max_parallel))
        .col_expr(teams::Column::UpdatedAt, Expr::value(now))
        .filter(teams::Column::OrganizationId.eq(row.organization_id))
        .filter(teams::Column::Id.eq(row.id))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Removes a team; who is in it goes with the row.
pub(crate) async fn delete(tx: &mut Tx, organization: OrganizationId, id: TeamId) -> Result<()> {
    teams::Entity::delete_many()
        .filter(teams::Column::OrganizationId.eq(organization.0))
        .filter(teams::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn ids(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Uuid>> {
    let query = owned(organization).select_only().column(teams::Column::Id);
    Ok(query.into_tuple().all(tx.conn()).await?)
}

/// Those of the organization's teams that the person is in.
pub(crate) async fn of_member(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<Vec<Uuid>> {
    let ids = ids(tx, organization).await?;
    let query = team_members::Entity::find()
        .select_only()
        .column(team_members::Column::TeamId)
        .filter(team_members::Column::UserId.eq(user.0))
        .filter(team_members::Column::TeamId.is_in(ids));
    Ok(query.into_tuple().all(tx.conn()).await?)
}

/// Every team the person is in, whosever it is.
pub(crate) async fn of_user(tx: &mut Tx, user: UserId) -> Result<Vec<Uuid>> {
    let query = team_members::Entity::find()
        .select_only()
        .column(team_members::Column::TeamId)
        .filter(team_members::Column::UserId.eq(user.0));
    Ok(query.into_tuple().all(tx.conn()).await?)
}

pub(crate) async fn is_member(tx: &mut Tx, team: TeamId, user: UserId) -> Result<bool> {
    let row = team_members::Entity::find_by_id((team.0, user.0))
        .one(tx.conn())
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn insert_member(tx: &mut Tx, team: TeamId, user: UserId) -> Result<()> {
    let row = team_members::Model {
        team_id: team.0,
        user_id: user.0,
        created_at: tx.now().0,
    };
    let row = team_members::ActiveModel::from(row).reset_all();
    team_members::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Whether the person was in it.
pub(crate) async fn delete_member(tx: &mut Tx, team: TeamId, user: UserId) -> Result<bool> {
    let deleted = team_members::Entity::delete_by_id((team.0, user.0))
        .exec(tx.conn())
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// In the order of their ids, at most `limit`, those after `after` only.
pub(crate) async fn members(db: &Db, team: TeamId, after: Option<UserId>, limit: u64) -> Result<Vec<MemberRow>> {
    let mut query = team_members::Entity::find()
        .filter(team_members::Column::TeamId.eq(team.0))
        .order_by_asc(team_members::Column::UserId)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(team_members::Column::UserId.gt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

/// What the directory loads.
pub(crate) async fn all(db: &Db, which: Which<'_>) -> Result<(Vec<Row>, Vec<MemberRow>)> {
    let rows = which.of::<teams::Entity>(teams::Column::Id).all(db.read()).await?;
    let members = which.of::<team_members::Entity>(team_members::Column::TeamId);
    Ok((rows, members.all(db.read()).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_that_is_none_is_an_error_and_no_permission() {
        let row = |limit: Option<i64>| Row {
            id: Uuid::nil(),
            organization_id: Uuid::nil(),
            name: String::new(),
            allowed_models: "[]".to_owned(),
            rpm_limit: None,
            tpm_limit: limit,
            max_parallel: None,
            created_at: 0,
            updated_at: 0,
        };
        assert_eq!(row(Some(7)).limits().map(|limits| limits.tpm_limit).ok(), Some(Some(7)));
        assert!(row(None).limits().is_ok());
        for stored in [0, -1, i64::from(u32::MAX) + 1] {
            assert!(row(Some(stored)).limits().is_err(), "{stored}");
        }
    }
}
