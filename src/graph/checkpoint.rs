//! The checkpoint: a snapshot written as segments, and the catalog that names them.
//!
//! Only chunks that the delta has touched are written; the others stay in their files. It goes chunk by
//! chunk, so that its memory is bounded by a chunk. It may not know of locks: what happens meanwhile is the handle's
//! affair.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::storage::SegmentFiles;
use crate::value::Array;
use crate::value::ArrayData;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::TypeStatistics;
use super::build::Builds;
use super::catalog::Catalog;
use super::ids::IdSet;
use super::index;
use super::links;
use super::schema::Schema;
use super::segment::{
    AdjacencyChunk, Base, BitmapChunk, Chunk, ChunkCache, ColumnChunk, Dictionary, Family, Holding,
    Index as Sections, RecordChunk, SectionKey, SegmentBuilder,
};
use super::snapshot::Snapshot;

/// Where segments are written, and what is known there.
pub(super) struct Place<'a> {
    pub(super) files: &'a Arc<dyn SegmentFiles>,
    pub(super) cache: &'a Arc<ChunkCache>,
    pub(super) builds: &'a Builds,
    /// How many entries may be sorted in memory for an index that the base lacks. Where there are more, it goes on lacking
    /// the index.
    pub(super) sorted: u64,
}

/// A new base and what the catalog says of it.
pub(super) struct Checkpoint {
    pub(super) catalog: Catalog,
    pub(super) base: Arc<Base>,
}

/// Writes what a snapshot has changed as the segment file `number` of the checkpoint `generation`. The snapshot may have
/// indexes beyond those of `schema`, which are not created yet.
pub(super) fn write(
    snapshot: &Snapshot,
    schema: &Schema,
    generation: u64,
    time: i64,
    place: &Place<'_>,
) -> Result<Checkpoint> {
    let (state, cache) = (&snapshot.state, place.cache);
    let mut builder = SegmentBuilder::new(&**place.files, generation, &state.base)?;
    write_sets(snapshot, &mut builder)?;
    write_adjacency(snapshot, &mut builder)?;
    write_records(snapshot, &mut builder)?;
    write_node_columns(snapshot, &mut builder)?;
    write_relationship_columns(snapshot, &mut builder)?;
    index::write(snapshot, &mut builder, place.builds, place.sorted)?;
    let written = builder.finish(place.files, cache)?;

    let catalog = Catalog {
        generation,
        sequence: state.sequence,
        time,
        files: written.files.iter().map(|file| (file.number(), file.length())).collect(),
        index: Some(written.index),
        labels: state.tokens.labels.names(),
        types: state.tokens.types.names(),
        keys: state.tokens.keys.names(),
        next_node: state.next_node,
        next_relationship: state.next_relationship,
        node_count: state.node_count,
        relationship_count: state.relationship_count,
        label_counts: state.label_counts.iter().map(|(k, v)| (*k, *v)).collect(),
        type_counts: type_statistics(&written.sections).into_iter().collect(),
        // The numbers of indexes that are not created yet are given, or another one would find what is of them.
        schema: schema.record().with_next_id(state.schema.next_id()),
    };
    let base =
        Base::new(generation, state.sequence, written.files, Some(written.index), cache.clone());
    Ok(Checkpoint { catalog, base: Arc::new(base) })
}

/// What the chunks of adjacency say of each type.
pub(super) fn type_statistics(sections: &Sections) -> BTreeMap<u32, TypeStatistics> {
    let mut statistics: BTreeMap<u32, TypeStatistics> = BTreeMap::new();
    for (key, section) in &sections.sections {
        let nodes = section.chunks.iter().map(|chunk| chunk.nodes).sum();
        match key {
            SectionKey::Outgoing(type_id) => {
                let counts = statistics.entry(*type_id).or_default();
                counts.count = section.chunks.iter().map(|chunk| chunk.count).sum();
                counts.distinct_starts = nodes;
            }
            SectionKey::Incoming(type_id) => {
                statistics.entry(*type_id).or_default().distinct_ends = nodes;
            }
            _ => {}
        }
    }
    statistics
}

/// The chunks that hold a touched id, each with its number and ids, which end at `bound`.
fn chunks<T: Chunk>(touched: &IdSet, bound: u64) -> impl Iterator<Item = (u64, Range<u64>)> {
    touched.chunks(T::SHIFT).into_iter().map(move |chunk| {
        let first = chunk << T::SHIFT;
        (chunk, first..bound.min(first + (1 << T::SHIFT)))
    })
}

fn write_sets(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let (state, delta) = (&snapshot.state, &snapshot.state.delta);
    let mut labels = by_chunk(delta.labels.iter().map(|(label, nodes)| (*label, nodes)));
    for (chunk, ids) in chunks::<BitmapChunk>(&delta.touched_nodes, state.next_node) {
        let live = delta.nodes.range(ids.clone()).filter(|(_, own)| !own.head().deleted);
        let live = live.map(|(id, _)| id).collect();
        write_set(snapshot, builder, SectionKey::Nodes, chunk, live)?;
        let mut own = labels.remove(&chunk).unwrap_or_default();
        own.extend(held(&state.base, Family::Labels, chunk, &ids, &delta.touched_nodes)?);
        for label in own {
            let live = within(delta.labels.get(&label), &ids);
            write_set(snapshot, builder, SectionKey::Label(label), chunk, live)?;
        }
    }
    let touched = &delta.touched_relationships;
    for (chunk, ids) in chunks::<BitmapChunk>(touched, state.next_relationship) {
        let live = delta.relationships.range(ids.clone()).filter(|(_, own)| !own.head().deleted);
        let live = live.map(|(id, _)| id).collect();
        write_set(snapshot, builder, SectionKey::Relationships, chunk, live)?;
        // One that was touched is among those of its type, be it deleted or not.
        let own = delta.relationships.range(ids.clone()).map(|(_, own)| own.head().type_id.0);
        for number in own.collect::<BTreeSet<u32>>() {
            let sets = delta.types.get(&number);
            let live = within(sets.map(|sets| &sets.relationships), &ids);
            write_set(snapshot, builder, SectionKey::OfType(number), chunk, live)?;
        }
    }
    Ok(())
}

/// The numbers of sets that have an id in a chunk, by chunk.
fn by_chunk<'a>(sets: impl Iterator<Item = (u32, &'a IdSet)>) -> BTreeMap<u64, BTreeSet<u32>> {
    let mut numbers: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for (number, set) in sets {
        for chunk in set.chunks(BitmapChunk::SHIFT) {
            numbers.entry(chunk).or_default().insert(number);
        }
    }
    numbers
}

/// The sections of the base that may hold a touched id of a chunk: no other has to be written anew.
fn held(
    base: &Base,
    family: Family,
    chunk: u64,
    ids: &Range<u64>,
    touched: &IdSet,
) -> Result<BTreeSet<u32>> {
    Ok(match base.holding(family, chunk)? {
        Holding::Any(numbers) => numbers.iter().copied().collect(),
        Holding::Each(table) => {
            let touched = touched.iter_from(ids.start).take_while(|id| *id < ids.end);
            let own = touched.flat_map(|id| table.get((id - ids.start) as usize));
            own.copied().collect()
        }
    })
}

/// The ids of a set in a range.
fn within(set: Option<&IdSet>, ids: &Range<u64>) -> Vec<u64> {
    let all = set.into_iter().flat_map(|set| set.iter_from(ids.start));
    all.take_while(|id| *id < ids.end).collect()
}

/// Writes a chunk of a set: what the base has of it and nobody touched, and what the delta has.
fn write_set(
    snapshot: &Snapshot,
    builder: &mut SegmentBuilder,
    section: SectionKey,
    chunk: u64,
    mut ids: Vec<u64>,
) -> Result<()> {
    let delta = &snapshot.state.delta;
    let touched = match section {
        SectionKey::Nodes | SectionKey::Label(_) => &delta.touched_nodes,
        _ => &delta.touched_relationships,
    };
    let base = snapshot.state.base.ids_of(section, chunk)?;
    if ids.is_empty() && !base.iter().any(|id| touched.contains(*id)) {
        return Ok(());
    }
    ids.extend(base.into_iter().filter(|id| !touched.contains(*id)));
    if ids.is_empty() {
        builder.clear(section, chunk);
        return Ok(());
    }
    let count = ids.len() as u64;
    builder.chunk(section, chunk, &BitmapChunk::encode(ids.into_iter()), count)
}

/// The links of one type in the nodes of one chunk.
#[derive(Default)]
struct Run {
    offsets: Vec<u32>,
    neighbours: Vec<NodeId>,
    relationships: Vec<RelationshipId>,
}

fn write_adjacency(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let (state, touched) = (&snapshot.state, &snapshot.state.delta.touched_adjacency);
    for (chunk, ids) in chunks::<AdjacencyChunk>(touched, state.next_node) {
        for outgoing in [true, false] {
            let mut runs: BTreeMap<u32, Run> = BTreeMap::new();
            let first = ids.start;
            links::each_of(state, ids.clone(), outgoing, |(node, type_id, neighbour, id)| {
                let run = runs.entry(type_id).or_default();
                // The runs of nodes without links of this type are empty.
                run.offsets.resize((node - first) as usize + 1, run.neighbours.len() as u32);
                run.neighbours.push(NodeId(neighbour));
                run.relationships.push(RelationshipId(id));
            })?;
            let family = if outgoing { Family::Outgoing } else { Family::Incoming };
            for of_type in state.base.sections_in(family, chunk)? {
                if !runs.contains_key(of_type) {
                    builder.clear(family.section(*of_type), chunk);
                }
            }
            for (type_id, run) in runs {
                let section = family.section(type_id);
                write_run(builder, section, chunk, (ids.end - first) as usize, run)?;
            }
        }
    }
    Ok(())
}

fn write_run(
    builder: &mut SegmentBuilder,
    section: SectionKey,
    chunk: u64,
    ids: usize,
    mut run: Run,
) -> Result<()> {
    let links = run.neighbours.len() as u64;
    if links > u64::from(u32::MAX) {
        return Err(Error::internal(format!(
            "{links} relationships of one type at {ids} neighbouring nodes are too many"
        )));
    }
    run.offsets.resize(ids + 1, links as u32);
    let nodes = run.offsets.windows(2).filter(|pair| pair[0] < pair[1]).count() as u64;
    let bytes = AdjacencyChunk::encode(
        &run.offsets,
        run.neighbours.iter().map(|node| node.0),
        run.relationships.iter().map(|id| id.0),
    );
    builder.adjacency(section, chunk, &bytes, (nodes, links))
}

fn write_records(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let touched = &snapshot.state.delta.touched_relationships;
    for (chunk, ids) in chunks::<RecordChunk>(touched, snapshot.state.next_relationship) {
        let mut records = vec![None; (ids.end - ids.start) as usize];
        let existing = relationships_in(snapshot, &ids)?;
        for (id, record) in existing.iter().zip(snapshot.relationship_ends(&existing)?) {
            if let Some(slot) = records.get_mut((id.0 - ids.start) as usize) {
                *slot = record;
            }
        }
        if existing.is_empty() {
            builder.clear(SectionKey::Records, chunk);
            continue;
        }
        let bytes = RecordChunk::encode(&records);
        builder.chunk(SectionKey::Records, chunk, &bytes, existing.len() as u64)?;
    }
    Ok(())
}

fn relationships_in(snapshot: &Snapshot, ids: &Range<u64>) -> Result<Vec<RelationshipId>> {
    let mut existing = Vec::new();
    let limit = (ids.end - ids.start) as usize;
    snapshot.scan_relationships(&[], RelationshipId(ids.start), limit, &mut existing)?;
    existing.truncate(existing.partition_point(|id| id.0 < ids.end));
    Ok(existing)
}

/// The columns of one kind of entity while they are written.
struct Columns<'a> {
    base: &'a Base,
    family: Family,
    touched: &'a IdSet,
    /// By key; each goes on from the words it has, so that chunks that are not written again keep their codes.
    dictionaries: BTreeMap<u32, Dictionary>,
}

impl<'a> Columns<'a> {
    fn new(base: &'a Base, family: Family, touched: &'a IdSet) -> Self {
        Self { base, family, touched, dictionaries: BTreeMap::new() }
    }

    /// Writes one chunk of those columns that hold a touched id, given the values that the delta has there, and empties it
    /// in those that have no value there any more.
    fn chunk(
        &mut self,
        builder: &mut SegmentBuilder,
        chunk: u64,
        ids: Range<u64>,
        mut found: Found,
    ) -> Result<()> {
        let (base, family) = (self.base, self.family);
        let mut keys = held(base, family, chunk, &ids, self.touched)?;
        keys.extend(found.keys());
        for key in keys {
            let mut values = found.remove(&key).unwrap_or_default();
            if let Some(mut reader) = base.column(family.section(key))? {
                reader.each(chunk, |at, value| {
                    if !self.touched.contains(ids.start + u64::from(at)) {
                        values.push((at, value));
                    }
                })?;
            }
            if values.is_empty() {
                builder.clear(family.section(key), chunk);
            } else {
                self.column(builder, key, chunk, (ids.end - ids.start) as usize, values)?;
            }
        }
        Ok(())
    }

    /// Writes the values of one chunk of one column.
    fn column(
        &mut self,
        builder: &mut SegmentBuilder,
        key: u32,
        chunk: u64,
        ids: usize,
        mut found: Vec<(u32, Value)>,
    ) -> Result<()> {
        found.sort_unstable_by_key(|(at, _)| *at);
        let (positions, values): (Vec<u32>, Vec<Value>) = found.into_iter().unzip();
        let values: Array = values.into_iter().collect();
        let section = self.family.section(key);
        let codes = match values.data() {
            ArrayData::String(strings) => {
                let dictionary = match self.dictionaries.entry(key) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => free.insert(Dictionary::new(&self.base.words(section)?)),
                };
                dictionary.encode(strings)
            }
            _ => None,
        };
        let column = ColumnChunk::encode(ids, &positions, &values, codes.as_deref())?;
        builder.column(section, chunk, &column)
    }

    fn finish(self, builder: &mut SegmentBuilder) -> Result<()> {
        for (key, dictionary) in self.dictionaries {
            let section = self.family.section(key);
            if dictionary.words().len() > self.base.words(section)?.len() {
                builder.dictionary(section, dictionary.words())?;
            }
        }
        Ok(())
    }
}

/// The values of one chunk of all columns, by key and position.
type Found = BTreeMap<u32, Vec<(u32, Value)>>;

fn write_node_columns(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let (state, delta) = (&snapshot.state, &snapshot.state.delta);
    let mut columns = Columns::new(&state.base, Family::NodeColumns, &delta.touched_nodes);
    for (chunk, ids) in chunks::<ColumnChunk>(&delta.touched_nodes, state.next_node) {
        let mut found = Found::new();
        delta.nodes.each_value(ids.clone(), |key, id, value| {
            found.entry(key.0).or_default().push(((id - ids.start) as u32, value));
        });
        columns.chunk(builder, chunk, ids, found)?;
    }
    columns.finish(builder)
}

fn write_relationship_columns(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let (state, delta) = (&snapshot.state, &snapshot.state.delta);
    let touched = &delta.touched_relationships;
    let mut columns = Columns::new(&state.base, Family::RelationshipColumns, touched);
    for (chunk, ids) in chunks::<ColumnChunk>(touched, state.next_relationship) {
        let mut found = Found::new();
        delta.relationships.each_value(ids.clone(), |key, id, value| {
            found.entry(key.0).or_default().push(((id - ids.start) as u32, value));
        });
        columns.chunk(builder, chunk, ids, found)?;
    }
    columns.finish(builder)
}
