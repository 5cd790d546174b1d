//! Calls whose process ended before they did: each becomes a usage row with status `lost` and what was known, exactly once.

use std::{collections::HashSet, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Settled, group::Group};
use crate::{
    db::{
        self, Db,
        calls::{Left, Writer},
        nodes::Dead,
    },
    error::Result,
};

const BATCH: u64 = 500;
/// Between two looks for dead nodes. One is taken for dead when two looks in a row say so: a connection that breaks drops the proof of life for a moment.
const EVERY: Duration = Duration::from_secs(10);

/// Before this process opens its first call.
pub(super) async fn at_start(db: &Db, own: i32) -> Result<()> {
    if db.is_sqlite() {
        // The file is locked by this process: whoever left something open is gone.
        let lost = book(db, own, Left::ByAllBut(own)).await?;
        db::nodes::forget_all_but(db, own).await?;
        report(lost);
        return Ok(());
    }
    let dead = Dead::look(db, own).await?;
    settle(db, own, dead, |_| true).await
}

/// On PostgreSQL, where other nodes may die while this one lives.
pub(super) async fn from_time_to_time(db: Db, own: i32, stop: CancellationToken) {
    let mut suspects: HashSet<i32> = HashSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let looked = async {
            let dead = Dead::look(&db, own).await?;
            let now: HashSet<i32> = dead.nodes().iter().copied().collect();
            let confirmed: HashSet<i32> = now.intersection(&suspects).copied().collect();
            suspects = now;
            settle(&db, own, dead, |node| confirmed.contains(&node)).await
        };
        if let Err(error) = looked.await {
            tracing::warn!(error_class = error.class(), detail = %error, "could not look for calls of nodes that ended");
        }
    }
}

async fn settle(db: &Db, own: i32, dead: Dead, confirmed: impl Fn(i32) -> bool) -> Result<()> {
    let nodes: Vec<i32> = dead.nodes().iter().copied().filter(|node| confirmed(*node)).collect();
    if !nodes.is_empty() {
        report(book(db, own, Left::By(&nodes)).await?);
    }
    // Other sweepers are kept away until here.
    dead.release(db, &nodes).await
}

async fn book(db: &Db, own: i32, whose: Left<'_>) -> Result<u64> {
    let mut writer = Writer::new(db, own);
    let mut count = 0;
    loop {
        let found = db::calls::left_behind(db, whose, BATCH).await?;
        if found.is_empty() {
            return Ok(count);
        }
        count += found.len() as u64;
        let now = db.clock().now();
        let settled = found
            .into_iter()
            .map(|found| Settled::lost(found.call, found.tokens, now));
        let group = Group {
            settled: settled.collect(),
            ..Group::default()
        };
        writer.commit(&group).await.map_err(|failed| failed.error)?;
    }
}

fn report(lost: u64) {
    if lost > 0 {
        tracing::warn!(calls = lost, "calls of a process that ended are booked as lost");
    }
}
