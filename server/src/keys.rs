//! API keys: made, listed, revoked. The text of a key exists in the reply that made it and nowhere else.
//!
//! Stored are its SHA-256 (256 random bits need no slow hash), its public id and its last four characters. Whether a
//! presented key is good is the directory's to say, not this module's.

mod calling;
mod ended;
pub mod import;
mod of_organization;

use std::sync::Arc;

use serde_json::{Value, json};
use types::{
    KeyId, OrganizationId, OrganizationRole, Refusal, TeamId, Timestamp,
    accounts::wrong,
    error::{Code, FieldErrors},
    key_format,
    keys::{CreatedKey, Key, NewKey, Permissions},
    page::Page,
    rules::Wrong,
    teams::DEFAULT_TEAM,
};

pub use calling::calling;
pub(crate) use ended::{Ended, end_all};
pub use of_organization::{Wanted as WantedKeys, page as page_of_organization, revoke as revoke_of_organization};

use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    crypto,
    db::{
        self, Change, Tx,
        keys::{Owner, Revoked, Row},
    },
    directory::TeamEntry,
    error::Result,
    idempotency,
    litellm::mirror,
    organizations::{self, Member},
    paging::Asked,
    sessions::User,
};

/// In `last_four` of a key whose text this server never made.
const IMPORTED: &str = "";
/// Names of models a key may hold.
const MOST_MODELS: usize = types::teams::MOST_MODELS;

/// Makes a key. The reply is the only place where its text ever stands.
///
/// Errors: 422 for fields that break a rule, models nobody offers and rules that are not built; 404 for an organization or a team the
/// person does not belong to; 403 when they may not make keys there.
pub async fn create(state: &State, user: &User, new: NewKey) -> Result<CreatedKey> {
    let now = state.clock().now();
    new.check(now)?;
    let models = known_models(state, "models", new.models)?;
    let (member, team) = place(state, user, new.organization.as_deref(), new.team.as_deref())?;
    may_make(member.role(), team.is_some())?;
    let team = team.map(|team| team.id);

    let (public_id, text) = make(state, key_format::KEY)?;
    let row = db::keys::Row {
        id: state.clock().new_id(),
        organization_id: member.organization_id().0,
        user_id: member.user_id().0,
        name: new.name.trim().to_owned(),
        public_id,
        last_four: text[text.len() - 4..].to_owned(),
        secret_hash: crypto::sha256(text.as_bytes()).to_vec(),
        can_read: new.permissions.read,
        can_write: new.permissions.write,
        expires_at: new.expires_at.map(|at| at.0),
        last_used_at: None,
        revoked_at: None,
        created_at: now.0,
        updated_at: now.0,
        team_id: team.map(|id| id.0),
    };
    let details = with_models(state, row.clone(), models.clone());
    let replay = CreatedKey {
        key: None,
        details: details.clone(),
    };
    let mirrored = mirror::wish(state, details.id)?;
    let clock = state.clock().clone();
    let event = Event {
        organization: Some(member.organization_id()),
        actor: Actor::signed_in(user),
        action: "key.created",
        target: Target::Key(details.id),
        details: json!({ "after": rules(&row, &models) }),
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                let id = row.id;
                still_may_make(tx, &member, team).await?;
                idempotency::record(tx, &replay).await?;
                db::keys::insert(tx, row, models).await?;
                db::mirrored_keys::insert(tx, mirrored.into_iter().collect()).await?;
                tx.changed(Change::Key, id);
                audit::record(tx, &clock, event).await
            })
        })
        .await?;
    Ok(CreatedKey {
        key: Some(text),
        details,
    })
}

/// The person's keys, whichever organization pays, newest first, revoked ones included; at most 1,000.
pub async fn list(state: &State, user: &User) -> Result<Vec<Key>> {
    let rows = db::keys::page(state.db(), Owner::Person(user.id()), None, 1_000).await?;
    Ok(rows.into_iter().filter_map(|row| shown(state, row)).collect())
}

/// One page of [`list`]. `limit` is 1 to 100.
pub async fn page(state: &State, user: &User, limit: u64, cursor: Option<&str>) -> Result<Page<Key>> {
    let asked = Asked::of(limit, cursor)?;
    let rows = db::keys::page(state.db(), Owner::Person(user.id()), asked.after, asked.rows()).await?;
    Ok(asked.page(rows, |row| KeyId(row.id), |row| shown(state, row)))
}

/// One key; another person's is as unknown as one that does not exist.
pub async fn get(state: &State, user: &User, id: KeyId) -> Result<Key> {
    let found = db::keys::find(state.db(), Owner::Person(user.id()), id).await?;
    found.and_then(|row| shown(state, row)).ok_or_else(unknown)
}

/// Revokes a key for good: refused on this node before this returns, on others within seconds. Repeating it changes nothing.
pub async fn revoke(state: &State, user: &User, id: KeyId) -> Result<()> {
    revoke_owned(state, Owner::Person(user.id()), id, Actor::signed_in(user)).await
}

/// The same for the operator's command line, which names any key by its row's id or by the public id that stands in the key.
pub async fn revoke_by_operator(state: &State, named: &str) -> Result<KeyId> {
    let public_id = named
        .strip_prefix("wg-")
        .and_then(|rest| rest.split('-').next())
        .or_else(|| named.strip_prefix("imported-"))
        .unwrap_or(named);
    let (id, organization) = db::keys::named(state.db(), named.parse().ok(), public_id)
        .await?
        .ok_or_else(unknown)?;
    revoke_owned(state, Owner::Organization(organization), id, Actor::CommandLine).await?;
    Ok(id)
}

async fn revoke_owned(state: &State, owner: Owner, id: KeyId, actor: Actor) -> Result<()> {
    let clock = state.clock().clone();
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let row = db::keys::find_in(tx, owner, id).await?.ok_or_else(unknown)?;
                match db::keys::revoke(tx, owner, id, now).await? {
                    Revoked::Now => {
                        tx.changed(Change::Key, id);
                        let before = rules(&row, &db::keys::models(tx, id).await?);
                        let event = Event {
                            organization: Some(OrganizationId(row.organization_id)),
                            actor,
                            action: "key.revoked",
                            target: Target::Key(id),
                            details: json!({ "before": before }),
                        };
                        audit::record(tx, &clock, event).await
                    }
                    Revoked::Before => Ok(()),
                    Revoked::Unknown => Err(unknown()),
                }
            })
        })
        .await
}

/// What a key may do, as the audit log keeps it.
fn rules(row: &Row, models: &[String]) -> Value {
    json!({
        "public_id": row.public_id, "models": models, "permissions": permissions(row),
        "expires_at": row.expires_at.map(Timestamp), "team": row.team_id,
    })
}

const fn permissions(row: &Row) -> Permissions {
    Permissions {
        read: row.can_read,
        write: row.can_write,
    }
}

fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such key.")
}

/// Where a new key belongs: the organization of this id or slug, else the team's, else the personal one; and the team, unless it is the
/// default one, whose rules hold without being named.
fn place(
    state: &State,
    user: &User,
    organization: Option<&str>,
    team: Option<&str>,
) -> Result<(Member, Option<Arc<TeamEntry>>)> {
    let no_team = || Error::refused(Code::NotFound, "There is no such team.");
    let no_organization = || Error::refused(Code::NotFound, "There is no such organization.");
    let team = match team.map(str::parse::<TeamId>) {
        None => None,
        Some(Ok(id)) if id == DEFAULT_TEAM => None,
        Some(Ok(id)) => Some(state.directory().team(id).ok_or_else(no_team)?),
        Some(Err(_)) => return Err(no_team()),
    };
    let member = match (organization, &team) {
        (Some(named), _) => {
            let id = organizations::named(state, named).ok_or_else(no_organization)?;
            organizations::member(state, user, id)?
        }
        (None, Some(team)) => organizations::member(state, user, team.organization_id).map_err(|_| no_team())?,
        (None, None) => organizations::personal(state, user)?,
    };
    if let Some(team) = &team {
        let knows = member.role().reaches(OrganizationRole::Admin) || team.members.contains(&user.id());
        if team.organization_id != member.organization_id() || !knows {
            return Err(no_team());
        }
    }
    Ok((member, team))
}

/// Keys spend the organization's money: owners and admins make them, and who is in a team makes them for that team.
fn may_make(role: OrganizationRole, for_team: bool) -> Result<()> {
    if role.reaches(OrganizationRole::Admin) || for_team {
        return Ok(());
    }
    let message =
        "Only owners and admins of this organization create keys in it, and members of a team for their team.";
    Err(Error::refused(Code::Forbidden, message))
}

/// The same as the transaction sees it: a key must not be made for somebody who was removed a moment ago.
async fn still_may_make(tx: &mut Tx, member: &Member, team: Option<TeamId>) -> Result<()> {
    let held = organizations::hold(tx, member, OrganizationRole::Member).await?;
    let in_team = match team {
        None => false,
        Some(team) => {
            let row = db::teams::find(tx, member.organization_id(), team).await?;
            row.ok_or_else(|| Error::refused(Code::NotFound, "There is no such team."))?;
            db::teams::is_member(tx, team, member.user_id()).await?
        }
    };
    may_make(held.role, in_team)
}

/// Sorted, each once, all of them offered here.
pub(crate) fn known_models(state: &State, field: &str, mut models: Vec<String>) -> Result<Vec<String>> {
    models.sort_unstable();
    models.dedup();
    let mut errors = FieldErrors::new();
    if models.len() > MOST_MODELS {
        wrong(&mut errors, field, Err(Wrong::TooLong));
    } else if models.iter().any(|name| state.directory().model(name).is_none()) {
        wrong(&mut errors, field, Err(Wrong::UnknownValue));
    }
    Refusal::fields(errors)?;
    Ok(models)
}

/// A public id and the whole key, or whatever else has this prefix and a key's shape.
pub(crate) fn make(state: &State, prefix: &str) -> Result<(String, String)> {
    let random = state.clock().random::<128>();
    let (for_id, for_secret) = random.split_at(32);
    let public_id = key_format::base62(for_id, key_format::PUBLIC_ID_LENGTH);
    let secret = key_format::base62(for_secret, key_format::SECRET_LENGTH);
    match (public_id, secret) {
        (Some(public_id), Some(secret)) => {
            let text = key_format::assemble(prefix, &public_id, &secret);
            Ok((public_id, text))
        }
        // 20 resp. 53 of 256 values would have to be skipped: less likely than a broken machine.
        _ => Err(Error::internal("the random source gave too few usable bytes")),
    }
}

/// A public id alone, for a key that was made elsewhere.
fn public_id(state: &State) -> Result<String> {
    make(state, key_format::KEY).map(|(public_id, _)| public_id)
}

/// A key as lists show it, its models out of memory. `None` for one that another node made in the last seconds: without knowing its models it
/// would look like a key for all.
fn shown(state: &State, row: Row) -> Option<Key> {
    let mut models = state.directory().key_of_id(KeyId(row.id))?.models.clone();
    models.sort_unstable();
    Some(with_models(state, row, models))
}

/// The directory knows uses that are not written yet.
fn with_models(state: &State, row: Row, models: Vec<String>) -> Key {
    let id = KeyId(row.id);
    let seen = state.directory().last_used(id).map(|at| at.0);
    let permissions = permissions(&row);
    Key {
        id,
        organization_id: OrganizationId(row.organization_id),
        team_id: row.team_id.map(TeamId),
        name: row.name,
        hint: match row.last_four.as_str() {
            IMPORTED => format!("imported-{}", row.public_id),
            last_four => format!("{}-{}…{last_four}", key_format::KEY, row.public_id),
        },
        models,
        permissions,
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
        last_used_at: row.last_used_at.max(seen).map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
    }
}
