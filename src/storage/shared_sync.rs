//! One sync of the disk for all who ask at the same time.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;

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
}

impl SharedSync {
    /// Returns when a sync that began after this call has ended: `sync` is called by one of those who wait, with
    /// whether it is the first, and `gather` before it.
    pub(crate) fn run(
        &self,
        poison: &Poison,
        gather: &dyn Fn(),
        sync: impl FnOnce(bool) -> Result<()>,
    ) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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
        drop(state);
        gather();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.begun += 1;
        let number = state.begun;
        let first = state.ended == 0;
        drop(state);
        let result = poison.note(sync(first));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running = false;
        if result.is_ok() {
            state.ended = number;
        }
        drop(state);
        self.ended.notify_all();
        result
    }
}
