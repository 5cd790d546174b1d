//! The only way rows leave the audit log: whole sealed segments, oldest first, and a row that tells of it.

use std::time::Duration;

use serde_json::json;
use types::Timestamp;

use super::{Actor, Event, Target, chain::seal, record};
use crate::{
    State,
    clock::Clock,
    crypto,
    db::{Tx, audit::chain},
    error::Result,
};

pub(super) const ACTION: &str = "audit.pruned";
/// Rows removed in one transaction, or one segment if that is larger: others write in between.
const MOST_ROWS: i64 = 2_000;
const MOST_SEGMENTS: u64 = 500;
const PAUSE: Duration = Duration::from_millis(50);

/// What was removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    pub rows: i64,
    pub segments: i64,
    /// The last segment that is gone; none when nothing was.
    pub last: Option<i64>,
}

/// Removes the segments that were sealed before `before`, all rows of which are older. What is younger stays provable: the last removed
/// segment's hash is kept.
pub async fn prune(state: &State, before: Timestamp, actor: Actor) -> Result<Pruned> {
    // What tells of this pruning is sealed meanwhile and must not be pruned by it.
    let before = before.min(state.clock().now());
    let mut all = Pruned::default();
    loop {
        let (clock, actor) = (state.clock().clone(), actor.clone());
        let some = state
            .write(move |tx| Box::pin(async move { prune_some(tx, &clock, before, actor).await }))
            .await?;
        if some.last.is_none() {
            break;
        }
        all.rows += some.rows;
        all.segments += some.segments;
        all.last = some.last;
        tokio::time::sleep(PAUSE).await;
    }
    if all.last.is_some() {
        // Otherwise the rows that tell of it would wait for the next server to start, when none runs.
        seal(state.db()).await?;
    }
    Ok(all)
}

async fn prune_some(tx: &mut Tx, clock: &Clock, before: Timestamp, actor: Actor) -> Result<Pruned> {
    chain::lock(tx).await?;
    let mut some = Pruned::default();
    let mut first = None;
    let mut hash = Vec::new();
    // Up to the first one that stays: a chain has no holes.
    for seal in chain::oldest_in(tx, MOST_SEGMENTS).await? {
        let is_full = some.segments > 0 && some.rows + seal.row_count > MOST_ROWS;
        if seal.sealed_at >= before.0 || is_full {
            break;
        }
        first = first.or(Some(seal.segment));
        some.rows += seal.row_count;
        some.segments += 1;
        some.last = Some(seal.segment);
        hash = seal.hash;
    }
    let (Some(first), Some(last)) = (first, some.last) else {
        return Ok(some);
    };
    let now = tx.now();
    chain::remove(tx, first, last, now).await?;
    let event = Event {
        organization: None,
        actor,
        action: ACTION,
        target: Target::AuditSegment(last),
        details: json!({
            "before": before, "first_segment": first, "last_segment": last, "rows": some.rows, "hash": crypto::hex(&hash),
        }),
    };
    record(tx, clock, event).await?;
    Ok(some)
}
