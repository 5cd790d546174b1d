//! Keys that an organization pays for, as its owners and admins see them, whoever made them.

use types::{
    KeyId, TeamId, UserId,
    error::Code,
    organizations::{OrganizationKey, Person, TeamName},
    page::Page,
};

use super::{revoke_owned, shown};
use crate::{
    Error, State,
    db::{
        self,
        keys::{Owner, Row},
    },
    error::Result,
    organizations::OrganizationAdmin,
    paging::Asked,
};

/// Which of an organization's keys; absent parts narrow nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Made for this team.
    pub team: Option<TeamId>,
    /// Made by this person.
    pub member: Option<UserId>,
}

/// Newest first, revoked ones included. `limit` is 1 to 100.
///
/// Errors: 404 for a team that is not the organization's.
pub async fn page(
    state: &State,
    admin: &OrganizationAdmin<'_>,
    wanted: Wanted,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<OrganizationKey>> {
    let asked = Asked::of(limit, cursor)?;
    let organization = admin.organization_id();
    if let Some(id) = wanted.team {
        let team = state.directory().team(id);
        if team.is_none_or(|team| team.organization_id != organization) {
            return Err(Error::refused(Code::NotFound, "There is no such team."));
        }
    }
    let owner = match (wanted.team, wanted.member) {
        (None, None) => Owner::Organization(organization),
        (None, Some(member)) => Owner::Member(organization, member),
        (Some(team), None) => Owner::Team(team),
        (Some(team), Some(member)) => Owner::TeamMember(team, member),
    };
    let rows = db::keys::page(state.db(), owner, asked.after, asked.rows()).await?;
    Ok(asked.page(rows, |row| KeyId(row.id), |row| of_somebody(state, row)))
}

/// Revokes a key of the organization for good. Repeating it changes nothing.
///
/// Errors: 404 for a key that another organization pays for.
pub async fn revoke(state: &State, admin: &OrganizationAdmin<'_>, id: KeyId) -> Result<()> {
    revoke_owned(state, Owner::Organization(admin.organization_id()), id, admin.actor()).await
}

fn of_somebody(state: &State, row: Row) -> Option<OrganizationKey> {
    let directory = state.directory();
    let id = UserId(row.user_id);
    let team = row.team_id.and_then(|id| directory.team(id.into()));
    Some(OrganizationKey {
        user: Person {
            id,
            username: directory.user(id).map(|person| person.username.clone()),
        },
        team: team.map(|team| TeamName {
            id: team.id,
            name: team.name.clone(),
        }),
        key: shown(state, row)?,
    })
}
