//! Who is in a team: members of its organization, put there by who manages it.

use serde_json::json;
use types::{Timestamp, UserId, error::Code, page::Page, teams::TeamMember};

use super::{Acting, Known, TeamAdmin, must_not_be_default};
use crate::{
    Error, State,
    db::{self, Change, teams::MemberRow},
    directory::UserEntry,
    error::Result,
    idempotency, keys,
    paging::Asked,
};

/// Who is in the team. `limit` is 1 to 100.
///
/// Errors: 403 for the default team, unless an administrator of the server asks: it is everybody.
pub async fn page(state: &State, known: &Known, limit: u64, cursor: Option<&str>) -> Result<Page<TeamMember>> {
    if known.is_default() {
        return everybody(state, known, limit, cursor);
    }
    let asked = Asked::of(limit, cursor)?;
    let rows = db::teams::members(state.db(), known.id(), asked.after, asked.rows()).await?;
    Ok(asked.page(rows, |row| UserId(row.user_id), |row| shown(state, &row)))
}

/// The default team has no list of its own: everybody is in it from the day they signed up.
fn everybody(state: &State, known: &Known, limit: u64, cursor: Option<&str>) -> Result<Page<TeamMember>> {
    if known.user.auditor().is_err() {
        let message = "Everybody is in the default team; who that is is listed to administrators of this server alone.";
        return Err(Error::refused(Code::Forbidden, message));
    }
    let asked = Asked::<UserId>::of(limit, cursor)?;
    let keep = |person: &UserEntry| asked.after.is_none_or(|after| person.id < after);
    let people = state.directory().newest_users(asked.most(), keep);
    Ok(asked.page(
        people,
        |person| person.id,
        |person| Some(entered(&person, person.created_at)),
    ))
}

/// Puts a member of the organization into the team.
///
/// Errors: 404 `user_not_found` for who does not belong to the organization; 409 for who is in the team, and for the default one.
pub async fn add(state: &State, admin: &TeamAdmin<'_>, user: UserId) -> Result<TeamMember> {
    must_not_be_default(admin)?;
    let (team, clock, id) = (Acting::of(admin), state.clock().clone(), admin.id());
    let then = state.clone();
    let added = state
        .write(move |tx| {
            Box::pin(async move {
                db::users::keep(tx, user).await?;
                let row = team.hold(tx).await?;
                if db::organizations::member(tx, row.organization_id.into(), user)
                    .await?
                    .is_none()
                {
                    let message = "Nobody of this id belongs to the team's organization. Add them there first.";
                    return Err(Error::refused(Code::UserNotFound, message));
                }
                if db::teams::is_member(tx, id, user).await? {
                    return Err(Error::refused(Code::Conflict, "This person is in the team already."));
                }
                let added = MemberRow {
                    team_id: id.0,
                    user_id: user.0,
                    created_at: tx.now().0,
                };
                let added = shown(&then, &added)
                    .ok_or_else(|| Error::internal("a member of an organization is not in the directory"))?;
                idempotency::record(tx, &added).await?;
                db::teams::insert_member(tx, id, user).await?;
                tx.changed(Change::Team, id);
                let details = json!({ "user": user });
                team.tell(tx, &clock, &row, "team.member_added", details).await?;
                Ok(added)
            })
        })
        .await?;
    Ok(added)
}

/// Takes somebody out of the team and revokes their keys for it.
///
/// Errors: 404 for who is not in it; 409 for the default team.
pub async fn remove(state: &State, admin: &TeamAdmin<'_>, user: UserId) -> Result<()> {
    must_not_be_default(admin)?;
    let (team, clock, id) = (Acting::of(admin), state.clock().clone(), admin.id());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = team.hold(tx).await?;
                if !db::teams::delete_member(tx, id, user).await? {
                    return Err(Error::refused(Code::NotFound, "Nobody of this id is in the team."));
                }
                let keys = keys::end_all(tx, db::keys::Owner::TeamMember(id, user)).await?;
                tx.changed(Change::Team, id);
                let details = json!({ "user": user, "keys_revoked": keys.told() });
                team.tell(tx, &clock, &row, "team.member_removed", details).await
            })
        })
        .await
}

fn shown(state: &State, row: &MemberRow) -> Option<TeamMember> {
    let person = state.directory().user(UserId(row.user_id))?;
    Some(entered(&person, Timestamp(row.created_at)))
}

fn entered(person: &UserEntry, joined_at: Timestamp) -> TeamMember {
    TeamMember {
        user_id: person.id,
        email: person.email.clone(),
        username: person.username.clone(),
        full_name: person.full_name.clone(),
        joined_at,
    }
}
