//! The graph that is exported: read in parts, which are turned into what a format writes on all cores, and written in
//! order.

use std::cell::Cell;
use std::thread;

use crate::database::Extract;
use crate::database::Ids;
use crate::database::ReadTransaction;
use crate::error::Result;
use crate::interchange::pipeline;

use super::output::Output;
use super::{ExportProgress, Watch};

/// Nodes or relationships that are read together.
const PART: usize = 1 << 13;

/// Nodes or relationships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::interchange) enum Kind {
    Nodes,
    Relationships,
}

/// See the module.
pub(in crate::interchange) struct Source {
    graph: ReadTransaction,
    watch: Option<Watch>,
    /// Fails once the user cancels the export.
    cancelled: Box<dyn Fn() -> Result<()> + Send + Sync>,
    /// How many were read, and how many of them before the pass that writes.
    read: Cell<u64>,
    surveyed: Cell<u64>,
    surveys: Cell<bool>,
}

impl Source {
    pub(super) fn new(graph: ReadTransaction, watch: Option<Watch>) -> Self {
        let (read, surveyed) = (Cell::new(0), Cell::new(0));
        let cancelled = Box::new(graph.cancelled());
        Self { graph, watch, cancelled, read, surveyed, surveys: Cell::new(false) }
    }

    /// How many nodes and how many relationships there are.
    pub(in crate::interchange) fn counts(&self) -> (u64, u64) {
        self.graph.counts()
    }

    /// Reads everything for a first time, before it is written.
    pub(in crate::interchange) fn survey<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        self.surveys.set(true);
        let found = read();
        self.surveyed.set(self.read.get());
        found
    }

    fn advance(&self, by: usize) {
        let read = self.read.get() + by as u64;
        self.read.set(read);
        if let Some(watch) = &self.watch {
            let (nodes, relationships) = self.counts();
            let passes = if self.surveys.get() { 2 } else { 1 };
            let writing = !self.surveys.get() || self.surveyed.get() > 0;
            watch(ExportProgress { read, total: (nodes + relationships) * passes, writing });
        }
    }

    /// Reads all nodes or all relationships in parts. On any thread, `render` adds what it makes of one, which may come in
    /// pieces, to nothing, and `ready` completes that; `take` gets it in the order of the ids.
    pub(in crate::interchange) fn each<T: Default, U: Send>(
        &self,
        kind: Kind,
        render: impl Fn(&Extract, &mut T) -> Result<()> + Sync,
        ready: impl Fn(T) -> Result<U> + Sync,
        mut take: impl FnMut(U) -> Result<()>,
    ) -> Result<()> {
        let (graph, cancelled) = (&self.graph, &self.cancelled);
        let mut from = 0;
        let mut last = false;
        let next = || {
            if last {
                return Ok(None);
            }
            cancelled()?;
            let ids = match kind {
                Kind::Nodes => Ids::Nodes(graph.nodes_from(from, PART)?),
                Kind::Relationships => Ids::Relationships(graph.relationships_from(from, PART)?),
            };
            last = ids.len() < PART;
            from = ids.last().map_or(from, |id| id + 1);
            Ok((ids.len() > 0).then_some(ids))
        };
        let threads = thread::available_parallelism().map_or(1, |threads| threads.get().min(16));
        let make = |ids: Ids| {
            let mut made = T::default();
            graph.extract(&ids, &mut |part| render(part, &mut made))?;
            Ok((ids.len(), ready(made)?))
        };
        pipeline::in_order(threads, next, make, |(count, made)| {
            take(made)?;
            self.advance(count);
            Ok(())
        })
    }

    /// Writes all nodes or all relationships into one file: what `render` appends for each part.
    pub(in crate::interchange) fn write(
        &self,
        kind: Kind,
        out: &mut Output,
        render: impl Fn(&Extract, &mut Vec<u8>) -> Result<()> + Sync,
    ) -> Result<()> {
        let packer = out.packer();
        self.each(kind, render, |text| packer.pack(text), |packed| out.write_packed(&packed))
    }

    /// The statements that make its constraints and indexes, where they are not there.
    pub(in crate::interchange) fn schema(&self) -> Result<Vec<String>> {
        let queries = [
            "SHOW CONSTRAINTS YIELD name, createStatement",
            "SHOW INDEXES YIELD name, createStatement, owningConstraint \
             WHERE owningConstraint IS NULL RETURN name, createStatement",
        ];
        let mut statements = Vec::new();
        for query in queries {
            for row in self.graph.query(query, ())?.tuples::<(String, String)>() {
                let (name, statement) = row?;
                let name = format!("`{}` ", name.replace('`', "``"));
                statements.push(statement.replacen(&name, &format!("{name}IF NOT EXISTS "), 1));
            }
        }
        Ok(statements)
    }
}
