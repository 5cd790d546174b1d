//! Keys of ours that the proxy knows too, so that its own accounting can tell whose call it was.
//!
//! A row of `mirrored_keys` is written in the transaction that makes or ends a key. A task carries out what rows ask for, and tries again until
//! the proxy did it, also after a restart. The text of the key over there is chosen here, before it is asked for: when an answer is lost, the
//! same key is asked for again and no second one is made.

mod requests;

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use types::{KeyId, OrganizationId, Timestamp, key_format};
use uuid::Uuid;

use super::Proxy;
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    crypto::{MasterKey, Secret},
    db::{
        Change,
        mirrored_keys::{self as rows, Row},
    },
    error::Result,
};
use requests::{Outcome, Why};

const EVERY: Duration = Duration::from_secs(2);
/// In rounds: looks for keys that no row tells of, and rows whose keys are gone.
const SWEEP_EVERY: u32 = 300;
/// Rows in one round; the rest is due in the next.
const AT_ONCE: u64 = 50;
/// A node that died with a row in its hands gives it back by then.
const CLAIM_MS: i64 = 60_000;
const FIRST_WAIT_MS: i64 = 5_000;
const LONGEST_WAIT_MS: i64 = 600_000;
/// A key that is refused is asked for again so often at most.
const ASK_AGAIN_MS: i64 = 60_000;
const NAME_TAKEN: &str = "name_taken";

/// The row that asks for a key at the proxy; none when keys are not mirrored.
pub(crate) fn wish(state: &State, key: KeyId) -> Result<Option<Row>> {
    let Some(proxy) = target(state) else { return Ok(None) };
    let now = state.clock().now().0;
    Ok(Some(Row {
        key_id: key.0,
        proxy,
        credential: state.seal(new_text(state)?.expose().as_bytes(), &context(key.0))?,
        is_wanted: true,
        is_there: false,
        attempts: 0,
        next_attempt_at: Some(now),
        failure: None,
        created_at: now,
        updated_at: now,
    }))
}

/// Which proxy keys are mirrored to.
fn target(state: &State) -> Option<String> {
    state.config().litellm.as_ref().and_then(|config| config.mirrors_to())
}

/// What a sealed credential is bound to.
fn context(key: Uuid) -> Vec<u8> {
    [key.as_bytes().as_slice(), b"mirrored"].concat()
}

/// The credential of a row, as calls send it.
pub(crate) fn open(row: &Row, master: &MasterKey) -> Result<Secret> {
    let plain = master.open(&row.credential, &context(row.key_id))?;
    let text = String::from_utf8(plain).map_err(|_| Error::internal("a mirrored key is not text"))?;
    Ok(Secret::new(text))
}

/// In place of a credential that cannot be read any more. No header can hold it, so calls with it are refused before anything is sent: the
/// provider's own must not take its place. That they are refused makes the row due, which then gets a new text.
pub(crate) fn unreadable() -> Secret {
    Secret::new("\0")
}

/// Carries out what is due until `stop`.
pub(crate) async fn keep(state: State, stop: CancellationToken) {
    let Some(proxy) = target(&state) else { return };
    if let Err(error) = move_here(&state, &proxy).await {
        tracing::warn!(error_class = error.class(), detail = %error, "mirrored keys of another proxy could not be asked for anew");
    }
    let mut round = 0;
    loop {
        let work = async {
            if round == 0 {
                sweep(&state).await?;
            }
            carry_out(&state).await
        };
        tokio::select! {
            () = stop.cancelled() => return,
            outcome = work => if let Err(error) = outcome {
                tracing::warn!(error_class = error.class(), detail = %error, "mirrored keys could not be looked at");
            }
        }
        round = (round + 1) % SWEEP_EVERY;
        if tokio::time::timeout(EVERY, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// A call was refused over there with the key's own credential. Somebody may have deleted it there, so it is asked for again; that it may not
/// call stays as it is.
pub fn key_refused(state: &State, key: KeyId) {
    let state_of_task = state.clone();
    state.spawn(async move {
        if let Err(error) = ask_again(&state_of_task, key).await {
            tracing::warn!(error_class = error.class(), detail = %error, "a mirrored key could not be asked for again");
        }
    });
}

async fn ask_again(state: &State, key: KeyId) -> Result<()> {
    let before = state.clock().now().plus_millis(-ASK_AGAIN_MS);
    // Calls that are refused come in crowds: most of them find here that nothing is to be written.
    if !rows::is_settled(state.db(), key.0, before).await? {
        return Ok(());
    }
    let write = state.write(move |tx| Box::pin(async move { rows::ask_again(tx, key.0, before).await }));
    write.await
}

async fn move_here(state: &State, proxy: &str) -> Result<()> {
    let proxy = proxy.to_owned();
    let moved = state.write(move |tx| Box::pin(async move { rows::move_to(tx, &proxy).await }));
    match moved.await? {
        0 => {}
        keys => tracing::info!(keys, "mirrored keys are asked for at another proxy"),
    }
    Ok(())
}

/// Asks for keys that are not asked for yet, such as those from before, and no longer for those that ended unnoticed.
pub(crate) async fn sweep(state: &State) -> Result<()> {
    loop {
        let missing = rows::missing(state.db(), state.clock().now(), 500).await?;
        let orphans = rows::orphans(state.db(), 500).await?;
        if missing.is_empty() && orphans.is_empty() {
            return Ok(());
        }
        let wishes: Vec<Row> = missing
            .into_iter()
            .filter_map(|key| wish(state, KeyId(key)).transpose())
            .collect::<Result<_>>()?;
        let write = state.write(move |tx| {
            Box::pin(async move {
                rows::insert(tx, wishes).await?;
                rows::unwant(tx, &orphans).await
            })
        });
        write.await?;
    }
}

/// One look at what is due. How many rows were tried.
pub(crate) async fn carry_out(state: &State) -> Result<usize> {
    let Some(proxy) = state.litellm() else { return Ok(0) };
    let now = state.clock().now();
    let due = rows::due(state.db(), now, AT_ONCE).await?;
    let mut tried = 0;
    for row in due {
        let claimed = row.clone();
        let until = now.plus_millis(CLAIM_MS);
        let claim = state.write(move |tx| Box::pin(async move { rows::claim(tx, &claimed, until).await }));
        if !claim.await? {
            continue;
        }
        tried += 1;
        let text = open(&row, &state.secrets().master).ok();
        let outcome = match row.is_wanted {
            true => give(state, proxy, &row, text).await?,
            false => requests::forget(&proxy.keys, KeyId(row.key_id), text.as_ref()).await,
        };
        note(state, row, outcome).await?;
    }
    Ok(tried)
}

/// Asks the proxy for the key, unless it ended here meanwhile. One whose text cannot be read any more, as after the secret that seals it was
/// exchanged, is asked for by another text.
async fn give(state: &State, proxy: &Proxy, row: &Row, text: Option<Secret>) -> Result<Outcome> {
    let Some(key) = state
        .directory()
        .key_of_id(KeyId(row.key_id))
        .filter(|key| !key.revoked)
    else {
        return Ok(Outcome::NoLongerWanted);
    };
    let Some(text) = text else {
        let text = new_text(state)?;
        return Ok(match requests::generate(&proxy.keys, state, &key, &text).await {
            Outcome::There(None) => Outcome::There(Some(text)),
            other => other,
        });
    };
    Ok(requests::generate(&proxy.keys, state, &key, &text).await)
}

/// What a key is to be called over there.
fn new_text(state: &State) -> Result<Secret> {
    let random = key_format::base62(&state.clock().random::<128>(), key_format::SECRET_LENGTH);
    let random = random.ok_or_else(|| Error::internal("the random source gave too few usable bytes"))?;
    Ok(Secret::new(format!("sk-{random}")))
}

/// Writes down what came of a row.
async fn note(state: &State, mut row: Row, outcome: Outcome) -> Result<()> {
    let key = KeyId(row.key_id);
    let now = state.clock().now();
    let event = |action: &'static str| {
        let organization = state.directory().key_of_id(key).map(|entry| entry.organization_id);
        told(key, organization, action)
    };
    let event = match outcome {
        Outcome::There(text) => {
            let is_news = !row.is_there || text.is_some();
            if let Some(text) = text {
                row.credential = state.seal(text.expose().as_bytes(), &context(row.key_id))?;
            }
            row.is_there = true;
            row.attempts = 0;
            row.failure = None;
            row.next_attempt_at = None;
            is_news.then(|| event("key.mirrored"))
        }
        Outcome::Forgotten => {
            let event = event("key.unmirrored");
            let clock = state.clock().clone();
            let gone = state.write(move |tx| {
                Box::pin(async move {
                    rows::delete(tx, key.0).await?;
                    audit::record(tx, &clock, event).await
                })
            });
            return gone.await;
        }
        Outcome::NoLongerWanted => {
            let unwant = state.write(move |tx| Box::pin(async move { rows::unwant(tx, &[key.0]).await }));
            return unwant.await;
        }
        Outcome::Again(why) => {
            later(&mut row, &why, now);
            None
        }
    };
    let clock = state.clock().clone();
    state
        .write(move |tx| {
            Box::pin(async move {
                let Some(event) = event else {
                    return rows::note(tx, row).await.map(|_| ());
                };
                if rows::note(tx, row).await? {
                    // Calls use the new credential from here on.
                    tx.changed(Change::Key, key);
                    audit::record(tx, &clock, event).await?;
                }
                Ok(())
            })
        })
        .await
}

fn told(key: KeyId, organization: Option<OrganizationId>, action: &'static str) -> Event {
    Event {
        organization,
        actor: Actor::System,
        action,
        target: Target::Key(key),
        details: json!({}),
    }
}

/// When a row is tried again. What is told in the log is the first failure of a row, not each.
fn later(row: &mut Row, why: &Why, now: Timestamp) {
    let at = match why {
        Why::Paused(until) => *until,
        Why::AtOnce => {
            // What is in the way again and again is a failure like any other.
            let again = row.failure.as_deref() == Some(NAME_TAKEN);
            row.attempts = row.attempts.saturating_add(1);
            row.failure = Some(NAME_TAKEN.to_owned());
            if again { now.plus_millis(LONGEST_WAIT_MS) } else { now }
        }
        Why::Failed(name) => {
            if row.attempts == 0 {
                tracing::warn!(key_id = %row.key_id, error_class = name, "a key could not be mirrored to LiteLLM; it is tried again");
            }
            let wait = FIRST_WAIT_MS
                .saturating_mul(1 << row.attempts.clamp(0, 20))
                .min(LONGEST_WAIT_MS);
            row.attempts = row.attempts.saturating_add(1);
            row.failure = Some((*name).to_owned());
            now.plus_millis(wait)
        }
    };
    row.next_attempt_at = Some(at.0);
}
