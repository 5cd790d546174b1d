//! `Idempotency-Key`: a request that is sent again makes nothing again and gets the same answer (draft-ietf-httpapi-idempotency-key-header).
//!
//! What a service makes and the answer to its repetition commit in one transaction: [`record`]. So there is no moment at which a process
//! could end and leave one without the other, and of two transactions for one key the database lets one commit, on whatever node. Which
//! request a transaction belongs to is known from its task; services do not pass it on, and without a key [`record`] does nothing.
//!
//! A key counts for one caller and one route, for 24 hours. Only answers to what was made are kept: who was refused may try again. They are
//! kept without the secrets that they showed, and sealed, since they may hold names and addresses.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use types::{ApiTokenId, Refusal, UserId, error::Code};

use crate::{
    Error, State, crypto,
    db::{self, Tx},
    error::Result,
};

const KEPT_SECS: i64 = 24 * 3600;
/// Everything that is recorded was made.
const CREATED: u16 = 201;

tokio::task_local! {
    static ONCE: Arc<Once>;
}

/// One request with a key.
pub(crate) struct Once {
    id: [u8; 32],
    fingerprint: [u8; 32],
    owner: UserId,
    state: State,
}

/// What a repetition is answered with.
pub(crate) struct Replay {
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
}

impl Once {
    /// `token` is the personal token that the request came with: what one credential was told is not for others of the person, which may
    /// have fewer rights. `door` is the path below the mount.
    pub fn new(state: &State, owner: UserId, token: Option<ApiTokenId>, door: &str, key: &str, body: &[u8]) -> Self {
        let mut scope = Vec::new();
        scope.extend_from_slice(owner.0.as_bytes());
        scope.extend_from_slice(token.map(|token| token.0).unwrap_or_default().as_bytes());
        scope.extend_from_slice(door.as_bytes());
        // No path holds a line break.
        scope.push(b'\n');
        scope.extend_from_slice(key.as_bytes());
        let id = crypto::sha256(&scope);
        // Keyed, because a body may hold a password, and a hash of it alone could be guessed at.
        let secret = state.secrets().refresh.expose().as_bytes();
        let fingerprint = crypto::hmac_sha256(secret, &[b"weirgate request fingerprint v1", &id, body]);
        Once {
            id,
            fingerprint,
            owner,
            state: state.clone(),
        }
    }

    /// What this request was answered when it came before.
    ///
    /// Errors: 422 when it was another one.
    pub async fn replay(&self) -> Result<Option<Replay>> {
        let now = self.state.clock().now();
        let Some(row) = db::idempotency_keys::find(self.state.db(), &self.id, now).await? else {
            return Ok(None);
        };
        if !crypto::equal(&row.fingerprint, &self.fingerprint) {
            return Err(another_body());
        }
        Ok(Some(Replay {
            status: u16::try_from(row.status).map_err(Error::internal)?,
            body: self.state.open(&row.reply, &self.id)?,
        }))
    }

    /// Takes the key's place in this process; `None` while another request has it.
    pub fn enter(&self) -> Option<Running> {
        let running = self.state.running();
        running.lock().insert(self.id).then(|| Running {
            all: running.clone(),
            id: self.id,
        })
    }
}

/// Runs a request. Transactions that it begins know that they belong to it.
pub(crate) async fn scope<F: Future>(once: Arc<Once>, request: F) -> F::Output {
    ONCE.scope(once, request).await
}

/// The request that this task serves, when it came with a key.
pub(crate) fn current() -> Option<Arc<Once>> {
    ONCE.try_with(Arc::clone).ok()
}

/// Notes that this transaction makes what the request asked for, and what a repetition is answered: `reply` without its secrets.
///
/// Call it before the rows are written: the same request on another node waits here, and not at a row of the first that looks taken.
pub(crate) async fn record(tx: &mut Tx, reply: &(impl Serialize + Sync)) -> Result<()> {
    let Some(once) = tx.once() else { return Ok(()) };
    let body = serde_json::to_vec(reply).map_err(Error::internal)?;
    let now = tx.now();
    let row = db::idempotency_keys::Row {
        id: once.id.to_vec(),
        user_id: once.owner.0,
        fingerprint: once.fingerprint.to_vec(),
        status: i32::from(CREATED),
        reply: once.state.seal(&body, &once.id)?,
        expires_at: now.plus_secs(KEPT_SECS).0,
    };
    db::idempotency_keys::delete_expired(tx, now).await?;
    db::idempotency_keys::insert(tx, row).await
}

/// Keys whose requests this process is serving. Only spares work: that there is one of each is the database's to say.
#[derive(Clone, Default)]
pub(crate) struct AllRunning(Arc<Mutex<HashSet<[u8; 32]>>>);

impl AllRunning {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key's place, until it is dropped.
pub(crate) struct Running {
    all: AllRunning,
    id: [u8; 32],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.lock().remove(&self.id);
    }
}

/// 409 while the first request is being served.
pub(crate) fn in_progress() -> Error {
    let message = "A request with this `Idempotency-Key` is being served. Send it again in a moment for its answer.";
    Error::Refused(Refusal {
        retry_after: Some(1),
        ..Refusal::new(Code::Conflict, message)
    })
}

fn another_body() -> Error {
    let message = "This `Idempotency-Key` came with another body before. Use a new key for a new request.";
    let mut refusal = Refusal::new(Code::Invalid, message);
    let wrong = vec!["not_matching".to_owned()];
    refusal.errors.insert("idempotency_key".to_owned(), wrong);
    Error::Refused(refusal)
}
