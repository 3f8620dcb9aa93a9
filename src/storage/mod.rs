//! Ordered bytes and segment files: what the graph stands on.
//!
//! Owns two small traits, [`OrderedBytes`] and [`SegmentFiles`], the engines behind them, and what durability
//! means. It may not know a node, a value, a key layout or a record: bytes go in and the same bytes come out.
//! Nothing outside this module names sled or redb, or opens a file of the store.
//!
//! Two promises hold for every engine, and [`conformance`] checks them on each:
//! a [`Batch`] is applied whole or not at all, and what was applied before a [`OrderedBytes::sync`] began is
//! there after a power cut once that call has returned.

#[doc(hidden)]
pub mod conformance;
#[doc(hidden)]
pub mod fault;
pub mod folder;
mod guard;
pub mod identity;
pub mod memory;
mod opening;
mod place;
mod poison;
mod private_copy;
mod reader;
mod recognise;
pub mod redb;
mod refused;
pub mod salvage;
mod shared_sync;
pub mod sled;
mod witness;
mod witnessed;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;

pub use identity::StoreId;
pub use opening::engine_of;
pub use opening::make_whole;
pub use opening::open;
pub use opening::open_to_read;
pub use witness::Progress;

/// The largest value that [`OrderedBytes::apply`] takes, in bytes. What is larger is written in pieces by the caller.
///
/// sled moves a page that has grown too large into a file which it never syncs; up to this size none does.
pub const MAX_VALUE: usize = 4096;

/// The largest key that [`OrderedBytes::apply`] takes, in bytes, for the same reason.
pub const MAX_KEY: usize = 256;

/// Changes that become visible together or not at all. A later change of a key replaces an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// A batch that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value`.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), Some(value.into())));
    }

    /// Removes `key`, if it is there.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), None));
    }

    /// The changes in the order they were made: the key, and its new value or nothing.
    pub fn changes(&self) -> &[(Vec<u8>, Option<Vec<u8>>)] {
        &self.changes
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The bytes of all keys and values.
    pub fn size(&self) -> usize {
        self.changes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
    }

    /// Refuses what is too large for an engine: a defect of the caller, who must write in pieces.
    fn check(&self) -> Result<()> {
        for (key, value) in &self.changes {
            let value_length = value.as_ref().map_or(0, Vec::len);
            if key.len() > MAX_KEY {
                return Err(Error::internal(format!(
                    "a key of {} bytes is larger than the storage takes ({MAX_KEY})",
                    key.len()
                )));
            }
            if value_length > MAX_VALUE {
                return Err(Error::internal(format!(
                    "a value of {value_length} bytes is larger than the storage takes ({MAX_VALUE})"
                )));
            }
        }
        Ok(())
    }
}

/// What [`OrderedBytes::scan`] calls with each key and value; `false` ends the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool> + 'a;

/// Keys and values in the order of the keys' bytes, with atomic batches.
///
/// After a write or a sync has failed the engine is poisoned: what is on disk is not known any more, so every
/// later [`apply`](Self::apply) and [`sync`](Self::sync) gives `StorageError.StorePoisoned`. Reads go on. After a full
/// disk [`reopen`](Self::reopen) finds out what is there.
/// A batch that was refused for its sizes does not poison.
pub trait OrderedBytes: fmt::Debug + Send + Sync + 'static {
    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Visits what lies at `from` or after it, and before `until`, ascending, until `visit` returns `false`.
    ///
    /// A scan is no snapshot: a batch applied meanwhile may show in part.
    /// `visit` may not call the engine.
    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()>;

    /// Applies a batch: all of it or nothing, visible on return, not yet durable.
    ///
    /// After a power cut, what was applied since the last sync is there up to some batch and not after it.
    fn apply(&self, batch: Batch) -> Result<()>;

    /// Makes durable everything that was applied before the call. Concurrent callers share the work.
    fn sync(&self) -> Result<()>;

    /// Gives back the space of what was deleted, where the engine keeps it and holds little else. Others wait.
    fn compact(&self) -> Result<()> {
        Ok(())
    }

    /// Opens anew what is on disk, after a write has failed because the disk was full; refused after any other failure.
    /// Of what was applied since the last sync some is there, and some not. It takes writes again.
    ///
    /// The caller sees to it that nobody takes a later sync for one of what was applied before.
    fn reopen(&self) -> Result<()>;

    /// How far the store had come when that was last written down, beside the engine's own files. Nothing where nobody has.
    ///
    /// What holds less has lost something.
    fn attested(&self) -> Option<Progress> {
        None
    }

    /// Goes on with the store's own files, where a private copy of them is read so far: for whoever has found in the copy what
    /// was attested. Writing does so by itself.
    fn accept(&self) -> Result<()> {
        Ok(())
    }

    /// Says how far the store has come, as of a sync that has returned. It is written down within a second, or before this
    /// returns. Where that cannot be done it is tried again later.
    fn attest(&self, _progress: Progress, _at_once: bool) {}

    /// The engine's name in [`ENGINES`].
    fn name(&self) -> &'static str;

    /// Bytes it takes on disk (in memory: of keys and values).
    fn size_on_disk(&self) -> Result<u64>;
}

/// Ordered bytes that one handle owns.
pub type BoxedBytes = Box<dyn OrderedBytes>;

/// Files that are written once, whole, and then read at any position.
///
/// A name is 1 to 128 characters of `a-z`, `0-9`, `-`, `_` and `.`, and does not begin with a dot; see [`check_name`].
pub trait SegmentFiles: fmt::Debug + Send + Sync + 'static {
    /// Begins a file. It exists under its name from [`SegmentWriter::finish`] on, and replaces one of the same name.
    fn create(&self, name: &str) -> Result<Box<dyn SegmentWriter>>;

    /// Opens a finished file. It stays readable through the reader even when it is deleted.
    fn open(&self, name: &str) -> Result<Arc<dyn SegmentReader>>;

    /// Deletes a file. One that is not there is no error. Durable at some later time.
    fn delete(&self, name: &str) -> Result<()>;

    /// The names of all finished files, ascending.
    fn list(&self) -> Result<Vec<String>>;

    /// A new file for what the memory does not hold, which nobody else sees. Nothing where there is no place but memory.
    fn scratch(&self) -> Result<Option<Box<dyn ScratchFile>>> {
        Ok(None)
    }
}

/// A file that is gone when it is dropped, or at the next opening of the store after a crash.
pub trait ScratchFile: fmt::Debug + Send + Sync {
    /// Appends bytes and says where they lie.
    fn append(&mut self, bytes: &[u8]) -> Result<u64>;

    /// Fills `buffer` from `offset` on with what was appended.
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;
}

/// A segment file while it is written. Dropped before [`finish`](Self::finish) it leaves nothing behind.
pub trait SegmentWriter: fmt::Debug + Send {
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Syncs the file and its folder and gives the file its name. Returns the length in bytes.
    fn finish(self: Box<Self>) -> Result<u64>;
}

/// A finished segment file.
#[expect(clippy::len_without_is_empty, reason = "a length in bytes, not a collection")]
pub trait SegmentReader: fmt::Debug + Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Fills `buffer` from `offset` on. A range that is not within the file is a `CorruptionError`.
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;

    /// `length` bytes from `offset` on. A range that is not within the file is a `CorruptionError`.
    fn read_at(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        // Before anything of that size is allocated: a damaged length must not exhaust the memory.
        check_range(self.len(), offset, length)?;
        let mut bytes = vec![0; length];
        self.read_into(offset, &mut bytes)?;
        Ok(bytes)
    }
}

/// Refuses a range that is not within a file of `file_length` bytes.
fn check_range(file_length: u64, offset: u64, length: usize) -> Result<()> {
    let end = u64::try_from(length).ok().and_then(|length| offset.checked_add(length));
    if end.is_some_and(|end| end <= file_length) {
        return Ok(());
    }
    Err(Error::corruption(format!(
        "{length} bytes at {offset} are beyond the end of a segment file of {file_length} bytes"
    )))
}

/// Refuses a name that is no name of a segment file: it could leave the folder or differ in case alone.
pub fn check_name(name: &str) -> Result<()> {
    let fits =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if (1..=128).contains(&name.len()) && !name.starts_with('.') && name.chars().all(fits) {
        return Ok(());
    }
    Err(Error::corruption(format!("`{}` is no name of a segment file", name.escape_debug())))
}

/// Both halves of an open store.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The system of record: log and catalog.
    pub bytes: Arc<dyn OrderedBytes>,
    /// The segments beside it.
    pub segments: Arc<dyn SegmentFiles>,
    /// The number of the store; none where it is in memory.
    pub id: Option<StoreId>,
}

/// One engine: a pair of implementations that make a store.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// The word that chooses it.
    pub name: &'static str,
    /// One sentence on what it is for.
    pub documentation: &'static str,
    /// Whether what was synced is there when the same folder is opened again.
    pub durable: bool,
    /// The folder of its own within the store's, by which a store's engine is known; empty where it has none.
    pub folder: &'static str,
    /// The file in that folder without which it would begin anew.
    pub file: &'static str,
    /// Opens the store in a folder, or makes one where there is none.
    pub open: fn(&Path) -> Result<Opened>,
    /// Opens its own half of the store in a folder, which the caller has locked, and makes it where it is missing. Where its
    /// files may be damaged it is to be done thoroughly.
    pub open_bytes: fn(&Path, bool) -> Result<Box<dyn OrderedBytes>>,
    /// Opens its own half of the store in a folder to read it as it is, without writing; none where it cannot.
    pub open_in_place: fn(&Path) -> Result<Option<BoxedBytes>>,
}

/// Every engine there is. The first is the default of a store on disk.
pub const ENGINES: &[Engine] = &[
    Engine {
        name: sled::NAME,
        documentation: "Keeps records in sled and segments in files beside it, all below one folder.",
        durable: true,
        folder: sled::FOLDER,
        file: sled::FILE,
        open: sled::open,
        open_bytes: sled::open_bytes,
        // It writes whenever it is opened.
        open_in_place: |_| Ok(None),
    },
    Engine {
        name: redb::NAME,
        documentation: "Keeps records in redb and segments in files beside it, all below one folder.",
        durable: true,
        folder: redb::FOLDER,
        file: redb::FILE,
        open: redb::open,
        open_bytes: redb::open_bytes,
        open_in_place: redb::open_in_place,
    },
    Engine {
        name: memory::NAME,
        documentation: "Keeps everything in memory and forgets it in the end; the folder is not touched.",
        durable: false,
        folder: "",
        file: "",
        open: |_| Ok(memory::open()),
        open_bytes: |_, _| Ok(Box::new(memory::MemoryBytes::default())),
        open_in_place: |_| Ok(None),
    },
];

/// The engine of that name.
pub fn engine(name: &str) -> Option<&'static Engine> {
    ENGINES.iter().find(|engine| engine.name == name)
}
