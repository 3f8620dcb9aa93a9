//! Copies of a store while it is in use.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::storage;

use super::Database;

/// How far a copy is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupProgress {
    /// Bytes copied.
    pub bytes: u64,
    /// Bytes of all there is, about.
    pub total_bytes: u64,
}

type Watch = Arc<dyn Fn(BackupProgress) + Send + Sync>;

/// What a copy is told.
///
/// ```
/// use redstring::BackupOptions;
///
/// let options = BackupOptions::default()
///     .engine("redb")
///     .on_progress(|progress| eprintln!("{} of {}", progress.bytes, progress.total_bytes));
/// ```
#[derive(Clone, Default)]
pub struct BackupOptions {
    engine: Option<String>,
    watch: Option<Watch>,
}

impl fmt::Debug for BackupOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupOptions").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl BackupOptions {
    /// The engine of the copy, `sled` or `redb`; sled by default.
    #[must_use]
    pub fn engine(mut self, engine: impl Into<String>) -> Self {
        self.engine = Some(engine.into());
        self
    }

    /// Calls this now and then with how far the copy is.
    #[must_use]
    pub fn on_progress(mut self, watch: impl Fn(BackupProgress) + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }
}

impl Database {
    /// Copies the graph as it is now into a new store, while reading and writing go on.
    ///
    /// The copy is whole or not there: it gets its name when everything in it is durable.
    ///
    /// ```
    /// use redstring::Database;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let db = Database::open(folder.path().join("graph"))?;
    /// db.execute("CREATE (:Site)", ())?;
    /// let copy = folder.path().join("copy");
    /// db.backup(&copy)?;
    /// let row = Database::open(&copy)?.query("MATCH (n) RETURN count(*)", ())?.single()?;
    /// assert_eq!(row.get::<i64>(0)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup(&self, target: impl AsRef<Path>) -> Result<()> {
        self.backup_with(target, &BackupOptions::default())
    }

    /// As [`Database::backup`], into a store with the engine of this name: `sled` or `redb`.
    pub fn migrate(&self, target: impl AsRef<Path>, engine: &str) -> Result<()> {
        self.backup_with(target, &BackupOptions::default().engine(engine))
    }

    /// As [`Database::backup`], with options.
    pub fn backup_with(&self, target: impl AsRef<Path>, options: &BackupOptions) -> Result<()> {
        let engine = options.engine.as_deref().unwrap_or(storage::sled::NAME);
        storage::make_whole(target.as_ref(), engine, |opened| {
            self.engine.graph.copy_watched(opened, &|bytes, total_bytes| {
                if let Some(watch) = &options.watch {
                    watch(BackupProgress { bytes, total_bytes });
                }
            })
        })
    }
}
