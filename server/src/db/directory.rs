//! What the directory loads, whole at start and by id afterwards, and when keys were last used.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, Select, sea_query::Expr};
use types::{OrganizationRole, PlatformRole, Timestamp, organizations::OrganizationKind};
use uuid::Uuid;

use super::{
    Change, Db, Tx,
    entity::{api_key_models, api_keys, changes, organization_members, organizations, users},
};
use crate::{
    crypto::Secret,
    error::{Error, Result},
};

/// Which rows: all, or those of some ids.
#[derive(Clone, Copy)]
pub(crate) enum Which<'a> {
    All,
    Ids(&'a [Uuid]),
}

impl Which<'_> {
    pub(super) fn of<E: EntityTrait>(self, column: E::Column) -> Select<E> {
        match self {
            Which::All => E::find(),
            Which::Ids(ids) => E::find().filter(column.is_in(ids.iter().copied())),
        }
    }
}

pub(crate) struct KeyRow {
    pub id: Uuid,
    pub organization_id: Uuid,
    pub user_id: Uuid,
    pub team_id: Option<Uuid>,
    pub name: String,
    pub secret_hash: [u8; 32],
    pub models: Vec<String>,
    pub can_read: bool,
    pub can_write: bool,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked: bool,
    /// Not read here: whoever may open it adds it.
    pub proxy_credential: Option<Secret>,
}

pub(crate) async fn keys(db: &Db, which: Which<'_>) -> Result<Vec<KeyRow>> {
    let rows = which
        .of::<api_keys::Entity>(api_keys::Column::Id)
        .all(db.read())
        .await?;
    let mut models: HashMap<Uuid, Vec<String>> = HashMap::new();
    let named = which.of::<api_key_models::Entity>(api_key_models::Column::ApiKeyId);
    for row in named.all(db.read()).await? {
        models.entry(row.api_key_id).or_default().push(row.model);
    }
    rows.into_iter()
        .map(|row| {
            let mut models = models.remove(&row.id).unwrap_or_default();
            models.sort_unstable();
            Ok(KeyRow {
                id: row.id,
                organization_id: row.organization_id,
                user_id: row.user_id,
                team_id: row.team_id,
                name: row.name,
                secret_hash: row
                    .secret_hash
                    .try_into()
                    .map_err(|_| contradiction("api_keys", row.id, "secret_hash"))?,
                models,
                can_read: row.can_read,
                can_write: row.can_write,
                expires_at: row.expires_at.map(Timestamp),
                last_used_at: row.last_used_at.map(Timestamp),
                revoked: row.revoked_at.is_some(),
                proxy_credential: None,
            })
        })
        .collect()
}

pub(crate) struct UserRow {
    pub id: Uuid,
    pub email: String,
    pub username: String,
    pub full_name: Option<String>,
    pub role: PlatformRole,
    pub is_active: bool,
    pub locale: String,
    pub theme: String,
    pub time_zone: String,
    pub avatar_url: Option<String>,
    pub has_second_factor: bool,
    pub email_verified: bool,
    pub has_password: bool,
    pub created_at: Timestamp,
}

pub(crate) async fn users(db: &Db, which: Which<'_>) -> Result<Vec<UserRow>> {
    let holders: HashSet<Uuid> = super::factors::holders(db, which).await?.into_iter().collect();
    let rows = which.of::<users::Entity>(users::Column::Id).all(db.read()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(UserRow {
                has_second_factor: holders.contains(&row.id),
                role: PlatformRole::parse(&row.role).ok_or_else(|| contradiction("users", row.id, "role"))?,
                id: row.id,
                email: row.email,
                username: row.username,
                full_name: row.full_name,
                is_active: row.is_active,
                locale: row.locale,
                theme: row.theme,
                time_zone: row.time_zone,
                avatar_url: row.avatar_url,
                email_verified: row.email_verified_at.is_some(),
                has_password: row.hashed_password.is_some(),
                created_at: Timestamp(row.created_at),
            })
        })
        .collect()
}

pub(crate) struct OrganizationRow {
    pub id: Uuid,
    pub name: String,
    pub slug: Option<String>,
    pub kind: OrganizationKind,
    pub plan: String,
    pub personal_user_id: Option<Uuid>,
    pub requires_second_factor: bool,
    pub allowed_models: Vec<String>,
    pub created_at: Timestamp,
}

pub(crate) async fn organizations(db: &Db, which: Which<'_>) -> Result<Vec<OrganizationRow>> {
    found(which.of::<organizations::Entity>(organizations::Column::Id), db).await
}

/// The personal organizations of these people.
pub(crate) async fn organizations_of(db: &Db, which: Which<'_>) -> Result<Vec<OrganizationRow>> {
    let personal = organizations::Column::PersonalUserId;
    found(
        which
            .of::<organizations::Entity>(personal)
            .filter(personal.is_not_null()),
        db,
    )
    .await
}

async fn found(select: Select<organizations::Entity>, db: &Db) -> Result<Vec<OrganizationRow>> {
    let rows = select.all(db.read()).await?.into_iter();
    rows.map(|row| {
        Ok(OrganizationRow {
            kind: OrganizationKind::parse(&row.kind).ok_or_else(|| contradiction("organizations", row.id, "kind"))?,
            allowed_models: serde_json::from_str(&row.allowed_models)
                .map_err(|_| contradiction("organizations", row.id, "allowed_models"))?,
            id: row.id,
            name: row.name,
            slug: row.slug,
            plan: row.plan,
            personal_user_id: row.personal_user_id,
            requires_second_factor: row.requires_second_factor,
            created_at: Timestamp(row.created_at),
        })
    })
    .collect()
}

pub(crate) struct MemberRow {
    pub organization_id: Uuid,
    pub user_id: Uuid,
    pub role: OrganizationRole,
}

/// By whose id the memberships are looked up.
#[derive(Clone, Copy)]
pub(crate) enum By {
    Organization,
    User,
}

pub(crate) async fn members(db: &Db, by: By, which: Which<'_>) -> Result<Vec<MemberRow>> {
    let column = match by {
        By::Organization => organization_members::Column::OrganizationId,
        By::User => organization_members::Column::UserId,
    };
    let rows = which.of::<organization_members::Entity>(column).all(db.read()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(MemberRow {
                organization_id: row.organization_id,
                user_id: row.user_id,
                role: OrganizationRole::parse(&row.role)
                    .ok_or_else(|| contradiction("organization_members", row.user_id, "role"))?,
            })
        })
        .collect()
}

/// Sign-ins that ended after `since`, with when.
pub(crate) async fn ended_sessions(db: &Db, since: Timestamp) -> Result<Vec<(Uuid, Timestamp)>> {
    let rows: Vec<(Uuid, i64)> = changes::Entity::find()
        .select_only()
        .columns([changes::Column::Id, changes::Column::CreatedAt])
        .filter(changes::Column::Kind.eq(Change::Session.name()))
        .filter(changes::Column::CreatedAt.gt(since.0))
        .into_tuple()
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|(id, at)| (id, Timestamp(at))).collect())
}

/// Notes when keys were last used; never turns a time back.
pub(crate) async fn touch_keys(tx: &mut Tx, used: &[(Uuid, Timestamp)]) -> Result<()> {
    for (id, at) in used {
        api_keys::Entity::update_many()
            .col_expr(api_keys::Column::LastUsedAt, Expr::value(at.0))
            .filter(api_keys::Column::Id.eq(*id))
            .filter(
                Condition::any()
                    .add(api_keys::Column::LastUsedAt.is_null())
                    .add(api_keys::Column::LastUsedAt.lt(at.0)),
            )
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

fn contradiction(table: &str, id: Uuid, column: &str) -> Error {
    Error::internal(format_args!(
        "{table} {id}: column {column} holds what the program does not know"
    ))
}
