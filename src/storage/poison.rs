//! What an engine knows after a failed write: nothing, so it takes no more of them.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// Set by the first failed write, for good.
#[derive(Debug, Default)]
pub(crate) struct Poison(AtomicBool);

impl Poison {
    /// Refuses when a write has failed before.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.0.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(Error::storage(
            Detail::StorePoisoned,
            "an earlier write to the store failed, so it takes no more of them",
        )
        .help(
            "Close the store and open it again; what was acknowledged before the failure is there.",
        ))
    }

    /// Hands `result` on, and remembers when it is a failure.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.0.store(true, Ordering::Release);
        }
        result
    }
}
