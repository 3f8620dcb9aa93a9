//! The bulk load: nodes and relationships that come as arrays, written as segments without a log.
//!
//! It holds the writer's place from its begin to its end, gives nodes their ids as they come and relationships
//! theirs in the order of type, start and end, and publishes everything with one catalog: all of it or nothing.
//! What was there before stays in its files but for the adjacency of nodes that get more relationships. It may
//! not know where the arrays come from.
//!
//! Memory: the nodes of one chunk, and for each relationship 36 bytes and its property values until the end, up to a
//! bound; beyond it relationships go to a file that nobody else sees.

mod columns;
mod external;
mod nodes;
mod partition;
mod relationships;
mod spill;
mod tasks;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::storage::SegmentFiles;
use crate::value::Array;

use super::catalog::{Catalog, TokenTable, Tokens};
use super::checkpoint;
use super::checkpoint::Checkpoint;
use super::index;
use super::schema::Schema;
use super::segment::{Base, SegmentBuilder};
use super::snapshot::{Snapshot, State};
use super::{Graph, KeyId, LabelId, Shared, Transaction, TypeId, lock, now};

use nodes::Nodes;
use relationships::Relationships;

/// Nodes with their labels and properties.
#[derive(Debug, Default)]
pub struct NodeBatch {
    /// How many.
    pub count: usize,
    /// The labels, each with the rows that have it, ascending; `None` for all rows.
    pub labels: Vec<(LabelId, Option<Vec<u32>>)>,
    /// The properties: a value, or its absence, for each row. No key twice.
    pub columns: Vec<(KeyId, Array)>,
}

/// The types of the relationships of a batch.
#[derive(Debug)]
pub enum BatchTypes {
    /// One for all.
    One(TypeId),
    /// One for each.
    Each(Vec<TypeId>),
}

/// Relationships with their properties. The ends are numbers of nodes that exist.
#[derive(Debug)]
pub struct RelationshipBatch {
    /// The type of each.
    pub types: BatchTypes,
    /// The start of each.
    pub starts: Vec<u32>,
    /// The end of each.
    pub ends: Vec<u32>,
    /// The properties: a value, or its absence, for each. No key twice.
    pub columns: Vec<(KeyId, Array)>,
}

/// A bulk load that is under way.
#[derive(Debug)]
pub struct Bulk<'a> {
    before: &'a State,
    builder: SegmentBuilder,
    tokens: Tokens,
    schema: Arc<Schema>,
    nodes: Nodes,
    relationships: Relationships,
    files: Arc<dyn SegmentFiles>,
    threads: usize,
}

fn number_of(table: &mut TokenTable, name: &str) -> u32 {
    match table.get(name) {
        Some(number) => number,
        None => table.add(name),
    }
}

pub(super) fn too_many(what: &str) -> Error {
    Error::new(
        ErrorClass::LimitError,
        Phase::Runtime,
        Detail::NumberOutOfRange,
        format!("an import takes at most {} {what}", u32::MAX),
    )
    .help("Import the rest into the same store in further runs.")
}

impl Bulk<'_> {
    /// The label of this name.
    pub fn label(&mut self, name: &str) -> LabelId {
        LabelId(number_of(&mut self.tokens.labels, name))
    }

    /// The relationship type of this name.
    pub fn relationship_type(&mut self, name: &str) -> TypeId {
        TypeId(number_of(&mut self.tokens.types, name))
    }

    /// The property key of this name.
    pub fn key(&mut self, name: &str) -> KeyId {
        KeyId(number_of(&mut self.tokens.keys, name))
    }

    /// The number that the next node gets.
    pub fn next_node(&self) -> u64 {
        self.nodes.next()
    }

    /// Adds nodes. They are numbered from [`Bulk::next_node`] on.
    pub fn add_nodes(&mut self, batch: &NodeBatch) -> Result<()> {
        self.nodes.add(batch, &mut self.builder)
    }

    /// Adds relationships.
    pub fn add_relationships(&mut self, batch: RelationshipBatch) -> Result<()> {
        let bound = self.nodes.next();
        let ends = batch.starts.iter().chain(&batch.ends);
        if batch.starts.len() != batch.ends.len()
            || ends.copied().any(|end| u64::from(end) >= bound)
        {
            return Err(Error::internal("a bulk load was given a relationship without its nodes"));
        }
        self.relationships.add(batch)?;
        match self.relationships.are_many() {
            true => self.relationships.spill(&*self.files, self.threads),
            false => Ok(()),
        }
    }

    /// Writes what is left, and says what the catalog has to say. Whatever is kept of the graph as a whole (an index) has to
    /// be written here as well, and what is demanded of it verified, before anybody can see the catalog.
    fn finish(mut self, shared: &Shared) -> Result<Checkpoint> {
        let state = self.before;
        let mut label_counts: BTreeMap<u32, u64> =
            state.label_counts.iter().map(|(label, count)| (*label, *count)).collect();
        let next_node = self.nodes.next();
        let new_nodes = self.nodes.finish(&mut self.builder, &mut label_counts)?;
        let (next_relationship, new_relationships) =
            self.relationships.write(&state.base, &mut self.builder, &*self.files, self.threads)?;
        let generation = state.base.generation + 1;
        // They know nothing of what is new: they are written anew, over the rest.
        self.builder.keep_indexes(|_| false);
        let written = self.builder.finish(&shared.files, &shared.cache)?;
        let catalog = Catalog {
            generation,
            sequence: state.sequence + 1,
            time: now(),
            files: written.files.iter().map(|file| (file.number(), file.length())).collect(),
            index: Some(written.index),
            labels: self.tokens.labels.names(),
            types: self.tokens.types.names(),
            keys: self.tokens.keys.names(),
            next_node,
            next_relationship,
            node_count: state.node_count + new_nodes,
            relationship_count: state.relationship_count + new_relationships,
            label_counts: label_counts.into_iter().collect(),
            type_counts: checkpoint::type_statistics(&written.sections).into_iter().collect(),
            schema: self.schema.record(),
        };
        let (sequence, cache) = (catalog.sequence, shared.cache.clone());
        let base = Base::new(generation, sequence, written.files, Some(written.index), cache);
        constrained(shared, Checkpoint { catalog, base: Arc::new(base) })
    }
}

/// Verifies the constraints, and writes the indexes into a segment file of their own.
fn constrained(shared: &Shared, loaded: Checkpoint) -> Result<Checkpoint> {
    let Checkpoint { mut catalog, base } = loaded;
    let state = Arc::new(State::new(&catalog, base.clone()));
    let snapshot = Snapshot { state };
    for constraint in snapshot.schema().constraints() {
        snapshot.verify_all(constraint, &|_| Ok(()))?;
    }
    if snapshot.schema().indexes().is_empty() {
        return Ok(Checkpoint { catalog, base });
    }
    let generation = catalog.generation + 1;
    let mut builder = SegmentBuilder::new(&*shared.files, generation, &base)?;
    index::write(&snapshot, &mut builder, &shared.builds, u64::MAX)?;
    let written = builder.finish(&shared.files, &shared.cache)?;
    catalog.generation = generation;
    catalog.files = written.files.iter().map(|file| (file.number(), file.length())).collect();
    catalog.index = Some(written.index);
    let cache = shared.cache.clone();
    let base = Base::new(generation, catalog.sequence, written.files, Some(written.index), cache);
    Ok(Checkpoint { catalog, base: Arc::new(base) })
}

impl Graph {
    /// Fills the graph with what `fill` adds: all of it, durable when this returns, or nothing where it fails.
    ///
    /// It waits for the writer as [`Graph::begin`] does and keeps other writers out; readers go on. Whatever the
    /// log holds is folded into segments first.
    ///
    /// The names, indexes and constraints that `begin` adds are published with the rest; a change of data there is an
    /// error. Relationships take up to `memory` bytes; what is beyond that is sorted on disk.
    pub fn load<T>(
        &self,
        threads: usize,
        memory: u64,
        begin: impl FnOnce(Transaction) -> Result<Transaction>,
        fill: impl FnOnce(&mut Bulk<'_>) -> Result<T>,
    ) -> Result<T> {
        // It holds the writer's place until all is published, and is never committed.
        let writer = begin(self.begin()?)?;
        if writer.counts().change_data() {
            return Err(Error::internal("a bulk load was begun with a change of data"));
        }
        let State { tokens, schema, .. } = &*writer.snapshot().state;
        let names = (tokens.clone(), schema.clone());
        let shared = &self.shared;
        // Commits whose writer has gone on already may still wait for their sync.
        let (epoch, written) = {
            let heads = lock(&shared.heads);
            (heads.epoch(), heads.written().state.sequence)
        };
        shared.bytes.sync().map_err(|error| shared.poison(error))?;
        lock(&shared.heads).settle(epoch, written);
        let _one_at_a_time = lock(&shared.checkpointing);
        shared.checkpoint()?;
        let Snapshot { state } = lock(&shared.heads).begin_checkpoint();
        let filled =
            shared.fill(&state, names, (threads, memory), fill).and_then(|(filled, checkpoint)| {
                drop(state);
                shared.publish(checkpoint)?;
                lock(&shared.heads).void_journals();
                Ok(filled)
            });
        if filled.is_err() {
            lock(&shared.heads).abandon_checkpoint();
        }
        filled
    }
}

impl Shared {
    fn fill<T>(
        &self,
        state: &State,
        (tokens, schema): (Tokens, Arc<Schema>),
        (threads, memory): (usize, u64),
        fill: impl FnOnce(&mut Bulk<'_>) -> Result<T>,
    ) -> Result<(T, Checkpoint)> {
        if state.sequence != state.base.sequence {
            return Err(Error::internal("a bulk load was begun before its checkpoint"));
        }
        let mut bulk = Bulk {
            before: state,
            builder: SegmentBuilder::new(&*self.files, state.base.generation + 1, &state.base)?,
            tokens,
            schema,
            nodes: Nodes::new(state)?,
            relationships: Relationships::new(state, memory)?,
            files: self.files.clone(),
            threads: threads.max(1),
        };
        let filled = fill(&mut bulk)?;
        Ok((filled, bulk.finish(self)?))
    }
}
