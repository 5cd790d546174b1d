//! The dashboard's sign-ins: a random value in a cookie, its SHA-256 in the database, read for every page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use types::{SessionId, UserId};

use super::{Device, DeviceToken, Lifetime, User, end, ended, is_alive, new_row, require_fresh, store};
use crate::{State, audit::Actor, crypto, db, error::Result, sign_in::Entered};

/// `last_seen_at` is written at most this often, so that reading pages does not mean writing rows.
const SEEN_EVERY_MILLIS: i64 = 60_000;
/// A cookie of ours has 43 characters.
const LENGTH: usize = 43;

/// What goes into `Set-Cookie`; shown nowhere else.
pub struct NewCookie {
    /// 256 bits, base64url.
    pub value: String,
    /// Seconds; none = until the browser closes.
    pub max_age: Option<u64>,
    /// What the browser is known by from here on: a cookie of its own, which outlives the sign-in.
    pub device: Option<DeviceToken>,
}

/// A new sign-in for a person who just proved who they are. Always a new value, whatever cookie came before.
pub async fn start_cookie(state: &State, user: &Entered, remember: bool, device: &Device) -> Result<NewCookie> {
    let row = new_row(state, user, remember, device);
    store_cookie(state, user, row, device).await
}

/// Stores the sign-in with a cookie.
pub(super) async fn store_cookie(
    state: &State,
    user: &Entered,
    mut row: db::sessions::Row,
    device: &Device,
) -> Result<NewCookie> {
    let (value, hash) = draw(state);
    row.cookie_hash = Some(hash);
    let remember = row.remember;
    let device = Device {
        token: device.token.clone().or_else(|| Some(DeviceToken::make(state.clock()))),
        ..device.clone()
    };
    store(state, user, row, &device).await?;
    let max_age = remember.then(|| Lifetime::of(state.config(), true).absolute.as_secs());
    Ok(NewCookie {
        value,
        max_age,
        device: device.token,
    })
}

/// A new value and its hash.
pub(super) fn draw(state: &State) -> (String, Vec<u8>) {
    let value = URL_SAFE_NO_PAD.encode(state.clock().random::<32>());
    let hash = crypto::sha256(value.as_bytes()).to_vec();
    (value, hash)
}

/// The person a cookie stands for. Reads the database: a session that was ended elsewhere is ended here at once.
pub async fn from_cookie(state: &State, value: &str) -> Result<User> {
    let row = find(state, value).await?.ok_or_else(ended)?;
    let now = state.clock().now();
    if !is_alive(state.config(), &row, now) {
        return Err(ended());
    }
    require_fresh(state)?;
    let session = SessionId(row.id);
    let user = User::known(state, UserId(row.user_id), Some(session)).await?;
    if now.0.saturating_sub(row.last_seen_at) >= SEEN_EVERY_MILLIS {
        let seen = state.write(move |tx| Box::pin(async move { db::sessions::touch(tx, session, now).await }));
        if let Err(error) = seen.await {
            // The session is valid all the same; the next page tries again.
            tracing::warn!(error_class = error.class(), "a session's last use could not be noted");
        }
    }
    Ok(user)
}

/// Signs the browser out. A cookie that stands for nothing is fine: it is gone either way.
pub async fn end_cookie(state: &State, value: &str, device: &Device) -> Result<()> {
    let Some(row) = find(state, value).await? else {
        return Ok(());
    };
    let (clock, actor) = (state.clock().clone(), Actor::user(UserId(row.user_id), device));
    state
        .write(move |tx| Box::pin(async move { end(tx, &clock, &row, actor, "signed_out").await }))
        .await
}

async fn find(state: &State, value: &str) -> Result<Option<db::sessions::Row>> {
    if value.len() != LENGTH {
        return Ok(None);
    }
    db::sessions::by_cookie(state.db(), &crypto::sha256(value.as_bytes())).await
}
