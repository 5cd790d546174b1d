//! What a provider's groups give here: the platform role and memberships, and what is taken away when the groups are gone.
//!
//! Applied at each sign-in. What was given is noted with the identity, and only that is taken away: a role or a membership that a person of this
//! server gave stays. The last administrator stays one, whatever a claim says (docs/decisions.md).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{OrganizationId, OrganizationRole, PlatformRole, UserId};
use uuid::Uuid;

use super::claims::Person;
use crate::{
    State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    config::Mapping,
    db::{self, Change, Tx},
    error::Result,
    organizations::members,
};

/// What the claims of this sign-in ask for.
#[derive(Default, Clone)]
pub struct Wanted {
    admin: bool,
    /// By slug; of several groups the higher role counts.
    organizations: BTreeMap<String, OrganizationRole>,
}

impl Wanted {
    /// A claim that is missing gives nothing: providers leave out empty lists.
    pub fn of(mapping: &Mapping, person: &Person) -> Self {
        let in_group = |group: &String| person.groups.contains(group);
        let says_admin = mapping.role_claim.is_some() && person.roles.iter().any(|role| role == "admin");
        let mut organizations = BTreeMap::new();
        for entry in mapping.organizations.iter().filter(|entry| in_group(&entry.group)) {
            let role = organizations.entry(entry.organization.clone()).or_insert(entry.role);
            if entry.role == OrganizationRole::Admin {
                *role = OrganizationRole::Admin;
            }
        }
        Wanted {
            admin: mapping.decides_role() && (says_admin || mapping.admin_groups.iter().any(in_group)),
            organizations,
        }
    }
}

/// What an identity gave, as noted with it.
#[derive(Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Given {
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    organizations: BTreeMap<Uuid, OrganizationRole>,
}

fn given(row: &db::identities::Row) -> Given {
    let noted = row.grants.as_deref();
    noted
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// Brings the account in line with `wanted` and notes in `row` what now comes from it. The caller stores the row.
pub(super) async fn apply(tx: &mut Tx, clock: &Clock, row: &mut db::identities::Row, wanted: &Wanted) -> Result<()> {
    let before = given(row);
    let user = UserId(row.user_id);
    db::users::keep(tx, user).await?;
    let others = others(tx, row).await?;
    let admin = role(tx, clock, user, before.admin, wanted.admin, others.admin).await?;
    let mut now = Given {
        admin,
        ..Given::default()
    };
    let mut organizations = BTreeMap::new();
    for (slug, role) in &wanted.organizations {
        match db::organizations::by_slug(tx, slug).await? {
            Some(found) => {
                organizations.insert(found.id, *role);
            }
            None => {
                tracing::warn!(organization = %slug, provider = %row.provider, "a group is mapped to an organization that does not exist");
            }
        }
    }
    // As for every change of members, and in one order, so that two sign-ins do not wait for each other.
    let touched: BTreeSet<Uuid> = organizations
        .keys()
        .chain(before.organizations.keys())
        .copied()
        .collect();
    for id in touched {
        if db::organizations::lock(tx, OrganizationId(id)).await?.is_none() {
            // Deleted a moment ago.
            organizations.remove(&id);
        }
    }
    for (id, role) in &organizations {
        let organization = OrganizationId(*id);
        if join(
            tx,
            clock,
            organization,
            user,
            before.organizations.get(id).copied(),
            *role,
        )
        .await?
        {
            now.organizations.insert(*id, *role);
        }
    }
    for (id, role) in &before.organizations {
        if !organizations.contains_key(id) && !others.organizations.contains_key(id) {
            leave(tx, clock, OrganizationId(*id), user, *role).await?;
        }
    }
    row.grants = if now == Given::default() {
        None
    } else {
        Some(serde_json::to_string(&now).map_err(crate::Error::internal)?)
    };
    Ok(())
}

/// What the person's other identities give.
async fn others(tx: &mut Tx, row: &db::identities::Row) -> Result<Given> {
    let mut all = Given::default();
    let rows = db::identities::of_user_in(tx, UserId(row.user_id)).await?;
    for other in rows.iter().filter(|other| other.id != row.id) {
        let given = given(other);
        all.admin |= given.admin;
        all.organizations.extend(given.organizations);
    }
    Ok(all)
}

/// Whether this identity is now why the person administers this server.
async fn role(tx: &mut Tx, clock: &Clock, user: UserId, before: bool, wanted: bool, others: bool) -> Result<bool> {
    if !before && !wanted {
        return Ok(false);
    }
    let stored = db::users::find_in(tx, user).await?.map(|row| row.role);
    let is_admin = stored.as_deref() == Some(PlatformRole::Admin.name());
    if wanted {
        if is_admin {
            return Ok(before);
        }
        set_role(tx, clock, user, stored, PlatformRole::Admin).await?;
        return Ok(true);
    }
    if !is_admin || others {
        return Ok(false);
    }
    if !db::users::other_admin_exists_locked(tx, user).await? {
        tracing::warn!(user_id = %user, "the last administrator keeps the role that a provider no longer gives");
        return Ok(true);
    }
    set_role(tx, clock, user, stored, PlatformRole::User).await?;
    Ok(false)
}

async fn set_role(tx: &mut Tx, clock: &Clock, user: UserId, before: Option<String>, role: PlatformRole) -> Result<()> {
    let now = tx.now();
    db::users::set_role(tx, user, role, now).await?;
    tx.changed(Change::User, user.0);
    let details = json!({
        "before": { "role": before }, "after": { "role": role.name() }, "why": "identity_provider",
    });
    tell(tx, clock, None, user, "user.role_changed", details).await
}

/// Whether the membership is the provider's: one that was there before is not.
async fn join(
    tx: &mut Tx,
    clock: &Clock,
    organization: OrganizationId,
    user: UserId,
    before: Option<OrganizationRole>,
    role: OrganizationRole,
) -> Result<bool> {
    let after = json!({ "role": role.name() });
    match (db::organizations::member(tx, organization, user).await?, before) {
        (None, _) => {
            let now = tx.now();
            let row = db::organizations::MemberRow {
                organization_id: organization.0,
                user_id: user.0,
                role: role.name().to_owned(),
                created_at: now.0,
            };
            db::organizations::insert_member(tx, row).await?;
            tx.changed(Change::Member, user.0);
            let details = json!({ "after": after, "why": "identity_provider" });
            tell(tx, clock, Some(organization), user, "member.added", details).await?;
            Ok(true)
        }
        (Some(member), Some(before)) if member.role == before.name() => {
            if before != role {
                db::organizations::set_member_role(tx, organization, user, role).await?;
                tx.changed(Change::Member, user.0);
                let before = json!({ "role": before.name() });
                let details = json!({ "before": before, "after": after, "why": "identity_provider" });
                tell(tx, clock, Some(organization), user, "member.role_changed", details).await?;
            }
            Ok(true)
        }
        // Somebody here gave it, or changed it since.
        (Some(_), _) => Ok(false),
    }
}

async fn leave(
    tx: &mut Tx,
    clock: &Clock,
    organization: OrganizationId,
    user: UserId,
    role: OrganizationRole,
) -> Result<()> {
    let member = db::organizations::member(tx, organization, user).await?;
    if member.is_none_or(|member| member.role != role.name()) {
        return Ok(());
    }
    let keys = members::part(tx, organization, user).await?;
    let details = json!({ "before": { "role": role.name() }, "why": "identity_provider", "keys_revoked": keys.told() });
    tell(tx, clock, Some(organization), user, "member.removed", details).await
}

async fn tell(
    tx: &mut Tx,
    clock: &Clock,
    organization: Option<OrganizationId>,
    user: UserId,
    action: &'static str,
    details: serde_json::Value,
) -> Result<()> {
    let event = Event {
        organization,
        actor: Actor::System,
        action,
        target: Target::User(user),
        details,
    };
    audit::record(tx, clock, event).await
}

/// Slugs that the configuration maps groups to and that name no organization.
pub(super) async fn missing(state: &State) -> Result<Vec<String>> {
    let providers = state.config().sign_in_providers.iter();
    let slugs = providers.flat_map(|provider| &provider.mapping.organizations);
    let mut slugs: Vec<String> = slugs.map(|entry| entry.organization.clone()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    state
        .write(move |tx| {
            Box::pin(async move {
                let mut missing = Vec::new();
                for slug in slugs {
                    if db::organizations::by_slug(tx, &slug).await?.is_none() {
                        missing.push(slug);
                    }
                }
                Ok(missing)
            })
        })
        .await
}
