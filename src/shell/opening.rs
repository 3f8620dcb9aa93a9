//! Opening a store for the shell, and telling when it is damaged.
//!
//! Owns what the shell says of a store that lacks commits. Every command that reads such a store says so and fails, also where it did
//! its work on what is left: a script must not take that for the whole. It must not know what the commands do.

use std::path::Path;

use crate::database::Database;
use crate::database::Options;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;

/// Opens a store. Of one that lacks commits it opens what is left, only to be read.
pub(super) fn open(path: &Path, options: Options) -> Result<Database> {
    match Database::open_with(path, options.clone()) {
        Err(error) if error.kind() == Detail::CommitsMissing => {
            Database::open_with(path, options.read_only(true))
        }
        opened => opened,
    }
}

/// Fails where the store lacks what was durable, and says what that is.
pub(super) fn verify(database: &Database) -> Result<()> {
    let missing = database.missing();
    if missing.is_empty() {
        return Ok(());
    }
    let error = Error::new(
        ErrorClass::CorruptionError,
        Phase::Runtime,
        Detail::CommitsMissing,
        missing.join("; "),
    );
    Err(error.help(
        "Only what is left of the store was read, and nothing in its files was touched. Restore the store from a backup. Or \
         save what a scan of its files finds: `redstring check STORE --repair NEW_STORE`.",
    ))
}
