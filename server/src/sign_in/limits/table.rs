//! Counts in a sliding window, many of them, in bounded memory.

use std::collections::{HashMap, VecDeque};

use types::Timestamp;

/// Entries that those share who come when the table is full.
const SHARED: usize = 1024;
/// A full table is swept at most so often: sweeping costs time in proportion to its size.
const SWEEP_EVERY_MILLIS: i64 = 10_000;

/// At most `most` events an entry in any `window`.
pub(super) struct Table {
    window: i64,
    most: usize,
    capacity: usize,
    own: HashMap<[u8; 16], Entry>,
    shared: Vec<Entry>,
    swept: i64,
}

#[derive(Default)]
struct Entry {
    /// Events in the window, oldest first.
    at: VecDeque<i64>,
    /// Begun and not decided yet.
    pending: usize,
}

/// Where an undecided event is counted.
pub(super) enum Slot {
    Own([u8; 16]),
    Shared(usize),
}

impl Table {
    pub fn new(window: i64, most: u32, capacity: usize) -> Self {
        Table {
            window,
            most: usize::try_from(most).unwrap_or(usize::MAX),
            capacity,
            own: HashMap::new(),
            shared: Vec::new(),
            swept: i64::MIN,
        }
    }

    /// Counts one event, or says in how many milliseconds there is room for one.
    pub fn take(&mut self, key: [u8; 16], now: Timestamp) -> Result<(), i64> {
        let (most, window) = (self.most, self.window);
        let slot = self.slot(key, now);
        let entry = self.entry(&slot);
        entry.forget_old(now, window);
        if entry.at.len() >= most {
            return Err(entry.wait(now, window));
        }
        entry.at.push_back(now.0);
        Ok(())
    }

    /// Begins an event whose outcome decides whether it counts. `None`: others that are undecided take what is left.
    pub fn begin(&mut self, key: [u8; 16], now: Timestamp) -> Result<Option<Slot>, i64> {
        let (most, window) = (self.most, self.window);
        let slot = self.slot(key, now);
        let entry = self.entry(&slot);
        entry.forget_old(now, window);
        if entry.at.len() >= most {
            return Err(entry.wait(now, window));
        }
        if entry.at.len() + entry.pending >= most {
            return Ok(None);
        }
        entry.pending += 1;
        Ok(Some(slot))
    }

    /// An event that was begun counts.
    pub fn fail(&mut self, slot: &Slot, now: Timestamp) {
        let entry = self.entry(slot);
        entry.pending = entry.pending.saturating_sub(1);
        entry.at.push_back(now.0);
    }

    /// An event that was begun does not count.
    pub fn withdraw(&mut self, slot: &Slot) {
        let entry = self.entry(slot);
        entry.pending = entry.pending.saturating_sub(1);
    }

    /// Forgets what was counted; a shared entry is not this one's alone, so it keeps its count.
    pub fn forget(&mut self, slot: &Slot) {
        if let Slot::Own(_) = slot {
            self.entry(slot).at.clear();
        }
    }

    fn entry(&mut self, slot: &Slot) -> &mut Entry {
        match slot {
            Slot::Own(key) => self.own.entry(*key).or_default(),
            Slot::Shared(index) => &mut self.shared[*index],
        }
    }

    fn slot(&mut self, key: [u8; 16], now: Timestamp) -> Slot {
        if self.own.contains_key(&key) || self.own.len() < self.capacity {
            return Slot::Own(key);
        }
        if now.0.saturating_sub(self.swept) >= SWEEP_EVERY_MILLIS || now.0 < self.swept {
            self.swept = now.0;
            let window = self.window;
            self.own.retain(|_, entry| {
                entry.forget_old(now, window);
                entry.pending > 0 || !entry.at.is_empty()
            });
            if self.own.len() < self.capacity {
                return Slot::Own(key);
            }
        }
        if self.shared.is_empty() {
            self.shared.resize_with(SHARED, Entry::default);
        }
        // The key is a keyed hash: nobody can choose where it falls.
        Slot::Shared((usize::from(key[0]) << 8 | usize::from(key[1])) % SHARED)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.own.len()
    }
}

impl Entry {
    fn forget_old(&mut self, now: Timestamp, window: i64) {
        while self.at.front().is_some_and(|at| now.0.saturating_sub(*at) >= window) {
            self.at.pop_front();
        }
    }

    /// Milliseconds until the oldest event leaves the window.
    fn wait(&self, now: Timestamp, window: i64) -> i64 {
        let oldest = self.at.front().copied().unwrap_or(now.0);
        oldest.saturating_add(window).saturating_sub(now.0).max(1)
    }
}
