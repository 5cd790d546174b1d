//! How often somebody may try to sign in. Counted in this process's memory; nothing here is stored or logged.
//!
//! Three counts stand before every proof: all requests of an address, the failures of one account from one address, and the
//! failures of one account from everywhere. Who guesses from a thousand addresses fills the third; a device that signed in to
//! the account before is exempt from it and has a count of its own, so that nobody can lock the owner out. Accounts are named
//! by the keyed hash of their e-mail, whether they exist or not: the limits tell nothing about who has an account.

pub(crate) mod letters;
mod table;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use types::{Refusal, Timestamp, UserId, error::Code, rules};

use crate::{
    Error, State,
    clock::Clock,
    config::RateLimits,
    crypto, db,
    error::Result,
    sessions::{Device, User},
};
use table::{Slot, Table};

/// Live entries a count keeps apart. What comes beyond shares entries, so memory is bounded and nobody goes uncounted.
const ADDRESSES: usize = 20_000;
const PAIRS: usize = 50_000;
const ACCOUNTS: usize = 20_000;
const NOTED: usize = 10_000;
/// An account's failures stand in the audit log at most so often.
const NOTED_EVERY_MILLIS: i64 = 60_000;
/// As long as a password check may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process's counts. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    clock: Clock,
    /// Of this process alone: nobody can choose e-mails or addresses that meet in one entry.
    key: [u8; 32],
    tables: Mutex<Tables>,
    /// An attempt was decided: those that wait for its outcome look again.
    decided: Notify,
}

struct Tables {
    addresses: Table,
    pairs: Table,
    accounts: Table,
    letters: letters::Letters,
    noted: Vec<(UserId, i64)>,
}

/// Counts a request at a sign-in door against its address alone: for doors that name no account or tell nothing by failing.
///
/// Errors: 429 with the seconds to wait.
pub fn request(state: &State, device: &Device) -> Result<()> {
    let limits = state.sign_in_limits();
    let address = limits.place(device.from);
    limits.tables().addresses.take(address, limits.now()).map_err(too_many)
}

/// Opens an attempt to prove that one is the owner of `account` (an e-mail, known or not). Tell its outcome; one that is dropped
/// counts as failed.
///
/// Errors: 429 with the seconds to wait; 503 when so many attempts on the account run at once that none is left to give.
pub async fn attempt(state: &State, account: &str, device: &Device) -> Result<Attempt> {
    let account = rules::normal_email(account);
    let known = match &device.token {
        // A NUL is no text to PostgreSQL, and no address has one.
        Some(token) if !account.contains('\0') => {
            db::devices::is_known_by_email(state.db(), &account, &token.hash()).await?
        }
        _ => false,
    };
    let limits = state.sign_in_limits();
    let asked = Asked::of(limits, &account, device, known);
    limits.admit(&asked).await
}

/// Opens an attempt of a signed-in person to prove again who they are, counted under their sign-in: who stole it may not guess
/// the password, and nobody else's guesses keep the owner from changing it.
///
/// Errors: as for [`attempt`].
pub(crate) async fn again(state: &State, user: &User) -> Result<Attempt> {
    let limits = state.sign_in_limits();
    let session = user.session_id().map(|id| id.0).unwrap_or_default();
    let asked = Asked {
        address: None,
        pair: limits.key(
            b"again",
            &[user.id().0.as_bytes().as_slice(), session.as_bytes()].concat(),
        ),
        account: None,
    };
    limits.admit(&asked).await
}

/// Opens an attempt to find somebody by their e-mail or id, counted under who asks. A miss is a failure; tell of a hit with
/// [`Attempt::withdraw`], so that somebody who is known to be here clears nothing.
///
/// Errors: as for [`attempt`].
pub(crate) async fn probe(state: &State, asks: UserId) -> Result<Attempt> {
    let limits = state.sign_in_limits();
    let asked = Asked {
        address: None,
        pair: limits.key(b"probe", asks.0.as_bytes()),
        account: None,
    };
    limits.admit(&asked).await.map_err(|error| match error {
        Error::Refused(refusal) if refusal.code == Code::RateLimited => Error::Refused(Refusal {
            message: "You looked for too many people who are not here. Try again later, or send invitations."
                .to_owned(),
            ..refusal
        }),
        error => error,
    })
}

/// What an attempt is counted under.
struct Asked {
    address: Option<[u8; 16]>,
    pair: [u8; 16],
    account: Option<[u8; 16]>,
}

impl Asked {
    fn of(limits: &Limits, account: &str, device: &Device, known: bool) -> Self {
        let named = limits.key(b"account", account.as_bytes());
        match &device.token {
            Some(token) if known => Asked {
                address: None,
                pair: limits.key(&named, &token.hash()),
                account: None,
            },
            _ => {
                let address = limits.place(device.from);
                Asked {
                    address: Some(address),
                    pair: limits.key(&named, &address),
                    account: Some(named),
                }
            }
        }
    }
}

impl Limits {
    pub(crate) fn new(rules: RateLimits, clock: Clock) -> Self {
        let window = i64::try_from(rules.sign_in_window.as_millis()).unwrap_or(i64::MAX);
        let table = |most, entries| Table::new(window, most, entries);
        let tables = Tables {
            addresses: table(rules.sign_in_requests, ADDRESSES),
            pairs: table(rules.sign_in_failures, PAIRS),
            accounts: table(rules.sign_in_account_failures, ACCOUNTS),
            letters: letters::Letters::new(&rules),
            noted: Vec::new(),
        };
        Limits(Arc::new(Inner {
            key: clock.random(),
            clock,
            tables: Mutex::new(tables),
            decided: Notify::new(),
        }))
    }

    async fn admit(&self, asked: &Asked) -> Result<Attempt> {
        if let Some(address) = asked.address {
            self.tables().addresses.take(address, self.now()).map_err(too_many)?;
        }
        let waiting = async {
            loop {
                let decided = self.0.decided.notified();
                tokio::pin!(decided);
                // From here on no outcome is missed.
                decided.as_mut().enable();
                if let Some(outcome) = self.begin(asked) {
                    return outcome;
                }
                decided.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| Err(busy()))
    }

    /// `None` while attempts that are still undecided take all that is left: they may all turn out right.
    fn begin(&self, asked: &Asked) -> Option<Result<Attempt>> {
        let now = self.now();
        let mut tables = self.tables();
        let pair = match tables.pairs.begin(asked.pair, now) {
            Ok(slot) => slot?,
            Err(wait) => return Some(Err(too_many(wait))),
        };
        let account = match asked.account.map(|account| tables.accounts.begin(account, now)) {
            None => None,
            Some(Ok(Some(slot))) => Some(slot),
            Some(Ok(None)) => {
                tables.pairs.withdraw(&pair);
                return None;
            }
            Some(Err(wait)) => {
                tables.pairs.withdraw(&pair);
                return Some(Err(too_many(wait)));
            }
        };
        drop(tables);
        Some(Ok(Attempt {
            limits: self.clone(),
            pair,
            account,
            outcome: Outcome::Failed,
        }))
    }

    /// Whether a failure on this account is to be written down now, or was within the last minute.
    pub(crate) fn note_failure(&self, user: UserId) -> bool {
        let now = self.now().0;
        let mut tables = self.tables();
        tables
            .noted
            .retain(|(_, at)| now.saturating_sub(*at) < NOTED_EVERY_MILLIS);
        let is_new = tables.noted.len() < NOTED && tables.noted.iter().all(|(noted, _)| *noted != user);
        if is_new {
            tables.noted.push((user, now));
        }
        is_new
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address, or the network that one IPv6 customer has. Requests without one share a count.
    fn place(&self, address: Option<IpAddr>) -> [u8; 16] {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => self.key(b"v4", &address.octets()),
            Some(IpAddr::V6(address)) => self.key(b"v6", &address.octets()[..8]),
            None => self.key(b"none", b""),
        }
    }

    fn key(&self, kind: &[u8], value: &[u8]) -> [u8; 16] {
        let hash = crypto::hmac_sha256(&self.0.key, &[kind, b"\0", value]);
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        key
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Failed,
    Right,
    Undecided,
}

/// An attempt that is running. Dropped without a word, as when its client leaves, it counts as failed.
#[must_use]
pub struct Attempt {
    limits: Limits,
    pair: Slot,
    account: Option<Slot>,
    outcome: Outcome,
}

impl Attempt {
    /// Everything asked for was right: earlier failures of this account from this place are forgotten.
    pub fn succeeded(mut self) {
        self.outcome = Outcome::Right;
    }

    pub fn failed(self) {
        drop(self);
    }

    /// Nothing was decided: the check could not be made, or was right as far as it went and more is asked for.
    pub fn withdraw(mut self) {
        self.outcome = Outcome::Undecided;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let now = self.limits.now();
        let mut tables = self.limits.tables();
        let Tables { pairs, accounts, .. } = &mut *tables;
        match self.outcome {
            Outcome::Failed => {
                pairs.fail(&self.pair, now);
                if let Some(account) = &self.account {
                    accounts.fail(account, now);
                }
            }
            Outcome::Right | Outcome::Undecided => {
                pairs.withdraw(&self.pair);
                if let Some(account) = &self.account {
                    accounts.withdraw(account);
                }
            }
        }
        if matches!(self.outcome, Outcome::Right) {
            pairs.forget(&self.pair);
        }
        drop(tables);
        self.limits.0.decided.notify_waiters();
    }
}

fn too_many(wait_millis: i64) -> Error {
    let seconds = u64::try_from(wait_millis).unwrap_or(0).div_ceil(1000).max(1);
    let minutes = seconds.div_ceil(60);
    let message = format!("Too many attempts to sign in. Try again in {minutes} min.");
    Error::Refused(Refusal {
        retry_after: Some(seconds),
        ..Refusal::new(Code::RateLimited, message)
    })
}

fn busy() -> Error {
    let message = "Too many attempts to sign in to one account run at this moment. Try again in a few seconds.";
    Error::Refused(Refusal {
        retry_after: Some(2),
        ..Refusal::new(Code::Unavailable, message)
    })
}

#[cfg(test)]
mod tests;
