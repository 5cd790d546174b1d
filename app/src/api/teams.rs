//! Teams of an organization: their names, models, limits and members.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Form, Moment, organizations::OrganizationView};
#[cfg(feature = "ssr")]
use super::{
    keys::models,
    models::Allowed,
    organizations::{PAGE, Place, cursor, path},
    session::shown_name,
};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash},
};
#[cfg(feature = "ssr")]
use server::{
    organizations::{Member, members},
    teams::{self, Known},
};
#[cfg(feature = "ssr")]
use types::{
    TeamId, UserId,
    error::Code,
    teams::{CallLimits, NewTeam, TeamChange},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamView {
    pub id: String,
    pub name: String,
    /// Names of the models its keys may use; empty = all.
    pub models: Vec<String>,
    pub limits: LimitsView,
    pub members: String,
}

/// Limits of a team: what stands in a form, and as it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsView {
    pub typed: Typed,
    /// Calls a minute, tokens a minute, calls at the same time; absent = no limit.
    pub shown: [Option<String>; 3],
}

/// The fields of limits as they were typed; an empty one is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub rpm_limit: String,
    pub tpm_limit: String,
    pub max_parallel: String,
}

impl Typed {
    /// What a form that came back holds.
    pub fn of(form: &Form) -> Self {
        Typed {
            rpm_limit: form.value("rpm_limit"),
            tpm_limit: form.value("tpm_limit"),
            max_parallel: form.value("max_parallel"),
        }
    }
}

#[cfg(feature = "ssr")]
impl Typed {
    /// Name and text of each field.
    pub(super) fn fields(&self) -> [(&'static str, &str); 3] {
        [
            ("rpm_limit", &self.rpm_limit),
            ("tpm_limit", &self.tpm_limit),
            ("max_parallel", &self.max_parallel),
        ]
    }

    /// Fields that were not sent change nothing.
    pub(super) fn change_of(sent: Option<&Typed>, request: &Request) -> Result<TeamChange, ApiError> {
        sent.map_or(Ok(TeamChange::default()), |typed| typed.change(request))
    }

    fn change(&self, request: &Request) -> Result<TeamChange, ApiError> {
        Ok(TeamChange {
            rpm_limit: Some(request.whole("rpm_limit", &self.rpm_limit)?),
            tpm_limit: Some(request.whole("tpm_limit", &self.tpm_limit)?),
            max_parallel: Some(request.whole("max_parallel", &self.max_parallel)?),
            ..TeamChange::default()
        })
    }
}

#[cfg(feature = "ssr")]
impl LimitsView {
    pub(super) fn of(format: &Format, limits: CallLimits) -> Self {
        let typed = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let all = [limits.rpm_limit, limits.tpm_limit, limits.max_parallel];
        LimitsView {
            typed: Typed {
                rpm_limit: typed(limits.rpm_limit),
                tpm_limit: typed(limits.tpm_limit),
                max_parallel: typed(limits.max_parallel),
            },
            shown: all.map(|limit| limit.map(|limit| format.numbers.count(limit.into()))),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamsView {
    pub place: OrganizationView,
    pub teams: Vec<TeamView>,
    pub next: Option<String>,
    /// Every model that a team can be limited to.
    pub models: Vec<String>,
    pub form: Form,
}

/// All teams for who manages the organization, for others those they are in. `after` is where the page before ended.
#[server(endpoint = "teams")]
pub async fn read_teams(organization: String, #[server(default)] after: String) -> Result<TeamsView, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    let page = teams::page_of_organization(&request.state, &place.member, PAGE, cursor(&after))
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &place.user);
    Ok(TeamsView {
        teams: page.data.into_iter().map(|team| shown(&format, team)).collect(),
        next: page.next_cursor,
        models: models(&request),
        place: place.view,
        form: flash::take(&request).form,
    })
}

#[cfg(feature = "ssr")]
const TEAMS: &str = "teams";

#[cfg(feature = "ssr")]
fn shown(format: &Format, team: types::teams::Team) -> TeamView {
    TeamView {
        id: team.id.to_string(),
        name: team.name,
        models: team.allowed_models,
        limits: LimitsView::of(format, team.limits),
        members: format.numbers.count(team.members.unwrap_or_default()),
    }
}

/// Leads to the new team.
#[server(endpoint = "create_team")]
pub async fn create_team(
    #[server(default)] organization: String,
    #[server(default)] name: String,
    #[server(default)] models: Vec<String>,
    #[server(default)] limits: Typed,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = sent("create_team", &name, &limits).with_all("models", &models);
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let limits = limits.change(&request)?.limits(CallLimits::default());
        let new = NewTeam {
            name: name.clone(),
            allowed_models: models,
            rpm_limit: limits.rpm_limit,
            tpm_limit: limits.tpm_limit,
            max_parallel: limits.max_parallel,
        };
        let made = async {
            let admin = place.member.admin()?;
            teams::create(&request.state, &admin, new).await
        };
        let made = made
            .await
            .map_err(|error| named(&request, &place, None, &name, &error))?;
        Ok(team_page(&place.view.slug, &made.id.to_string()))
    };
    request
        .form(&path(&organization, TEAMS), form, work, String::clone)
        .await
}

/// The form of a team's rules, to come back when something is wrong with it.
#[cfg(feature = "ssr")]
fn sent(form: &str, name: &str, limits: &Typed) -> Form {
    let mut values = vec![("name", name)];
    values.extend(limits.fields());
    Form::sent(form, &values)
}

#[cfg(feature = "ssr")]
fn team_page(organization: &str, id: &str) -> String {
    [&path(organization, TEAMS), "/", id].concat()
}

/// A conflict that is about the name, as the mistake of its field. `own` is the team that may have it.
#[cfg(feature = "ssr")]
fn named(request: &Request, place: &Place, own: Option<TeamId>, name: &str, error: &server::Error) -> ApiError {
    let siblings = request.state.directory().teams_of(place.member.organization_id());
    let is_taken = siblings
        .iter()
        .any(|team| team.name == name.trim() && Some(team.id) != own);
    match error.refusal().code {
        Code::Conflict if is_taken => request.wrong_field("name", "taken"),
        _ => request.error(error),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMemberView {
    pub id: String,
    pub name: String,
    pub email: String,
    pub joined: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamPage {
    pub place: OrganizationView,
    pub team: TeamView,
    /// Every model that it can be limited to, also those it lists that are not offered any more.
    pub models: Vec<String>,
    pub members: Vec<TeamMemberView>,
    pub next: Option<String>,
    /// Name and address of some who could be added.
    pub others: Vec<(String, String)>,
    pub form: Form,
}

/// `after` is where the page of members before ended.
#[server(endpoint = "team")]
pub async fn read_team(
    organization: String,
    id: String,
    #[server(default)] after: String,
) -> Result<TeamPage, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    let known = find(&request, &place, &id)?;
    let failed = |error: server::Error| request.error(&error);
    let page = teams::page_of_members(&request.state, &known, PAGE, cursor(&after))
        .await
        .map_err(failed)?;
    let others = match place.view.is_managed() {
        true => others(&request, &place.member, known.id()).await?,
        false => Vec::new(),
    };
    let format = Format::of(&request, &place.user);
    let team = shown(&format, teams::get(&known));
    let allowed = Allowed::of(&request, team.models.clone());
    let member = |member: types::teams::TeamMember| TeamMemberView {
        id: member.user_id.to_string(),
        name: shown_name(member.full_name.as_deref(), &member.username),
        email: member.email,
        joined: format.date(member.joined_at),
    };
    Ok(TeamPage {
        team,
        models: allowed.choice,
        members: page.data.into_iter().map(member).collect(),
        next: page.next_cursor,
        others,
        place: place.view,
        form: flash::take(&request).form,
    })
}

/// A team of this organization that the reader may know of.
#[cfg(feature = "ssr")]
fn find(request: &Request, place: &Place, id: &str) -> Result<Known, ApiError> {
    let nothing = || request.refused(Code::NotFound);
    let id: TeamId = id.parse().map_err(|_| nothing())?;
    let known = teams::find(&request.state, &place.user, id).map_err(|error| request.error(&error))?;
    let is_theirs = teams::get(&known).organization_id == place.member.organization_id();
    if is_theirs { Ok(known) } else { Err(nothing()) }
}

/// The first members of the organization who are not in the team.
#[cfg(feature = "ssr")]
async fn others(request: &Request, member: &Member, team: TeamId) -> Result<Vec<(String, String)>, ApiError> {
    let page = members::page(&request.state, member, PAGE, None)
        .await
        .map_err(|error| request.error(&error))?;
    let team = request.state.directory().team(team);
    let is_in = |user: UserId| team.as_ref().is_some_and(|team| team.members.contains(&user));
    let others = page.data.into_iter().filter(|member| !is_in(member.user_id));
    Ok(others
        .map(|member| {
            let name = shown_name(member.full_name.as_deref(), &member.username);
            (name, member.email)
        })
        .collect())
}

/// Another name, other models and limits.
#[server(endpoint = "save_team")]
pub async fn save_team(
    #[server(default)] organization: String,
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] models: Vec<String>,
    #[server(default)] limits: Option<Typed>,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = sent("save_team", &name, limits.as_ref().unwrap_or(&Typed::default())).with_all("models", &models);
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let known = find(&request, &place, &id)?;
        let stored = teams::get(&known).allowed_models;
        let is_same = models.len() == stored.len() && models.iter().all(|model| stored.contains(model));
        let change = TeamChange {
            name: Some(name.clone()),
            // A list that holds a model which is not offered any more can be kept, and not be sent.
            allowed_models: (!is_same).then_some(models),
            ..Typed::change_of(limits.as_ref(), &request)?
        };
        let saved = async {
            let admin = known.admin()?;
            teams::update(&request.state, &admin, change).await
        };
        let saved = saved.await.map(|_| ());
        saved.map_err(|error| named(&request, &place, Some(known.id()), &name, &error))
    };
    request.saved(&team_page(&organization, &id), form, work).await
}

/// Puts the member of the organization with this address into the team.
#[server(endpoint = "add_team_member")]
pub async fn add_team_member(
    #[server(default)] organization: String,
    #[server(default)] id: String,
    #[server(default)] email: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("add_team_member", &[("email", &email)]);
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let known = find(&request, &place, &id)?;
        let failed = |error: server::Error| request.error(&error);
        let admin = known.admin().map_err(failed)?;
        if email.trim().is_empty() {
            return Err(request.wrong_field("email", "required"));
        }
        let user = members::by_email(&request.state, &place.member, &email)
            .await
            .map_err(failed)?;
        let user = user.ok_or_else(|| request.wrong_field("email", "not_a_member"))?;
        match teams::add(&request.state, &admin, user).await {
            Ok(_) => Ok(()),
            Err(error) if error.refusal().code == Code::Conflict => Err(request.wrong_field("email", "is_member")),
            Err(error) => Err(failed(error)),
        }
    };
    request.saved(&team_page(&organization, &id), form, work).await
}

/// `user` is the id of who is taken out of the team.
#[server(endpoint = "remove_team_member")]
pub async fn remove_team_member(
    #[server(default)] organization: String,
    #[server(default)] id: String,
    #[server(default)] user: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let known = find(&request, &place, &id)?;
        let user = user.parse().map_err(|_| request.refused(Code::NotFound))?;
        let removed = async {
            let admin = known.admin()?;
            teams::remove(&request.state, &admin, user).await
        };
        removed.await.map_err(|error| request.error(&error))
    };
    let form = Form::sent("remove_team_member", &[]);
    request.saved(&team_page(&organization, &id), form, work).await
}

/// Leads to the other teams.
#[server(endpoint = "delete_team")]
pub async fn delete_team(
    #[server(default)] organization: String,
    #[server(default)] id: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let known = find(&request, &place, &id)?;
        let deleted = async {
            let admin = known.admin()?;
            teams::delete(&request.state, &admin).await
        };
        deleted.await.map_err(|error| request.error(&error))?;
        Ok(place.view.path(TEAMS))
    };
    let form = Form::sent("delete_team", &[]);
    request
        .saved_then(&team_page(&organization, &id), form, work, String::clone)
        .await
}
