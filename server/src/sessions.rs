//! Sign-ins: who is it, and until when. Access tokens, refresh families and the dashboard's cookie sessions.
//!
//! One row of `sessions` is one sign-in on one device; its id is the access token's `sid`. Rights are never read from a
//! token: a [`User`] is made from the directory's entry each time. Knows no HTTP (cookies' names and flags are `http::cookie`).

mod access;
mod browser;
mod devices;
mod list;
mod refresh;

use std::{sync::Arc, time::Duration};

use serde_json::json;
use types::{OrganizationId, PlatformRole, SessionId, Timestamp, UserId, error::Code};

pub use access::from_access_token;
pub use browser::{NewCookie, end_cookie, from_cookie, start_cookie};
pub use devices::{Device, DeviceToken};
pub(crate) use list::{alive, end_all};
pub use list::{end_one, end_others, list, rotate_cookie};
pub use refresh::{end_family, refresh, start_both, start_tokens};

use crate::{
    Config, Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    directory::UserEntry,
    error::Result,
    sign_in::Entered,
};

/// A person who proved who they are. Made only here and by a checked password; private fields, so it cannot be made up.
#[derive(Clone)]
pub struct User {
    entry: Arc<UserEntry>,
    session: Option<SessionId>,
    address: Option<String>,
}

impl User {
    /// The active person with this id, or 401: their sign-in is worth nothing any more.
    fn of(state: &State, id: UserId, session: Option<SessionId>) -> Result<Self> {
        match state.directory().user(id) {
            Some(entry) if entry.is_active => Ok(User {
                entry,
                session,
                address: None,
            }),
            Some(_) | None => Err(ended()),
        }
    }

    /// The same for ids that the database has just named: another node may have made the person a moment ago, so the feed of
    /// changes is read before the answer is no.
    async fn known(state: &State, id: UserId, session: Option<SessionId>) -> Result<Self> {
        if state.directory().user(id).is_none() {
            state.directory().poll_once().await?;
        }
        User::of(state, id, session)
    }

    /// After a checked password or sign-up; no sign-in exists yet.
    pub(crate) async fn proven(state: &State, id: UserId) -> Result<Self> {
        User::known(state, id, None).await
    }

    /// The person of a personal token. They are not signed in: only `tokens` asks, and keeps it to itself.
    pub(crate) fn by_token(state: &State, id: UserId) -> Result<Self> {
        User::of(state, id, None)
    }

    pub fn id(&self) -> UserId {
        self.entry.id
    }

    pub fn role(&self) -> PlatformRole {
        self.entry.role
    }

    /// The personal organization.
    pub fn organization_id(&self) -> OrganizationId {
        self.entry.organization_id
    }

    /// The sign-in this request came with; none right after a password was checked.
    pub fn session_id(&self) -> Option<SessionId> {
        self.session
    }

    /// Notes where this request comes from, cut to what the privacy settings keep: the audit log tells it with every change.
    pub fn seen_from(self, address: Option<String>) -> Self {
        User { address, ..self }
    }

    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// What the directory knows of the person.
    pub fn entry(&self) -> &UserEntry {
        &self.entry
    }

    /// The proof of platform rights.
    pub fn admin(&self) -> Result<Admin<'_>> {
        match self.entry.role {
            PlatformRole::Admin => Ok(Admin(self)),
            PlatformRole::ReadOnlyAdmin | PlatformRole::User => Err(Error::refused(
                Code::Forbidden,
                "Only administrators of this server can do this.",
            )),
        }
    }

    /// The proof of the right to see what administrators see.
    pub fn auditor(&self) -> Result<Auditor<'_>> {
        match self.entry.role {
            PlatformRole::Admin | PlatformRole::ReadOnlyAdmin => Ok(Auditor(self)),
            PlatformRole::User => Err(Error::refused(
                Code::Forbidden,
                "Only administrators of this server can see this.",
            )),
        }
    }
}

/// A [`User`] who administers this server.
pub struct Admin<'a>(&'a User);

impl Admin<'_> {
    pub fn user(&self) -> &User {
        self.0
    }
}

/// A [`User`] who sees what administrators see; that they may change it is not said.
pub struct Auditor<'a>(&'a User);

impl Auditor<'_> {
    pub fn user(&self) -> &User {
        self.0
    }
}

/// Whether somebody is disabled or a sign-in ended is read from memory; when that may be out of date the answer is no.
fn require_fresh(state: &State) -> Result<()> {
    if state.directory().fresh() {
        return Ok(());
    }
    Err(Error::unavailable("the directory is out of date"))
}

fn ended() -> Error {
    Error::refused(Code::InvalidCredential, "This sign-in has ended. Sign in again.")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How long a sign-in lasts: at most `absolute`, and at most `idle` without being used.
struct Lifetime {
    absolute: Duration,
    idle: Duration,
}

impl Lifetime {
    fn of(config: &Config, remember: bool) -> Self {
        let auth = &config.auth;
        if remember {
            Lifetime {
                absolute: auth.refresh_ttl,
                idle: auth.refresh_idle,
            }
        } else {
            Lifetime {
                absolute: auth.short_ttl,
                idle: auth.short_idle,
            }
        }
    }
}

/// Whether a stored sign-in still counts.
fn is_alive(config: &Config, row: &db::sessions::Row, now: Timestamp) -> bool {
    let idle = Lifetime::of(config, row.remember).idle;
    now.0 < row.expires_at && now.0.saturating_sub(row.last_seen_at) < millis(idle)
}

/// The row of a new sign-in; the caller adds the hash of what it hands out.
fn new_row(state: &State, user: &Entered, remember: bool, device: &Device) -> db::sessions::Row {
    let now = state.clock().now();
    let id = state.clock().new_id();
    db::sessions::Row {
        id,
        user_id: user.id().0,
        family_id: id,
        cookie_hash: None,
        refresh_token_hash: None,
        previous_token_hash: None,
        refresh_salt: state.clock().random::<32>().to_vec(),
        rotated_at: None,
        device_info: device.info.clone(),
        ip_address: device.address.clone(),
        remember,
        last_seen_at: now.0,
        expires_at: now
            .plus_millis(millis(Lifetime::of(state.config(), remember).absolute))
            .0,
        created_at: now.0,
        methods: user.methods().to_owned(),
        authenticated_at: now.0,
    }
}

/// Stores a sign-in with its audit row and its device, and sweeps expired ones.
async fn store(state: &State, user: &User, row: db::sessions::Row, device: &Device) -> Result<()> {
    let clock = state.clock().clone();
    let event = Event {
        organization: Some(user.organization_id()),
        actor: Actor::user(user.id(), device),
        action: "session.started",
        target: Target::Session(SessionId(row.id)),
        details: json!({ "cookie": row.cookie_hash.is_some(), "remember": row.remember }),
    };
    let now = clock.now();
    let device = devices::Noted::of(state, user, device);
    state
        .write(move |tx| {
            Box::pin(async move {
                let session = SessionId(row.id);
                db::sessions::delete_expired(tx, now).await?;
                db::sessions::insert(tx, row).await?;
                audit::record(tx, &clock, event).await?;
                device.write(tx, session).await
            })
        })
        .await
}

/// Ends a sign-in inside a transaction: its access tokens are refused from the commit on. `actor` and `why` go to the audit log.
async fn end(tx: &mut Tx, clock: &Clock, row: &db::sessions::Row, actor: Actor, why: &'static str) -> Result<()> {
    let id = SessionId(row.id);
    // Somebody else may have ended it in the meantime; it is told once.
    if !db::sessions::delete(tx, id).await? {
        return Ok(());
    }
    tx.changed(Change::Session, id.0);
    let event = Event {
        organization: None,
        actor,
        action: "session.ended",
        target: Target::Session(id),
        details: json!({ "why": why }),
    };
    audit::record(tx, clock, event).await
}
