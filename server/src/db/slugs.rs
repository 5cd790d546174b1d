//! Rows of slugs that organizations had: they lead on for a while, and nobody else gets them meanwhile.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, Statement,
};
use types::{OrganizationId, Timestamp};

use super::{
    Db, Tx,
    entity::{organization_slugs, organizations},
};
use crate::error::Result;

/// One transaction at a time for this slug: whether it is free is read from two tables.
pub(crate) async fn lock(tx: &mut Tx, slug: &str) -> Result<()> {
    let backend = tx.conn().get_database_backend();
    // SQLite's write transactions already run one after another.
    if backend == DbBackend::Postgres {
        let text = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        let lock = Statement::from_sql_and_values(backend, text, [format!("slug {slug}").into()]);
        tx.conn().query_one_raw(lock).await?;
    }
    Ok(())
}

/// Whether no other organization has it, or had it until lately.
pub(crate) async fn is_free(tx: &mut Tx, slug: &str, organization: OrganizationId) -> Result<bool> {
    let now = tx.now().0;
    let used = organizations::Entity::find()
        .filter(organizations::Column::Slug.eq(slug))
        .filter(organizations::Column::Id.ne(organization.0));
    if used.count(tx.conn()).await? > 0 {
        return Ok(false);
    }
    let kept = organization_slugs::Entity::find_by_id(slug)
        .filter(organization_slugs::Column::Until.gt(now))
        .filter(organization_slugs::Column::OrganizationId.ne(organization.0));
    Ok(kept.count(tx.conn()).await? == 0)
}

/// Keeps a slug that its organization gives up. Sweeps those whose time is over.
pub(crate) async fn keep(tx: &mut Tx, slug: &str, organization: OrganizationId, until: Timestamp) -> Result<()> {
    forget(tx, slug).await?;
    let row = organization_slugs::Model {
        slug: slug.to_owned(),
        organization_id: organization.0,
        until: until.0,
    };
    let row = organization_slugs::ActiveModel::from(row).reset_all();
    organization_slugs::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Forgets that the slug was kept, and all whose time is over.
pub(crate) async fn forget(tx: &mut Tx, slug: &str) -> Result<()> {
    let now = tx.now().0;
    organization_slugs::Entity::delete_by_id(slug).exec(tx.conn()).await?;
    organization_slugs::Entity::delete_many()
        .filter(organization_slugs::Column::Until.lte(now))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The organization that had this slug until lately.
pub(crate) async fn led_to(db: &Db, slug: &str, now: Timestamp) -> Result<Option<OrganizationId>> {
    let row = organization_slugs::Entity::find_by_id(slug)
        .filter(organization_slugs::Column::Until.gt(now.0))
        .one(db.read())
        .await?;
    Ok(row.map(|row| OrganizationId(row.organization_id)))
}
