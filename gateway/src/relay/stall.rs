//! Clients that keep their connection open and stop reading: after `stall_timeout` they count as gone.
//!
//! A stream's body is not polled while its socket is full, so it cannot notice by itself; one task looks at all of them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::meter::InFlight;

/// A stream's call, reachable from its body and from the task that looks for stalled readers.
pub struct Shared {
    call: Mutex<Option<InFlight>>,
    /// Milliseconds since `born`, plus one, when bytes were last handed to the client's connection; 0 while the upstream is awaited.
    handed_over: AtomicU64,
    born: Instant,
}

impl Shared {
    /// A panic while it was held has unwound through the call's own guard, so what is inside is whole.
    pub fn call(&self) -> MutexGuard<'_, Option<InFlight>> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn awaits_client(&self) {
        self.handed_over.store(self.age() + 1, Ordering::Relaxed);
    }

    pub fn awaits_upstream(&self) {
        self.handed_over.store(0, Ordering::Relaxed);
    }

    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn stalled(&self, patience: Duration) -> bool {
        let since = self.handed_over.load(Ordering::Relaxed);
        since > 0 && u128::from(self.age() + 1 - since) >= patience.as_millis()
    }
}

/// Every stream that is being served.
#[derive(Default)]
pub struct Readers(Mutex<Vec<Weak<Shared>>>);

impl Readers {
    pub fn watch(&self, call: InFlight) -> Arc<Shared> {
        let shared = Arc::new(Shared {
            call: Mutex::new(Some(call)),
            handed_over: AtomicU64::new(0),
            born: Instant::now(),
        });
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&shared));
        shared
    }

    /// Gives up the calls of readers that have taken nothing for `patience`; each call's guard settles it.
    pub fn give_up_stalled(&self, patience: Duration) {
        let mut stalled = Vec::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|reader| {
            let Some(reader) = reader.upgrade() else { return false };
            if reader.stalled(patience) {
                stalled.push(reader);
                return false;
            }
            true
        });
        for reader in stalled {
            drop(reader.call().take());
        }
    }
}
