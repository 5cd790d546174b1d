//! What is remembered while somebody is away at a provider, and what binds the way back to the browser that began it.
//!
//! `state` is a random secret whose hash is a row of `sign_in_tokens`; the row goes with its first use. The rest (nonce, PKCE verifier,
//! where to go) stands in that row, encrypted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use types::{SessionId, Timestamp, UserId, error::Code};
use uuid::Uuid;

use crate::{Error, State, crypto, db, error::Result, sessions::User};

const KIND: &str = "oidc";
/// How long a person may take at the provider.
const MILLIS: i64 = 600_000;
/// How long a page's link to a provider, for linking, works; and how old a sign-in may be to get one.
pub const LINK_MILLIS: i64 = 300_000;
/// 256 bits in base64url.
const LENGTH: usize = 43;
const CONTEXT: &[u8] = b"weirgate way to a provider v1";
const TICKET: &[u8] = b"weirgate ticket for linking v1";

/// 256 bits that stand in addresses and cookies as they are.
pub fn random(state: &State) -> String {
    URL_SAFE_NO_PAD.encode(state.clock().random::<32>())
}

/// The value of the cookie that says which browser began.
pub struct Browser(String);

impl Browser {
    /// The browser's value, or a new one. Several tabs share theirs.
    pub fn new(state: &State, sent: Option<String>) -> Self {
        Browser::of(sent).unwrap_or_else(|| Browser(random(state)))
    }

    /// The value that a browser sent, if it can be one of ours.
    pub fn of(sent: Option<String>) -> Option<Self> {
        let ours = |text: &String| {
            text.len() == LENGTH
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        sent.filter(ours).map(Browser)
    }

    pub fn value(&self) -> &str {
        &self.0
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        crypto::sha256(self.0.as_bytes()).to_vec()
    }
}

/// One way out, as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Begun {
    pub provider: String,
    pub nonce: String,
    pub verifier: String,
    pub next: String,
    pub browser: Vec<u8>,
    pub link: Option<Link>,
}

/// Who links an identity, and in which sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Link {
    pub user: Uuid,
    pub session: Uuid,
}

/// Stores the way; what is returned travels as `state`.
pub(super) async fn keep(state: &State, begun: &Begun) -> Result<String> {
    let secret = random(state);
    let plain = serde_json::to_vec(begun).map_err(Error::internal)?;
    let now = state.clock().now();
    let row = db::sign_in_tokens::Row {
        hash: crypto::sha256(secret.as_bytes()).to_vec(),
        kind: KIND.to_owned(),
        user_id: begun.link.as_ref().map(|link| link.user),
        email: None,
        sealed: Some(state.seal(&plain, CONTEXT)?),
        expires_at: now.plus_millis(MILLIS).0,
        created_at: now.0,
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                db::sign_in_tokens::delete_expired(tx, now).await?;
                db::sign_in_tokens::insert(tx, row).await
            })
        })
        .await?;
    Ok(secret)
}

/// The way that `secret` began, once. Whatever is wrong with it looks the same from outside.
pub(super) async fn take(state: &State, secret: Option<&str>, provider: &str, browser: &Browser) -> Result<Begun> {
    let over = || {
        let message = "This sign-in was not begun in this browser, or it took too long. Start it again.";
        Error::refused(Code::InvalidLink, message)
    };
    let secret = secret.filter(|text| text.len() == LENGTH).ok_or_else(over)?;
    let hash = crypto::sha256(secret.as_bytes()).to_vec();
    // Made up ones are found out by reading.
    db::sign_in_tokens::find(state.db(), &hash).await?.ok_or_else(over)?;
    let row = state
        .write(move |tx| Box::pin(async move { db::sign_in_tokens::take(tx, &hash).await }))
        .await?
        .filter(|row| row.kind == KIND)
        .ok_or_else(over)?;
    let sealed = row.sealed.ok_or_else(over)?;
    let plain = state.open(&sealed, CONTEXT).map_err(|_| over())?;
    let begun: Begun = serde_json::from_slice(&plain).map_err(|_| over())?;
    let fits = row.expires_at > state.clock().now().0
        && begun.provider == provider
        && crypto::equal(&begun.browser, &browser.hash());
    fits.then_some(begun).ok_or_else(over)
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    link: Link,
    provider: String,
    until: i64,
}

/// What a page puts into its link to a provider so that the identity is linked: only somebody signed in, a moment ago or with a password
/// again, gets one, so another site cannot begin it.
pub fn ticket(state: &State, user: &User, provider: &str) -> Result<String> {
    let session = user
        .session_id()
        .ok_or_else(|| Error::refused(Code::ReauthRequired, "Sign in first."))?;
    let ticket = Ticket {
        link: Link {
            user: user.id().0,
            session: session.0,
        },
        provider: provider.to_owned(),
        until: state.clock().now().plus_millis(LINK_MILLIS).0,
    };
    let plain = serde_json::to_vec(&ticket).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(state.seal(&plain, TICKET)?))
}

pub(super) fn open_ticket(state: &State, text: &str, provider: &str) -> Option<Link> {
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let plain = state.open(&sealed, TICKET).ok()?;
    let ticket: Ticket = serde_json::from_slice(&plain).ok()?;
    let good = ticket.until > state.clock().now().0 && ticket.provider == provider;
    good.then_some(ticket.link)
}

impl Link {
    /// Whether this very person in this very sign-in came back.
    pub fn is(&self, user: &User) -> bool {
        UserId(self.user) == user.id() && user.session_id() == Some(SessionId(self.session))
    }
}

/// Whether a sign-in of this age may link.
pub(super) fn is_recent(authenticated_at: i64, now: Timestamp) -> bool {
    now.0.saturating_sub(authenticated_at) <= LINK_MILLIS
}
