//! Keys that an organization pays for, as its owners and admins see them, whoever made them.

use types::{
    KeyId, UserId,
    organizations::{OrganizationKey, Person, TeamName},
    page::Page,
};

use super::{revoke_owned, shown};
use crate::{
    State,
    db::{
        self,
        keys::{Owner, Row},
    },
    error::Result,
    organizations::OrganizationAdmin,
    paging::Asked,
};

/// Newest first, revoked ones included. `limit` is 1 to 100.
pub async fn page(
    state: &State,
    admin: &OrganizationAdmin<'_>,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<OrganizationKey>> {
    let asked = Asked::of(limit, cursor)?;
    let owner = Owner::Organization(admin.organization_id());
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
