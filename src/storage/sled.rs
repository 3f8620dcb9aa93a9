//! The engine on disk: sled for ordered bytes, a folder beside it for segments.
//!
//! Owns everything that must be known about sled 0.34.7. Four things about it shape this file:
//! its `flush` asks the kernel for write-back without waiting for the disk, so [`SledBytes::sync`] syncs sled's
//! own file after it; it puts large pages into files of their own which it never syncs, so large values are
//! refused; it panics on some damage, so every call into it is guarded; and it starts a background flush
//! unless told not to.
//!
//! A store is a folder: `lock` (held while the store is open), `sled/`, `segments/`.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::Once;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
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
use crate::storage::folder::sync_folder;
use crate::storage::folder::sync_parent;
use crate::storage::poison::Poison;

/// The engine's name.
pub const NAME: &str = "sled";

/// Bytes of sled's own page cache: small, because the graph keeps what it needs.
const CACHE: u64 = 16 * 1024 * 1024;

/// How often, every ten milliseconds, sled's own lock is tried again: a thread of sled may hold it for a
/// moment after the store was closed within this process.
const LOCK_TRIES: usize = 200;

/// Opens the store in `folder` and makes it where it is missing.
pub fn open(folder: &Path) -> Result<Opened> {
    make_folder(folder)?;
    let lock = lock(folder)?;
    let segments = FolderFiles::open(&folder.join("segments"))?;
    let bytes = SledBytes::open(folder, lock)?;
    Ok(Opened { bytes: Arc::new(bytes), segments: Arc::new(segments) })
}

/// Takes the lock that keeps a second opener out; it lasts as long as the file is open.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| failed("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::storage(
            Detail::StoreLocked,
            format!("the store `{}` is open already", folder.display()),
        )
        .help("Close the other program that has it open, or share one open database within this program.")),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path, error)),
    }
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
    syncs: Mutex<Syncs>,
    sync_ended: Condvar,
    /// Held for as long as sled is open.
    _lock: File,
}

/// Who syncs and how far that has come. Syncs are numbered from 1 and never overlap.
#[derive(Default)]
struct Syncs {
    begun: u64,
    ended: u64,
    running: bool,
    /// Whether the names of the store's files and folders are durable.
    names_durable: bool,
}

impl fmt::Debug for SledBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledBytes").field("store", &self.store).finish_non_exhaustive()
    }
}

impl SledBytes {
    fn open(store: &Path, lock: File) -> Result<Self> {
        let folder = store.join("sled");
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
            syncs: Mutex::default(),
            sync_ended: Condvar::new(),
            _lock: lock,
        })
    }

    fn db(&self) -> Result<&sled::Db> {
        self.db.as_ref().ok_or_else(|| Error::internal("the store is closed"))
    }

    /// One sync of the disk, by the caller whose turn it is.
    fn sync_disk(&self, names_durable: bool) -> Result<()> {
        let db = self.db()?;
        guarded("writing", || db.flush())?;
        self.file.sync_data().map_err(|error| failed("sync", &self.store, error))?;
        if !names_durable {
            self.sync_names()?;
        }
        Ok(())
    }

    /// Makes durable what opening has created. It waits for the first write, because who only reads needs none of it.
    fn sync_names(&self) -> Result<()> {
        let folder = self.store.join("sled");
        for entry in fs::read_dir(&folder).map_err(|error| failed("read", &folder, error))? {
            let path = entry.map_err(|error| failed("read", &folder, error))?.path();
            File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|error| failed("sync", &path, error))?;
        }
        sync_folder(&folder)?;
        sync_folder(&self.store.join("segments"))?;
        sync_folder(&self.store)?;
        sync_parent(&self.store)
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
        let mut syncs = self.syncs.lock().unwrap_or_else(PoisonError::into_inner);
        // A sync that runs now may have begun before the caller's last batch, so it is the next one that counts.
        let wanted = syncs.begun + 1;
        loop {
            if syncs.ended >= wanted {
                return Ok(());
            }
            self.poison.check()?;
            if !syncs.running {
                break;
            }
            syncs = self.sync_ended.wait(syncs).unwrap_or_else(PoisonError::into_inner);
        }
        syncs.running = true;
        syncs.begun += 1;
        let number = syncs.begun;
        let names_durable = syncs.names_durable;
        drop(syncs);
        let result = self.poison.note(self.sync_disk(names_durable));
        let mut syncs = self.syncs.lock().unwrap_or_else(PoisonError::into_inner);
        syncs.running = false;
        if result.is_ok() {
            syncs.ended = number;
            syncs.names_durable = true;
        }
        drop(syncs);
        self.sync_ended.notify_all();
        result
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn size_on_disk(&self) -> Result<u64> {
        let mut size = 0;
        let mut folders = vec![self.store.join("sled")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| failed("read", &folder, error))? {
                let entry = entry.map_err(|error| failed("read", &folder, error))?;
                // A file may go while the folder is read; then it takes no room.
                match entry.metadata() {
                    Ok(found) if found.is_dir() => folders.push(entry.path()),
                    Ok(found) => size += found.len(),
                    Err(_) => {}
                }
            }
        }
        Ok(size)
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
        other => damaged(one_line(&other.to_string())),
    }
}

thread_local! {
    /// Whether this thread is in a call into sled, whose panics become errors.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls into sled that run at this moment, in all threads.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// Calls into sled and turns a panic into a `CorruptionError`, without a word on standard error.
fn guarded<T>(doing: &str, call: impl FnOnce() -> sled::Result<T>) -> Result<T> {
    silence_guarded_panics();
    CALLS.fetch_add(1, Ordering::AcqRel);
    let outer = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(outer);
    CALLS.fetch_sub(1, Ordering::AcqRel);
    match result {
        Ok(result) => result.map_err(|error| from_sled(doing, error)),
        Err(payload) => Err(Error::corruption(format!(
            "the store is damaged: sled gave up while {doing} it ({})",
            panic_text(payload.as_ref())
        ))
        .help("Restore the store from a backup.")),
    }
}

/// Puts a hook before the program's own, once, which keeps silent about panics that become errors.
fn silence_guarded_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // sled works in threads of its own too, on behalf of a call that waits for them.
            let on_behalf = || {
                CALLS.load(Ordering::Acquire) > 0
                    && thread::current().name().is_some_and(|name| name.starts_with("sled-io-"))
            };
            if !GUARDED.get() && !on_behalf() {
                previous(panic);
            }
        }));
    });
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    one_line(text)
}

/// The beginning of a text of unknown length, on one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}
