//! Shared organizations: made, renamed, deleted; and what asks their members for a second factor.

use serde_json::{Map, Value, json};
use types::{
    OrganizationId, OrganizationRole, Refusal,
    accounts::wrong,
    error::{Code, FieldErrors},
    organizations::{NewOrganization, Organization, OrganizationChange, OrganizationKind},
    rules::Wrong,
};

use super::{OrganizationAdmin, OrganizationOwner, get, hold};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    error::Result,
    idempotency, keys,
    sessions::User,
};

/// Shared organizations that one person may own.
const MOST_OWNED: usize = 100;
/// How long a slug that was given up leads on, and is nobody else's: 90 days.
const SLUG_KEPT_MILLIS: i64 = 90 * 24 * 3_600_000;

/// Makes an organization that the person owns.
///
/// Errors: 422 for fields that break a rule; 409 `slug_taken`, also while the slug leads to another organization that had it; 409 for who owns
/// too many.
pub async fn create(state: &State, user: &User, new: NewOrganization) -> Result<Organization> {
    new.check()?;
    may_have_slug(state, user.admin().is_ok(), &new.slug)?;
    let id = OrganizationId(state.clock().new_id());
    let (owner, clock, slug) = (user.id(), state.clock().clone(), new.slug);
    let event = Event {
        organization: Some(id),
        actor: Actor::signed_in(user),
        action: "organization.created",
        target: Target::Organization(id),
        details: json!({ "after": { "slug": slug } }),
    };
    let now = state.clock().now().0;
    let row = db::organizations::Row {
        id: id.0,
        slug: Some(slug.clone()),
        name: new.name.trim().to_owned(),
        kind: OrganizationKind::Shared.name().to_owned(),
        personal_user_id: None,
        plan: "free".to_owned(),
        created_at: now,
        updated_at: now,
        requires_second_factor: false,
        allowed_models: "[]".to_owned(),
    };
    let membership = db::organizations::MemberRow {
        organization_id: id.0,
        user_id: owner.0,
        role: OrganizationRole::Owner.name().to_owned(),
        created_at: now,
    };
    let made = Organization {
        id,
        slug: Some(slug.clone()),
        name: row.name.clone(),
        kind: OrganizationKind::Shared,
        role: OrganizationRole::Owner,
        plan: row.plan.clone(),
        members: 1,
        requires_second_factor: false,
        allowed_models: Vec::new(),
        created_at: types::Timestamp(now),
    };
    let replay = made.clone();
    let written = state.write(move |tx| {
        Box::pin(async move {
            db::users::keep(tx, owner).await?;
            let owned = db::organizations::shared_of(tx, owner, Some(OrganizationRole::Owner)).await?;
            if owned.len() >= MOST_OWNED {
                let message = format!("You own {MOST_OWNED} organizations, which is the most. Delete one first.");
                return Err(Error::refused(Code::Conflict, message));
            }
            idempotency::record(tx, &replay).await?;
            take_slug(tx, &slug, id).await?;
            db::organizations::insert(tx, row).await?;
            db::organizations::insert_member(tx, membership).await?;
            tx.changed(Change::Organization, id);
            audit::record(tx, &clock, event).await
        })
    });
    written.await.map_err(slug_conflict)?;
    Ok(made)
}

/// Changes what `change` names and leaves the rest. Calls are admitted by new models from the moment this returns, on other nodes within seconds.
///
/// Errors: 422 for fields that break a rule and models nobody offers; 403 for what is the owners' alone, and for an owner without a second factor
/// who asks others for one; 409 `slug_taken`; 409 for a slug of a personal organization.
pub async fn update(
    state: &State,
    admin: &OrganizationAdmin<'_>,
    mut change: OrganizationChange,
) -> Result<Organization> {
    let needed = change.needs();
    super::may(admin.role(), needed)?;
    change.check()?;
    change.allowed_models = change
        .allowed_models
        .map(|models| listed(state, admin.organization_id(), models))
        .transpose()?;
    let person = state.directory().user(admin.user_id());
    let person = person.ok_or_else(|| Error::internal("a signed-in person is not in the directory"))?;
    if change.requires_second_factor == Some(true) && !person.has_second_factor {
        // Otherwise the next page would lock its owner out of everything but the settings.
        let message = "Set up a second factor of your own first.";
        return Err(Error::refused(Code::SecondFactorMissing, message));
    }
    if let Some(slug) = &change.slug {
        super::must_be_shared(state, admin)?;
        may_have_slug(state, person.role == types::PlatformRole::Admin, slug)?;
    }
    let (member, clock) = ((**admin).clone(), state.clock().clone());
    let write = state.write(move |tx| {
        Box::pin(async move {
            let row = hold(tx, &member, needed).await?.row;
            write(tx, &clock, member.actor(), row, change).await
        })
    });
    write.await.map_err(slug_conflict)?;
    get(state, admin)
}

/// Sorted, each once, all of them offered here; what is on the organization's list and not offered any more can stay there.
///
/// Errors: 422.
pub(super) fn listed(state: &State, id: OrganizationId, models: Vec<String>) -> Result<Vec<String>> {
    let entry = state.directory().organization(id);
    let is_kept = |model: &String| entry.as_ref().is_some_and(|entry| entry.allowed_models.contains(model));
    let (mut kept, new): (Vec<_>, Vec<_>) = models.into_iter().partition(is_kept);
    kept.extend(keys::known_models(state, "allowed_models", new)?);
    kept.sort_unstable();
    kept.dedup();
    Ok(kept)
}

/// Writes what changes of an organization that the transaction holds.
pub(super) async fn write(
    tx: &mut Tx,
    clock: &Clock,
    actor: Actor,
    row: db::organizations::Row,
    change: OrganizationChange,
) -> Result<()> {
    let id = OrganizationId(row.id);
    let name = change
        .name
        .map_or_else(|| row.name.clone(), |name| name.trim().to_owned());
    let slug = change.slug.or_else(|| row.slug.clone());
    let mut fields = Vec::new();
    if name != row.name {
        fields.push("name");
    }
    if slug != row.slug {
        fields.push("slug");
        move_slug(tx, id, row.slug.as_deref(), slug.as_deref()).await?;
    }
    let (mut before, mut after) = (Map::new(), Map::new());
    if slug != row.slug {
        before.insert("slug".to_owned(), json!(row.slug));
        after.insert("slug".to_owned(), json!(slug));
    }
    if !fields.is_empty() {
        db::organizations::rename(tx, id, &name, slug.as_deref()).await?;
    }
    if let Some(models) = change.allowed_models {
        let models = json!(models);
        let had: Value = serde_json::from_str(&row.allowed_models).map_err(Error::internal)?;
        if models != had {
            fields.push("allowed_models");
            let now = tx.now();
            db::organizations::set_allowed_models(tx, id, &models.to_string(), now).await?;
            before.insert("allowed_models".to_owned(), had);
            after.insert("allowed_models".to_owned(), models);
        }
    }
    if !fields.is_empty() {
        tx.changed(Change::Organization, id);
        let details = match after.is_empty() {
            true => json!({ "fields": fields }),
            false => json!({ "fields": fields, "before": before, "after": after }),
        };
        audit::record(tx, clock, event(id, actor.clone(), "organization.updated", details)).await?;
    }
    if let Some(required) = change.requires_second_factor {
        let now = tx.now();
        if db::organizations::require_second_factor(tx, id, required, now).await? {
            tx.changed(Change::Organization, id);
            let switch = |required: bool| json!({ "requires_second_factor": required });
            let details = json!({ "before": switch(!required), "after": switch(required) });
            audit::record(tx, clock, event(id, actor, "organization.second_factor", details)).await?;
        }
    }
    Ok(())
}

/// Deletes the organization with members, teams and invitations. Its keys are revoked. What was used and what was done stays on the
/// books, under an id that leads to nothing.
///
/// Errors: 409 for a personal organization.
pub async fn delete(state: &State, owner: &OrganizationOwner<'_>) -> Result<()> {
    if super::must_be_shared(state, owner).is_err() {
        let message = "A personal organization goes with its account and not before.";
        return Err(Error::refused(Code::Conflict, message));
    }
    let (member, clock) = ((**owner).clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let held = hold(tx, &member, OrganizationRole::Owner).await?;
                dissolve(tx, &clock, member.actor(), held.row).await
            })
        })
        .await
}

/// [`delete`], inside a transaction that holds the organization.
pub(crate) async fn dissolve(tx: &mut Tx, clock: &Clock, actor: Actor, row: db::organizations::Row) -> Result<()> {
    let (id, now) = (OrganizationId(row.id), tx.now());
    let keys = keys::end_all(tx, db::keys::Owner::Organization(id)).await?;
    for team in db::teams::ids(tx, id).await? {
        tx.changed(Change::Team, team);
    }
    if let Some(slug) = &row.slug {
        // Bookmarks and configurations name it: nobody takes its place from one day to the next.
        db::slugs::lock(tx, slug).await?;
        db::slugs::keep(tx, slug, id, now.plus_millis(SLUG_KEPT_MILLIS)).await?;
    }
    db::organizations::delete(tx, id).await?;
    tx.changed(Change::Organization, id);
    let details = json!({ "before": { "slug": row.slug }, "keys_revoked": keys.told() });
    audit::record(tx, clock, event(id, actor, "organization.deleted", details)).await
}

fn event(id: OrganizationId, actor: Actor, action: &'static str, details: serde_json::Value) -> Event {
    Event {
        organization: Some(id),
        actor,
        action,
        target: Target::Organization(id),
        details,
    }
}

/// A slug that the configuration gives a provider's groups a place under is for administrators of the server: whoever took it would
/// get those people as members.
fn may_have_slug(state: &State, is_admin: bool, slug: &str) -> Result<()> {
    let mut providers = state.config().sign_in_providers.iter();
    let is_mapped = providers.any(|provider| {
        provider
            .mapping
            .organizations
            .iter()
            .any(|entry| entry.organization == slug)
    });
    let mut errors = FieldErrors::new();
    if is_mapped && !is_admin {
        wrong(&mut errors, "slug", Err(Wrong::Reserved));
    }
    Refusal::fields(errors).map_err(Error::from)
}

/// Errors: 409 `slug_taken`.
async fn take_slug(tx: &mut Tx, slug: &str, organization: OrganizationId) -> Result<()> {
    db::slugs::lock(tx, slug).await?;
    if !db::slugs::is_free(tx, slug, organization).await? {
        return Err(slug_taken());
    }
    db::slugs::forget(tx, slug).await
}

async fn move_slug(tx: &mut Tx, id: OrganizationId, old: Option<&str>, new: Option<&str>) -> Result<()> {
    // Always in one order: two that swap their slugs would else wait for each other.
    let mut both: Vec<&str> = old.into_iter().chain(new).collect();
    both.sort_unstable();
    for slug in both {
        db::slugs::lock(tx, slug).await?;
    }
    if let Some(new) = new {
        take_slug(tx, new, id).await?;
    }
    if let Some(old) = old {
        let until = tx.now().plus_millis(SLUG_KEPT_MILLIS);
        db::slugs::keep(tx, old, id, until).await?;
    }
    Ok(())
}

pub(super) fn slug_conflict(error: Error) -> Error {
    match error {
        Error::Conflict { constraint } if constraint == "organizations.slug" => slug_taken(),
        error => error,
    }
}

fn slug_taken() -> Error {
    let message = "Another organization has this slug, or had it within the last 90 days. Choose another one.";
    Error::refused(Code::SlugTaken, message)
}
