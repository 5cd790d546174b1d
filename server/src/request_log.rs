//! The account API's request log: who asked what, when, and how it ended. Never bodies, query strings or paths that were asked for.
//!
//! Nobody waits for it: requests hand their entry over and go on, a task writes what came in groups. What finds the hand-over full is counted and
//! dropped. Entries are removed when they are older than `request_log.retention`.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use types::{
    Refusal, RequestLogId, Timestamp, UserId,
    accounts::wrong,
    error::FieldErrors,
    page::{LARGEST_LIMIT, Page},
    request_log::LoggedRequest,
    rules::Wrong,
};

use crate::{
    State,
    config::{RequestLogConfig, Retention},
    db::{
        self, Db,
        request_logs::{Row, Statuses, Wanted},
    },
    error::Result,
    sessions::Auditor,
};

/// Entries between a request and the writer.
const ROOM: usize = 4_096;
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Rows in one transaction.
const GROUP: usize = 500;
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Rows removed in one transaction, so that others write in between.
const SWEPT: u64 = 500;
const PAUSE: Duration = Duration::from_millis(50);
/// Longer than any route's template.
const LONGEST: usize = 200;

/// What the process writes down. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct RequestLog(Option<Arc<Inner>>);

struct Inner {
    entries: mpsc::Sender<Row>,
    dropped: AtomicU64,
    stop: CancellationToken,
}

impl RequestLog {
    /// Writes nothing.
    pub fn off() -> Self {
        RequestLog(None)
    }

    /// Starts the writer and the sweep, unless the settings want neither.
    pub fn start(db: &Db, config: &RequestLogConfig) -> Self {
        if !config.enabled {
            return RequestLog::off();
        }
        let (entries, handed_over) = mpsc::channel(ROOM);
        let inner = Arc::new(Inner {
            entries,
            dropped: AtomicU64::new(0),
            stop: CancellationToken::new(),
        });
        db.spawn(write(db.clone(), Arc::clone(&inner), handed_over));
        if let Retention::For(kept) = config.retention {
            db.spawn(keep_short(db.clone(), kept, inner.stop.clone()));
        }
        RequestLog(Some(inner))
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Hands an entry over and never waits.
    pub fn note(&self, entry: Row) {
        if let Some(inner) = &self.0
            && inner.entries.try_send(entry).is_err()
        {
            inner.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has the rest written; closing the database waits for it.
    pub fn stop(&self) {
        if let Some(inner) = &self.0 {
            inner.stop.cancel();
        }
    }
}

async fn write(db: Db, log: Arc<Inner>, mut entries: mpsc::Receiver<Row>) {
    let mut is_last = false;
    while !is_last {
        // What comes within this time shares a transaction.
        is_last = tokio::time::timeout(WRITE_EVERY, log.stop.cancelled()).await.is_ok();
        if is_last {
            entries.close();
        }
        loop {
            let group: Vec<Row> = std::iter::from_fn(|| entries.try_recv().ok()).take(GROUP).collect();
            if group.is_empty() {
                break;
            }
            let count = u64::try_from(group.len()).unwrap_or(u64::MAX);
            let written = db.write(move |tx| Box::pin(async move { db::request_logs::insert(tx, group).await }));
            if let Err(error) = written.await {
                log.dropped.fetch_add(count, Ordering::Relaxed);
                tracing::warn!(error_class = error.class(), detail = %error, "the request log could not be written");
            }
        }
        let dropped = log.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "requests are missing from the request log");
        }
    }
}

/// Removes what is too old, until `stop`.
async fn keep_short(db: Db, kept: Duration, stop: CancellationToken) {
    loop {
        if let Err(error) = sweep(&db, kept, &stop).await {
            tracing::warn!(error_class = error.class(), detail = %error, "old entries of the request log could not be deleted");
        }
        if tokio::time::timeout(SWEEP_EVERY, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// Removes everything older than `kept`, a little at a time. How much that was.
pub(crate) async fn sweep(db: &Db, kept: Duration, stop: &CancellationToken) -> Result<u64> {
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let before = db.clock().now().plus_millis(-kept);
    let mut removed = 0;
    while !stop.is_cancelled() {
        let some = db.write(move |tx| Box::pin(async move { db::request_logs::remove(tx, before, SWEPT).await }));
        let some = some.await?;
        removed += some;
        if some < SWEPT {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(removed)
}

/// Which requests; absent parts narrow nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub actor: Option<UserId>,
    /// A template, such as `/api/v1/account/keys/{id}`.
    pub route: Option<String>,
    /// A status (`404`) or a class of them (`4xx`).
    pub status: Option<String>,
    pub from: Option<Timestamp>,
    /// Not included.
    pub to: Option<Timestamp>,
}

/// Newest first. `limit` is 1 to 100.
///
/// Errors: 422 for a filter, a limit or a cursor that means nothing.
pub async fn page(
    state: &State,
    _: &Auditor<'_>,
    filter: Filter,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<LoggedRequest>> {
    let mut errors = FieldErrors::new();
    let status = filter.status.as_deref().map(statuses);
    if status == Some(None) {
        wrong(&mut errors, "status", Err(Wrong::UnknownValue));
    }
    // A NUL is no text to PostgreSQL.
    if filter
        .route
        .as_ref()
        .is_some_and(|route| route.len() > LONGEST || route.contains('\0'))
    {
        wrong(&mut errors, "route", Err(Wrong::UnknownValue));
    }
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        wrong(&mut errors, "limit", Err(Wrong::UnknownValue));
    }
    let after = cursor.map(RequestLogId::from_str);
    if matches!(after, Some(Err(_))) {
        wrong(&mut errors, "cursor", Err(Wrong::UnknownValue));
    }
    Refusal::fields(errors)?;

    let wanted = Wanted {
        actor: filter.actor,
        route: filter.route,
        status: status.flatten(),
        from: filter.from,
        to: filter.to,
    };
    let after = after.and_then(std::result::Result::ok);
    // One more than asked for tells whether there is another page.
    let mut rows = db::request_logs::page(state.db(), &wanted, after, limit + 1).await?;
    let shown_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown_rows;
    rows.truncate(shown_rows);
    let data: Vec<LoggedRequest> = rows.into_iter().map(|row| shown(state, row)).collect();
    let next_cursor = data.last().filter(|_| more).map(|entry| entry.id.to_string());
    Ok(Page { data, next_cursor })
}

fn statuses(text: &str) -> Option<Statuses> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
        return Some(Statuses::Class(class));
    }
    let status: u16 = text.parse().ok().filter(|status| (100..=599).contains(status))?;
    Some(Statuses::One(status))
}

fn shown(state: &State, row: Row) -> LoggedRequest {
    let user = row.user_id.map(UserId);
    LoggedRequest {
        id: RequestLogId(row.id),
        at: Timestamp(row.at),
        method: row.method,
        route: row.route,
        status: u16::try_from(row.status).unwrap_or_default(),
        duration_ms: row.duration_ms,
        user_id: user,
        user_name: user.and_then(|id| Some(state.directory().user(id)?.username.clone())),
        address: row.ip_address,
        user_agent: row.user_agent,
        request_id: row.request_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Row {
        Row {
            id: uuid::Uuid::nil(),
            at: 0,
            method: "GET".into(),
            route: "/api/v1/auth/me".into(),
            status: 200,
            duration_ms: 1,
            user_id: None,
            ip_address: None,
            user_agent: None,
            request_id: "one".into(),
        }
    }

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let (entries, _handed_over) = mpsc::channel(2);
        let inner = Arc::new(Inner {
            entries,
            dropped: AtomicU64::new(0),
            stop: CancellationToken::new(),
        });
        let log = RequestLog(Some(Arc::clone(&inner)));
        for _ in 0..5 {
            log.note(entry());
        }
        assert_eq!(inner.dropped.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn status_is_one_or_a_class() {
        assert_eq!(statuses("404"), Some(Statuses::One(404)));
        assert_eq!(statuses("5xx"), Some(Statuses::Class(5)));
        for wrong in ["", "xx", "6xx", "0xx", "44xx", "99", "600", "4XX", "+404 ", "abc"] {
            assert_eq!(statuses(wrong), None, "{wrong}");
        }
    }
}
