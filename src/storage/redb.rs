//! The second engine on disk: redb for ordered bytes, a folder beside it for segments.
//!
//! It is there so that no data depends on one library: a store moves between the engines whole (see
//! `Database::migrate`). A batch is one transaction of redb that is visible and not durable; a sync is one more,
//! empty, which makes durable all that were before it.
//!
//! Its one file lies in the folder `redb` of the store.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::RwLock;

use redb::Database;
use redb::DatabaseError;
use redb::Durability;
use redb::ReadOnlyDatabase;
use redb::ReadableDatabase;
use redb::StorageError;
use redb::TableDefinition;
use redb::TableError;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage;
use crate::storage::Batch;
use crate::storage::BoxedBytes;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::Visit;
use crate::storage::folder::make_folder;
use crate::storage::guard;
use crate::storage::place;
use crate::storage::place::Identity;
use crate::storage::poison::Poison;
use crate::storage::poison::closed;
use crate::storage::refused;
use crate::storage::refused::failed;
use crate::storage::shared_sync::SharedSync;

/// The engine's name.
pub const NAME: &str = "redb";

/// The folder of redb's own file, within the store's.
pub(crate) const FOLDER: &str = "redb";
/// The name of that file.
pub(crate) const FILE: &str = "db";

/// The one table.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// Bytes of redb's own page cache: small, because the graph keeps what it needs.
const CACHE: usize = 16 * 1024 * 1024;

/// Opens the store in `folder` and makes it where it is missing.
pub fn open(folder: &Path) -> Result<Opened> {
    storage::open(folder, Some(NAME))
}

/// Opens redb's half of a store.
pub(crate) fn open_bytes(store: &Path, thoroughly: bool) -> Result<Box<dyn OrderedBytes>> {
    Ok(Box::new(RedbBytes::open(store, thoroughly)?))
}

struct OpenRedb {
    db: Database,
    identity: Identity,
}

impl OpenRedb {
    fn open(store: &Path) -> Result<Self> {
        let path = file(store);
        let db = guarded(&format!("opening `{}`", path.display()), || {
            Ok(Database::builder().set_cache_size(CACHE).create(&path)?)
        })?;
        Ok(Self { db, identity: Identity::of(&path)? })
    }
}

/// redb's one file.
fn file(store: &Path) -> PathBuf {
    store.join(FOLDER).join(FILE)
}

/// Ordered bytes in a table of redb.
struct RedbBytes {
    /// `None` while it is dropped, and after it could not be opened again.
    open: RwLock<Option<OpenRedb>>,
    /// The folder of the store, above redb's own.
    store: PathBuf,
    poison: Poison,
    sync: SharedSync,
}

impl fmt::Debug for RedbBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbBytes").field("store", &self.store).finish_non_exhaustive()
    }
}

impl RedbBytes {
    /// Opens redb's file, and holds all of it against its checksums where it is to be done thoroughly: redb does so at no
    /// other time.
    fn open(store: &Path, thoroughly: bool) -> Result<Self> {
        make_folder(&store.join(FOLDER))?;
        let mut open = OpenRedb::open(store)?;
        if thoroughly {
            // What it mends is of its own book-keeping. Records are never mended.
            guarded("checking", || Ok(open.db.check_integrity()?))?;
        }
        Ok(Self {
            open: RwLock::new(Some(open)),
            store: store.to_owned(),
            poison: Poison::default(),
            sync: SharedSync::default(),
        })
    }

    fn with<T>(&self, call: impl FnOnce(&OpenRedb) -> Result<T>) -> Result<T> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        call(open.as_ref().ok_or_else(closed)?)
    }

    /// Commits a transaction with these changes.
    fn commit(&self, changes: Batch, durability: Durability) -> Result<()> {
        let write = |db: &Database| {
            let mut transaction = db.begin_write()?;
            transaction.set_durability(durability)?;
            {
                let mut records = transaction.open_table(RECORDS)?;
                for (key, value) in &changes.changes {
                    match value {
                        Some(value) => drop(records.insert(&**key, &**value)?),
                        None => drop(records.remove(&**key)?),
                    }
                }
            }
            transaction.commit()?;
            Ok(())
        };
        self.with(|open| {
            guarded("writing", || write(&open.db))?;
            match durability {
                Durability::Immediate => open.identity.check(&file(&self.store)),
                _ => Ok(()),
            }
        })
    }

    /// Closes redb, which has nothing to say after a failure, and opens what is there.
    fn open_again(&self) -> Result<()> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        close(open.take());
        *open = Some(OpenRedb::open(&self.store)?);
        Ok(())
    }
}

/// Closing writes, and may panic. Nothing that was acknowledged depends on it.
fn close(open: Option<OpenRedb>) {
    let _ = guarded("closing", || {
        drop(open);
        Ok(())
    });
}

impl OrderedBytes for RedbBytes {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.with(|open| get(&open.db, key))
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        scan(&open.as_ref().ok_or_else(closed)?.db, from, until, visit)
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        batch.check()?;
        self.poison.check()?;
        if batch.is_empty() {
            return Ok(());
        }
        self.poison.note(self.commit(batch, Durability::None))
    }

    fn sync(&self) -> Result<()> {
        self.sync.run(&self.poison, |first| {
            self.commit(Batch::new(), Durability::Immediate)?;
            if first { place::sync_names(&self.store, &self.store.join(FOLDER)) } else { Ok(()) }
        })
    }

    fn compact(&self) -> Result<()> {
        self.poison.check()?;
        let path = file(&self.store);
        let length = fs::metadata(&path).map_err(|error| failed("read", &path, error))?.len();
        let records = || {
            let mut records = 0;
            self.scan(&[], None, &mut |key, value| {
                records += (key.len() + value.len()) as u64;
                Ok(true)
            })?;
            Ok(records)
        };
        if !place::is_nearly_empty(length, records)? {
            return Ok(());
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_mut().ok_or_else(closed)?;
        self.poison.note(guarded("compacting", || Ok(open.db.compact()?)))?;
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

impl Drop for RedbBytes {
    fn drop(&mut self) {
        close(self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

fn get(db: &impl ReadableDatabase, key: &[u8]) -> Result<Option<Vec<u8>>> {
    guarded("reading", || match db.begin_read()?.open_table(RECORDS) {
        Ok(records) => Ok(records.get(key)?.map(|value| value.value().to_vec())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    })
}

fn scan(
    db: &impl ReadableDatabase,
    from: &[u8],
    until: Option<&[u8]>,
    visit: &mut Visit<'_>,
) -> Result<()> {
    // An empty range, which redb would take for a defect of its caller.
    if until.is_some_and(|until| until <= from) {
        return Ok(());
    }
    let entries = guarded("reading", || {
        let records = match db.begin_read()?.open_table(RECORDS) {
            Ok(records) => records,
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(match until {
            Some(until) => records.range(from..until)?,
            None => records.range(from..)?,
        }))
    })?;
    let Some(mut entries) = entries else { return Ok(()) };
    while let Some((key, value)) = guarded("reading", || Ok(entries.next().transpose()?))? {
        if !visit(key.value(), value.value())? {
            break;
        }
    }
    Ok(())
}

/// Opens redb's file to read it as it is. Where it was not closed redb must mend it first, which it does not do so.
pub(crate) fn open_in_place(store: &Path) -> Result<Option<BoxedBytes>> {
    let path = file(store);
    let db = guarded(&format!("opening `{}`", path.display()), || {
        match Database::builder().set_cache_size(CACHE).open_read_only(&path) {
            Ok(db) => Ok(Some(db)),
            Err(DatabaseError::RepairAborted) => Ok(None),
            // The file system has no locks.
            Err(DatabaseError::Storage(StorageError::Io(error)))
                if error.kind() == ErrorKind::Unsupported =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    })?;
    Ok(db.map(|db| Box::new(InPlace { db, store: store.to_owned() }) as BoxedBytes))
}

/// Ordered bytes in a table of redb whose file is only read.
struct InPlace {
    db: ReadOnlyDatabase,
    store: PathBuf,
}

impl fmt::Debug for InPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").field("store", &self.store).finish_non_exhaustive()
    }
}

impl OrderedBytes for InPlace {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        get(&self.db, key)
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        scan(&self.db, from, until, visit)
    }

    fn apply(&self, _batch: Batch) -> Result<()> {
        Err(refused::read_only())
    }

    fn sync(&self) -> Result<()> {
        Err(refused::read_only())
    }

    fn reopen(&self) -> Result<()> {
        Err(refused::read_only())
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn size_on_disk(&self) -> Result<u64> {
        place::size_of(&self.store.join(FOLDER))
    }
}

/// Calls into redb: its errors and panics become ours.
fn guarded<T>(
    doing: &str,
    call: impl FnOnce() -> std::result::Result<T, redb::Error>,
) -> Result<T> {
    guard::guarded(NAME, doing, || call().map_err(|error| from_redb(doing, error)))
}

/// The error of the whole engine for one of redb's.
fn from_redb(doing: &str, error: redb::Error) -> Error {
    match error {
        redb::Error::DatabaseAlreadyOpen => {
            Error::storage(Detail::StoreLocked, "the store is open already")
                .help("Close the other program that has it open.")
                .caused_by(error)
        }
        redb::Error::Io(error) if error.kind() != ErrorKind::UnexpectedEof => {
            refused::of(format!("{doing} the store failed: {error}"), error)
        }
        redb::Error::ValueTooLarge(_) | redb::Error::LockPoisoned(_) | redb::Error::PreviousIo => {
            Error::storage(Detail::InputOutput, format!("{doing} the store failed: {error}"))
                .caused_by(error)
        }
        other => Error::corruption(format!(
            "the store is damaged: {}, found while {doing}",
            guard::one_line(&other.to_string())
        ))
        .help("Restore the store from a backup."),
    }
}
