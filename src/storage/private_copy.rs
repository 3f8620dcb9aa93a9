//! A private copy of an engine's files, for whoever must not touch the store's own.
//!
//! Owns where copies lie and how they go. Who may write the store has a copy within its folder, on the same disk, where some
//! file systems copy without writing; who only reads has one in the folder for temporary files (`TMPDIR`). Nobody else can
//! look into a copy, and it is removed when it is dropped. Copies of processes that were killed are known by their name,
//! their owner and a lock that nobody holds; whoever makes the next copy removes them. It may not know what the files hold.

use std::env;
use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::TryLockError;
use std::io;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;

use crate::error::Error;
use crate::error::Result;
use crate::storage::Engine;
use crate::storage::folder::remove_folder;
use crate::storage::identity::StoreId;
use crate::storage::place;
use crate::storage::recognise::records_of;
use crate::storage::refused;

/// The folder within the store that holds a copy.
const WITHIN: &str = "copy";
/// How the name of every other copy begins. A random number follows.
const PREFIX: &str = "redstring-copy-";
/// The file that is locked as long as the copy is in use.
const LOCK: &str = "lock";
/// A copy without a lock is one that is just being made, unless it is older than this.
const SURELY_LEFT: Duration = Duration::from_secs(3600);
/// How often a copy is tried to be removed, every ten milliseconds: a thread of an engine may still close its files.
const TRIES: usize = 20;

/// A folder like a store's, with the files of its engine alone. It goes when it is dropped.
#[derive(Debug)]
pub(crate) struct PrivateCopy {
    folder: PathBuf,
    /// Held as long as the copy is in use; within a store the store's own lock does it.
    _lock: Option<File>,
}

impl PrivateCopy {
    /// Deletes what a crash has left of a copy within a store. The caller holds the store's lock.
    pub(crate) fn clear(store: &Path) -> Result<()> {
        remove_folder(&store.join(WITHIN))
    }

    /// Copies what the engine has of its own in a store, within the store where there is room.
    pub(crate) fn within(store: &Path, engine: &Engine) -> Result<Self> {
        let copy = Self { folder: store.join(WITHIN), _lock: None };
        if make_private(&copy.folder).and_then(|()| copy.fill(store, engine)).is_ok() {
            return Ok(copy);
        }
        // Dropped before it is tried elsewhere: the store's disk may be full.
        drop(copy);
        Self::elsewhere(store, engine)
    }

    /// Copies what the engine has of its own in a store into the folder for temporary files.
    pub(crate) fn elsewhere(store: &Path, engine: &Engine) -> Result<Self> {
        let place = env::temp_dir();
        let copy = Self::empty(&place).map_err(|error| no_copy(store, &place, error))?;
        remove_left(&place, &copy.folder);
        // A copy that cannot be finished goes with the error.
        copy.fill(store, engine).map_err(|error| no_copy(store, &place, error))?;
        Ok(copy)
    }

    /// The folder that stands for the store's.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    fn fill(&self, store: &Path, engine: &Engine) -> io::Result<()> {
        // Engines keep the folder of the segments durable as well.
        make_private(&self.folder.join(place::SEGMENTS))?;
        match records_of(store, engine) {
            Some(records) => copy_folder(&records, &self.folder.join(engine.folder)),
            None => Ok(()),
        }
    }

    fn empty(place: &Path) -> io::Result<Self> {
        loop {
            let folder = place.join(format!("{PREFIX}{}", StoreId::new()));
            make_private(&folder)?;
            let lock = File::create_new(folder.join(LOCK))?;
            // Whoever removes what is left may have been between the two. Where there are no locks nothing is removed.
            let locked = !matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
            if locked && is_named(&lock, &folder.join(LOCK)) {
                return Ok(Self { folder, _lock: Some(lock) });
            }
        }
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        for _ in 0..TRIES {
            // What cannot be removed now is removed by whoever makes the next copy.
            match remove(&self.folder) {
                Err(error) if error.kind() != ErrorKind::NotFound => {}
                _ => return,
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Removes the copies of processes that are gone. That is tried, and nobody is told where it fails.
fn remove_left(place: &Path, own: &Path) {
    let Ok(own_found) = fs::metadata(own) else { return };
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let folder = entry.path();
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_copy = number.and_then(StoreId::parse).is_some();
        if !is_copy || folder == own {
            continue;
        }
        // Not what a link leads to.
        let Ok(found) = fs::symlink_metadata(&folder) else { continue };
        if !found.is_dir() || !has_same_owner(&found, &own_found) {
            continue;
        }
        let left = match File::open(folder.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok().then_some(Some(lock)),
            Err(_) => {
                let age = found
                    .modified()
                    .ok()
                    .and_then(|then| SystemTime::now().duration_since(then).ok());
                age.is_some_and(|age| age > SURELY_LEFT).then_some(None)
            }
        };
        if let Some(_lock) = left {
            let _ = remove(&folder);
        }
    }
}

/// Removes a copy, its lock last.
fn remove(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        }
    }
    fs::remove_dir_all(folder)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    make_private(to)?;
    for entry in fs::read_dir(from)? {
        let from = entry?.path();
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            // Without its rights, which may not let it be written.
            io::copy(&mut File::open(&from)?, &mut File::create_new(&to)?)?;
        }
    }
    Ok(())
}

/// Makes a folder that nobody else can look into.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn has_same_owner(one: &Metadata, other: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(one) == std::os::unix::fs::MetadataExt::uid(other)
}

/// Elsewhere everybody has a folder of his own for temporary files.
#[cfg(not(unix))]
fn has_same_owner(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Whether an open file is the one at a path.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |found: Metadata| (found.dev(), found.ino());
    file.metadata().map(number).ok() == fs::metadata(path).map(number).ok()
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_named(_: &File, path: &Path) -> bool {
    path.is_file()
}

fn no_copy(store: &Path, place: &Path, error: io::Error) -> Error {
    refused::of(
        format!(
            "the records of the store `{}` cannot be copied into the folder `{}`, to be read there: {error}",
            store.display(),
            place.display()
        ),
        error,
    )
    .help("Set TMPDIR to a folder on a disk with room for the records of the store, which this user can write.")
}
