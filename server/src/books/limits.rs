//! How much the calls of a team may be: calls a minute, tokens a minute, calls at the same time. Counted in this process's memory.
//!
//! Each limit a minute is a leaky bucket: it holds what a minute may hold and drains evenly, so that a burst is possible and no edge of a window
//! lets two through. Tokens are not known before a call ends: it begins with a guess, and what the books say takes the guess's place. What is
//! over the limit then is waited for by the calls after it.
//!
//! Nodes on one PostgreSQL count by themselves, each with an equal share of every limit, and never less than one.

mod bucket;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use types::{
    TeamId, Timestamp, UserId,
    teams::{CallLimits, DEFAULT_TEAM},
};

use crate::{
    db::{self, Db},
    directory::TeamEntry,
};
use bucket::Bucket;

/// How often it is looked how many nodes share the limits.
const COUNT_NODES_EVERY: Duration = Duration::from_secs(5);
/// Gauges are looked over for idle ones when there are this many, and whenever they have doubled since.
const LOOK_OVER_AT: usize = 1024;

/// How fast teams call. Cheap to clone; clones count together.
#[derive(Clone, Default)]
pub struct Pace(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// How many nodes share the limits; 0 = not counted yet, as 1.
    nodes: AtomicU32,
    gauges: Mutex<Gauges>,
}

/// Whose calls are counted together: a team's. Everybody is in the default team and shares it with nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Whose {
    team: TeamId,
    person: Option<UserId>,
}

#[derive(Default)]
struct Gauges {
    of: HashMap<Whose, Gauge>,
    look_over_at: usize,
}

#[derive(Default)]
struct Gauge {
    /// Those it was asked with last.
    limits: CallLimits,
    requests: Bucket,
    tokens: Bucket,
    running: u32,
    /// Calls whose tokens are not known yet; more than run when clients went away.
    open: u32,
}

/// A call that its team's limits let through. Dropped, it gives back its place and its guess; [`Admitted::spent`] says what it was instead.
pub struct Admitted {
    pace: Pace,
    whose: Whose,
    has_place: bool,
    guess: u64,
    spent: u64,
    left: Left,
}

/// Why a call must wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    pub limit: Limit,
    /// The team's limit.
    pub most: u32,
    /// Seconds until the call may be tried again, at least 1. For calls at the same time nobody knows.
    pub wait: u64,
    pub left: Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Requests,
    Tokens,
    Parallel,
}

/// What is left of each limit that there is, on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    pub requests: Option<Budget>,
    pub tokens: Option<Budget>,
    /// Calls that could begin now.
    pub parallel: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// A minute, on this node.
    pub most: u32,
    pub left: u32,
    /// Seconds until all of it is there again.
    pub full_in: u64,
}

impl Pace {
    /// Lets a call through that sends about `tokens`, or says why it must wait. A team without limits costs nothing.
    pub fn admit(&self, team: &TeamEntry, user: UserId, tokens: u64, now: Timestamp) -> Result<Option<Admitted>, Over> {
        if !team.limits.is_some() {
            return Ok(None);
        }
        let share = self.share(team.limits);
        // A guess must not be the whole minute's: pictures are few tokens and many bytes.
        let guess = share
            .tpm_limit
            .map_or(0, |most| tokens.min(u64::from(most).div_ceil(2)));
        let mut gauges = self.gauges();
        let whose = Whose::of(team, user);
        let gauge = gauges.of(whose, share, now);
        match gauge.enter(guess, now) {
            Ok(()) => Ok(Some(Admitted {
                pace: self.clone(),
                whose,
                has_place: true,
                guess,
                spent: 0,
                left: gauge.left(now),
            })),
            Err((limit, wait)) => Err(Over {
                limit,
                most: limit.of(&team.limits).unwrap_or_default(),
                wait: wait.div_ceil(1000).max(1),
                left: gauge.left(now),
            }),
        }
    }

    /// What is left for calls of this person under the team's limits.
    pub fn left(&self, team: &TeamEntry, user: UserId, now: Timestamp) -> Left {
        if !team.limits.is_some() {
            return Left::default();
        }
        let mut gauges = self.gauges();
        let gauge = gauges.of(Whose::of(team, user), self.share(team.limits), now);
        gauge.left(now)
    }

    /// This node's part of the limits.
    fn share(&self, limits: CallLimits) -> CallLimits {
        let nodes = self.0.nodes.load(Ordering::Relaxed).max(1);
        let part = |limit: Option<u32>| limit.map(|limit| (limit / nodes).max(1));
        CallLimits {
            rpm_limit: part(limits.rpm_limit),
            tpm_limit: part(limits.tpm_limit),
            max_parallel: part(limits.max_parallel),
        }
    }

    /// Counts the nodes that share the limits, from time to time. While that fails the last count holds.
    pub(crate) async fn keep_counting_nodes(self, db: Db, own: Option<i32>, stop: CancellationToken) {
        loop {
            match db::nodes::all(&db, own).await {
                Ok(nodes) => {
                    let alive = nodes.iter().filter(|node| node.is_alive).count();
                    self.0
                        .nodes
                        .store(u32::try_from(alive).unwrap_or(u32::MAX), Ordering::Relaxed);
                }
                Err(error) => {
                    tracing::warn!(error_class = error.class(), detail = %error, "nodes that share the limits could not be counted");
                }
            }
            if stop
                .run_until_cancelled(tokio::time::sleep(COUNT_NODES_EVERY))
                .await
                .is_none()
            {
                return;
            }
        }
    }

    fn gauges(&self) -> MutexGuard<'_, Gauges> {
        self.0.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Whose {
    fn of(team: &TeamEntry, user: UserId) -> Self {
        Whose {
            team: team.id,
            person: (team.id == DEFAULT_TEAM).then_some(user),
        }
    }
}

impl Gauges {
    fn of(&mut self, whose: Whose, limits: CallLimits, now: Timestamp) -> &mut Gauge {
        if self.of.len() >= self.look_over_at.max(LOOK_OVER_AT) && !self.of.contains_key(&whose) {
            self.of.retain(|_, gauge| !gauge.is_idle(now));
            self.look_over_at = self.of.len() * 2;
        }
        let gauge = self.of.entry(whose).or_default();
        gauge.limits = limits;
        gauge
    }
}

impl Gauge {
    /// All or nothing. Errors: which limit forbids it, and for how many milliseconds.
    fn enter(&mut self, guess: u64, now: Timestamp) -> Result<(), (Limit, u64)> {
        let CallLimits {
            rpm_limit,
            tpm_limit,
            max_parallel,
        } = self.limits;
        self.drain(now);
        if max_parallel.is_some_and(|most| self.running >= most) {
            return Err((Limit::Parallel, 0));
        }
        let wait = |bucket: &Bucket, most: Option<u32>, units: u64| most.map_or(0, |most| bucket.wait(most, units));
        let waits = [
            (Limit::Requests, wait(&self.requests, rpm_limit, 1)),
            (Limit::Tokens, wait(&self.tokens, tpm_limit, guess.max(1))),
        ];
        if let Some(longest) = waits
            .into_iter()
            .filter(|(_, wait)| *wait > 0)
            .max_by_key(|(_, wait)| *wait)
        {
            return Err(longest);
        }
        self.requests.take(1);
        self.tokens.take(guess);
        self.running += 1;
        self.open += 1;
        Ok(())
    }

    fn drain(&mut self, now: Timestamp) {
        self.requests.drain(self.limits.rpm_limit, now);
        self.tokens.drain(self.limits.tpm_limit, now);
    }

    fn left(&mut self, now: Timestamp) -> Left {
        self.drain(now);
        let budget = |bucket: &Bucket, most: u32| Budget {
            most,
            left: bucket.left(most),
            full_in: bucket.empty_in(most).div_ceil(1000),
        };
        Left {
            requests: self.limits.rpm_limit.map(|most| budget(&self.requests, most)),
            tokens: self.limits.tpm_limit.map(|most| budget(&self.tokens, most)),
            parallel: self.limits.max_parallel.map(|most| most.saturating_sub(self.running)),
        }
    }

    fn is_idle(&mut self, now: Timestamp) -> bool {
        self.drain(now);
        self.open == 0 && self.requests.is_empty() && self.tokens.is_empty()
    }
}

impl Admitted {
    /// What was left when the call began.
    pub fn left(&self) -> Left {
        self.left
    }

    /// Gives back the place: nobody waits for this call any more, though its end is not known yet.
    pub fn leave(&mut self) {
        if std::mem::replace(&mut self.has_place, false) {
            self.with(|gauge| gauge.running = gauge.running.saturating_sub(1));
        }
    }

    /// The tokens that the books say take the place of the guess.
    pub fn spent(mut self, tokens: u64) {
        self.spent = tokens;
    }

    fn with(&self, change: impl FnOnce(&mut Gauge)) {
        // It is there: one with an open call is not idle.
        if let Some(gauge) = self.pace.gauges().of.get_mut(&self.whose) {
            change(gauge);
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.leave();
        self.with(|gauge| {
            gauge.open = gauge.open.saturating_sub(1);
            gauge.tokens.give_back(self.guess);
            gauge.tokens.take(self.spent);
        });
    }
}

impl Limit {
    fn of(self, limits: &CallLimits) -> Option<u32> {
        match self {
            Limit::Requests => limits.rpm_limit,
            Limit::Tokens => limits.tpm_limit,
            Limit::Parallel => limits.max_parallel,
        }
    }
}
