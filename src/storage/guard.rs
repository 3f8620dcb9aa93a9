//! Calls into an engine whose panics become errors.
//!
//! sled panics on some damage, and so may any engine that trusts its own files. Within [`guarded`] a panic is the
//! error of a damaged store, or of what the system has refused, without a word on standard error.

use crate::error;
use crate::error::Error;
use crate::error::Result;
use crate::storage::refused;

pub(crate) use crate::error::one_line;

/// Calls into `engine` and turns a panic into a `CorruptionError`.
pub(crate) fn guarded<T>(engine: &str, doing: &str, call: impl FnOnce() -> Result<T>) -> Result<T> {
    error::caught_panic(call).unwrap_or_else(|reason| {
        if let Some(error) = refused::in_panic(&reason) {
            return Err(refused::of(format!("{doing} the store failed: {error}"), error));
        }
        Err(Error::corruption(format!(
            "the store is damaged: {engine} gave up while {doing} it ({reason})"
        ))
        .help("Restore the store from a backup."))
    })
}
