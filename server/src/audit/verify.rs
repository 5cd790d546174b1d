//! Recomputes the chain over the audit log and says what does not fit: rows changed, missing, added, moved.
//!
//! What it cannot see: a chain whose end was cut off, or that was made anew from some point on, by somebody who may change everything in the
//! database. A [`Head`] that was noted elsewhere shows both.

use std::fmt;

use serde_json::Value;
use types::Timestamp;
use uuid::Uuid;

use super::chain::{GENESIS, Head, row_hash, seal_hash};
use crate::{
    State, crypto,
    db::{
        Db,
        audit::chain::{self, Seal},
    },
    error::Result,
};

/// Seals looked at together.
const SEALS: u64 = 100;
/// Findings that are told; the rest is only counted.
const MOST_TOLD: usize = 100;
const MOST_STRAYS: u64 = 100;
/// How long after its time a row may be committed, clocks of several machines included.
const LATE_MILLIS: i64 = 10 * 60 * 1000;

/// What was looked at and what is wrong with it.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// Rows under seals.
    pub rows: u64,
    /// Seals that have their rows.
    pub segments: u64,
    /// Rows that wait for their seal; they are not proven yet.
    pub waiting: u64,
    /// The newest seal.
    pub head: Option<Head>,
    /// The last segment that was pruned; what follows is proven by its hash.
    pub pruned: Option<Head>,
    /// The first hundred.
    pub findings: Vec<Finding>,
    /// How many there are in all.
    pub found: u64,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    RowChanged {
        segment: i64,
        row: Uuid,
    },
    RowMissing {
        segment: i64,
        row: Uuid,
    },
    /// It waited for its seal.
    WaitingRowMissing {
        row: Uuid,
    },
    /// In the log, and neither sealed nor waiting.
    RowOutside {
        row: Uuid,
    },
    /// Listed under a seal that does not exist.
    RowWithoutSeal {
        row: Uuid,
    },
    /// Says that it is older than what was sealed long before it came.
    RowAddedLater {
        row: Uuid,
    },
    /// The list of its rows has fewer entries, more, or others than what was sealed.
    SegmentChanged {
        segment: i64,
        sealed: i64,
        there: i64,
    },
    /// Does not continue the segment before it.
    SegmentDoesNotFollow {
        segment: i64,
    },
    SegmentsMissing {
        first: i64,
        last: i64,
    },
    /// No row of the log tells who pruned up to here.
    PrunedSilently {
        segment: i64,
    },
    /// The segment is not the one that was noted.
    NotAsNoted {
        segment: i64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::RowChanged { segment, row } => write!(f, "segment {segment}: row {row} was changed"),
            Finding::RowMissing { segment, row } => write!(f, "segment {segment}: row {row} is missing"),
            Finding::WaitingRowMissing { row } => write!(f, "row {row} is missing; it waited for its seal"),
            Finding::RowOutside { row } => {
                write!(f, "row {row} was added past the server: it neither is sealed nor waits")
            }
            Finding::RowWithoutSeal { row } => {
                write!(f, "row {row} was added to the list of sealed ones without a seal")
            }
            Finding::RowAddedLater { row } => write!(
                f,
                "row {row} was added later: it says that it is older than what was sealed long before it came"
            ),
            Finding::SegmentChanged { segment, sealed, there } if sealed == there => {
                write!(
                    f,
                    "segment {segment}: its {sealed} rows or its seal are not what was sealed, or not in that order"
                )
            }
            Finding::SegmentChanged { segment, sealed, there } => {
                write!(f, "segment {segment}: {sealed} rows were sealed and {there} are listed")
            }
            Finding::SegmentDoesNotFollow { segment } => {
                write!(f, "segment {segment} does not continue the segment before it")
            }
            Finding::SegmentsMissing { first, last } if first == last => write!(f, "segment {first} is missing"),
            Finding::SegmentsMissing { first, last } => write!(f, "segments {first} to {last} are missing"),
            Finding::PrunedSilently { segment } => {
                write!(
                    f,
                    "everything up to segment {segment} is gone and no row tells who pruned it"
                )
            }
            Finding::NotAsNoted { segment } => write!(f, "segment {segment} is not the one whose hash was noted"),
        }
    }
}

/// Recomputes everything from the first segment, or from the oldest that was kept. `noted` is a head that this log had once.
pub async fn verify(state: &State, noted: Option<&Head>) -> Result<Report> {
    let db = state.db();
    loop {
        let before = oldest(db).await?;
        let report = walk(db, state.clock().now(), noted).await?;
        // Somebody may have pruned what was being looked at.
        if report.findings.is_empty() || oldest(db).await? == before {
            return Ok(report);
        }
    }
}

async fn oldest(db: &Db) -> Result<Option<i64>> {
    let seals = chain::seals(db, i64::MIN, 1).await?;
    Ok(seals.first().map(|seal| seal.segment))
}

async fn walk(db: &Db, now: Timestamp, noted: Option<&Head>) -> Result<Report> {
    let mut report = Report::default();
    let mut previous: Option<Seal> = None;
    let mut is_noted_there = noted.is_none();
    loop {
        let after = previous.as_ref().map_or(i64::MIN, |seal| seal.segment);
        let seals = chain::seals(db, after, SEALS).await?;
        if seals.is_empty() {
            break;
        }
        for seal in seals {
            if let Some(noted) = noted.filter(|noted| noted.segment == seal.segment) {
                is_noted_there = noted.hash == seal.hash;
            }
            report.follow(previous.as_ref(), &seal);
            if seal.pruned_at.is_some() {
                report.witness(db, &seal).await?;
            } else {
                report.look_into(db, previous.as_ref(), &seal).await?;
            }
            previous = Some(seal);
        }
    }
    if let Some(noted) = noted.filter(|_| !is_noted_there) {
        let segment = noted.segment;
        // One that was pruned since can be compared with nothing any more.
        if report.pruned.as_ref().is_none_or(|pruned| segment >= pruned.segment) {
            report.add(Finding::NotAsNoted { segment });
        }
    }
    report.strays(db, now, previous.as_ref()).await?;
    report.head = previous.as_ref().map(Head::of);
    Ok(report)
}

impl Report {
    fn add(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < MOST_TOLD {
            self.findings.push(finding);
        }
    }

    /// Whether the seal continues the one before it.
    fn follow(&mut self, previous: Option<&Seal>, seal: &Seal) {
        let (expected, seq, hash) = match previous {
            Some(previous) => (previous.segment + 1, previous.last_seq + 1, previous.hash.as_slice()),
            // The oldest of a pruned chain is what the rest hangs on.
            None if seal.pruned_at.is_some() => return,
            None => (1, 1, GENESIS.as_slice()),
        };
        if seal.segment > expected {
            self.add(Finding::SegmentsMissing {
                first: expected,
                last: seal.segment - 1,
            });
        } else if seal.segment < expected || seal.first_seq != seq || seal.previous_hash != hash {
            self.add(Finding::SegmentDoesNotFollow { segment: seal.segment });
        }
    }

    /// Whether the log tells of the pruning that ended with this seal.
    async fn witness(&mut self, db: &Db, seal: &Seal) -> Result<()> {
        let told = chain::told_of(db, super::prune::ACTION, seal.segment).await?;
        let names_it = |details: &String| {
            serde_json::from_str::<Value>(details).is_ok_and(|details| details["hash"] == crypto::hex(&seal.hash))
        };
        if !told.iter().any(names_it) {
            self.add(Finding::PrunedSilently { segment: seal.segment });
        }
        self.pruned = Some(Head::of(seal));
        Ok(())
    }

    /// Compares the rows with what was sealed.
    async fn look_into(&mut self, db: &Db, previous: Option<&Seal>, seal: &Seal) -> Result<()> {
        let segment = seal.segment;
        let (sealed, rows) = chain::covered(db, segment).await?;
        let there = i64::try_from(sealed.len()).unwrap_or(i64::MAX);
        if there != seal.row_count || seal_hash(seal, &sealed).as_slice() != seal.hash {
            self.add(Finding::SegmentChanged {
                segment,
                sealed: seal.row_count,
                there,
            });
        }
        // The seal before took everything that was committed by then, and time did not go back: older rows cannot come after it.
        let oldest = previous
            .filter(|previous| previous.took_all && previous.sealed_at <= seal.sealed_at)
            .map_or(i64::MIN, |previous| previous.sealed_at.saturating_sub(LATE_MILLIS));
        for entry in &sealed {
            match rows.get(&entry.row_id) {
                None => self.add(Finding::RowMissing {
                    segment,
                    row: entry.row_id,
                }),
                Some(row) if row_hash(row).as_slice() != entry.row_hash => {
                    self.add(Finding::RowChanged { segment, row: row.id });
                }
                Some(row) if row.created_at < oldest => self.add(Finding::RowAddedLater { row: row.id }),
                Some(_) => {}
            }
        }
        self.segments += 1;
        self.rows += u64::try_from(there).unwrap_or(0);
        Ok(())
    }

    /// What is there and under no seal.
    async fn strays(&mut self, db: &Db, now: Timestamp, newest: Option<&Seal>) -> Result<()> {
        let oldest = newest
            .filter(|newest| newest.took_all && newest.sealed_at <= now.0)
            .map_or(i64::MIN, |newest| newest.sealed_at.saturating_sub(LATE_MILLIS));
        let strays = chain::strays(db, Timestamp(oldest), MOST_STRAYS).await?;
        self.waiting = u64::try_from(strays.waiting).unwrap_or(0);
        for row in strays.late {
            self.add(Finding::RowAddedLater { row });
        }
        for row in strays.outside {
            self.add(Finding::RowOutside { row });
        }
        for row in strays.gone {
            self.add(Finding::WaitingRowMissing { row });
        }
        for row in strays.unsealed {
            self.add(Finding::RowWithoutSeal { row });
        }
        Ok(())
    }
}
