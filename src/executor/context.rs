//! What a running statement can reach: the graph, its parameters, its limits.

use std::path::Path;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::Span;
use crate::function;
use crate::graph::Graph;
use crate::graph::Savepoint;
use crate::graph::Snapshot;
use crate::graph::Transaction;
use crate::meter::Meter;
use crate::value::Map;
use crate::value::NodeId;
use crate::value::RelationshipId;

use super::BATCH_SIZE;
use super::Batch;

/// The graph as a statement may use it.
#[derive(Debug)]
pub enum Access {
    /// Reading only.
    Read(Snapshot),
    /// Reading and writing.
    Write(Transaction),
}

/// What one operator did, by its place in the plan (pre-order).
#[derive(Debug, Clone, Copy, Default)]
pub struct OperatorProfile {
    /// How many rows it gave.
    pub rows: u64,
    /// How many batches it gave.
    pub batches: u64,
    /// Nanoseconds within it and what is below it.
    pub nanos: u64,
}

/// The state of one running statement.
#[derive(Debug)]
pub struct Context {
    access: Access,
    parameters: Arc<Map>,
    now: i128,
    meter: Meter,
    /// How many rows a batch may have.
    batch_rows: usize,
    /// The folder of the files that may be read.
    import_folder: Option<Arc<Path>>,
    /// The graph beyond what the statement sees of it.
    store: Option<Graph>,
    /// What of it is held for changes of the graph.
    written: Held,
    /// What the `Argument` leaves of the innermost `Apply` give.
    arguments: Vec<Batch>,
    /// Nodes that were deleted before their relationships, which must be gone too when the statement ends.
    pub(crate) connected: Vec<(NodeId, Span)>,
    pub(crate) profile: Vec<OperatorProfile>,
}

impl Context {
    /// A context for one statement; `now` is its clock in nanoseconds since 1970-01-01T00:00:00Z.
    pub fn new(access: Access, parameters: Arc<Map>, now: i128, meter: Meter) -> Self {
        Self {
            access,
            parameters,
            now,
            meter,
            batch_rows: BATCH_SIZE,
            import_folder: None,
            store: None,
            written: Held::default(),
            arguments: Vec::new(),
            connected: Vec::new(),
            profile: Vec::new(),
        }
    }

    /// Lets the statement read the files of this folder.
    #[must_use]
    pub fn importing_from(mut self, folder: Option<Arc<Path>>) -> Self {
        self.import_folder = folder;
        self
    }

    /// Lets a batch have no more rows than this: results must not depend on it.
    #[must_use]
    pub fn with_batch_rows(mut self, rows: Option<usize>) -> Self {
        self.batch_rows = rows.map_or(BATCH_SIZE, |rows| rows.clamp(1, BATCH_SIZE));
        self
    }

    /// Lets the statement look after the store.
    #[must_use]
    pub fn in_store(mut self, store: Graph) -> Self {
        self.store = Some(store);
        self
    }

    /// The folder of the files that may be read.
    pub(crate) fn import_folder(&self) -> Option<&Path> {
        self.import_folder.as_deref()
    }

    /// A point to return to; none where the statement only reads.
    pub(crate) fn savepoint(&self) -> Option<Savepoint> {
        match &self.access {
            Access::Write(transaction) => Some(transaction.savepoint()),
            Access::Read(_) => None,
        }
    }

    /// Forgets what was written since.
    pub(crate) fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        self.transaction()?.rollback_to(savepoint);
        // What was deleted since is there again.
        self.connected.clear();
        Ok(())
    }

    /// Commits what was written so far and goes on in another transaction. The inner result is that of
    /// the commit; without another transaction the statement is at its end.
    pub(crate) fn commit_and_begin(&mut self) -> Result<Result<()>> {
        let reading = Access::Read(self.graph().clone());
        match std::mem::replace(&mut self.access, reading) {
            Access::Read(snapshot) => {
                self.access = Access::Read(snapshot);
                Ok(Ok(()))
            }
            Access::Write(transaction) => {
                let (committed, next) = transaction.commit_and_begin();
                self.access = Access::Write(next?);
                self.written = Held::default();
                Ok(committed)
            }
        }
    }

    /// Gives the graph back, to commit or to go on with.
    pub fn into_access(self) -> Access {
        self.access
    }

    /// The graph as it is now, with this statement's own changes.
    pub fn graph(&self) -> &Snapshot {
        match &self.access {
            Access::Read(snapshot) => snapshot,
            Access::Write(transaction) => transaction.snapshot(),
        }
    }

    /// The transaction to write in.
    pub(crate) fn transaction(&mut self) -> Result<&mut Transaction> {
        match &mut self.access {
            Access::Write(transaction) => Ok(transaction),
            Access::Read(_) => Err(Error::new(
                ErrorClass::TransactionError,
                Phase::Runtime,
                Detail::ReadOnly,
                "the statement writes, but the transaction is read-only",
            )),
        }
    }

    /// What functions may look at.
    pub(crate) fn for_functions(&self) -> function::Context<'_> {
        function::Context {
            graph: self.graph(),
            now: self.now,
            memory: self.memory_left(),
            store: self.store.as_ref(),
        }
    }

    /// How many bytes more the statement may hold.
    pub(crate) fn memory_left(&self) -> u64 {
        self.meter.left()
    }

    /// Fails where the statement would hold more than it may with so many bytes more, which it gives back at
    /// once.
    pub(crate) fn check_memory(&self, bytes: u64) -> Result<()> {
        self.meter.ask(bytes)
    }

    /// Holds what the transaction takes, and room for some more changes. Fails where that is more than the statement may
    /// hold: what statements of the same transaction have written before counts as well.
    pub(crate) fn hold_written(&mut self) -> Result<()> {
        let bytes = match &self.access {
            Access::Write(transaction) => transaction.held_bytes(BATCH_SIZE),
            Access::Read(_) => return Ok(()),
        };
        let mut written = std::mem::take(&mut self.written);
        let ended = written.set_to(self, bytes);
        self.written = written;
        ended
    }

    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Result<&crate::value::Value> {
        self.parameters.get(name).ok_or_else(|| {
            Error::new(
                ErrorClass::ParameterMissing,
                Phase::CompileTime,
                Detail::MissingParameter,
                format!("parameter `${name}` was not given"),
            )
        })
    }

    /// Fails when the caller has cancelled or time is up.
    pub(crate) fn check_limits(&self) -> Result<()> {
        self.meter.check()
    }

    /// Fails when one of the nodes was deleted by this transaction.
    pub(crate) fn check_nodes(&self, mut nodes: impl Iterator<Item = NodeId>) -> Result<()> {
        match &self.access {
            Access::Write(t) if t.counts().nodes_deleted > 0 => {
                match nodes.find(|n| t.is_deleted_node(*n)) {
                    Some(node) => Err(deleted("node", node.0)),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Fails when one of the relationships was deleted by this transaction.
    pub(crate) fn check_relationships(
        &self,
        mut relationships: impl Iterator<Item = RelationshipId>,
    ) -> Result<()> {
        match &self.access {
            Access::Write(t) if t.counts().relationships_deleted > 0 => {
                match relationships.find(|r| t.is_deleted_relationship(*r)) {
                    Some(relationship) => Err(deleted("relationship", relationship.0)),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// How many rows a batch may have.
    pub(crate) fn batch_rows(&self) -> usize {
        self.batch_rows
    }

    /// Fails when a deleted node still has relationships: what comes next is the commit or the end of the
    /// statement, and none may be left.
    pub(crate) fn check_connected(&mut self) -> Result<()> {
        for (node, span) in std::mem::take(&mut self.connected) {
            if self.transaction()?.has_relationships(node)? {
                return Err(Error::new(
                    ErrorClass::ConstraintVerificationFailed,
                    Phase::Runtime,
                    Detail::DeleteConnectedNode,
                    format!("node {node} still has relationships"),
                )
                .at(span)
                .help("Delete its relationships as well, or use DETACH DELETE."));
            }
        }
        Ok(())
    }

    /// Runs `inner` with `batch` as what `Argument` gives.
    pub(crate) fn with_argument<T>(
        &mut self,
        batch: Batch,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.arguments.push(batch);
        let result = inner(self);
        self.arguments.pop();
        result
    }

    /// What `Argument` gives now.
    pub(crate) fn argument(&self) -> Result<Batch> {
        let outside = || Error::internal("an Argument operator outside of any Apply");
        self.arguments.last().cloned().ok_or_else(outside)
    }
}

/// The memory an operator holds: given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    bytes: u64,
    meter: Option<Meter>,
    /// Where the last row met holds what it holds, by slot.
    met: Vec<usize>,
}

impl Held {
    /// Holds so many bytes more. Fails where the statement then holds more than it may.
    pub(crate) fn add(&mut self, ctx: &Context, bytes: u64) -> Result<()> {
        // What is over every budget must not overflow the count.
        let bytes = bytes.min(u64::MAX / 2 - self.bytes.min(u64::MAX / 2));
        self.bytes += bytes;
        self.meter.get_or_insert_with(|| ctx.meter.clone()).hold(bytes)
    }

    /// Holds one more batch for an operator that keeps it. What a row shares with the row before it counts once.
    pub(crate) fn add_batch(&mut self, ctx: &Context, batch: &Batch) -> Result<()> {
        let bytes = batch.held_bytes(&mut self.met);
        self.add(ctx, bytes)
    }

    /// Holds so many bytes, neither more nor less.
    pub(crate) fn set_to(&mut self, ctx: &Context, bytes: u64) -> Result<()> {
        if let (Some(less), Some(meter)) = (self.bytes.checked_sub(bytes), &self.meter) {
            meter.release(less);
            self.bytes = bytes;
            return Ok(());
        }
        self.grow_to(ctx, bytes)
    }

    /// Holds at least so many bytes.
    pub(crate) fn grow_to(&mut self, ctx: &Context, bytes: u64) -> Result<()> {
        match bytes.checked_sub(self.bytes) {
            Some(more) if more > 0 => self.add(ctx, more),
            _ => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(meter) = &self.meter {
            meter.release(self.bytes);
        }
    }
}

fn deleted(kind: &str, id: u64) -> Error {
    Error::new(
        ErrorClass::EntityNotFound,
        Phase::Runtime,
        Detail::DeletedEntityAccess,
        format!("{kind} {id} was deleted in this transaction"),
    )
}
