//! The checkpoint: a snapshot written as segments, and the catalog that names them.
//!
//! It reads by the same path as everybody, chunk by chunk, so that its memory is bounded by a chunk. It may not know
//! of locks: what happens meanwhile is the handle's affair.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::storage::SegmentFiles;
use crate::value::Array;
use crate::value::ArrayData;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::catalog::Catalog;
use super::delta::Properties;
use super::links;
use super::segment::{
    AdjacencyChunk, Base, BitmapChunk, Chunk, ChunkCache, ColumnChunk, Dictionary, RecordChunk,
    SectionKey, SegmentBuilder, SegmentFile,
};
use super::snapshot::Snapshot;
use super::{LabelId, TypeId, TypeStatistics};

/// A new base and what the catalog says of it.
pub(super) struct Checkpoint {
    pub(super) catalog: Catalog,
    pub(super) base: Arc<Base>,
}

/// Writes a snapshot as the segment file `number` of the checkpoint `generation`.
pub(super) fn write(
    snapshot: &Snapshot,
    generation: u64,
    time: i64,
    files: &Arc<dyn SegmentFiles>,
    cache: &Arc<ChunkCache>,
) -> Result<Checkpoint> {
    let mut builder = SegmentBuilder::new(&**files, generation)?;
    write_sets(snapshot, &mut builder)?;
    let type_counts = write_adjacency(snapshot, &mut builder)?;
    write_records(snapshot, &mut builder)?;
    write_node_columns(snapshot, &mut builder)?;
    write_relationship_columns(snapshot, &mut builder)?;
    let (length, index) = builder.finish()?;

    let state = &snapshot.state;
    let file = SegmentFile::new(generation, length, files.clone(), cache.clone());
    let base =
        Base::new(generation, state.sequence, vec![Arc::new(file)], Some(index), cache.clone());
    let catalog = Catalog {
        generation,
        sequence: state.sequence,
        time,
        files: vec![(generation, length)],
        index: Some(index),
        labels: state.tokens.labels.names().to_vec(),
        types: state.tokens.types.names().to_vec(),
        keys: state.tokens.keys.names().to_vec(),
        next_node: state.next_node,
        next_relationship: state.next_relationship,
        node_count: state.node_count,
        relationship_count: state.relationship_count,
        label_counts: state.label_counts.iter().map(|(k, v)| (*k, *v)).collect(),
        type_counts: type_counts.into_iter().collect(),
    };
    Ok(Checkpoint { catalog, base: Arc::new(base) })
}

/// The ids of the chunks of a section that covers `bound` ids.
fn chunks<T: Chunk>(bound: u64) -> impl Iterator<Item = (u64, std::ops::Range<u64>)> {
    (0..bound.div_ceil(1 << T::SHIFT)).map(move |chunk| {
        let first = chunk << T::SHIFT;
        (chunk, first..bound.min(first + (1 << T::SHIFT)))
    })
}

fn write_sets(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let nodes = snapshot.state.next_node;
    let relationships = snapshot.state.next_relationship;
    write_set(builder, SectionKey::Nodes, nodes, |from, limit| {
        let mut ids = Vec::new();
        snapshot.scan_nodes(NodeId(from), limit, &mut ids)?;
        Ok(ids.into_iter().map(|id| id.0).collect())
    })?;
    for (label, _) in snapshot.labels() {
        let LabelId(number) = label;
        write_set(builder, SectionKey::Label(number), nodes, |from, limit| {
            let mut ids = Vec::new();
            snapshot.scan_label(label, NodeId(from), limit, &mut ids)?;
            Ok(ids.into_iter().map(|id| id.0).collect())
        })?;
    }
    let scan_relationships = |types: &[TypeId], from, limit| {
        let mut ids = Vec::new();
        snapshot.scan_relationships(types, RelationshipId(from), limit, &mut ids)?;
        Ok(ids.into_iter().map(|id| id.0).collect())
    };
    write_set(builder, SectionKey::Relationships, relationships, |from, limit| {
        scan_relationships(&[], from, limit)
    })?;
    for (type_id, _) in snapshot.types() {
        write_set(builder, SectionKey::OfType(type_id.0), relationships, |from, limit| {
            scan_relationships(&[type_id], from, limit)
        })?;
    }
    Ok(())
}

/// Writes a set of ids below `bound`, given a scan of it.
fn write_set(
    builder: &mut SegmentBuilder,
    section: SectionKey,
    bound: u64,
    scan: impl Fn(u64, usize) -> Result<Vec<u64>>,
) -> Result<()> {
    let mut ids: Vec<u64> = Vec::new();
    let limit = 1 << BitmapChunk::SHIFT;
    let mut from = 0;
    let mut end = false;
    while !end || !ids.is_empty() {
        if !end && from < bound {
            let found = scan(from, limit)?;
            end = found.len() < limit;
            from = found.last().map_or(bound, |last| last + 1);
            ids.extend(found);
        } else {
            end = true;
        }
        // All ids of the first chunk are here as soon as one of a later chunk is.
        while let Some(first) = ids.first() {
            let chunk = first >> BitmapChunk::SHIFT;
            let of_chunk = ids.partition_point(|id| id >> BitmapChunk::SHIFT == chunk);
            if of_chunk == ids.len() && !end {
                break;
            }
            let bytes = BitmapChunk::encode(ids.drain(..of_chunk));
            builder.chunk(section, chunk, &bytes, of_chunk as u64)?;
        }
    }
    Ok(())
}

/// The links of one type in the nodes of one chunk.
#[derive(Default)]
struct Run {
    offsets: Vec<u32>,
    neighbours: Vec<NodeId>,
    relationships: Vec<RelationshipId>,
}

fn write_adjacency(
    snapshot: &Snapshot,
    builder: &mut SegmentBuilder,
) -> Result<BTreeMap<u32, TypeStatistics>> {
    let mut statistics: BTreeMap<u32, TypeStatistics> = BTreeMap::new();
    for outgoing in [true, false] {
        for (chunk, ids) in chunks::<AdjacencyChunk>(snapshot.state.next_node) {
            let mut runs: BTreeMap<u32, Run> = BTreeMap::new();
            let first = ids.start;
            links::each_of(
                &snapshot.state,
                ids.clone(),
                outgoing,
                |(node, type_id, neighbour, id)| {
                    let run = runs.entry(type_id).or_default();
                    // The runs of nodes without links of this type are empty.
                    run.offsets.resize((node - first) as usize + 1, run.neighbours.len() as u32);
                    run.neighbours.push(NodeId(neighbour));
                    run.relationships.push(RelationshipId(id));
                },
            )?;
            for (type_id, mut run) in runs {
                let links = run.neighbours.len() as u64;
                if links > u64::from(u32::MAX) {
                    return Err(Error::internal(format!(
                        "{links} relationships of one type at {} neighbouring nodes are too many",
                        1 << AdjacencyChunk::SHIFT
                    )));
                }
                run.offsets.resize((ids.end - first) as usize + 1, links as u32);
                let nodes = run.offsets.windows(2).filter(|pair| pair[0] < pair[1]).count() as u64;
                let counts = statistics.entry(type_id).or_default();
                let section = if outgoing {
                    counts.count += links;
                    counts.distinct_starts += nodes;
                    SectionKey::Outgoing(type_id)
                } else {
                    counts.distinct_ends += nodes;
                    SectionKey::Incoming(type_id)
                };
                let bytes =
                    AdjacencyChunk::encode(&run.offsets, &run.neighbours, &run.relationships);
                builder.chunk(section, chunk, &bytes, links)?;
            }
        }
    }
    Ok(statistics)
}

fn write_records(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    for (chunk, ids) in chunks::<RecordChunk>(snapshot.state.next_relationship) {
        let mut records = vec![None; (ids.end - ids.start) as usize];
        let existing = relationships_in(snapshot, &ids)?;
        for (id, record) in existing.iter().zip(snapshot.relationship_ends(&existing)?) {
            if let Some(slot) = records.get_mut((id.0 - ids.start) as usize) {
                *slot = record;
            }
        }
        if !existing.is_empty() {
            let bytes = RecordChunk::encode(&records);
            builder.chunk(SectionKey::Records, chunk, &bytes, existing.len() as u64)?;
        }
    }
    Ok(())
}

fn relationships_in(
    snapshot: &Snapshot,
    ids: &std::ops::Range<u64>,
) -> Result<Vec<RelationshipId>> {
    let mut existing = Vec::new();
    let limit = (ids.end - ids.start) as usize;
    snapshot.scan_relationships(&[], RelationshipId(ids.start), limit, &mut existing)?;
    existing.truncate(existing.partition_point(|id| id.0 < ids.end));
    Ok(existing)
}

/// The columns of one kind of entity while they are written.
#[derive(Default)]
struct Columns {
    dictionaries: BTreeMap<u32, Dictionary>,
}

impl Columns {
    /// Writes the values of one chunk of one column: positions ascending.
    fn chunk(
        &mut self,
        builder: &mut SegmentBuilder,
        (section, key): (fn(u32) -> SectionKey, u32),
        chunk: u64,
        ids: usize,
        mut found: Vec<(u32, Value)>,
    ) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        found.sort_unstable_by_key(|(at, _)| *at);
        let (positions, values): (Vec<u32>, Vec<Value>) = found.into_iter().unzip();
        let values: Array = values.into_iter().collect();
        let codes = match values.data() {
            ArrayData::String(strings) => self.dictionaries.entry(key).or_default().encode(strings),
            _ => None,
        };
        let column = ColumnChunk::encode(ids, &positions, &values, codes.as_deref())?;
        builder.column(section(key), chunk, &column)
    }

    fn finish(self, builder: &mut SegmentBuilder, section: fn(u32) -> SectionKey) -> Result<()> {
        for (key, dictionary) in self.dictionaries {
            if !dictionary.words().is_empty() {
                builder.dictionary(section(key), dictionary.words())?;
            }
        }
        Ok(())
    }
}

/// The values of one chunk of all columns, by key and position.
type Found = BTreeMap<u32, Vec<(u32, Value)>>;

fn write_node_columns(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let mut columns = Columns::default();
    let delta = &snapshot.state.delta;
    for (chunk, ids) in chunks::<ColumnChunk>(snapshot.state.next_node) {
        let mut existing = Vec::new();
        let limit = (ids.end - ids.start) as usize;
        snapshot.scan_nodes(NodeId(ids.start), limit, &mut existing)?;
        existing.truncate(existing.partition_point(|id| id.0 < ids.end));
        let mut found = Found::new();
        for (id, state) in delta.nodes.range(ids.clone()) {
            collect(&mut found, (id - ids.start) as u32, &state.properties);
        }
        let clean = existing.iter().map(|id| id.0).filter(|id| !delta.touched_nodes.contains(*id));
        collect_base(snapshot, SectionKey::NodeColumn, clean.collect(), ids.start, &mut found)?;
        for (key, values) in found {
            columns.chunk(builder, (SectionKey::NodeColumn, key), chunk, limit, values)?;
        }
    }
    columns.finish(builder, SectionKey::NodeColumn)
}

fn write_relationship_columns(snapshot: &Snapshot, builder: &mut SegmentBuilder) -> Result<()> {
    let mut columns = Columns::default();
    let delta = &snapshot.state.delta;
    let section = SectionKey::RelationshipColumn;
    for (chunk, ids) in chunks::<ColumnChunk>(snapshot.state.next_relationship) {
        let existing = relationships_in(snapshot, &ids)?;
        let mut found = Found::new();
        for (id, state) in delta.relationships.range(ids.clone()) {
            collect(&mut found, (id - ids.start) as u32, &state.properties);
        }
        let clean = existing.iter().map(|id| id.0);
        let clean = clean.filter(|id| !delta.touched_relationships.contains(*id));
        collect_base(snapshot, section, clean.collect(), ids.start, &mut found)?;
        let limit = (ids.end - ids.start) as usize;
        for (key, values) in found {
            columns.chunk(builder, (section, key), chunk, limit, values)?;
        }
    }
    columns.finish(builder, section)
}

fn collect(found: &mut Found, at: u32, properties: &Properties) {
    for (key, value) in properties {
        found.entry(key.0).or_default().push((at, value.clone()));
    }
}

fn collect_base(
    snapshot: &Snapshot,
    section: fn(u32) -> SectionKey,
    clean: Vec<u64>,
    first: u64,
    found: &mut Found,
) -> Result<()> {
    if clean.is_empty() {
        return Ok(());
    }
    for (key, _) in snapshot.keys() {
        let Some(mut reader) = snapshot.state.base.column(section(key.0))? else { continue };
        for id in &clean {
            let value = reader.get(*id)?;
            if !matches!(value, Value::Null) {
                found.entry(key.0).or_default().push(((id - first) as u32, value));
            }
        }
    }
    Ok(())
}
