//! How many letters strangers may cause: by the address that asks, told with 429, and by the address that gets them, told to nobody.

use std::collections::HashMap;

use super::{ADDRESSES, Table, too_many};
use crate::{State, config::RateLimits, error::Result, sessions::Device};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;
/// E-mails that are kept apart. What comes beyond shares entries, so memory is bounded and nobody goes uncounted.
const EMAILS: usize = 20_000;
const SHARED: u16 = 1024;

pub(super) struct Letters {
    minute: Table,
    hour: Table,
    /// When the last letter that was let through would have come, had they come one an hour.
    emails: HashMap<[u8; 16], i64>,
    /// Letters at once, before it is one an hour.
    burst: i64,
}

impl Letters {
    pub fn new(rules: &RateLimits) -> Self {
        Letters {
            minute: Table::new(MINUTE, rules.links_per_minute, ADDRESSES),
            hour: Table::new(HOUR, rules.links_per_hour, ADDRESSES),
            emails: HashMap::new(),
            burst: i64::from(rules.links_per_email.max(1)),
        }
    }

    fn allows(&mut self, key: [u8; 16], now: i64) -> bool {
        let key = if self.emails.len() < EMAILS || self.emails.contains_key(&key) {
            key
        } else {
            self.emails.retain(|_, until| *until > now);
            if self.emails.len() < EMAILS { key } else { shared(key) }
        };
        let until = self.emails.entry(key).or_insert(now);
        let start = (*until).max(now);
        if start - now > (self.burst - 1) * HOUR {
            return false;
        }
        *until = start + HOUR;
        true
    }
}

fn shared(key: [u8; 16]) -> [u8; 16] {
    let number = u16::from_be_bytes([key[0], key[1]]) % SHARED;
    let mut shared = [0; 16];
    shared[..2].copy_from_slice(&number.to_be_bytes());
    shared
}

/// Counts a request that makes a letter, for somebody or for nobody.
///
/// Errors: 429 with the seconds to wait.
pub(crate) fn asked(state: &State, device: &Device) -> Result<()> {
    let limits = state.sign_in_limits();
    let (place, now) = (limits.place(device.from), limits.now());
    let mut tables = limits.tables();
    tables.letters.minute.take(place, now).map_err(too_many)?;
    tables.letters.hour.take(place, now).map_err(too_many)
}

/// Whether one more letter may go to this address now; if so it is counted. The answer is for nobody but the sender.
pub(crate) fn may_go_to(state: &State, email: &str) -> bool {
    let limits = state.sign_in_limits();
    let key = limits.key(b"letter", email.as_bytes());
    let now = limits.now().0;
    limits.tables().letters.allows(key, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Letters {
        Letters {
            minute: Table::new(MINUTE, 5, 10),
            hour: Table::new(HOUR, 30, 10),
            emails: HashMap::new(),
            burst: 3,
        }
    }

    #[test]
    fn three_letters_and_then_one_an_hour() {
        let mut letters = letters();
        let mut sent = |now| (0..50).filter(|_| letters.allows([7; 16], now)).count();
        assert_eq!(sent(0), 3);
        assert_eq!(sent(HOUR - 1), 0);
        assert_eq!(sent(HOUR), 1);
        assert_eq!(sent(2 * HOUR), 1);
        assert_eq!(sent(100 * HOUR), 3);
    }

    #[test]
    fn full_table_shares_and_never_opens() {
        let mut letters = letters();
        for number in 0..u32::try_from(EMAILS).unwrap_or(0) {
            let mut key = [1; 16];
            key[4..8].copy_from_slice(&number.to_be_bytes());
            assert!(letters.allows(key, 0));
        }
        let sent = (0..50).filter(|_| letters.allows([9; 16], 0)).count();
        assert_eq!(sent, 3);
        assert!(letters.emails.len() <= EMAILS + usize::from(SHARED));
    }
}
