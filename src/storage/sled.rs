//! The engine on disk: sled for ordered bytes, a folder beside it for segments.
//!
//! Owns everything that must be known about sled 0.34.7. Four things about it shape this file:
//! its `flush` asks the kernel for write-back without waiting for the disk, so [`SledBytes::sync`] syncs sled's
//! own file after it; it puts large pages into files of their own which it never syncs, so large values are
//! refused; it panics on some damage, so every call into it is guarded; and it starts a background flush
//! unless told not to.
//!
//! A store is a folder: `lock` (held while the store is open), `sled/`, `segments/`.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::Batch;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::Visit;
use crate::storage::folder::FolderFiles;
use crate::storage::folder::failed;
use crate::storage::folder::make_folder;
use crate::storage::guard;
use crate::storage::place;
use crate::storage::poison::Poison;
use crate::storage::shared_sync::SharedSync;

/// The engine's name.
pub const NAME: &str = "sled";

/// The folder of sled's own files, within the store's.
pub(crate) const FOLDER: &str = "sled";

/// Bytes of sled's own page cache: small, because the graph keeps what it needs.
const CACHE: u64 = 16 * 1024 * 1024;

/// How often, every ten milliseconds, sled's own lock is tried again: a thread of sled may hold it for a
/// moment after the store was closed within this process.
const LOCK_TRIES: usize = 200;

/// Opens the store in `folder` and makes it where it is missing.
pub fn open(folder: &Path) -> Result<Opened> {
    make_folder(folder)?;
    let lock = place::lock(folder)?;
    let segments = FolderFiles::open(&folder.join(place::SEGMENTS))?;
    let bytes = SledBytes::open(folder, lock)?;
    Ok(Opened { bytes: Arc::new(bytes), segments: Arc::new(segments) })
}

/// Ordered bytes in sled's default tree.
pub struct SledBytes {
    /// `None` only while it is dropped.
    db: Option<sled::Db>,
    /// The folder of the store, above sled's own.
    store: PathBuf,
    /// sled's own file, opened a second time to sync it.
    file: File,
    poison: Poison,
    sync: SharedSync,
    /// Held for as long as sled is open.
    _lock: File,
}

impl fmt::Debug for SledBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledBytes").field("store", &self.store).finish_non_exhaustive()
    }
}

impl SledBytes {
    fn open(store: &Path, lock: File) -> Result<Self> {
        let folder = store.join(FOLDER);
        let db = open_sled(&folder)?;
        let path = folder.join("db");
        let file = File::options()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| failed("open", &path, error))?;
        Ok(Self {
            db: Some(db),
            store: store.to_owned(),
            file,
            poison: Poison::default(),
            sync: SharedSync::default(),
            _lock: lock,
        })
    }

    fn db(&self) -> Result<&sled::Db> {
        self.db.as_ref().ok_or_else(|| Error::internal("the store is closed"))
    }

    /// One sync of the disk, by the caller whose turn it is.
    fn sync_disk(&self, first: bool) -> Result<()> {
        let db = self.db()?;
        guarded("writing", || db.flush())?;
        self.file.sync_data().map_err(|error| failed("sync", &self.store, error))?;
        if first { place::sync_names(&self.store, &self.store.join(FOLDER)) } else { Ok(()) }
    }
}

impl OrderedBytes for SledBytes {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let db = self.db()?;
        Ok(guarded("reading", || db.get(key))?.map(|value| value.to_vec()))
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        // An empty range, which sled would take for a defect of its caller.
        if until.is_some_and(|until| until <= from) {
            return Ok(());
        }
        let db = self.db()?;
        let mut entries = match until {
            Some(until) => db.range(from..until),
            None => db.range(from..),
        };
        while let Some((key, value)) = guarded("reading", || entries.next().transpose())? {
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        batch.check()?;
        self.poison.check()?;
        if batch.is_empty() {
            return Ok(());
        }
        let mut changes = sled::Batch::default();
        for (key, value) in batch.changes {
            match value {
                Some(value) => changes.insert(key, value),
                None => changes.remove(key),
            }
        }
        let db = self.db()?;
        self.poison.note(guarded("writing", || db.apply_batch(changes)))
    }

    fn sync(&self) -> Result<()> {
        self.sync.run(&self.poison, |first| self.sync_disk(first))
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn size_on_disk(&self) -> Result<u64> {
        place::size_of(&self.store.join(FOLDER))
    }
}

impl Drop for SledBytes {
    fn drop(&mut self) {
        // Closing writes, and may panic. Nothing that was acknowledged depends on it.
        let db = self.db.take();
        let _ = guarded("closing", || {
            drop(db);
            Ok(())
        });
    }
}

fn open_sled(folder: &Path) -> Result<sled::Db> {
    make_folder(folder)?;
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(None);
    for _ in 0..LOCK_TRIES {
        match guarded("opening", || config.open()) {
            Err(error) if error.kind() == Detail::StoreLocked => {
                thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
    guarded("opening", || config.open())
}

/// The error of the whole engine for one of sled's.
fn from_sled(doing: &str, error: sled::Error) -> Error {
    let damaged = |text: String| {
        Error::corruption(format!("the store is damaged: {text}, found while {doing}"))
            .help("Restore the store from a backup.")
    };
    match error {
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            Error::storage(Detail::StoreLocked, "the store is open already")
                .help("Close the other program that has it open.")
                .caused_by(error)
        }
        // A block that ends too early was cut off, not refused by the system.
        sled::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            damaged(error.to_string()).caused_by(error)
        }
        sled::Error::Io(error) => {
            Error::storage(Detail::InputOutput, format!("{doing} the store failed: {error}"))
                .caused_by(error)
        }
        other => damaged(guard::one_line(&other.to_string())),
    }
}

/// Calls into sled: its errors and panics become ours.
fn guarded<T>(doing: &str, call: impl FnOnce() -> sled::Result<T>) -> Result<T> {
    guard::guarded(NAME, doing, || call().map_err(|error| from_sled(doing, error)))
}
