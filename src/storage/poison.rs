//! What an engine knows after a failed write: nothing, so it takes no more of them.

use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// Set by the first failed write, until the engine is opened anew.
#[derive(Debug, Default)]
pub(crate) struct Poison(AtomicU8);

const HEALTHY: u8 = 0;
/// The disk was full: what was asked for was not done, and the disk itself is to be trusted.
const FULL: u8 = 1;
/// What is on the disk is not known.
const BROKEN: u8 = 2;

impl Poison {
    /// Refuses when a write has failed before.
    pub(crate) fn check(&self) -> Result<()> {
        match self.0.load(Ordering::Acquire) {
            HEALTHY => Ok(()),
            _ => Err(poisoned()),
        }
    }

    /// Hands `result` on, and remembers when it is a failure.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            let state = if error.kind() == Detail::DiskFull { FULL } else { BROKEN };
            // The first failure is the one that tells.
            let _ = self.0.compare_exchange(HEALTHY, state, Ordering::AcqRel, Ordering::Acquire);
        }
        result
    }

    /// Lets `reopen` open the engine anew where the disk was full and nothing else was wrong.
    pub(crate) fn heal(&self, reopen: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.0.load(Ordering::Acquire) != FULL {
            return Err(poisoned());
        }
        reopen()?;
        self.0.store(HEALTHY, Ordering::Release);
        Ok(())
    }
}

/// The error of an engine that could not be opened again.
pub(crate) fn closed() -> Error {
    Error::storage(
        Detail::StorePoisoned,
        "the store was closed after a write had failed, and could not be opened again yet",
    )
    .help("Make room and write once more, or open the store again.")
}

fn poisoned() -> Error {
    Error::storage(
        Detail::StorePoisoned,
        "an earlier write to the store failed, so it takes no more of them",
    )
    .help("Close the store and open it again; as long as its folder is there, what was acknowledged before the failure is in it.")
}
