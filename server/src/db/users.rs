//! Rows of people. E-mails and folded user names come in already normalised.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Statement,
    sea_query::{Expr, LockType},
};
use types::{PlatformRole, Timestamp, UserId};

use super::{Db, Tx, entity::users};
use crate::error::Result;

pub(crate) type Row = users::Model;

pub(crate) async fn insert(tx: &mut Tx, row: Row) -> Result<()> {
    let row = users::ActiveModel::from(row).reset_all();
    users::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn find(db: &Db, id: UserId) -> Result<Option<Row>> {
    Ok(users::Entity::find_by_id(id.0).one(db.read()).await?)
}

pub(crate) async fn find_in(tx: &mut Tx, id: UserId) -> Result<Option<Row>> {
    Ok(users::Entity::find_by_id(id.0).one(tx.conn()).await?)
}

pub(crate) async fn by_email(db: &Db, email: &str) -> Result<Option<Row>> {
    let query = users::Entity::find().filter(users::Column::Email.eq(email));
    Ok(query.one(db.read()).await?)
}

pub(crate) async fn by_username(db: &Db, folded: &str) -> Result<Option<Row>> {
    let query = users::Entity::find().filter(users::Column::UsernameFolded.eq(folded));
    Ok(query.one(db.read()).await?)
}

pub(crate) async fn email_exists(tx: &mut Tx, email: &str) -> Result<bool> {
    let query = users::Entity::find().filter(users::Column::Email.eq(email));
    Ok(query.count(tx.conn()).await? > 0)
}

pub(crate) async fn username_exists(tx: &mut Tx, folded: &str) -> Result<bool> {
    let query = users::Entity::find().filter(users::Column::UsernameFolded.eq(folded));
    Ok(query.count(tx.conn()).await? > 0)
}

pub(crate) async fn admin_exists(db: &Db) -> Result<bool> {
    Ok(admins().count(db.read()).await? > 0)
}

/// Whether there is an administrator, asked by one transaction at a time: who hears no may create one before anybody else asks.
pub(crate) async fn admin_exists_locked(tx: &mut Tx) -> Result<bool> {
    lock_admins(tx).await?;
    Ok(admins().count(tx.conn()).await? > 0)
}

/// Whether somebody but this person administers the server; asked by one transaction at a time, so that two cannot leave each other.
pub(crate) async fn other_admin_exists_locked(tx: &mut Tx, id: UserId) -> Result<bool> {
    lock_admins(tx).await?;
    let others = admins()
        .filter(users::Column::IsActive.eq(true))
        .filter(users::Column::Id.ne(id.0));
    Ok(others.count(tx.conn()).await? > 0)
}

/// Makes transactions that look at who administers the server run one after another.
pub(crate) async fn lock_admins(tx: &mut Tx) -> Result<()> {
    const SETUP_LOCK: i64 = 0x7765_6972_0010;
    let backend = tx.conn().get_database_backend();
    // SQLite's write transactions already run one after another.
    if backend == DbBackend::Postgres {
        let lock = Statement::from_sql_and_values(backend, "SELECT pg_advisory_xact_lock($1)", [SETUP_LOCK.into()]);
        tx.conn().query_one_raw(lock).await?;
    }
    Ok(())
}

/// Takes the person's row for this transaction alone: nothing can be made theirs meanwhile.
///
/// Locks are taken in one order, or two transactions may wait for each other: people ([`lock`] of one, [`keep`] of any number), then the list of
/// administrators ([`lock_admins`]), then organizations in the order of their ids, then slugs.
pub(crate) async fn lock(tx: &mut Tx, id: UserId) -> Result<()> {
    users::Entity::find_by_id(id.0).lock_exclusive().one(tx.conn()).await?;
    Ok(())
}

/// Keeps the person from being deleted until this transaction ends; whether they are there. For whom rows are about to be written that refer to
/// them: the row's own look at them would come too late, after an organization was taken.
pub(crate) async fn keep(tx: &mut Tx, id: UserId) -> Result<bool> {
    let query = users::Entity::find_by_id(id.0).lock(LockType::KeyShare);
    Ok(query.one(tx.conn()).await?.is_some())
}

/// Removes a person; what belongs to them alone goes with the row.
pub(crate) async fn delete(tx: &mut Tx, id: UserId) -> Result<()> {
    users::Entity::delete_by_id(id.0).exec(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn set_role(tx: &mut Tx, id: UserId, role: PlatformRole, now: Timestamp) -> Result<()> {
    users::Entity::update_many()
        .col_expr(users::Column::Role, Expr::value(role.name()))
        .col_expr(users::Column::UpdatedAt, Expr::value(now.0))
        .filter(users::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn admins() -> sea_orm::Select<users::Entity> {
    users::Entity::find()
        .filter(users::Column::Role.eq(PlatformRole::Admin.name()))
        .limit(1)
}

/// Replaces a password's hash, if it is still the one that was checked.
pub(crate) async fn replace_hash(tx: &mut Tx, id: UserId, old: &str, new: &str, now: Timestamp) -> Result<()> {
    users::Entity::update_many()
        .col_expr(users::Column::HashedPassword, Expr::value(new))
        .col_expr(users::Column::UpdatedAt, Expr::value(now.0))
        .filter(users::Column::Id.eq(id.0))
        .filter(users::Column::HashedPassword.eq(old))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Whether the person may sign in, and their keys and tokens work.
pub(crate) async fn set_active(tx: &mut Tx, id: UserId, active: bool) -> Result<()> {
    let now = tx.now().0;
    users::Entity::update_many()
        .col_expr(users::Column::IsActive, Expr::value(active))
        .col_expr(users::Column::UpdatedAt, Expr::value(now))
        .filter(users::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Sets a password's hash, whatever was there.
pub(crate) async fn set_hash(tx: &mut Tx, id: UserId, hash: &str, now: Timestamp) -> Result<()> {
    users::Entity::update_many()
        .col_expr(users::Column::HashedPassword, Expr::value(hash))
        .col_expr(users::Column::UpdatedAt, Expr::value(now.0))
        .filter(users::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn drop_hash(tx: &mut Tx, id: UserId) -> Result<()> {
    users::Entity::update_many()
        .col_expr(users::Column::HashedPassword, Expr::value(Option::<String>::None))
        .filter(users::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Sets another address, which is verified.
pub(crate) async fn set_email(tx: &mut Tx, id: UserId, email: &str, now: Timestamp) -> Result<()> {
    users::Entity::update_many()
        .col_expr(users::Column::Email, Expr::value(email))
        .col_expr(users::Column::EmailVerifiedAt, Expr::value(now.0))
        .col_expr(users::Column::UpdatedAt, Expr::value(now.0))
        .filter(users::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Notes that the address is its owner's. Whether that is news.
pub(crate) async fn verify_email(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<bool> {
    let updated = users::Entity::update_many()
        .col_expr(users::Column::EmailVerifiedAt, Expr::value(now.0))
        .col_expr(users::Column::UpdatedAt, Expr::value(now.0))
        .filter(users::Column::Id.eq(id.0))
        .filter(users::Column::EmailVerifiedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

/// What of a profile changes; `None` leaves a column as it is.
#[derive(Default)]
pub(crate) struct ProfileUpdate {
    pub full_name: Option<Option<String>>,
    /// The name as shown and as compared.
    pub username: Option<(String, String)>,
    pub avatar_url: Option<Option<String>>,
    pub locale: Option<String>,
    pub theme: Option<String>,
    pub time_zone: Option<String>,
}

pub(crate) async fn update_profile(tx: &mut Tx, id: UserId, update: ProfileUpdate, now: Timestamp) -> Result<()> {
    let mut row = users::ActiveModel {
        id: Set(id.0),
        updated_at: Set(now.0),
        ..Default::default()
    };
    if let Some(name) = update.full_name {
        row.full_name = Set(name);
    }
    if let Some((username, folded)) = update.username {
        row.username = Set(username);
        row.username_folded = Set(folded);
    }
    if let Some(url) = update.avatar_url {
        row.avatar_url = Set(url);
    }
    if let Some(locale) = update.locale {
        row.locale = Set(locale);
    }
    if let Some(theme) = update.theme {
        row.theme = Set(theme);
    }
    if let Some(zone) = update.time_zone {
        row.time_zone = Set(zone);
    }
    users::Entity::update_many()
        .set(row)
        .filter(users::Column::Id.eq(id.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}
