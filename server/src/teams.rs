//! Teams: groups of an organization's members whose keys share rules. Everybody is in the default team, which belongs to the server
//! itself and decides for keys without a team of their own.
//!
//! [`Known`] is the proof that somebody may know of a team, [`TeamAdmin`] that they may change it.

mod members;

use std::{ops::Deref, sync::Arc};

use serde_json::{Value, json};
use types::{
    OrganizationId, OrganizationRole, PlatformRole, TeamId, UserId,
    error::Code,
    page::Page,
    teams::{DEFAULT_TEAM, NewTeam, Team, TeamChange},
};

pub use members::{add, page as page_of_members, remove};

use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx, teams::Row},
    directory::{KeyEntry, TeamEntry},
    error::Result,
    idempotency, keys,
    organizations::{self, Member, OrganizationAdmin},
    paging::Asked,
    sessions::User,
};

/// Teams of one organization.
const MOST: u64 = 200;

/// The team whose rules hold where no other does.
///
/// Errors: 503 when it is not there: without its rules nobody can say what is allowed.
pub fn default_entry(state: &State) -> Result<Arc<TeamEntry>> {
    let missing = || {
        Error::refused(
            Code::Unavailable,
            "This server's own team is missing. Its administrator must look.",
        )
    };
    state.directory().default_team().ok_or_else(missing)
}

/// Whose rules hold for a key; none when its team is gone.
///
/// Errors: as for [`default_entry`].
pub fn of_key(state: &State, key: &KeyEntry) -> Result<Option<Arc<TeamEntry>>> {
    match key.team_id {
        None => default_entry(state).map(Some),
        Some(id) => Ok(state.directory().team(id)),
    }
}

/// Whose rules hold for a person who calls without a key; a call must suit one of them. A member may use what one of their teams allows, like
/// a key made for it. Who manages the organization, and who is in none of its teams, is under the default team's rules.
pub fn of_caller(
    state: &State,
    organization: OrganizationId,
    user: UserId,
    role: OrganizationRole,
) -> Result<Vec<Arc<TeamEntry>>> {
    let teams = match role.reaches(OrganizationRole::Admin) {
        true => Vec::new(),
        false => state.directory().teams_of_member(organization, user),
    };
    if teams.is_empty() {
        return Ok(vec![default_entry(state)?]);
    }
    Ok(teams)
}

/// A team that a person may know of: the default one, one they are in, or one of an organization they manage.
pub struct Known {
    entry: Arc<TeamEntry>,
    user: User,
    /// Their place in the team's organization; nobody has one in the default team's.
    member: Option<Member>,
}

impl Known {
    pub fn id(&self) -> TeamId {
        self.entry.id
    }

    pub fn is_default(&self) -> bool {
        self.entry.id == DEFAULT_TEAM
    }

    /// The proof that they change the team: who manages its organization; for the default team administrators of the server.
    pub fn admin(&self) -> Result<TeamAdmin<'_>> {
        match &self.member {
            Some(member) => member.admin().map(|_| ())?,
            None => self.user.admin().map(|_| ())?,
        }
        Ok(TeamAdmin(self))
    }
}

/// Somebody who may change a team. Made by [`Known::admin`] alone.
pub struct TeamAdmin<'a>(&'a Known);

impl Deref for TeamAdmin<'_> {
    type Target = Known;

    fn deref(&self) -> &Known {
        self.0
    }
}

/// The team of this id, from memory.
///
/// Errors: 404 for one that does not exist and for one the person may not know of.
pub fn find(state: &State, user: &User, id: TeamId) -> Result<Known> {
    let entry = state.directory().team(id).ok_or_else(unknown)?;
    let member = match id == DEFAULT_TEAM {
        true => None,
        false => {
            let member = organizations::member(state, user, entry.organization_id).map_err(|_| unknown())?;
            let manages = member.role().reaches(OrganizationRole::Admin);
            if !manages && !entry.members.contains(&user.id()) {
                return Err(unknown());
            }
            Some(member)
        }
    };
    Ok(Known {
        entry,
        user: user.clone(),
        member,
    })
}

/// The person's teams, the default one among them, by id. `limit` is 1 to 100.
pub fn page(state: &State, user: &User, limit: u64, cursor: Option<&str>) -> Result<Page<Team>> {
    let directory = state.directory();
    let mut teams = directory.teams_of_person(user.id());
    teams.extend(directory.default_team());
    teams.sort_by_key(|team| team.id);
    cut(teams, &Asked::of(limit, cursor)?)
}

/// Teams of an organization: all for who manages it, for others those they are in.
pub fn page_of_organization(state: &State, member: &Member, limit: u64, cursor: Option<&str>) -> Result<Page<Team>> {
    let (directory, organization) = (state.directory(), member.organization_id());
    let teams = match member.role().reaches(OrganizationRole::Admin) {
        true => directory.teams_of(organization),
        false => directory.teams_of_member(organization, member.user_id()),
    };
    cut(teams, &Asked::of(limit, cursor)?)
}

/// One page of teams that are sorted by id.
fn cut(mut teams: Vec<Arc<TeamEntry>>, asked: &Asked<TeamId>) -> Result<Page<Team>> {
    if let Some(after) = asked.after {
        teams.retain(|team| team.id > after);
    }
    Ok(asked.page(teams, |team| team.id, |team| Some(shown(&team))))
}

pub fn get(known: &Known) -> Team {
    shown(&known.entry)
}

/// Makes a team without members.
///
/// Errors: 422 for fields that break a rule and models nobody offers; 409 for a name that another team
/// of the organization has, for too many teams, and in a personal organization.
pub async fn create(state: &State, admin: &OrganizationAdmin<'_>, new: NewTeam) -> Result<Team> {
    new.check()?;
    let limits = new.limits();
    let models = keys::known_models(state, "allowed_models", new.allowed_models)?;
    organizations::must_be_shared(state, admin)?;
    let id = TeamId(state.clock().new_id());
    let now = state.clock().now();
    let mut row = Row {
        id: id.0,
        organization_id: admin.organization_id().0,
        name: new.name.trim().to_owned(),
        allowed_models: json!(models).to_string(),
        rpm_limit: None,
        tpm_limit: None,
        max_parallel: None,
        created_at: now.0,
        updated_at: now.0,
    };
    row.set_limits(limits);
    let made = Team {
        id,
        organization_id: admin.organization_id(),
        name: row.name.clone(),
        allowed_models: models,
        limits,
        members: Some(0),
        is_default: false,
        created_at: now,
    };
    let replay = made.clone();
    let (member, clock) = ((**admin).clone(), state.clock().clone());
    let written = state.write(move |tx| {
        Box::pin(async move {
            organizations::hold(tx, &member, OrganizationRole::Admin).await?;
            idempotency::record(tx, &replay).await?;
            if db::teams::count(tx, member.organization_id()).await? >= MOST {
                let message = format!("The organization has {MOST} teams, which is the most. Delete one first.");
                return Err(Error::refused(Code::Conflict, message));
            }
            let told = event(&row, member.actor(), "team.created", json!({ "after": rules(&row) }));
            db::teams::insert(tx, row).await?;
            tx.changed(Change::Team, id);
            audit::record(tx, &clock, told).await
        })
    });
    written.await.map_err(name_conflict)?;
    Ok(made)
}

/// Changes what `change` names and leaves the rest. Calls are admitted by the new rules from the moment this returns, on other nodes within
/// seconds.
///
/// Errors: as for [`create`].
pub async fn update(state: &State, admin: &TeamAdmin<'_>, change: TeamChange) -> Result<Team> {
    change.check()?;
    let models = change.allowed_models.clone();
    let models = models
        .map(|models| keys::known_models(state, "allowed_models", models))
        .transpose()?;
    let (team, clock) = (Acting::of(admin), state.clock().clone());
    let id = admin.id();
    let written = state.write(move |tx| {
        Box::pin(async move {
            let before = team.hold(tx).await?;
            let mut row = before.clone();
            row.set_limits(change.limits(before.limits()?));
            if let Some(name) = change.name {
                row.name = name.trim().to_owned();
            }
            if let Some(models) = models {
                row.allowed_models = json!(models).to_string();
            }
            if row == before {
                return Ok(());
            }
            let named = [
                ("name", row.name != before.name),
                ("allowed_models", row.allowed_models != before.allowed_models),
                ("rpm_limit", row.rpm_limit != before.rpm_limit),
                ("tpm_limit", row.tpm_limit != before.tpm_limit),
                ("max_parallel", row.max_parallel != before.max_parallel),
            ];
            let fields: Vec<&str> = named
                .iter()
                .filter_map(|(name, changed)| changed.then_some(*name))
                .collect();
            db::teams::update(tx, &row).await?;
            tx.changed(Change::Team, id);
            let mut details = json!({ "fields": fields });
            if fields != ["name"] {
                details["before"] = rules(&before);
                details["after"] = rules(&row);
            }
            team.tell(tx, &clock, &row, "team.updated", details).await
        })
    });
    written.await.map_err(name_conflict)?;
    let entry = state.directory().team(id);
    entry.map(|entry| shown(&entry)).ok_or_else(unknown)
}

/// Deletes a team. Keys made for it are revoked: without its rules they might do more than they were made for.
///
/// Errors: 409 for the default team.
pub async fn delete(state: &State, admin: &TeamAdmin<'_>) -> Result<()> {
    must_not_be_default(admin)?;
    let (team, clock) = (Acting::of(admin), state.clock().clone());
    let id = admin.id();
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = team.hold(tx).await?;
                let keys = keys::end_all(tx, db::keys::Owner::Team(id)).await?;
                db::teams::delete(tx, row.organization_id.into(), id).await?;
                tx.changed(Change::Team, id);
                let details = json!({ "before": rules(&row), "keys_revoked": keys.told() });
                team.tell(tx, &clock, &row, "team.deleted", details).await
            })
        })
        .await
}

/// What a change of a team takes into its transaction.
#[derive(Clone)]
struct Acting {
    team: TeamId,
    organization: OrganizationId,
    user: UserId,
    actor: Actor,
    member: Option<Member>,
}

impl Acting {
    fn of(admin: &TeamAdmin<'_>) -> Self {
        Acting {
            team: admin.entry.id,
            organization: admin.entry.organization_id,
            user: admin.user.id(),
            actor: Actor::signed_in(&admin.user),
            member: admin.member.clone(),
        }
    }

    /// Takes the team's organization for this transaction alone and asks for the right again; the team as it is now.
    async fn hold(&self, tx: &mut Tx) -> Result<Row> {
        match &self.member {
            Some(member) => {
                organizations::hold(tx, member, OrganizationRole::Admin).await?;
            }
            None => {
                db::organizations::lock(tx, self.organization).await?;
                let person = db::users::find_in(tx, self.user).await?;
                if person.is_none_or(|row| row.role != PlatformRole::Admin.name()) {
                    let message = "Only administrators of this server may do this.";
                    return Err(Error::refused(Code::Forbidden, message));
                }
            }
        }
        db::teams::find(tx, self.organization, self.team)
            .await?
            .ok_or_else(unknown)
    }

    async fn tell(&self, tx: &mut Tx, clock: &Clock, row: &Row, action: &'static str, details: Value) -> Result<()> {
        audit::record(tx, clock, event(row, self.actor.clone(), action, details)).await
    }
}

fn event(row: &Row, actor: Actor, action: &'static str, details: Value) -> Event {
    Event {
        organization: Some(OrganizationId(row.organization_id)),
        actor,
        action,
        target: Target::Team(TeamId(row.id)),
        details,
    }
}

/// What the audit log tells of a team: the rules it has for its keys.
fn rules(row: &Row) -> Value {
    let models: Value = serde_json::from_str(&row.allowed_models).unwrap_or_default();
    let mut rules = json!({ "allowed_models": models });
    let limits = [
        ("rpm_limit", row.rpm_limit),
        ("tpm_limit", row.tpm_limit),
        ("max_parallel", row.max_parallel),
    ];
    for (name, limit) in limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))) {
        rules[name] = json!(limit);
    }
    rules
}

fn shown(entry: &TeamEntry) -> Team {
    let is_default = entry.id == DEFAULT_TEAM;
    Team {
        id: entry.id,
        organization_id: entry.organization_id,
        name: entry.name.clone(),
        allowed_models: entry.allowed_models.clone(),
        limits: entry.limits,
        members: (!is_default).then(|| u64::try_from(entry.members.len()).unwrap_or(u64::MAX)),
        is_default,
        created_at: entry.created_at,
    }
}

fn must_not_be_default(known: &Known) -> Result<()> {
    if !known.is_default() {
        return Ok(());
    }
    let message = "Everybody is in the default team, always. Only its name, models and limits can be changed.";
    Err(Error::refused(Code::Conflict, message))
}

pub(crate) fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such team.")
}

fn name_conflict(error: Error) -> Error {
    match error {
        Error::Conflict { constraint } if constraint == "teams.organization_id" => {
            let message = "Another team of this organization has this name. Choose another one.";
            Error::refused(Code::Conflict, message)
        }
        error => error,
    }
}
