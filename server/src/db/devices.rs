//! Browsers and clients that people signed in from. Only hashes come here.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::Expr,
};
use types::{Timestamp, UserId};

use super::{
    Db, Tx,
    entity::{known_devices, users},
};
use crate::error::Result;

/// Whether the account with this e-mail, if there is one, knows the device. One query either way.
pub(crate) async fn is_known_by_email(db: &Db, email: &str, hash: &[u8]) -> Result<bool> {
    let owner = users::Entity::find()
        .select_only()
        .column(users::Column::Id)
        .filter(users::Column::Email.eq(email))
        .into_query();
    let query = known_devices::Entity::find()
        .filter(known_devices::Column::Hash.eq(hash))
        .filter(known_devices::Column::UserId.in_subquery(owner));
    Ok(query.count(db.read()).await? > 0)
}

/// How the account sees the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Before,
    /// The first one the account knows at all.
    First,
    /// A new one beside others.
    New,
}

/// Notes a sign-in from the device, and forgets the ones not seen longest when there are more than `most`.
pub(crate) async fn note(tx: &mut Tx, user: UserId, hash: Vec<u8>, now: Timestamp, most: u64) -> Result<Seen> {
    let of_user = known_devices::Column::UserId.eq(user.0);
    let updated = known_devices::Entity::update_many()
        .col_expr(known_devices::Column::LastSeenAt, Expr::value(now.0))
        .filter(of_user.clone())
        .filter(known_devices::Column::Hash.eq(hash.clone()))
        .exec(tx.conn())
        .await?;
    if updated.rows_affected > 0 {
        return Ok(Seen::Before);
    }
    let known = known_devices::Entity::find().filter(of_user).count(tx.conn()).await?;
    let row = known_devices::Model {
        user_id: user.0,
        hash,
        created_at: now.0,
        last_seen_at: now.0,
    };
    let row = known_devices::ActiveModel::from(row).reset_all();
    known_devices::Entity::insert(row)
        .on_conflict_do_nothing()
        .exec_without_returning(tx.conn())
        .await?;
    if known >= most {
        let oldest = known_devices::Entity::find()
            .filter(known_devices::Column::UserId.eq(user.0))
            .order_by_asc(known_devices::Column::LastSeenAt)
            .limit(known + 1 - most)
            .all(tx.conn())
            .await?;
        let hashes = oldest.into_iter().map(|row| row.hash);
        known_devices::Entity::delete_many()
            .filter(known_devices::Column::UserId.eq(user.0))
            .filter(known_devices::Column::Hash.is_in(hashes))
            .exec(tx.conn())
            .await?;
    }
    Ok(if known == 0 { Seen::First } else { Seen::New })
}
