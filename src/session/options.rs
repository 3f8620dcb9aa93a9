//! The limits of one statement, where they are not those of the database.

use std::time::Duration;

use crate::meter::CancelHandle;
use crate::meter::Limits;
use crate::meter::Meter;

use super::Settings;

/// The limits of one statement. What is not set here is as [`Options`](crate::Options) has it for the whole database.
///
/// ```
/// use redstring::{Database, Detail, StatementOptions};
/// use std::time::Duration;
///
/// let db = Database::in_memory();
/// let options = StatementOptions::default()
///     .timeout(Some(Duration::from_millis(50)))
///     .memory_limit(Some(64 << 20));
/// let text = "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y RETURN sum(x % y)";
/// let error = db.query_with(text, (), &options).unwrap_err();
/// assert_eq!(error.kind(), Detail::TimedOut);
/// // Other statements have the time that they need.
/// db.query("RETURN 1", ())?;
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct StatementOptions {
    timeout: Option<Option<Duration>>,
    memory: Option<Option<u64>>,
    cancel: Vec<CancelHandle>,
    last_look: Option<u64>,
}

impl StatementOptions {
    /// Options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the statement with `LimitError.TimedOut` after this time; `None` lets it run for ever. The time begins with the
    /// call. It covers parsing, planning, waiting for another writer, and all the time until the last row is taken.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How many bytes the statement may hold at once; `None` sets no limit. See
    /// [`Options::memory_limit`](crate::Options::memory_limit).
    #[must_use]
    pub fn memory_limit(mut self, bytes: Option<u64>) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Lets this handle cancel the statement. A statement may have several.
    #[must_use]
    pub fn cancel(mut self, handle: &CancelHandle) -> Self {
        self.cancel.push(handle.clone());
        self
    }

    /// Cancels the statement when it looks for the so manieth time whether it must end. Tests count work with it,
    /// where a time would depend on the machine.
    #[doc(hidden)]
    #[must_use]
    pub fn last_look(mut self, look: u64) -> Self {
        self.last_look = Some(look);
        self
    }

    /// The meter of a statement that begins now; `others` cancels every statement.
    pub(super) fn meter(&self, settings: &Settings, others: &CancelHandle) -> Meter {
        Meter::new(Limits {
            cancel: self.cancel.iter().chain([others]).cloned().collect(),
            timeout: self.timeout.unwrap_or(settings.timeout),
            memory: self.memory.unwrap_or(settings.memory),
            last_look: self.last_look,
        })
    }
}
