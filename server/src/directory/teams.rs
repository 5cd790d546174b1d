//! Teams in the directory: who is in them, and what their keys may use.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use types::{OrganizationId, TeamId, Timestamp, UserId, teams::DEFAULT_TEAM};
use uuid::Uuid;

use super::{Directory, Maps, TeamEntry};
use crate::{
    db::{self, Db, directory::Which},
    error::{Error, Result},
};

impl Directory {
    pub fn team(&self, id: TeamId) -> Option<Arc<TeamEntry>> {
        self.read().teams.get(&id).cloned()
    }

    /// The team everybody is in. It is written by a migration, so its absence is an error and no permission.
    pub fn default_team(&self) -> Option<Arc<TeamEntry>> {
        self.team(DEFAULT_TEAM)
    }

    /// Teams of an organization, by id.
    pub fn teams_of(&self, organization: OrganizationId) -> Vec<Arc<TeamEntry>> {
        let maps = self.read();
        let ids = maps.teams_of.get(&organization).into_iter().flatten();
        let mut teams: Vec<_> = ids.filter_map(|id| maps.teams.get(id).cloned()).collect();
        teams.sort_by_key(|team| team.id);
        teams
    }

    /// Teams of an organization that the person is in, by id.
    pub fn teams_of_member(&self, organization: OrganizationId, user: UserId) -> Vec<Arc<TeamEntry>> {
        let mut teams = self.teams_of(organization);
        teams.retain(|team| team.members.contains(&user));
        teams
    }

    /// Every team that the person is in, by id, without the default one.
    pub fn teams_of_person(&self, user: UserId) -> Vec<Arc<TeamEntry>> {
        let maps = self.read();
        let mut teams: Vec<_> = maps
            .teams
            .values()
            .filter(|team| team.members.contains(&user))
            .cloned()
            .collect();
        teams.sort_by_key(|team| team.id);
        teams
    }

    pub(super) async fn reload_teams(&self, ids: &[Uuid]) -> Result<()> {
        let loaded = load(&self.0.db, Which::Ids(ids)).await?;
        let mut maps = self.write();
        for id in ids {
            let id = TeamId(*id);
            if let Some(old) = maps.teams.remove(&id)
                && let Some(siblings) = maps.teams_of.get_mut(&old.organization_id)
            {
                siblings.remove(&id);
            }
        }
        loaded.into_iter().for_each(|entry| maps.put_team(entry));
        Ok(())
    }
}

impl Maps {
    pub(super) fn put_team(&mut self, entry: TeamEntry) {
        self.teams_of.entry(entry.organization_id).or_default().insert(entry.id);
        self.teams.insert(entry.id, Arc::new(entry));
    }
}

pub(super) async fn load(db: &Db, which: Which<'_>) -> Result<Vec<TeamEntry>> {
    let (rows, joined) = db::teams::all(db, which).await?;
    let mut members: HashMap<Uuid, HashSet<UserId>> = HashMap::new();
    for row in joined {
        members.entry(row.team_id).or_default().insert(UserId(row.user_id));
    }
    rows.into_iter()
        .map(|row| {
            Ok(TeamEntry {
                members: members.remove(&row.id).unwrap_or_default(),
                // A list that cannot be read must not pass for an empty one, which allows everything.
                allowed_models: serde_json::from_str(&row.allowed_models).map_err(|error| {
                    Error::internal(format_args!("teams {}: allowed_models cannot be read: {error}", row.id))
                })?,
                limits: row.limits()?,
                id: TeamId(row.id),
                organization_id: OrganizationId(row.organization_id),
                name: row.name,
                created_at: Timestamp(row.created_at),
            })
        })
        .collect()
}
