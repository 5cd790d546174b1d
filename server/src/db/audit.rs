//! Rows of the audit log: added and read, never changed. What proves them is `chain`'s.

pub(crate) mod chain;

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use types::{AuditId, OrganizationId, Timestamp, UserId};

use super::{Db, Tx, entity::audit_logs, id_range};
use crate::error::Result;

pub(crate) type Row = audit_logs::Model;

/// Which rows. Begins with whose they are; absent parts narrow nothing.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    pub organization: Option<OrganizationId>,
    pub actor: Option<By>,
    pub action: Option<Action>,
    pub target: Option<String>,
    pub from: Option<Timestamp>,
    /// Not included.
    pub to: Option<Timestamp>,
}

#[derive(Clone)]
pub(crate) enum By {
    Person(UserId),
    Kind(String),
}

#[derive(Clone)]
pub(crate) enum Action {
    Is(String),
    /// Ends with a dot.
    BeginsWith(String),
}

/// Everything, oldest first.
pub(crate) async fn all(db: &Db) -> Result<Vec<Row>> {
    let query = audit_logs::Entity::find().order_by_asc(audit_logs::Column::Id);
    Ok(query.all(db.read()).await?)
}

/// Newest first, at most `limit`, those after `after` only.
pub(crate) async fn page(db: &Db, wanted: &Wanted, after: Option<AuditId>, limit: u64) -> Result<Vec<Row>> {
    // Ids are UUID v7: their order is the order of creation.
    let mut query = wanted.select().order_by_desc(audit_logs::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(audit_logs::Column::Id.lt(after.0));
    }
    Ok(query.all(db.read()).await?)
}

impl Wanted {
    fn select(&self) -> Select<audit_logs::Entity> {
        use audit_logs::Column;
        let mut query = audit_logs::Entity::find();
        if let Some(organization) = self.organization {
            query = query.filter(Column::OrganizationId.eq(organization.0));
        }
        match &self.actor {
            Some(By::Person(id)) => query = query.filter(Column::ActorId.eq(id.0)),
            Some(By::Kind(kind)) => query = query.filter(Column::ActorKind.eq(kind)),
            None => {}
        }
        match &self.action {
            Some(Action::Is(action)) => query = query.filter(Column::Action.eq(action)),
            Some(Action::BeginsWith(prefix)) => query = query.filter(Column::Action.starts_with(prefix)),
            None => {}
        }
        if let Some(target) = &self.target {
            query = query.filter(Column::TargetId.eq(target));
        }
        if let Some(from) = self.from {
            query = query
                .filter(Column::CreatedAt.gte(from.0))
                .filter(Column::Id.gte(id_range::since(from)));
        }
        if let Some(to) = self.to {
            query = query
                .filter(Column::CreatedAt.lt(to.0))
                .filter(Column::Id.lt(id_range::until(to)));
        }
        query
    }
}

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = audit_logs::ActiveModel::from(row).reset_all();
    audit_logs::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}
