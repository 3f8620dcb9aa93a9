//! The folder of a store on disk: the lock that keeps a second opener out, and whose names are durable.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::folder::sync_folder;
use crate::storage::folder::sync_parent;
use crate::storage::refused::failed;

/// The file that is locked while the store is open.
pub(crate) const LOCK: &str = "lock";
/// The folder of the segment files.
pub(crate) const SEGMENTS: &str = "segments";

/// How often, every ten milliseconds, the lock is tried again: a process that this one starts holds what is open here
/// from its beginning until its own program runs, so that a store may be locked for a moment after it was closed.
const LOCK_TRIES: usize = 25;

/// Takes the lock that keeps a second opener out; it lasts as long as the file is open.
pub(crate) fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| failed("open", &path, error))?;
    let mut locked = file.try_lock();
    for _ in 0..LOCK_TRIES {
        if !matches!(locked, Err(TryLockError::WouldBlock)) {
            break;
        }
        thread::sleep(Duration::from_millis(10));
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(store_locked(folder, "is open already")),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path, error)),
    }
}

/// Takes the lock of a reader, which others of its kind share and which keeps writers out, or gives none where none can be
/// taken: where the file is missing, so that nobody has the store open to write, or the file system
/// has no locks. Nothing is changed.
pub(crate) fn lock_to_read(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", &path, error)),
    };
    for left in (0..=LOCK_TRIES).rev() {
        match file.try_lock_shared() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if left > 0 => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Err(store_locked(folder, "is open already to be written"))
}

fn store_locked(folder: &Path, how: &str) -> Error {
    Error::storage(Detail::StoreLocked, format!("the store `{}` {how}", folder.display()))
        .help("Close the other program that has it open, or let that one do it: a prompt can `:backup`, a program shares one open database.")
}

/// A file, whatever its path: another one may come to have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    /// Of the file at a path.
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let found = fs::metadata(path).map_err(|error| failed("find", path, error))?;
        Ok(Self(found.dev(), found.ino()))
    }

    /// Where files have no numbers, one that is there is the one that was there.
    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path) -> Result<Self> {
        fs::metadata(path).map_err(|error| failed("find", path, error))?;
        Ok(Self(0, 0))
    }

    /// Fails where it is not at its path any more: a file without a name takes what is written, and is gone in the end.
    pub(crate) fn check(self, path: &Path) -> Result<()> {
        if Self::of(path)? == self {
            return Ok(());
        }
        Err(Error::storage(
            Detail::StoreGone,
            format!("another file has taken the place of `{}`", path.display()),
        )
        .help("Open the store again to go on with what is there now."))
    }
}

/// Makes durable what opening a store has created, `records` being the folder of the engine's own files.
///
/// It waits for the first write, because who only reads needs none of it.
pub(crate) fn sync_names(store: &Path, records: &Path) -> Result<()> {
    for entry in fs::read_dir(records).map_err(|error| failed("read", records, error))? {
        let entry = entry.map_err(|error| failed("read", records, error))?;
        // The engine makes neither links nor devices.
        if !entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|error| failed("sync", &path, error))?;
    }
    sync_folder(records)?;
    sync_folder(&store.join(SEGMENTS))?;
    sync_folder(store)?;
    sync_parent(store)
}

/// The size of an engine's file, in bytes, from which on space is given back.
const WORTH_COMPACTING: u64 = 2 << 20;

/// Whether an engine's file of that length holds so little, in bytes of records, that it should become smaller.
pub(crate) fn is_nearly_empty(length: u64, records: impl FnOnce() -> Result<u64>) -> Result<bool> {
    Ok(length >= WORTH_COMPACTING && records()?.saturating_mul(8) <= length)
}

/// Bytes in the files of a folder and those below it.
pub(crate) fn size_of(folder: &Path) -> Result<u64> {
    let mut size = 0;
    let mut folders = vec![folder.to_owned()];
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
