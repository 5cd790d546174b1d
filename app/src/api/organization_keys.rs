//! Keys that an organization pays for: everybody's for who manages it, one's own for others.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Form,
    keys::{KeyView, NewSecret},
    organizations::OrganizationView,
};
#[cfg(feature = "ssr")]
use super::{
    keys::{expiry, models},
    organizations::{PAGE, Place, cursor, path},
};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash},
};
#[cfg(feature = "ssr")]
use server::keys::WantedKeys;
#[cfg(feature = "ssr")]
use types::{error::Code, organizations::OrganizationKey, page::Page};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationKeyRow {
    pub key: KeyView,
    /// The user name of who made it; absent when they are gone.
    pub person: Option<String>,
    pub person_id: String,
    /// Id and name.
    pub team: Option<(String, String)>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationKeysView {
    pub place: OrganizationView,
    pub keys: Vec<OrganizationKeyRow>,
    /// Of whom or what team alone these are, if not all of them.
    pub narrowed: Option<String>,
    /// What narrows them, as the address says it.
    pub query: String,
    pub next: Option<String>,
    /// Every model that a key can be limited to.
    pub models: Vec<String>,
    /// Id and name of the teams that the reader may make a key for.
    pub teams: Vec<(String, String)>,
    pub form: Form,
    pub secret: Option<NewSecret>,
}

/// `after` is where the page before ended; `team` and `member` are ids, or empty for all.
#[server(endpoint = "organization_keys")]
pub async fn read_organization_keys(
    organization: String,
    #[server(default)] after: String,
    #[server(default)] team: String,
    #[server(default)] member: String,
) -> Result<OrganizationKeysView, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    // What is no id narrows nothing.
    let wanted = WantedKeys {
        team: team.parse().ok(),
        member: member.parse().ok(),
    };
    let page = keys(&request, &place, wanted, &after)
        .await
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &place.user);
    let shown = |row: OrganizationKey| OrganizationKeyRow {
        key: format.key(&row.key),
        person: row.user.username,
        person_id: row.user.id.to_string(),
        team: row.team.map(|team| (team.id.to_string(), team.name)),
    };
    let directory = request.state.directory();
    let named_team = wanted.team.and_then(|id| Some(directory.team(id)?.name.clone()));
    let named_person = wanted.member.and_then(|id| Some(directory.user(id)?.username.clone()));
    let narrowed = place.view.is_managed().then_some([named_team, named_person]);
    let narrowed: Vec<String> = narrowed.into_iter().flatten().flatten().collect();
    let query = [
        wanted.team.map(|id| format!("team={id}")),
        wanted.member.map(|id| format!("member={id}")),
    ];
    let query: Vec<String> = query.into_iter().flatten().collect();
    let mut teams = match place.view.is_managed() {
        true => directory.teams_of(place.member.organization_id()),
        false => directory.teams_of_member(place.member.organization_id(), place.user.id()),
    };
    teams.sort_by(|a, b| a.name.cmp(&b.name));
    let flash = flash::take(&request);
    let here = place.view.path(KEYS);
    Ok(OrganizationKeysView {
        keys: page.data.into_iter().map(shown).collect(),
        narrowed: (!narrowed.is_empty()).then(|| narrowed.join(", ")),
        query: query.join("&"),
        next: page.next_cursor,
        models: models(&request),
        teams: teams
            .iter()
            .map(|team| (team.id.to_string(), team.name.clone()))
            .collect(),
        place: place.view,
        form: flash.form,
        secret: flash.secret.filter(|secret| secret.page == here),
    })
}

#[cfg(feature = "ssr")]
const KEYS: &str = "keys";

/// Everybody's keys, or the reader's own in this organization.
#[cfg(feature = "ssr")]
async fn keys(
    request: &Request,
    place: &Place,
    wanted: WantedKeys,
    after: &str,
) -> Result<Page<OrganizationKey>, server::Error> {
    let state = &request.state;
    if let Ok(admin) = place.member.admin() {
        return server::keys::page_of_organization(state, &admin, wanted, PAGE, cursor(after)).await;
    }
    let mut own = server::keys::list(state, &place.user).await?;
    own.retain(|key| key.organization_id == place.member.organization_id());
    let person = types::organizations::Person {
        id: place.user.id(),
        username: Some(place.user.entry().username.clone()),
    };
    let with_names = |key: types::keys::Key| OrganizationKey {
        user: person.clone(),
        team: key.team_id.and_then(|id| {
            let team = state.directory().team(id)?;
            Some(types::organizations::TeamName {
                id,
                name: team.name.clone(),
            })
        }),
        key,
    };
    Ok(Page {
        data: own.into_iter().map(with_names).collect(),
        next_cursor: None,
    })
}

/// `team` is an id, or empty; `expires_in_days` one of the choices of the form, or empty.
#[server(endpoint = "create_organization_key")]
pub async fn create_organization_key(
    #[server(default)] organization: String,
    #[server(default)] name: String,
    #[server(default)] team: String,
    #[server(default)] expires_in_days: String,
    #[server(default)] models: Vec<String>,
) -> Result<NewSecret, ApiError> {
    let request = Request::current()?;
    let form = Form::sent(
        "create_organization_key",
        &[("name", &name), ("team", &team), ("expires_in_days", &expires_in_days)],
    )
    .with_all("models", &models);
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let new = types::keys::NewKey {
            name,
            models,
            organization: Some(place.view.slug.clone()),
            team: Some(team).filter(|team| !team.is_empty()),
            expires_at: expiry(&request, &expires_in_days)?,
            ..Default::default()
        };
        let created = match server::keys::create(&request.state, &place.user, new).await {
            Ok(created) => created,
            // The organization was found a moment ago, so it is the team.
            Err(error) if error.refusal().code == Code::NotFound => {
                return Err(request.wrong_field("team", "unknown_value"));
            }
            Err(error) => return Err(request.error(&error)),
        };
        Ok(NewSecret {
            name: created.details.name,
            key: created.key.unwrap_or_default(),
            page: place.view.path(KEYS),
        })
    };
    let done = request
        .form(&path(&organization, KEYS), form, work, |secret| secret.page.clone())
        .await;
    if let (Ok(secret), true) = (&done, request.is_plain_form()) {
        flash::put(&request, &flash::Flash::secret(secret.clone()));
    }
    done
}

/// Revokes a key of the organization, or, for who does not manage it, one of their own.
#[server(endpoint = "revoke_organization_key")]
pub async fn revoke_organization_key(
    #[server(default)] organization: String,
    #[server(default)] id: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let id = id.parse().map_err(|_| request.refused(Code::NotFound))?;
        let revoked = match place.member.admin() {
            Ok(admin) => server::keys::revoke_of_organization(&request.state, &admin, id).await,
            Err(_) => server::keys::revoke(&request.state, &place.user, id).await,
        };
        revoked.map_err(|error| request.error(&error))
    };
    let form = Form::sent("revoke_organization_key", &[]);
    request.saved(&path(&organization, KEYS), form, work).await
}
