//! When the proxy's models are taken over, and what came of it: `catalogue_syncs` holds the last attempt, the audit log each change.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use types::{
    ProviderId, Refusal, Timestamp,
    error::Code,
    litellm::{SyncFailure, SyncReport, SyncStatus},
};

use super::{
    PROVIDER, Proxy,
    client::Failed,
    info::{self, Listed},
};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    catalogue::{self, Acting, Editor},
    db::{catalogue_syncs, providers},
    error::Result,
    sessions::Auditor,
};

/// After a failure it is tried again so soon, however rarely it is asked otherwise.
const AGAIN: Duration = Duration::from_secs(15);

/// Takes the models over now.
///
/// Errors: 409 without a configured proxy; 502, 503 or 504 when it does not answer as it should: the last known models stay.
pub async fn sync(state: &State, editor: &Editor) -> Result<SyncReport> {
    sync_as(state, &editor.acting()).await
}

/// The same by itself: the audit log hears of it only when something changed.
pub(crate) async fn sync_by_interval(state: &State) -> Result<SyncReport> {
    sync_as(state, &Acting::system()).await
}

async fn sync_as(state: &State, by: &Acting) -> Result<SyncReport> {
    let Some(proxy) = state.litellm() else {
        let message = "No LiteLLM proxy is configured. Set litellm.api_url (LITELLM_API_URL).";
        return Err(Error::refused(Code::Conflict, message));
    };
    attempt(state, proxy, by)
        .await?
        .map_err(|missed| missed.refusal(state.clock().now()).into())
}

/// How the catalogue stands to the proxy.
pub async fn status(state: &State, _: &Auditor<'_>) -> Result<SyncStatus> {
    current(state).await
}

pub(crate) async fn current(state: &State) -> Result<SyncStatus> {
    let row = catalogue_syncs::find(state.db(), PROVIDER).await?;
    let config = state.config().litellm.as_ref();
    let Some(row) = row else {
        return Ok(SyncStatus {
            is_configured: config.is_some(),
            last_attempt_at: None,
            last_success_at: None,
            is_stale: false,
            failure: None,
            report: None,
        });
    };
    let failure = row.failure.as_deref().and_then(SyncFailure::parse);
    let is_overdue = |at: i64| {
        // Twice may fail to be started, as when a node is busy; a third time is none.
        let every = config.map_or(Duration::ZERO, |config| config.sync_every);
        let most = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).saturating_mul(3);
        most > 0 && state.clock().now().millis_since(Timestamp(at)) > most
    };
    Ok(SyncStatus {
        is_configured: config.is_some(),
        last_attempt_at: Some(Timestamp(row.attempted_at)),
        last_success_at: row.succeeded_at.map(Timestamp),
        is_stale: config.is_some() && (failure.is_some() || row.succeeded_at.is_some_and(is_overdue)),
        failure,
        report: row.report.as_deref().and_then(|text| serde_json::from_str(text).ok()),
    })
}

/// Takes the models over at the start, on the configured interval and, after a failure, sooner, until `stop`.
pub(crate) async fn keep(state: State, stop: CancellationToken) {
    let (Some(proxy), Some(every)) = (state.litellm(), state.config().litellm.as_ref().map(|it| it.sync_every)) else {
        return;
    };
    let by = Acting::system();
    let mut failing = false;
    loop {
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = attempt(&state, proxy, &by) => outcome,
        };
        let pause = match outcome {
            Ok(Ok(report)) => {
                if failing || report.has_changes() {
                    tell(&report);
                }
                failing = false;
                every
            }
            Ok(Err(missed)) => {
                // What goes on is told once.
                if !failing {
                    tracing::warn!(
                        error_class = missed.failure.name(),
                        detail = missed.detail,
                        "models of LiteLLM could not be taken over; the last known ones stay"
                    );
                }
                failing = true;
                again(every, missed.paused_until, state.clock().now())
            }
            Err(error) => {
                tracing::warn!(error_class = error.class(), detail = %error, "models of LiteLLM could not be written");
                failing = true;
                again(every, None, state.clock().now())
            }
        };
        if pause.is_zero() {
            return;
        }
        if tokio::time::timeout(pause, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

fn tell(report: &SyncReport) {
    tracing::info!(
        models = report.models,
        new = report.new.len(),
        changed = report.changed.len(),
        gone = report.gone.len(),
        restored = report.restored.len(),
        skipped = report.skipped.len(),
        "models of LiteLLM were taken over"
    );
}

fn again(every: Duration, paused_until: Option<Timestamp>, now: Timestamp) -> Duration {
    let usual = if every.is_zero() { AGAIN } else { every.min(AGAIN) };
    let paused = paused_until.and_then(|until| u64::try_from(until.millis_since(now)).ok());
    usual.max(Duration::from_millis(paused.unwrap_or_default()))
}

/// Why the models could not be taken over.
struct Missed {
    failure: SyncFailure,
    /// For the log.
    detail: String,
    paused_until: Option<Timestamp>,
}

impl Missed {
    fn new(failure: SyncFailure, detail: impl std::fmt::Display) -> Self {
        Missed {
            failure,
            detail: detail.to_string(),
            paused_until: None,
        }
    }

    /// What a person hears: our words, not the proxy's.
    fn refusal(&self, now: Timestamp) -> Refusal {
        let (code, message) = match self.failure {
            SyncFailure::Unreachable => (Code::UpstreamFailed, "LiteLLM could not be reached."),
            SyncFailure::Timeout => (Code::UpstreamTimeout, "LiteLLM did not answer in time."),
            SyncFailure::Unauthorized => (Code::UpstreamAuth, "LiteLLM refused the key of litellm.api_key."),
            SyncFailure::Status => (Code::UpstreamFailed, "LiteLLM answered with an error."),
            SyncFailure::TooLarge => (Code::UpstreamFailed, "LiteLLM's list of models is larger than 8 MiB."),
            SyncFailure::Malformed => (
                Code::UpstreamFailed,
                "What answered does not talk like LiteLLM. Is litellm.api_url right?",
            ),
            SyncFailure::Empty => (
                Code::UpstreamFailed,
                "LiteLLM lists no models at all, as one does that is still starting.",
            ),
            SyncFailure::Paused => (
                Code::Unavailable,
                "LiteLLM failed several times and is left alone for a moment.",
            ),
        };
        let wait = self.paused_until.map(|until| until.millis_since(now).max(0) / 1000 + 1);
        Refusal {
            retry_after: wait.and_then(|seconds| u64::try_from(seconds).ok()),
            ..Refusal::new(code, format!("{message} The last known models stay."))
        }
    }
}

impl From<Failed> for Missed {
    fn from(failed: Failed) -> Self {
        let failure = match &failed {
            Failed::Paused(_) => SyncFailure::Paused,
            Failed::Unreachable(_) => SyncFailure::Unreachable,
            Failed::Timeout => SyncFailure::Timeout,
            Failed::TooLarge => SyncFailure::TooLarge,
        };
        Missed {
            paused_until: match failed {
                Failed::Paused(until) => Some(until),
                _ => None,
            },
            ..Missed::new(failure, failed)
        }
    }
}

type Attempt<T> = std::result::Result<T, Missed>;

/// One whole attempt, noted.
async fn attempt(state: &State, proxy: &Proxy, by: &Acting) -> Result<Attempt<SyncReport>> {
    let _alone = proxy.syncing.lock().await;
    let outcome = match fetch(proxy).await {
        Ok(listed) => match catalogue::write_synced(state, by, listed).await? {
            Some(report) => Ok(report),
            None => Err(Missed::new(SyncFailure::Empty, "there were models before")),
        },
        Err(missed) => Err(missed),
    };
    note(state, &outcome, by).await?;
    Ok(outcome)
}

async fn fetch(proxy: &Proxy) -> Attempt<Listed> {
    let answer = proxy.client.get("/model/info", &[]).await?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(Missed::new(SyncFailure::Unauthorized, answer.status));
        }
        status => return Err(Missed::new(SyncFailure::Status, status)),
    }
    let text = String::from_utf8(answer.body).map_err(|_| Missed::new(SyncFailure::Malformed, "not UTF-8"))?;
    info::read(&text).ok_or_else(|| Missed::new(SyncFailure::Malformed, "no list of models"))
}

/// Writes down what came of it; the audit log hears of what changed, and of what somebody asked for.
async fn note(state: &State, outcome: &Attempt<SyncReport>, by: &Acting) -> Result<()> {
    let before = catalogue_syncs::find(state.db(), PROVIDER).await?;
    let now = state.clock().now();
    let row = match outcome {
        Ok(report) => catalogue_syncs::Row {
            source: PROVIDER.to_owned(),
            attempted_at: now.0,
            succeeded_at: Some(now.0),
            failure: None,
            report: Some(serde_json::to_string(report).map_err(Error::internal)?),
        },
        Err(missed) => catalogue_syncs::Row {
            source: PROVIDER.to_owned(),
            attempted_at: now.0,
            succeeded_at: before.as_ref().and_then(|row| row.succeeded_at),
            failure: Some(missed.failure.name().to_owned()),
            report: before.and_then(|row| row.report),
        },
    };
    let asked_for = !matches!(by.actor, Actor::System);
    let told = outcome.as_ref().ok().filter(|report| asked_for || report.has_changes());
    let details = told.map(|report| {
        json!({
            "models": report.models, "new": report.new.len(), "changed": report.changed.len(), "gone": report.gone.len(),
            "restored": report.restored.len(), "skipped": report.skipped.len(),
        })
    });
    let (clock, actor) = (state.clock().clone(), by.actor.clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                catalogue_syncs::put(tx, row).await?;
                let Some(details) = details else { return Ok(()) };
                let provider = providers::named_in(tx, PROVIDER).await?;
                let Some(provider) = provider else { return Ok(()) };
                let event = Event {
                    organization: None,
                    actor,
                    action: "catalogue.synced",
                    target: Target::Provider(ProviderId(provider.id)),
                    details,
                };
                audit::record(tx, &clock, event).await
            })
        })
        .await
}
