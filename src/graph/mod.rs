//! The property graph: snapshots, transactions, and how both reach the disk.
//!
//! Owns the key layout, the segment format and all isolation. Readers hold an immutable [`Snapshot`]
//! (base segments and a delta); one [`Transaction`] at a time changes a snapshot of its own and publishes it
//! by its commit. It may not know of queries, and hands out neither keys nor files.

mod backup;
mod build;
mod bulk;
mod catalog;
mod change;
mod check;
mod checkpoint;
mod constraint;
mod delta;
mod encoding;
mod fold;
mod head;
pub(crate) mod hydrate;
mod ids;
mod index;
mod journal;
mod keys;
mod links;
mod log;
mod opening;
mod populate;
mod property;
mod reading;
mod recovery;
mod replay;
mod salvage;
mod schema;
mod schema_change;
mod segment;
mod snapshot;
mod stored;
mod touch;
mod transaction;
mod values;
mod whole;
mod witness;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::meter;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::SegmentFiles;
use crate::storage::memory;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::allocation::vec_bytes;

use build::Builds;
use change::Change;
use fold::{Closing, Folder};
use head::{Commit, Heads};
use segment::ChunkCache;
use snapshot::State;

pub use build::IndexBuild;
pub use bulk::{BatchTypes, Bulk, NodeBatch, RelationshipBatch};
pub use check::CheckReport;
pub use index::{IndexBound, IndexRange, IndexStatistics};
pub use replay::Replay;
pub use salvage::{RepairReport, repair};
pub use schema::{Constraint, ConstraintKind, Index, IndexId, IndexKind, Schema, SchemaTarget};
pub use snapshot::Snapshot;
pub use stored::{STORED, Stored};
pub use transaction::{ChangeCounts, Savepoint, Transaction};

/// A label, as a number in one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LabelId(pub u32);

/// A relationship type, as a number in one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeId(pub u32);

/// A property key, as a number in one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(pub u32);

/// Which way relationships are followed from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From start to end.
    Outgoing,
    /// From end to start.
    Incoming,
    /// Either way.
    Both,
}

/// What [`Snapshot::expand`] found: row `i` says that the node at `parents[i]` of the batch has the
/// neighbour `nodes[i]` along `relationships[i]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Position of the node expanded from, within the batch; ascending.
    pub parents: Vec<u32>,
    /// The neighbour.
    pub nodes: Vec<NodeId>,
    /// The relationship to it.
    pub relationships: Vec<RelationshipId>,
}

impl Neighbours {
    /// How many were found.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> u64 {
        vec_bytes(&self.parents) + vec_bytes(&self.nodes) + vec_bytes(&self.relationships)
    }

    /// Forgets them and keeps the memory.
    pub fn clear(&mut self) {
        self.parents.clear();
        self.nodes.clear();
        self.relationships.clear();
    }
}

/// What the optimizer wants to know of a relationship type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeStatistics {
    /// How many relationships have the type. Exact.
    pub count: u64,
    /// How many nodes one of them starts at. An estimate once the base was changed.
    pub distinct_starts: u64,
    /// How many nodes one of them ends at. An estimate once the base was changed.
    pub distinct_ends: u64,
}

/// What the optimizer wants to know of a property key, as of the last checkpoint: an estimate.
#[derive(Debug, Clone)]
pub struct PropertyStatistics {
    /// How many nodes or relationships have the property.
    pub count: u64,
    /// How many different values there are, where the checkpoint counted them.
    pub distinct: Option<u64>,
    /// The least and the greatest value, where all are integers or all are floats. NaN counts not.
    pub bounds: Option<(Value, Value)>,
}

/// How a graph is opened.
#[derive(Debug, Clone)]
pub struct GraphOptions {
    /// How long [`Graph::begin`] waits for another write transaction to end.
    pub lock_timeout: Duration,
    /// The size of the log, in bytes, after which a commit makes a checkpoint. Where the segments are large the
    /// log grows to half of their size first, but to eight times this at most: a graph is not rewritten for each
    /// small part of it, and opening, which reads the log, stays quick.
    pub checkpoint_bytes: u64,
    /// How much decoded segment data is kept in memory, in bytes. A log whose changes would take more than a share of it is
    /// folded while the graph is opened.
    pub cache_bytes: u64,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(5),
            checkpoint_bytes: 16 << 20,
            cache_bytes: 512 << 20,
        }
    }
}

/// A property graph. Cloning gives another handle to the same graph.
#[derive(Clone)]
pub struct Graph {
    shared: Arc<Shared>,
    _closing: Arc<Closing>,
}

struct Shared {
    options: GraphOptions,
    bytes: Arc<dyn OrderedBytes>,
    files: Arc<dyn SegmentFiles>,
    cache: Arc<ChunkCache>,
    /// Whether nobody can open the graph again, so that a log would serve nothing.
    volatile: bool,
    /// Whether the graph was opened only to be read.
    read_only: bool,
    /// What is missing of it, if it was opened all the same.
    missing: Vec<String>,
    /// How the graph was opened.
    replay: Replay,
    /// Whether a write transaction is open.
    writing: Mutex<bool>,
    written: Condvar,
    heads: Mutex<Heads>,
    /// One checkpoint at a time.
    checkpointing: Mutex<()>,
    /// The size of the log at which the next commit makes a checkpoint.
    checkpoint_at: AtomicU64,
    /// A write failed, so what is on disk is not known any more.
    poisoned: AtomicBool,
    /// The indexes that are being built.
    builds: Builds,
    /// Folds the log when it has grown.
    folder: Arc<Folder>,
}

/// What a changed entity counts towards a checkpoint where there is no log, in bytes.
const VOLATILE_CHANGE: u64 = 128;

/// The guard of a mutex even if a thread died with it: no critical section here leaves anything half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Graph").field(&self.snapshot()).finish()
    }
}

impl Graph {
    /// A new, empty graph that lives as long as its last handle.
    pub fn in_memory() -> Self {
        Self::in_memory_with(GraphOptions::default())
    }

    /// A new, empty graph that lives as long as its last handle, with options.
    pub fn in_memory_with(options: GraphOptions) -> Self {
        let Opened { bytes, segments, .. } = memory::open();
        let cache = Arc::new(ChunkCache::new(options.cache_bytes));
        let shared = Shared::new(bytes, segments, cache, options, Heads::default());
        Self::new(Shared { volatile: true, ..shared })
    }

    fn new(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        Self { _closing: Arc::new(Closing(shared.clone())), shared }
    }

    /// The graph as of the last durable commit. Takes no time, whatever others do.
    pub fn snapshot(&self) -> Snapshot {
        lock(&self.shared.heads).durable().clone()
    }

    /// Opens the write transaction: there is one at a time.
    ///
    /// Waits for another one up to the lock timeout, then fails with a retryable `TransactionError`. After a write was
    /// refused because the disk was full it goes on where there is room again.
    pub fn begin(&self) -> Result<Transaction> {
        Shared::begin(&self.shared)
    }

    /// Folds all durable changes into segments. Readers and the writer go on meanwhile.
    pub fn checkpoint(&self) -> Result<()> {
        let _one_at_a_time = lock(&self.shared.checkpointing);
        self.shared.checkpoint()
    }
}

impl Graph {
    /// Copies the graph as of the last durable commit into an empty store, which may have another engine.
    /// Readers and the writer go on meanwhile; a checkpoint waits.
    pub fn copy_to(&self, target: &Opened) -> Result<()> {
        self.copy_watched(target, &|_, _| {})
    }

    /// As [`Graph::copy_to`], calling `watch` now and then with how many bytes are copied, and about how many there are.
    pub fn copy_watched(&self, target: &Opened, watch: &dyn Fn(u64, u64)) -> Result<()> {
        let shared = &self.shared;
        let _no_checkpoint = lock(&shared.checkpointing);
        if shared.volatile {
            // Nothing was logged, so everything must be in segments.
            shared.checkpoint()?;
        }
        let (snapshot, log_bytes) = {
            let heads = lock(&shared.heads);
            (heads.durable().clone(), heads.log_bytes)
        };
        let base = &snapshot.state.base;
        let total = base.size() + log_bytes;
        let copied = Cell::new(0);
        let watch = |bytes| {
            copied.set(total.min(copied.get() + bytes));
            watch(copied.get(), total);
        };
        backup::write(&*shared.bytes, &shared.files, base, snapshot.sequence(), target, &watch)
    }

    /// The indexes that are being built by a transaction that is open, and how far each is.
    pub fn index_builds(&self) -> Vec<IndexBuild> {
        self.shared.builds.now()
    }

    /// Checks every checksum and every reference, and says what is damaged.
    pub fn check(&self) -> CheckReport {
        self.check_watched(&|_, _| {})
    }

    /// As [`Graph::check`], calling `watch` now and then with how much is done, and about how much there is.
    pub fn check_watched(&self, watch: &dyn Fn(u64, u64)) -> CheckReport {
        let _no_checkpoint = lock(&self.shared.checkpointing);
        let _narrowed = self.shared.cache.narrowed();
        check::run(&self.snapshot(), &self.shared, watch)
    }
}

/// The error for a part of the store in a format that this version does not know.
fn unknown_version(what: &str) -> Error {
    Error::storage(Detail::UnknownFormatVersion, format!("{what} has an unknown format version"))
        .help("Open the store with the version of Redstring that wrote it.")
}

/// Microseconds since 1970 UTC.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros().try_into().unwrap_or(i64::MAX))
}

impl Shared {
    fn new(
        bytes: Arc<dyn OrderedBytes>,
        files: Arc<dyn SegmentFiles>,
        cache: Arc<ChunkCache>,
        options: GraphOptions,
        heads: Heads,
    ) -> Self {
        Self {
            folder: Arc::default(),
            checkpoint_at: AtomicU64::new(options.checkpoint_bytes),
            options,
            bytes,
            files,
            cache,
            volatile: false,
            read_only: false,
            missing: Vec::new(),
            replay: Replay::default(),
            writing: Mutex::new(false),
            written: Condvar::new(),
            heads: Mutex::new(heads),
            checkpointing: Mutex::new(()),
            poisoned: AtomicBool::new(false),
            builds: Builds::default(),
        }
    }

    /// See [`Graph::begin`].
    fn begin(shared: &Arc<Self>) -> Result<Transaction> {
        let head = shared.take_place()?;
        Ok(Transaction::new(shared.clone(), head))
    }

    /// Waits for the writer's place and takes it, to go on from this state.
    fn take_place(&self) -> Result<Snapshot> {
        meter::check()?;
        let deadline = Instant::now() + self.options.lock_timeout;
        let mut writing = lock(&self.writing);
        while *writing {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorClass::TransactionError,
                    Phase::Runtime,
                    Detail::TimedOut,
                    format!(
                        "another write transaction was open for more than {:?}",
                        self.options.lock_timeout
                    ),
                )
                .help("Try again when it has ended, or raise the lock timeout."));
            }
            meter::check()?;
            writing = match self.written.wait_timeout(writing, meter::patience(left)) {
                Ok((guard, _)) => guard,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        self.check_writable()?;
        *writing = true;
        drop(writing);
        if let Err(error) = self.recover() {
            self.release();
            return Err(error);
        }
        Ok(lock(&self.heads).written().clone())
    }

    /// Lets the next writer take the place.
    fn release(&self) {
        *lock(&self.writing) = false;
        self.written.notify_one();
    }

    /// Refuses where nothing may be written.
    fn check_writable(&self) -> Result<()> {
        if self.read_only {
            return Err(Error::new(
                ErrorClass::TransactionError,
                Phase::Runtime,
                Detail::ReadOnly,
                "the store was opened only to be read",
            )
            .help("Open it without `read_only` to write."));
        }
        Ok(())
    }

    /// Refuses where nothing may be written, or a write has failed before.
    fn check(&self) -> Result<()> {
        self.check_writable()?;
        if self.poisoned.load(Ordering::Acquire) {
            return Err(Error::storage(
                Detail::StorePoisoned,
                "an earlier write to the store failed; it takes no more of them",
            )
            .help("Open the store again: as long as its folder is there, every commit that was acknowledged is in it."));
        }
        Ok(())
    }

    fn poison(&self, error: Error) -> Error {
        self.poisoned.store(true, Ordering::Release);
        error
    }

    /// Writes a commit, lets the next writer go on, and returns when the commit is durable and visible.
    fn commit(
        self: &Arc<Self>,
        changes: Vec<Change>,
        after: State,
        release: impl FnOnce(),
    ) -> Result<()> {
        self.check()?;
        let (epoch, sequence) = {
            let heads = lock(&self.heads);
            (heads.epoch(), heads.written().state.sequence + 1)
        };
        // Without a log the changes are folded all the same: columns are read faster than the delta.
        let changed: usize = changes.iter().map(Change::len).sum();
        let mut size = changed as u64 * VOLATILE_CHANGE;
        if !self.volatile {
            size = log::append(&*self.bytes, sequence, now(), &changes).map_err(|error| {
                // What cannot be encoded was not written, not even in part.
                if error.class() == ErrorClass::InternalError { error } else { self.poison(error) }
            })?;
        }
        // What was sorted for a new index is kept in the segments, or every opening would sort it anew.
        let created = changes.iter().filter_map(|change| match change {
            Change::CreateIndex(index) => Some(index.id),
            _ => None,
        });
        let mut lacks = created.filter(|id| !after.base.has_index(*id).is_ok_and(|has| has));
        let unkept = !after.base.is_empty() && lacks.next().is_some();
        let commit = Commit { sequence, size, changes: Arc::new(changes) };
        lock(&self.heads).push(commit, after).map_err(|error| self.poison(error))?;
        release();
        if !self.volatile {
            self.bytes.sync().map_err(|error| self.poison(error))?;
            self.check()?;
        }
        let (log_bytes, base_bytes) = {
            let mut heads = lock(&self.heads);
            if !heads.settle(epoch, sequence) {
                return Err(recovery::lost(sequence));
            }
            self.bytes.attest(heads.reached(), false);
            (heads.log_bytes, heads.durable().state.base.size())
        };
        if unkept {
            self.fold_soon();
        }
        self.fold_grown(log_bytes, base_bytes);
        Ok(())
    }
}
