//! The engine on disk: sled for ordered bytes, a folder beside it for segments.
//!
//! Owns everything that must be known about sled 0.34.7. These things about it shape this file:
//! its `flush` asks the kernel for write-back without waiting for the disk, so [`SledBytes::sync`] syncs sled's
//! own file after it; it puts large pages into files of their own which it never syncs, so large values are
//! refused; it panics on some damage, so every call into it is guarded; it starts a background flush unless told
//! not to; it refuses a whole log for damage beside it, which `derived` mends before; and it writes over what it
//! cannot read, which `undo` brings back.
//!
//! Its file never shrinks, and is read whole at each opening: so when it holds little of what it once held, its
//! records are put into a new one.
//!
//! Its own files lie in the folder `sled` of the store.

mod derived;
mod log;
mod undo;

use std::fmt;
use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::thread;
use std::time::Duration;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage;
use crate::storage::Batch;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::Visit;
use crate::storage::folder::make_folder;
use crate::storage::folder::remove_folder;
use crate::storage::folder::rename_folder;
use crate::storage::guard;
use crate::storage::identity;
use crate::storage::place;
use crate::storage::place::Identity;
use crate::storage::poison::Poison;
use crate::storage::poison::closed;
use crate::storage::refused;
use crate::storage::refused::failed;
use crate::storage::shared_sync::SharedSync;

pub(crate) use log::varint;

use undo::Undo;

/// The engine's name.
pub const NAME: &str = "sled";

/// The folder of sled's own files, within the store's.
pub(crate) const FOLDER: &str = "sled";
/// What its successor is called until it is whole, and what it is called itself from then on.
const NEW: &str = "sled.new";
pub(crate) const OLD: &str = "sled.old";
/// sled's one file of data.
pub(crate) const FILE: &str = "db";

/// Bytes that are copied at a time.
const BATCH_BYTES: usize = 1 << 20;

/// Bytes of sled's own page cache: small, because the graph keeps what it needs.
const CACHE: u64 = 16 * 1024 * 1024;

/// How often, every ten milliseconds, sled's own lock is tried again: a thread of sled may hold it for a
/// moment after the store was closed within this process.
const LOCK_TRIES: usize = 200;

/// Opens the store in `folder` and makes it where it is missing.
pub fn open(folder: &Path) -> Result<Opened> {
    storage::open(folder, Some(NAME))
}

/// Opens sled's half of a store. It holds all that it reads against checksums, thoroughly or not.
pub(crate) fn open_bytes(store: &Path, _thoroughly: bool) -> Result<Box<dyn OrderedBytes>> {
    Ok(Box::new(SledBytes::open(store)?))
}

/// Ordered bytes in sled's default tree.
pub struct SledBytes {
    /// `None` while it is dropped, and after it could not be opened again.
    open: RwLock<Option<OpenSled>>,
    /// The folder of the store, above sled's own.
    store: PathBuf,
    poison: Poison,
    sync: SharedSync,
}

impl fmt::Debug for SledBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledBytes").field("store", &self.store).finish_non_exhaustive()
    }
}

struct OpenSled {
    db: sled::Db,
    /// sled's own file, opened a second time to sync it.
    file: File,
    identity: Identity,
}

impl OpenSled {
    fn open(folder: &Path) -> Result<Self> {
        let db = open_sled(folder)?;
        let path = folder.join(FILE);
        let file = File::options().read(true).write(true).open(&path);
        let file = file.map_err(|error| failed("open", &path, error));
        match file.and_then(|file| Ok((file, Identity::of(&path)?))) {
            Ok((file, identity)) => Ok(Self { db, file, identity }),
            Err(error) => {
                // That sled cannot be closed says nothing more.
                let _ = close(db);
                Err(error)
            }
        }
    }

    fn close(self) -> Result<()> {
        close(self.db)
    }

    /// Makes all changes or none. One alone is not told as a batch, which sled writes to its file in two steps.
    fn apply(&self, mut changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> sled::Result<()> {
        if changes.len() == 1
            && let Some((key, value)) = changes.pop()
        {
            return match value {
                Some(value) => self.db.insert(key, value).map(drop),
                None => self.db.remove(key).map(drop),
            };
        }
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch)
    }

    fn sync(&self, folder: &Path) -> Result<()> {
        guarded("writing", || self.db.flush())?;
        self.file.sync_data().map_err(|error| failed("sync", folder, error))?;
        self.identity.check(&folder.join(FILE))
    }
}

impl SledBytes {
    fn open(store: &Path) -> Result<Self> {
        recover(store)?;
        Ok(Self {
            open: RwLock::new(Some(OpenSled::open(&store.join(FOLDER))?)),
            store: store.to_owned(),
            poison: Poison::default(),
            sync: SharedSync::default(),
        })
    }

    fn with<T>(&self, call: impl FnOnce(&OpenSled) -> Result<T>) -> Result<T> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        call(open.as_ref().ok_or_else(closed)?)
    }

    /// Puts a new sled with the same records in the place of the old one. A power cut at any moment leaves one of
    /// both whole, and [`recover`] finds it.
    fn renew(&self, open: &mut Option<OpenSled>) -> Result<()> {
        let [own, new, old] = [FOLDER, NEW, OLD].map(|name| self.store.join(name));
        remove_folder(&new)?;
        make_folder(&new)?;
        if let Some(identity) = identity::read(&own.join(identity::FILE))? {
            identity.write(&new, identity::FILE)?;
        }
        let from = open.as_ref().ok_or_else(closed)?;
        let to = OpenSled::open(&new)?;
        let copied = copy(&from.db, &to.db).and_then(|()| to.sync(&new));
        let closed = to.close();
        copied.and(closed)?;
        // Closing has written once more.
        place::sync_names(&self.store, &new)?;
        if let Some(before) = open.take() {
            before.close()?;
        }
        rename_folder(&own, &old)?;
        rename_folder(&new, &own)?;
        *open = Some(OpenSled::open(&own)?);
        // What is left of it goes at the next opening.
        let _ = remove_folder(&old);
        Ok(())
    }

    /// Closes sled, which has nothing to say after a failure, and opens what is there.
    fn open_again(&self) -> Result<()> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // It tries to write once more, which fails again.
        let _ = open.take().map(OpenSled::close);
        recover(&self.store)?;
        *open = Some(OpenSled::open(&self.store.join(FOLDER))?);
        Ok(())
    }
}

/// Finishes or undoes what a power cut has left of [`SledBytes::renew`]: both folders hold the same records. Neither is
/// deleted unless another one has a log.
fn recover(store: &Path) -> Result<()> {
    let [own, new, old] = [FOLDER, NEW, OLD].map(|name| store.join(name));
    let logs = [has_log(&own)?, has_log(&old)?, has_log(&new)?];
    match logs {
        [false, true, _] => {
            remove_folder(&own)?;
            rename_folder(&old, &own)?;
        }
        // It is never the only one, and whether it is whole cannot be seen.
        [false, false, true] => {
            return Err(Error::corruption(format!(
                "the store is damaged: the log in `{}` is missing, and an unfinished one is in `{}`",
                own.display(),
                new.display()
            ))
            .help("Restore the store from a backup."));
        }
        _ => {}
    }
    remove_folder(&old)?;
    remove_folder(&new)
}

/// Whether there is anything in sled's file of data.
fn has_log(folder: &Path) -> Result<bool> {
    let path = folder.join(FILE);
    match fs::metadata(&path) {
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("find", &path, error)),
    }
}

/// Copies all records.
fn copy(from: &sled::Db, to: &sled::Db) -> Result<()> {
    let mut entries = from.iter();
    let mut batch = sled::Batch::default();
    let mut size = 0;
    while let Some((key, value)) = guarded("reading", || entries.next().transpose())? {
        size += key.len() + value.len();
        batch.insert(key, value);
        if size > BATCH_BYTES {
            guarded("writing", || to.apply_batch(std::mem::take(&mut batch)))?;
            size = 0;
        }
    }
    guarded("writing", || to.apply_batch(batch))
}

impl OrderedBytes for SledBytes {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.with(|open| Ok(guarded("reading", || open.db.get(key))?.map(|value| value.to_vec())))
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        // An empty range, which sled would take for a defect of its caller.
        if until.is_some_and(|until| until <= from) {
            return Ok(());
        }
        self.with(|open| {
            let mut entries = match until {
                Some(until) => open.db.range(from..until),
                None => open.db.range(from..),
            };
            while let Some((key, value)) = guarded("reading", || entries.next().transpose())? {
                if !visit(&key, &value)? {
                    break;
                }
            }
            Ok(())
        })
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        batch.check()?;
        self.poison.check()?;
        if batch.is_empty() {
            return Ok(());
        }
        self.poison.note(self.with(|open| guarded("writing", || open.apply(batch.changes))))
    }

    fn sync(&self) -> Result<()> {
        self.sync.run(&self.poison, |first| {
            let folder = self.store.join(FOLDER);
            self.with(|open| open.sync(&folder))?;
            if first { place::sync_names(&self.store, &folder) } else { Ok(()) }
        })
    }

    fn compact(&self) -> Result<()> {
        self.poison.check()?;
        let length = self.with(|open| {
            let found = open.file.metadata();
            Ok(found.map_err(|error| failed("read", &self.store, error))?.len())
        })?;
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let records = || {
            let mut records = 0;
            let mut entries = open.as_ref().ok_or_else(closed)?.db.iter();
            while let Some((key, value)) = guarded("reading", || entries.next().transpose())? {
                records += (key.len() + value.len()) as u64;
            }
            Ok(records)
        };
        if place::is_nearly_empty(length, records)? {
            self.poison.note(self.renew(&mut open))?;
        }
        Ok(())
    }

    fn reopen(&self) -> Result<()> {
        self.poison.heal(|| self.open_again())
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
        // Nothing that was acknowledged depends on it.
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let _ = open.map(OpenSled::close);
        wait_until_closed(&self.store.join(FOLDER).join(FILE));
    }
}

/// Waits until no thread of sled holds its file any more: what it writes last is written then.
fn wait_until_closed(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    for _ in 0..LOCK_TRIES * 10 {
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn open_sled(folder: &Path) -> Result<sled::Db> {
    make_folder(folder)?;
    derived::prepare(folder)?;
    let undo = Undo::keep(folder)?;
    let opened = open_mended(folder);
    let Some(undo) = undo else { return opened };
    let (opened, error) = match opened {
        Ok(db) => match undo.is_needed(folder) {
            Ok(false) => return Ok(db),
            Ok(true) => (Some(db), None),
            Err(error) => (Some(db), Some(error)),
        },
        // Nobody who did not get the lock has written.
        Err(error) if error.kind() == Detail::StoreLocked => return Err(error),
        Err(error) => (None, Some(error)),
    };
    // What it says in the end is of a log that was read wrong.
    let _ = opened.map(close);
    undo.put_back(folder)?;
    match error {
        Some(error) => Err(error),
        // What is not found twice is not there: it was all read before.
        None => open_mended(folder),
    }
}

/// Opens sled in a folder that has nothing beside its log which it would refuse.
fn open_mended(folder: &Path) -> Result<sled::Db> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(None);
    let doing = format!("opening `{}`", folder.display());
    for _ in 0..LOCK_TRIES {
        match guarded(&doing, || config.open()) {
            Err(error) if error.kind() == Detail::StoreLocked => {
                thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
    guarded(&doing, || config.open())
}

/// Closes sled, which writes once more, and may panic.
fn close(db: sled::Db) -> Result<()> {
    guarded("closing", move || {
        drop(db);
        Ok(())
    })
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
        sled::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            damaged(error.to_string()).caused_by(error)
        }
        sled::Error::Io(error) => refused::of(format!("{doing} the store failed: {error}"), error),
        other => damaged(guard::one_line(&other.to_string())),
    }
}

/// Calls into sled: its errors and panics become ours.
fn guarded<T>(doing: &str, call: impl FnOnce() -> sled::Result<T>) -> Result<T> {
    guard::guarded(NAME, doing, || call().map_err(|error| from_sled(doing, error)))
}
