//! Storage that fails, for tests: a power cut that loses what was not synced, and operations that fail.
//!
//! Owns no data format. [`LosesUnsynced`] is a store in memory that knows what a disk would hold;
//! [`failing`] wraps any store and lets chosen operations fail.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::error::Result;
use crate::storage::Batch;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::Progress;
use crate::storage::ScratchFile;
use crate::storage::SegmentFiles;
use crate::storage::SegmentReader;
use crate::storage::SegmentWriter;
use crate::storage::Visit;
use crate::storage::check_name;
use crate::storage::memory::MemoryBytes;
use crate::storage::memory::MemoryFiles;
use crate::storage::memory::apply_to;
use crate::storage::poison::Poison;
use crate::storage::refused;

/// What a disk holds after a power cut beyond what was synced: the system may have written some of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// So many of the batches applied since the last sync, from the first on.
    pub batches: usize,
    /// Whether deletions of segment files since the last sync have happened.
    pub deletions: bool,
}

/// A store in memory that can lose its power. Clones are handles to the same store.
#[derive(Clone, Default)]
pub struct LosesUnsynced {
    live: MemoryBytes,
    files: MemoryFiles,
    disk: Arc<Mutex<Disk>>,
}

#[derive(Default)]
struct Disk {
    durable: BTreeMap<Vec<u8>, Vec<u8>>,
    unsynced: Vec<Batch>,
    /// Contents of segment files that were deleted since the last sync.
    deleted: BTreeMap<String, Arc<[u8]>>,
}

impl fmt::Debug for LosesUnsynced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LosesUnsynced").field("unsynced", &self.unsynced()).finish_non_exhaustive()
    }
}

impl LosesUnsynced {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Both halves, as handles to this store.
    pub fn opened(&self) -> Opened {
        Opened { bytes: Arc::new(self.clone()), segments: Arc::new(self.clone()), id: None }
    }

    /// How many batches were applied since the last sync.
    pub fn unsynced(&self) -> usize {
        self.disk().unsynced.len()
    }

    /// The store that would be found after a power cut now. This one goes on as it is.
    #[must_use]
    pub fn power_cut(&self, kept: Kept) -> Self {
        let disk = self.disk();
        let mut content = disk.durable.clone();
        for batch in disk.unsynced.iter().take(kept.batches) {
            apply_to(&mut content, batch);
        }
        let mut files = self.files.content();
        if !kept.deletions {
            for (name, bytes) in &disk.deleted {
                files.entry(name.clone()).or_insert_with(|| bytes.clone());
            }
        }
        Self {
            live: MemoryBytes::with(content.clone()),
            files: MemoryFiles::with(files),
            disk: Arc::new(Mutex::new(Disk { durable: content, ..Disk::default() })),
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OrderedBytes for LosesUnsynced {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.live.get(key)
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        self.live.scan(from, until, visit)
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        // The lock is held throughout, so that both images see the batches in one order.
        let mut disk = self.disk();
        self.live.apply(batch.clone())?;
        disk.unsynced.push(batch);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let mut disk = self.disk();
        for batch in std::mem::take(&mut disk.unsynced) {
            apply_to(&mut disk.durable, &batch);
        }
        disk.deleted.clear();
        Ok(())
    }

    fn reopen(&self) -> Result<()> {
        Ok(())
    }

    fn name(&self) -> &'static str {
        "loses-unsynced"
    }

    fn size_on_disk(&self) -> Result<u64> {
        self.live.size_on_disk()
    }
}

impl SegmentFiles for LosesUnsynced {
    fn create(&self, name: &str) -> Result<Box<dyn SegmentWriter>> {
        self.files.create(name)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn SegmentReader>> {
        self.files.open(name)
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let mut disk = self.disk();
        if let Some(bytes) = self.files.content().remove(name) {
            disk.deleted.insert(name.to_owned(), bytes);
        }
        self.files.delete(name)
    }

    fn list(&self) -> Result<Vec<String>> {
        self.files.list()
    }
}

/// The kinds of operation that are counted and can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A get, a scan, the opening of a segment file or a read from it.
    Read,
    /// A batch, the creation, writing or deletion of a segment file.
    Write,
    /// A sync, or the finishing of a segment file.
    Sync,
}

/// How long operations fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// Only the chosen one.
    Once,
    /// The chosen one and all that follow, as when the power is gone.
    Forever,
}

/// Counts the operations of a store and says which of them fail.
#[derive(Debug)]
pub struct FailsAt {
    counted: AtomicU64,
    fails_at: AtomicU64,
    kinds: BTreeSet<Operation>,
    lasting: Lasting,
    after: AtomicBool,
    full: AtomicBool,
}

impl FailsAt {
    /// Lets the operation with that number fail, counted from 1 over those of the given kinds. 0 lets none fail.
    pub fn new(number: u64, kinds: &[Operation], lasting: Lasting) -> Arc<Self> {
        Arc::new(Self {
            counted: AtomicU64::new(0),
            fails_at: AtomicU64::new(number),
            kinds: kinds.iter().copied().collect(),
            lasting,
            after: AtomicBool::new(false),
            full: AtomicBool::new(false),
        })
    }

    /// Only counts.
    pub fn never() -> Arc<Self> {
        Self::new(0, &[Operation::Read, Operation::Write, Operation::Sync], Lasting::Once)
    }

    /// Lets the chosen operation fail after it was carried out, as a disk may do. All others fail before.
    pub fn once_done(&self) {
        self.after.store(true, Ordering::SeqCst);
    }

    /// Lets operations fail as on a full disk.
    pub fn full_disk(&self) {
        self.full.store(true, Ordering::SeqCst);
    }

    /// Lets nothing fail from now on.
    pub fn end(&self) {
        self.fails_at.store(0, Ordering::SeqCst);
    }

    /// How many operations of its kinds there were.
    pub fn counted(&self) -> u64 {
        self.counted.load(Ordering::SeqCst)
    }

    fn run<T>(&self, kind: Operation, operation: impl FnOnce() -> Result<T>) -> Result<T> {
        if !self.kinds.contains(&kind) {
            return operation();
        }
        let number = self.counted.fetch_add(1, Ordering::SeqCst) + 1;
        let chosen = self.fails_at.load(Ordering::SeqCst);
        let full = self.full.load(Ordering::SeqCst);
        let kind = if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
        let message = format!("operation {number} was made to fail");
        let failure = || refused::of(message.clone(), io::Error::new(kind, message.clone()));
        if chosen == 0 || number < chosen {
            operation()
        } else if number == chosen {
            if self.after.load(Ordering::SeqCst) {
                operation()?;
            }
            Err(failure())
        } else if self.lasting == Lasting::Forever {
            Err(failure())
        } else {
            operation()
        }
    }
}

/// The same store with operations that fail as `fails` says, and poisoned by failures as every engine is.
pub fn failing(inner: Opened, fails: &Arc<FailsAt>) -> Opened {
    Opened {
        bytes: Arc::new(FailingBytes {
            inner: inner.bytes,
            fails: fails.clone(),
            poison: Poison::default(),
        }),
        segments: Arc::new(FailingFiles { inner: inner.segments, fails: fails.clone() }),
        id: inner.id,
    }
}

#[derive(Debug)]
struct FailingBytes {
    inner: Arc<dyn OrderedBytes>,
    fails: Arc<FailsAt>,
    poison: Poison,
}

impl OrderedBytes for FailingBytes {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.fails.run(Operation::Read, || self.inner.get(key))
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        self.fails.run(Operation::Read, || self.inner.scan(from, until, visit))
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        batch.check()?;
        self.poison.check()?;
        self.poison.note(self.fails.run(Operation::Write, || self.inner.apply(batch)))
    }

    fn sync(&self) -> Result<()> {
        self.poison.check()?;
        self.poison.note(self.fails.run(Operation::Sync, || self.inner.sync()))
    }

    fn reopen(&self) -> Result<()> {
        self.poison.heal(|| self.fails.run(Operation::Read, || self.inner.reopen()))
    }

    fn attested(&self) -> Option<Progress> {
        self.inner.attested()
    }

    fn accept(&self) -> Result<()> {
        self.fails.run(Operation::Read, || self.inner.accept())
    }

    fn attest(&self, progress: Progress, at_once: bool) {
        self.inner.attest(progress, at_once);
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn size_on_disk(&self) -> Result<u64> {
        self.inner.size_on_disk()
    }
}

#[derive(Debug)]
struct FailingFiles {
    inner: Arc<dyn SegmentFiles>,
    fails: Arc<FailsAt>,
}

impl SegmentFiles for FailingFiles {
    fn create(&self, name: &str) -> Result<Box<dyn SegmentWriter>> {
        let inner = self.fails.run(Operation::Write, || self.inner.create(name))?;
        Ok(Box::new(FailingWriter { inner, fails: self.fails.clone() }))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn SegmentReader>> {
        let inner = self.fails.run(Operation::Read, || self.inner.open(name))?;
        Ok(Arc::new(FailingReader { inner, fails: self.fails.clone() }))
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.fails.run(Operation::Write, || self.inner.delete(name))
    }

    fn list(&self) -> Result<Vec<String>> {
        self.fails.run(Operation::Read, || self.inner.list())
    }

    fn scratch(&self) -> Result<Option<Box<dyn ScratchFile>>> {
        let inner = self.fails.run(Operation::Write, || self.inner.scratch())?;
        Ok(inner.map(|inner| -> Box<dyn ScratchFile> {
            Box::new(FailingScratch { inner, fails: self.fails.clone() })
        }))
    }
}

#[derive(Debug)]
struct FailingScratch {
    inner: Box<dyn ScratchFile>,
    fails: Arc<FailsAt>,
}

impl ScratchFile for FailingScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        self.fails.run(Operation::Write, || self.inner.append(bytes))
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.fails.run(Operation::Read, || self.inner.read_into(offset, buffer))
    }
}

#[derive(Debug)]
struct FailingWriter {
    inner: Box<dyn SegmentWriter>,
    fails: Arc<FailsAt>,
}

impl SegmentWriter for FailingWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.fails.run(Operation::Write, || self.inner.write(bytes))
    }

    fn finish(self: Box<Self>) -> Result<u64> {
        let Self { inner, fails } = *self;
        fails.run(Operation::Sync, || inner.finish())
    }
}

#[derive(Debug)]
struct FailingReader {
    inner: Arc<dyn SegmentReader>,
    fails: Arc<FailsAt>,
}

impl SegmentReader for FailingReader {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.fails.run(Operation::Read, || self.inner.read_into(offset, buffer))
    }
}
