//! Cancelling: a word from another thread.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Ends statements from another thread, with the error `Cancelled.CancelledByCaller`. A statement that is cancelled
/// leaves no trace; an explicit transaction that it is part of goes on.
///
/// There are two kinds of handle:
///
/// - [`CancelHandle::new`] makes one for the statements that are given it, with
///   [`StatementOptions::cancel`](crate::StatementOptions::cancel). It stays cancelled: a statement that begins with it
///   later ends at once, so that a word that comes early is not lost.
/// - [`Database::cancel_handle`](crate::Database::cancel_handle) gives one for the whole database. It ends what runs at
///   this moment, in all threads, and nothing that begins later.
///
/// A statement runs from its call until its last row was taken, or its rows are dropped.
///
/// ```
/// use redstring::{CancelHandle, Database, Detail, StatementOptions};
/// use std::time::Duration;
///
/// let db = Database::in_memory();
/// let cancel = CancelHandle::new();
/// let options = StatementOptions::default().cancel(&cancel);
/// let other = std::thread::spawn(move || {
///     std::thread::sleep(Duration::from_millis(10));
///     cancel.cancel();
/// });
/// let text = "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y RETURN sum(x % y)";
/// let error = db.query_with(text, (), &options).unwrap_err();
/// assert_eq!(error.kind(), Detail::CancelledByCaller);
/// # other.join().unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct CancelHandle {
    /// How often it was used.
    calls: Arc<AtomicU64>,
    /// Whether what begins later is cancelled, too.
    lasts: bool,
}

impl Default for CancelHandle {
    fn default() -> Self {
        Self::new()
    }
}

impl CancelHandle {
    /// A handle for the statements that are given it.
    pub fn new() -> Self {
        Self { calls: Arc::default(), lasts: true }
    }

    /// A handle for whatever runs at the moment.
    pub(crate) fn of_the_moment() -> Self {
        Self { calls: Arc::default(), lasts: false }
    }

    /// Ends the statements. It returns at once; they end within a moment.
    pub fn cancel(&self) {
        self.calls.fetch_add(1, Ordering::Release);
    }

    pub(super) fn watched(&self) -> Watched {
        let seen = if self.lasts { 0 } else { self.calls.load(Ordering::Acquire) };
        Watched { calls: self.calls.clone(), seen }
    }
}

/// A handle as a statement sees it.
#[derive(Debug)]
pub(super) struct Watched {
    calls: Arc<AtomicU64>,
    /// The calls that do not count for it.
    seen: u64,
}

impl Watched {
    pub(super) fn is_cancelled(&self) -> bool {
        self.calls.load(Ordering::Acquire) != self.seen
    }
}
