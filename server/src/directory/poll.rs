//! Keeping the directory true while it runs: the poll of changes, the writing of last uses, and what is thrown away.

use std::{sync::atomic::Ordering, time::Duration};

use tokio_util::sync::CancellationToken;

use super::Directory;
use crate::{
    db::{self, changes},
    error::{Error, Result},
};

const INTERVAL: Duration = Duration::from_secs(2);
/// A poll that takes longer counts as failed, well before the directory is stale.
const PATIENCE: Duration = Duration::from_secs(3);
const BATCH: u64 = 500;
const USES_EVERY: Duration = Duration::from_secs(10);
const PRUNE_EVERY: Duration = Duration::from_secs(600);
/// Changes older than this are deleted; a node that was away for half of it loads everything anew.
const KEPT: Duration = Duration::from_secs(3600);

impl Directory {
    /// Reads the feed up to its end, or everything when it cannot be relied on.
    pub(crate) async fn poll_once(&self) -> Result<()> {
        let mut position = self.0.applying.lock().await;
        let db = &self.0.db;
        let overslept = self.poll_age().is_some_and(|age| age > KEPT / 2);
        if position.damaged || overslept {
            // The number first: what commits while the tables are read is applied again by the next poll.
            let newest = changes::newest(db).await?;
            self.load_all().await?;
            position.seq = newest;
            position.damaged = false;
        }
        loop {
            let batch = changes::after(db, position.seq, BATCH).await?;
            let Some(last) = batch.last else { break };
            self.reload(&batch.changes).await?;
            position.seq = last;
        }
        self.note_poll();
        Ok(())
    }

    /// Polls until `stop`. A failure is told once; the directory turns stale by itself.
    pub(crate) async fn keep_true(self, stop: CancellationToken) {
        let mut failing = false;
        while !stopped_within(&stop, INTERVAL).await {
            let outcome = tokio::time::timeout(PATIENCE, self.poll_once()).await;
            match outcome.unwrap_or_else(|_| Err(Error::unavailable("the database did not answer in time"))) {
                Ok(()) if failing => {
                    failing = false;
                    tracing::info!("changes are seen again");
                }
                Ok(()) => {}
                Err(error) if !failing => {
                    failing = true;
                    tracing::error!(error_class = error.class(), detail = %error, "changes cannot be read; model calls are refused until they can");
                }
                Err(_) => {}
            }
            let oldest = self.0.db.clock().now().plus_millis(-millis(self.0.ended_kept));
            self.write().forget_ended(oldest);
        }
    }

    /// Writes when keys were last used and prunes the feed, until `stop`.
    pub(crate) async fn keep_house(self, stop: CancellationToken) {
        let rounds = PRUNE_EVERY.as_secs() / USES_EVERY.as_secs();
        let mut round = 0;
        while !stopped_within(&stop, USES_EVERY).await {
            self.write_uses_or_say().await;
            round = (round + 1) % rounds;
            if round == 1
                && let Err(error) = self.prune().await
            {
                tracing::warn!(error_class = error.class(), detail = %error, "old changes could not be deleted");
            }
        }
        self.write_uses_or_say().await;
    }

    async fn write_uses_or_say(&self) {
        if let Err(error) = self.write_uses().await {
            tracing::warn!(error_class = error.class(), detail = %error, "last uses of keys could not be written");
        }
    }

    /// One transaction for all keys and personal tokens used since the last time.
    pub(crate) async fn write_uses(&self) -> Result<()> {
        let (used, used_tokens) = {
            let maps = self.read();
            (maps.touched(), maps.touched_tokens())
        };
        if used.is_empty() && used_tokens.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = used.iter().map(|(entry, at)| (entry.id.0, *at)).collect();
        let token_rows: Vec<_> = used_tokens.iter().map(|(entry, at)| (entry.id.0, *at)).collect();
        let write = self.0.db.write(move |tx| {
            Box::pin(async move {
                db::directory::touch_keys(tx, &rows).await?;
                db::api_tokens::touch(tx, &token_rows).await
            })
        });
        write.await?;
        used.iter().for_each(|(entry, at)| entry.used.mark_written(*at));
        used_tokens.iter().for_each(|(entry, at)| entry.used.mark_written(*at));
        Ok(())
    }

    async fn prune(&self) -> Result<()> {
        // Ended sign-ins are found here by nodes that start.
        let kept = KEPT.max(self.0.ended_kept);
        let before = self.0.db.clock().now().plus_millis(-millis(kept));
        let prune = self
            .0
            .db
            .write(move |tx| Box::pin(async move { changes::prune(tx, before).await }));
        prune.await.map(|_| ())
    }

    pub(crate) fn poll_age(&self) -> Option<Duration> {
        let noted = self.0.last_good_poll.load(Ordering::Acquire);
        let at = Duration::from_millis(noted.checked_sub(1)?);
        Some(self.0.started.elapsed().saturating_sub(at))
    }

    fn note_poll(&self) {
        let at = u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.0.last_good_poll.store(at + 1, Ordering::Release);
    }

    pub(super) fn forget_poll(&self) {
        self.0.last_good_poll.store(0, Ordering::Release);
    }
}

/// Waits; true when `stop` came first.
async fn stopped_within(stop: &CancellationToken, time: Duration) -> bool {
    tokio::time::timeout(time, stop.cancelled()).await.is_ok()
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
