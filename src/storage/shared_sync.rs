//! One sync of the disk for all who ask at about the same time.
//!
//! Whoever is first would sync for itself alone while all others wait: it waits a little for as many as shared the last
//! sync, since those are on their way again. Alone it waits for nobody.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::error::Result;
use crate::storage::poison::Poison;

/// Who syncs and how far that has come.
#[derive(Debug, Default)]
pub(crate) struct SharedSync {
    state: Mutex<State>,
    ended: Condvar,
}

/// Syncs are numbered from 1 and never overlap.
#[derive(Debug, Default)]
struct State {
    begun: u64,
    ended: u64,
    running: bool,
    /// How many ask for the next one.
    asking: u64,
    /// How many shared the last one, and how long it took.
    shared: u64,
    took: Duration,
}

impl SharedSync {
    /// Returns when a sync that began after this call has ended: `sync` is called by one of those who wait, with
    /// whether it is the first.
    pub(crate) fn run(&self, poison: &Poison, sync: impl FnOnce(bool) -> Result<()>) -> Result<()> {
        let mut state = self.lock();
        state.asking += 1;
        // A sync that runs now may have begun before the caller's last batch, so it is the next one that counts.
        let wanted = state.begun + 1;
        loop {
            if state.ended >= wanted {
                return Ok(());
            }
            poison.check()?;
            if !state.running {
                break;
            }
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.running = true;
        let mut state = self.gather(state);
        state.begun += 1;
        state.shared = std::mem::take(&mut state.asking);
        let number = state.begun;
        let first = state.ended == 0;
        drop(state);
        let begun = Instant::now();
        let result = poison.note(sync(first));
        let mut state = self.lock();
        state.running = false;
        state.took = begun.elapsed();
        if result.is_ok() {
            state.ended = number;
        }
        drop(state);
        self.ended.notify_all();
        result
    }

    /// Waits for as many as shared the last sync, for at most half the time that one took.
    fn gather<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let until = Instant::now() + state.took / 2;
        while state.asking < state.shared && Instant::now() < until {
            drop(state);
            thread::yield_now();
            state = self.lock();
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
