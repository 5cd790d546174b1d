//! A person's sign-ins: seen, ended, and given a new cookie.

use types::{
    SessionId, Timestamp, UserId,
    error::Code,
    sessions::{Session, SessionKind},
};

use super::{NewCookie, User, browser, end, is_alive};
use crate::{
    Error, State,
    audit::Actor,
    clock::Clock,
    db::{self, Tx},
    error::Result,
};

/// The person's sign-ins that still count, the most recently used first.
pub async fn list(state: &State, user: &User) -> Result<Vec<Session>> {
    let now = state.clock().now();
    let rows = db::sessions::of_user(state.db(), user.id()).await?;
    let alive = rows.into_iter().filter(|row| is_alive(state.config(), row, now));
    Ok(alive.map(|row| shown(user, row)).collect())
}

/// Ends one of the person's sign-ins, also the one they ask with: its cookie, refresh token and access tokens are worth nothing
/// when this returns.
///
/// Errors: 404 for another person's and for one that does not exist.
pub async fn end_one(state: &State, user: &User, id: SessionId) -> Result<()> {
    let (clock, owner, actor) = (state.clock().clone(), user.id(), Actor::signed_in(user));
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = db::sessions::owned(tx, owner, id).await?;
                let row = row.ok_or_else(|| Error::refused(Code::NotFound, "There is no such sign-in."))?;
                end(tx, &clock, &row, actor, "ended_by_owner").await
            })
        })
        .await
}

/// Ends all the person's sign-ins but the one they ask with. Returns how many.
pub async fn end_others(state: &State, user: &User) -> Result<u64> {
    let (clock, owner, kept) = (state.clock().clone(), user.id(), user.session_id());
    let actor = Actor::signed_in(user);
    state
        .write(move |tx| Box::pin(async move { end_all(tx, &clock, owner, kept, &actor, "ended_by_owner").await }))
        .await
}

/// Ends a person's sign-ins inside a transaction, all but `kept`, because `actor` says so or did what ends them. Returns how many.
pub(crate) async fn end_all(
    tx: &mut Tx,
    clock: &Clock,
    user: UserId,
    kept: Option<SessionId>,
    actor: &Actor,
    why: &'static str,
) -> Result<u64> {
    let mut ended = 0;
    for row in db::sessions::of_user_in(tx, user).await? {
        if kept != Some(SessionId(row.id)) {
            end(tx, clock, &row, actor.clone(), why).await?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// When each of somebody's sign-ins that still count was used last, in Unix milliseconds.
pub(crate) async fn alive(state: &State, user: UserId) -> Result<Vec<i64>> {
    let now = state.clock().now();
    let rows = db::sessions::of_user(state.db(), user).await?;
    let alive = rows.iter().filter(|row| is_alive(state.config(), row, now));
    Ok(alive.map(|row| row.last_seen_at).collect())
}

/// Gives the person's browser a new cookie for the same sign-in; the old value is worth nothing from here on. For whoever's
/// rights have just changed, so that a value seen before the change does not carry them. `None` when they came without a cookie.
pub async fn rotate_cookie(state: &State, user: &User) -> Result<Option<NewCookie>> {
    let Some(session) = user.session_id() else {
        return Ok(None);
    };
    let (value, hash) = browser::draw(state);
    let owner = user.id();
    let row = state
        .write(move |tx| {
            Box::pin(async move {
                let row = db::sessions::owned(tx, owner, session).await?;
                match row.filter(|row| row.cookie_hash.is_some()) {
                    Some(row) => {
                        db::sessions::replace_cookie(tx, session, hash).await?;
                        Ok(Some(row))
                    }
                    None => Ok(None),
                }
            })
        })
        .await?;
    let now = state.clock().now().0;
    Ok(row.map(|row| NewCookie {
        value,
        max_age: row
            .remember
            .then(|| u64::try_from(row.expires_at.saturating_sub(now) / 1000).unwrap_or(0)),
        device: None,
    }))
}

fn shown(user: &User, row: db::sessions::Row) -> Session {
    let id = SessionId(row.id);
    Session {
        id,
        current: user.session_id() == Some(id),
        kind: if row.cookie_hash.is_some() {
            SessionKind::Browser
        } else {
            SessionKind::Program
        },
        device: row.device_info,
        address: row.ip_address,
        methods: row.methods.split('+').map(str::to_owned).collect(),
        remember: row.remember,
        created_at: Timestamp(row.created_at),
        last_seen_at: Timestamp(row.last_seen_at),
        expires_at: Timestamp(row.expires_at),
    }
}
