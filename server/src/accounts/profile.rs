//! What a person sees and changes of their own account.

use serde_json::{Map, Value, json};
use types::{
    Refusal,
    accounts::{Me, ProfileChange, wrong},
    error::FieldErrors,
    rules::Wrong,
};

use super::{create::username_taken, username};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    db::{self, Change, users::ProfileUpdate},
    error::Result,
    sessions::User,
};

/// The account as its owner sees it, from memory: own changes are there before their reply, others' within two seconds.
pub async fn me(state: &State, user: &User) -> Result<Me> {
    let person = state.directory().user(user.id());
    let organization = state.directory().organization(user.organization_id());
    let (Some(person), Some(organization)) = (person, organization) else {
        return Err(Error::internal(
            "a signed-in person or their organization is not in the directory",
        ));
    };
    Ok(Me {
        id: person.id,
        role: person.role,
        plan: organization.plan.clone(),
        organization_id: organization.id,
        email: person.email.clone(),
        username: person.username.clone(),
        full_name: person.full_name.clone(),
        avatar_url: person.avatar_url.clone(),
        email_verified: person.email_verified,
        locale: person.locale.clone(),
        theme: person.theme.clone(),
        time_zone: person.time_zone.clone(),
        created_at: person.created_at,
    })
}

/// Changes what `change` names and leaves the rest.
///
/// Errors: 409 when the user name is in use, 422 for fields that break a rule.
pub async fn update_profile(state: &State, user: &User, change: ProfileChange) -> Result<Me> {
    change.check()?;
    let time_zone = change.time_zone.as_deref().map(zone_name).transpose()?;
    let fields = named(&change);
    if fields.is_empty() {
        return me(state, user).await;
    }
    let trimmed = |name: String| name.trim().to_owned();
    let update = ProfileUpdate {
        full_name: change.full_name.map(|name| name.map(trimmed)),
        username: change.username.map(|name| (name.clone(), username::fold(&name))),
        avatar_url: change.avatar_url,
        locale: change.locale,
        theme: change.theme,
        time_zone,
    };
    let id = user.id();
    let clock = state.clock().clone();
    let (organization, actor) = (user.organization_id(), Actor::signed_in(user));
    let written = state.write(move |tx| {
        Box::pin(async move {
            let now = tx.now();
            let before = db::users::find_in(tx, id).await?;
            let (before, after) = told(before.as_ref(), &update);
            db::users::update_profile(tx, id, update, now).await?;
            tx.changed(Change::User, id);
            let event = Event {
                organization: Some(organization),
                actor,
                action: "user.updated",
                target: Target::User(id),
                details: json!({ "fields": fields, "before": before, "after": after }),
            };
            audit::record(tx, &clock, event).await
        })
    });
    match written.await {
        Err(Error::Conflict { constraint }) if constraint == "users.username_folded" => Err(username_taken()),
        Err(error) => Err(error),
        Ok(()) => me(state, user).await,
    }
}

/// The usual spelling of a time zone's name, or 422.
fn zone_name(asked: &str) -> Result<String> {
    match jiff::tz::TimeZone::get(asked) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(asked).to_owned()),
        Err(_) => {
            let mut errors = FieldErrors::new();
            wrong(&mut errors, "time_zone", Err(Wrong::UnknownValue));
            Refusal::fields(errors)?;
            Err(Error::internal("a refusal without fields"))
        }
    }
}

/// The part of [`update_profile`] that the dashboard's toggles need.
pub async fn update_preferences(
    state: &State,
    user: &User,
    locale: Option<&str>,
    theme: Option<&str>,
    time_zone: Option<&str>,
) -> Result<()> {
    let change = ProfileChange {
        locale: locale.map(str::to_owned),
        theme: theme.map(str::to_owned),
        time_zone: time_zone.map(str::to_owned),
        ..ProfileChange::default()
    };
    update_profile(state, user, change).await.map(|_| ())
}

/// The values that the audit log tells, before and after: those that say nothing about the person.
fn told(before: Option<&db::users::Row>, update: &ProfileUpdate) -> (Value, Value) {
    let fields = [
        ("locale", before.map(|row| &row.locale), &update.locale),
        ("theme", before.map(|row| &row.theme), &update.theme),
        ("time_zone", before.map(|row| &row.time_zone), &update.time_zone),
    ];
    let (mut old, mut new) = (Map::new(), Map::new());
    for (name, before, after) in fields {
        if let Some(after) = after {
            old.insert(name.to_owned(), json!(before));
            new.insert(name.to_owned(), json!(after));
        }
    }
    (old.into(), new.into())
}

/// Names of the fields that were sent, for the audit log.
fn named(change: &ProfileChange) -> Vec<&'static str> {
    [
        ("full_name", change.full_name.is_some()),
        ("username", change.username.is_some()),
        ("avatar_url", change.avatar_url.is_some()),
        ("locale", change.locale.is_some()),
        ("theme", change.theme.is_some()),
        ("time_zone", change.time_zone.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, sent)| sent.then_some(name))
    .collect()
}
