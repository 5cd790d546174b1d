//! API keys: made, listed, revoked. The text of a key exists in the reply that made it and nowhere else.
//!
//! Stored are its SHA-256 (256 random bits need no slow hash), its public id and its last four characters. Whether a
//! presented key is good is the directory's to say, not this module's.

use std::str::FromStr;

use serde_json::json;
use types::{
    KeyId, OrganizationId, Refusal, Timestamp,
    accounts::wrong,
    error::{Code, FieldErrors},
    key_format,
    keys::{CreatedKey, Key, NewKey, Permissions},
    page::{LARGEST_LIMIT, Page},
    rules::Wrong,
};

use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    crypto,
    db::{
        self, Change,
        keys::{Owner, Revoked, WithModels},
    },
    error::Result,
    organizations::{self, Member},
    sessions::User,
};

/// Names of models a key may hold.
const MOST_MODELS: usize = 200;

/// Makes a key. The reply is the only place where its text ever stands.
///
/// Errors: 422 for fields that break a rule, models nobody offers and rules that are not built; 404 for an organization the
/// person does not belong to; 403 when they may not make keys in it.
pub async fn create(state: &State, user: &User, new: NewKey) -> Result<CreatedKey> {
    let now = state.clock().now();
    new.check(now)?;
    let models = known_models(state, new.models)?;
    let member = owner_of(state, user, new.organization.as_deref())?;
    member.may_create_keys()?;

    let (public_id, text) = make(state, key_format::KEY)?;
    let row = db::keys::Row {
        id: state.clock().new_id(),
        organization_id: member.organization_id().0,
        user_id: member.user_id().0,
        name: new.name.trim().to_owned(),
        public_id: public_id.clone(),
        last_four: text[text.len() - 4..].to_owned(),
        secret_hash: crypto::sha256(text.as_bytes()).to_vec(),
        can_read: new.permissions.read,
        can_write: new.permissions.write,
        expires_at: new.expires_at.map(|at| at.0),
        last_used_at: None,
        revoked_at: None,
        created_at: now.0,
        updated_at: now.0,
    };
    let details = shown(
        state,
        WithModels {
            row: row.clone(),
            models: models.clone(),
        },
    );
    let clock = state.clock().clone();
    let event = Event {
        organization: Some(member.organization_id()),
        actor: Actor::signed_in(user),
        action: "key.created",
        target: Target::Key(details.id),
        details: json!({ "public_id": public_id }),
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                let id = row.id;
                db::keys::insert(tx, row, models).await?;
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

/// The person's keys in their personal organization, newest first, revoked ones included; at most 1,000.
pub async fn list(state: &State, user: &User) -> Result<Vec<Key>> {
    let owner = owner(&organizations::personal(state, user)?);
    let rows = db::keys::page(state.db(), owner, None, 1_000).await?;
    Ok(rows.into_iter().map(|row| shown(state, row)).collect())
}

/// One page of [`list`]. `limit` is 1 to 100.
pub async fn page(state: &State, user: &User, limit: u64, cursor: Option<&str>) -> Result<Page<Key>> {
    let mut errors = FieldErrors::new();
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        wrong(&mut errors, "limit", Err(Wrong::UnknownValue));
    }
    let after = cursor.map(KeyId::from_str);
    if matches!(after, Some(Err(_))) {
        wrong(&mut errors, "cursor", Err(Wrong::UnknownValue));
    }
    Refusal::fields(errors)?;

    let owner = owner(&organizations::personal(state, user)?);
    // One more than asked for tells whether there is another page.
    let mut rows = db::keys::page(state.db(), owner, after.and_then(Result::ok), limit + 1).await?;
    let shown_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown_rows;
    rows.truncate(shown_rows);
    let data: Vec<Key> = rows.into_iter().map(|row| shown(state, row)).collect();
    let next_cursor = data.last().filter(|_| more).map(|key| key.id.to_string());
    Ok(Page { data, next_cursor })
}

/// One key; another person's is as unknown as one that does not exist.
pub async fn get(state: &State, user: &User, id: KeyId) -> Result<Key> {
    let owner = owner(&organizations::personal(state, user)?);
    let found = db::keys::find(state.db(), owner, id).await?;
    found.map(|row| shown(state, row)).ok_or_else(unknown)
}

/// Revokes a key for good: refused on this node before this returns, on others within seconds. Repeating it changes nothing.
pub async fn revoke(state: &State, user: &User, id: KeyId) -> Result<()> {
    let owner = owner(&organizations::personal(state, user)?);
    revoke_owned(state, owner, id, Actor::signed_in(user)).await
}

/// The same for the operator's command line, which names any key by its row's id or by the public id that stands in the key.
pub async fn revoke_by_operator(state: &State, named: &str) -> Result<KeyId> {
    let public_id = named
        .strip_prefix("wg-")
        .and_then(|rest| rest.split('-').next())
        .unwrap_or(named);
    let (id, owner) = db::keys::named(state.db(), named.parse().ok(), public_id)
        .await?
        .ok_or_else(unknown)?;
    revoke_owned(state, owner, id, Actor::CommandLine).await?;
    Ok(id)
}

async fn revoke_owned(state: &State, owner: Owner, id: KeyId, actor: Actor) -> Result<()> {
    let clock = state.clock().clone();
    let event = Event {
        organization: Some(owner.organization),
        actor,
        action: "key.revoked",
        target: Target::Key(id),
        details: json!({}),
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                match db::keys::revoke(tx, owner, id, now).await? {
                    Revoked::Now => {
                        tx.changed(Change::Key, id);
                        audit::record(tx, &clock, event).await
                    }
                    Revoked::Before => Ok(()),
                    Revoked::Unknown => Err(unknown()),
                }
            })
        })
        .await
}

fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such key.")
}

fn owner(member: &Member) -> Owner {
    Owner {
        organization: member.organization_id(),
        user: member.user_id(),
    }
}

/// The organization a new key belongs to, by its id; the personal one when none is named.
fn owner_of(state: &State, user: &User, organization: Option<&str>) -> Result<Member> {
    let Some(named) = organization else {
        return organizations::personal(state, user);
    };
    let id = OrganizationId::from_str(named)
        .map_err(|_| Error::refused(Code::NotFound, "There is no such organization."))?;
    organizations::member(state, user, id)
}

/// Sorted, each once, all of them offered here.
fn known_models(state: &State, mut models: Vec<String>) -> Result<Vec<String>> {
    models.sort_unstable();
    models.dedup();
    let mut errors = FieldErrors::new();
    if models.len() > MOST_MODELS {
        wrong(&mut errors, "models", Err(Wrong::TooLong));
    } else if models.iter().any(|name| state.directory().model(name).is_none()) {
        wrong(&mut errors, "models", Err(Wrong::UnknownValue));
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

/// A key as lists show it. The directory knows uses that are not written yet.
fn shown(state: &State, key: WithModels) -> Key {
    let WithModels { row, models } = key;
    let id = KeyId(row.id);
    let seen = state.directory().last_used(id).map(|at| at.0);
    Key {
        id,
        organization_id: OrganizationId(row.organization_id),
        name: row.name,
        hint: format!("{}-{}…{}", key_format::KEY, row.public_id, row.last_four),
        models,
        permissions: Permissions {
            read: row.can_read,
            write: row.can_write,
        },
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
        last_used_at: row.last_used_at.max(seen).map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
    }
}
