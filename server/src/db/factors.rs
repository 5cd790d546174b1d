//! Rows of second factors: secrets of authenticator apps (encrypted), recovery codes (hashes), passkeys (public keys).

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select, sea_query::Expr,
};
use types::{PasskeyId, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Db, Tx,
    directory::Which,
    entity::{identities, passkeys, recovery_codes, totp_secrets, users},
};
use crate::error::Result;

pub(crate) type TotpRow = totp_secrets::Model;
pub(crate) type PasskeyRow = passkeys::Model;

pub(crate) async fn totp(db: &Db, user: UserId) -> Result<Option<TotpRow>> {
    Ok(totp_secrets::Entity::find_by_id(user.0).one(db.read()).await?)
}

/// Puts a secret in place of one that was never confirmed; `false` when there is a confirmed one.
pub(crate) async fn put_pending_totp(tx: &mut Tx, row: TotpRow) -> Result<bool> {
    totp_secrets::Entity::delete_many()
        .filter(totp_secrets::Column::UserId.eq(row.user_id))
        .filter(totp_secrets::Column::ConfirmedAt.is_null())
        .exec(tx.conn())
        .await?;
    if totp_secrets::Entity::find_by_id(row.user_id)
        .one(tx.conn())
        .await?
        .is_some()
    {
        return Ok(false);
    }
    let row = totp_secrets::ActiveModel::from(row).reset_all();
    totp_secrets::Entity::insert(row)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(true)
}

/// Confirms the very secret that was checked, and takes its code's step. `false` when somebody was faster.
pub(crate) async fn confirm_totp(tx: &mut Tx, checked: &TotpRow, step: i64, now: Timestamp) -> Result<bool> {
    let updated = totp_secrets::Entity::update_many()
        .col_expr(totp_secrets::Column::ConfirmedAt, Expr::value(now.0))
        .col_expr(totp_secrets::Column::LastStep, Expr::value(step))
        .filter(totp_secrets::Column::UserId.eq(checked.user_id))
        .filter(totp_secrets::Column::ConfirmedAt.is_null())
        .filter(totp_secrets::Column::CreatedAt.eq(checked.created_at))
        .filter(totp_secrets::Column::Sealed.eq(checked.sealed.clone()))
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Takes a time step, once: `false` when it, or a later one, was taken. PostgreSQL looks at the condition again after waiting for
/// a concurrent update, so exactly one of many wins there too.
pub(crate) async fn take_step(tx: &mut Tx, user: UserId, step: i64) -> Result<bool> {
    let updated = totp_secrets::Entity::update_many()
        .col_expr(totp_secrets::Column::LastStep, Expr::value(step))
        .filter(totp_secrets::Column::UserId.eq(user.0))
        .filter(totp_secrets::Column::ConfirmedAt.is_not_null())
        .filter(totp_secrets::Column::LastStep.lt(step))
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Whether a confirmed secret was there to delete.
pub(crate) async fn delete_totp(tx: &mut Tx, user: UserId) -> Result<bool> {
    let deleted = totp_secrets::Entity::delete_many()
        .filter(totp_secrets::Column::UserId.eq(user.0))
        .filter(totp_secrets::Column::ConfirmedAt.is_not_null())
        .exec(tx.conn())
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// Removes every second factor of a person: authenticator app, recovery codes and passkeys.
pub(crate) async fn delete_all(tx: &mut Tx, user: UserId) -> Result<()> {
    totp_secrets::Entity::delete_many()
        .filter(totp_secrets::Column::UserId.eq(user.0))
        .exec(tx.conn())
        .await?;
    recovery_codes::Entity::delete_many()
        .filter(recovery_codes::Column::UserId.eq(user.0))
        .exec(tx.conn())
        .await?;
    passkeys::Entity::delete_many()
        .filter(passkeys::Column::UserId.eq(user.0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Replaces the whole set; an empty one removes it.
pub(crate) async fn replace_recovery_codes(
    tx: &mut Tx,
    user: UserId,
    hashes: Vec<Vec<u8>>,
    now: Timestamp,
) -> Result<()> {
    recovery_codes::Entity::delete_many()
        .filter(recovery_codes::Column::UserId.eq(user.0))
        .exec(tx.conn())
        .await?;
    if hashes.is_empty() {
        return Ok(());
    }
    let rows = hashes.into_iter().map(|hash| {
        let row = recovery_codes::Model {
            user_id: user.0,
            hash,
            created_at: now.0,
        };
        recovery_codes::ActiveModel::from(row).reset_all()
    });
    recovery_codes::Entity::insert_many(rows)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// Spends a code; `false` when it is none, or was spent.
pub(crate) async fn take_recovery_code(tx: &mut Tx, user: UserId, hash: Vec<u8>) -> Result<bool> {
    let deleted = recovery_codes::Entity::delete_by_id((user.0, hash))
        .exec(tx.conn())
        .await?;
    Ok(deleted.rows_affected == 1)
}

pub(crate) async fn recovery_codes_left(db: &Db, user: UserId) -> Result<u64> {
    let query = recovery_codes::Entity::find().filter(recovery_codes::Column::UserId.eq(user.0));
    Ok(query.count(db.read()).await?)
}

/// Oldest first.
pub(crate) async fn passkeys(db: &Db, user: UserId) -> Result<Vec<PasskeyRow>> {
    let query = passkeys::Entity::find()
        .filter(passkeys::Column::UserId.eq(user.0))
        .order_by_asc(passkeys::Column::Id);
    Ok(query.all(db.read()).await?)
}

/// The passkey with this credential, if it belongs to `user`.
pub(crate) async fn passkey_by_credential(db: &Db, user: Uuid, credential: &[u8]) -> Result<Option<PasskeyRow>> {
    let query = passkeys::Entity::find()
        .filter(passkeys::Column::CredentialId.eq(credential))
        .filter(passkeys::Column::UserId.eq(user));
    Ok(query.one(db.read()).await?)
}

pub(crate) async fn insert_passkey(tx: &mut Tx, row: PasskeyRow) -> Result<()> {
    let row = passkeys::ActiveModel::from(row).reset_all();
    passkeys::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Notes a use and the new counter, if the credential is still as it was when it was checked.
pub(crate) async fn use_passkey(tx: &mut Tx, checked: &PasskeyRow, credential: String, now: Timestamp) -> Result<bool> {
    let updated = passkeys::Entity::update_many()
        .col_expr(passkeys::Column::Credential, Expr::value(credential))
        .col_expr(passkeys::Column::LastUsedAt, Expr::value(now.0))
        .filter(passkeys::Column::Id.eq(checked.id))
        .filter(passkeys::Column::Credential.eq(checked.credential.clone()))
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

/// The row that was deleted.
pub(crate) async fn delete_passkey(tx: &mut Tx, user: UserId, id: PasskeyId) -> Result<Option<PasskeyRow>> {
    let query = passkeys::Entity::find_by_id(id.0).filter(passkeys::Column::UserId.eq(user.0));
    let Some(row) = query.one(tx.conn()).await? else {
        return Ok(None);
    };
    let deleted = passkeys::Entity::delete_by_id(id.0).exec(tx.conn()).await?;
    Ok((deleted.rows_affected == 1).then_some(row))
}

/// What an account has to sign in with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ways {
    pub password: bool,
    pub totp: bool,
    pub passkeys: u64,
    /// Of these, those that are asked for after a password.
    pub marked_passkeys: u64,
    pub identities: u64,
}

/// As it stands now.
pub(crate) async fn ways(db: &Db, user: UserId) -> Result<Ways> {
    ways_on(db.read(), user, users::Entity::find_by_id(user.0)).await
}

/// As it stands in a transaction that may take one away: others who would do the same wait for its end.
pub(crate) async fn ways_locked(tx: &mut Tx, user: UserId) -> Result<Ways> {
    // SQLite has no such lock: its write transactions run one after another.
    ways_on(tx.conn(), user, users::Entity::find_by_id(user.0).lock_exclusive()).await
}

async fn ways_on(conn: &impl ConnectionTrait, user: UserId, person: Select<users::Entity>) -> Result<Ways> {
    let person = person.one(conn).await?;
    let totp = totp_secrets::Entity::find_by_id(user.0).one(conn).await?;
    let passkeys: Vec<bool> = passkeys::Entity::find()
        .select_only()
        .column(passkeys::Column::SecondFactor)
        .filter(passkeys::Column::UserId.eq(user.0))
        .into_tuple()
        .all(conn)
        .await?;
    let identities = identities::Entity::find().filter(identities::Column::UserId.eq(user.0));
    Ok(Ways {
        password: person.is_some_and(|person| person.hashed_password.is_some()),
        totp: totp.is_some_and(|row| row.confirmed_at.is_some()),
        marked_passkeys: passkeys.iter().filter(|marked| **marked).count() as u64,
        passkeys: passkeys.len() as u64,
        identities: identities.count(conn).await?,
    })
}

/// Who has a second factor: a confirmed authenticator app or a passkey.
pub(crate) async fn holders(db: &Db, which: Which<'_>) -> Result<Vec<Uuid>> {
    let mut holders: Vec<Uuid> = which
        .of::<totp_secrets::Entity>(totp_secrets::Column::UserId)
        .filter(totp_secrets::Column::ConfirmedAt.is_not_null())
        .select_only()
        .column(totp_secrets::Column::UserId)
        .into_tuple()
        .all(db.read())
        .await?;
    let with_passkeys: Vec<Uuid> = which
        .of::<passkeys::Entity>(passkeys::Column::UserId)
        .select_only()
        .column(passkeys::Column::UserId)
        .distinct()
        .into_tuple()
        .all(db.read())
        .await?;
    holders.extend(with_passkeys);
    Ok(holders)
}
