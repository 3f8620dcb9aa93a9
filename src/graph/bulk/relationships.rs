//! Relationships of a bulk load: sorted by type, start and end, and numbered in that order.
//!
//! Rows are put into partitions by their start, one for each chunk of adjacency, and each partition is sorted
//! by itself: it fits a core's cache, and cores share the partitions out. The numbers that a node's
//! relationships get are therefore consecutive. For the other direction the sorted rows are put into
//! partitions by their end, in order, so that counting is all the sorting there is.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Result;
use crate::graph::segment::{
    AdjacencyChunk, Base, BitmapChunk, Chunk, ColumnChunk, RecordChunk, SectionKey, SegmentBuilder,
};
use crate::graph::snapshot::State;
use crate::value::ArrayData;

use super::columns::{Dictionaries, Pieces};
use super::tasks::{in_order, shares};
use super::{BatchTypes, RelationshipBatch, too_many};

/// Relationships per chunk, the same in every section that is by relationship.
const CHUNK: u64 = 1 << RecordChunk::SHIFT;
const _: () = assert!(RecordChunk::SHIFT == ColumnChunk::SHIFT);
const _: () = assert!(RecordChunk::SHIFT == BitmapChunk::SHIFT);
/// Nodes per partition.
const NODES: usize = 1 << AdjacencyChunk::SHIFT;

/// Rows of one type as they came.
#[derive(Debug, Default)]
struct Ends {
    starts: Vec<u32>,
    ends: Vec<u32>,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    From(u32),
    Each(Vec<u32>),
}

impl Default for Rows {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

#[derive(Debug)]
pub(super) struct Relationships {
    first: u64,
    next_row: u32,
    by_type: BTreeMap<u32, Vec<Ends>>,
    columns: BTreeMap<u32, Pieces>,
    dictionaries: Dictionaries,
}

/// All relationships in the order of their numbers.
#[derive(Default)]
struct Sorted {
    starts: Vec<u32>,
    ends: Vec<u32>,
    rows: Vec<u32>,
    /// The types, each with its positions.
    types: Vec<(u32, Range<usize>)>,
}

impl Relationships {
    /// Relationships after those of a state. They begin with a chunk of their own.
    pub(super) fn new(state: &State) -> Result<Self> {
        Ok(Self {
            first: state.next_relationship.next_multiple_of(CHUNK),
            next_row: 0,
            by_type: BTreeMap::new(),
            columns: BTreeMap::new(),
            dictionaries: Dictionaries::of(&state.base, SectionKey::RelationshipColumn)?,
        })
    }

    pub(super) fn add(&mut self, batch: RelationshipBatch) -> Result<()> {
        let first = self.next_row;
        let count = u32::try_from(batch.starts.len()).ok();
        let next = count.and_then(|count| first.checked_add(count));
        self.next_row = next.ok_or_else(|| too_many("relationships"))?;
        for (key, values) in batch.columns {
            self.columns.entry(key.0).or_default().add(first, values);
        }
        let RelationshipBatch { starts, ends, .. } = batch;
        match batch.types {
            BatchTypes::One(of) => {
                let ends = Ends { starts, ends, rows: Rows::From(first) };
                self.by_type.entry(of.0).or_default().push(ends);
            }
            BatchTypes::Each(types) => {
                let mut split: BTreeMap<u32, Ends> = BTreeMap::new();
                for (row, ((of, start), end)) in (first..).zip(types.iter().zip(starts).zip(ends)) {
                    let own = split.entry(of.0).or_default();
                    own.starts.push(start);
                    own.ends.push(end);
                    if let Rows::Each(rows) = &mut own.rows {
                        rows.push(row);
                    }
                }
                for (of, ends) in split {
                    self.by_type.entry(of).or_default().push(ends);
                }
            }
        }
        Ok(())
    }

    /// Writes everything. Says the next free number and how many relationships there are.
    pub(super) fn write(
        self,
        base: &Base,
        builder: &mut SegmentBuilder,
        threads: usize,
    ) -> Result<(u64, u64)> {
        let Self { first, next_row, by_type, columns, mut dictionaries } = self;
        let mut sorted = Sorted::default();
        sorted.starts.reserve_exact(next_row as usize);
        sorted.ends.reserve_exact(next_row as usize);
        sorted.rows.reserve_exact(next_row as usize);
        let mut adjacency = Adjacency { base, builder, threads, first };
        for (of, rows) in by_type {
            adjacency.outgoing(of, rows, &mut sorted)?;
        }
        for (of, positions) in &sorted.types {
            adjacency.incoming(*of, positions.clone(), &sorted)?;
        }
        let count = sorted.rows.len() as u64;
        write_sets(builder, first, count, &sorted.types)?;
        write_records(builder, threads, first, &sorted)?;
        let rows = sorted.rows;
        drop((sorted.starts, sorted.ends));
        for (key, pieces) in columns {
            write_column(builder, threads, first, key, &pieces, &rows, &mut dictionaries)?;
        }
        dictionaries.finish(builder, SectionKey::RelationshipColumn)?;
        Ok((first + count, count))
    }
}

/// A row on its way into a partition: by start or by end.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    node: u32,
    neighbour: u32,
    /// The row, or the position in the order of numbers.
    row: u32,
}

/// Entries by the partition of their node; within one, in the order in which they came.
struct Partitioned {
    offsets: Vec<usize>,
    entries: Vec<Entry>,
}

/// Where entries come from.
trait Source {
    /// Gives all of them, the same whenever it is called.
    fn each(&self, take: impl FnMut(Entry));
}

impl Partitioned {
    fn new(partitions: usize, source: &impl Source) -> Self {
        let mut offsets = vec![0; partitions + 1];
        source.each(|entry| {
            if let Some(count) = offsets.get_mut(entry.node as usize / NODES + 1) {
                *count += 1;
            }
        });
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut entries = vec![Entry::default(); offsets.last().copied().unwrap_or(0)];
        let mut cursors = offsets.clone();
        source.each(|entry| {
            let cursor = &mut cursors[entry.node as usize / NODES];
            entries[*cursor] = entry;
            *cursor += 1;
        });
        Self { offsets, entries }
    }

    fn of(&self, partition: usize) -> &[Entry] {
        let range = self.offsets.get(partition..partition + 2);
        range.and_then(|range| self.entries.get(range[0]..range[1])).unwrap_or(&[])
    }
}

/// The entries of one partition, sorted by node.
struct Run {
    /// Where the entries of each node begin, and after the last where they end.
    offsets: Vec<u32>,
    /// The neighbour in the upper half, the row in the lower.
    keys: Vec<u64>,
}

fn neighbour(key: &u64) -> u32 {
    (key >> 32) as u32
}

fn row(key: &u64) -> u32 {
    *key as u32
}

impl Run {
    /// Sorts by node, and keeps the order within each.
    fn new(partition: usize, parts: &[Partitioned]) -> Result<Self> {
        let first = (partition * NODES) as u32;
        let entries = || parts.iter().flat_map(|part| part.of(partition));
        let count: usize = parts.iter().map(|part| part.of(partition).len()).sum();
        if u32::try_from(count).is_err() {
            return Err(too_many("relationships of one type at neighbouring nodes"));
        }
        let mut offsets = vec![0; NODES + 1];
        for entry in entries() {
            offsets[(entry.node - first) as usize + 1] += 1;
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut cursors = offsets.clone();
        let mut keys = vec![0; count];
        for entry in entries() {
            let cursor = &mut cursors[(entry.node - first) as usize];
            keys[*cursor as usize] = u64::from(entry.neighbour) << 32 | u64::from(entry.row);
            *cursor += 1;
        }
        Ok(Self { offsets, keys })
    }

    /// Sorts the entries of each node by neighbour and row.
    fn sort_each(&mut self) {
        for range in self.offsets.windows(2) {
            if let Some(keys) = self.keys.get_mut(range[0] as usize..range[1] as usize) {
                keys.sort_unstable();
            }
        }
    }

    fn nodes(&self) -> Range<usize> {
        0..self.offsets.len().saturating_sub(1)
    }

    fn of(&self, node: usize) -> &[u64] {
        let range = self.offsets.get(node..node + 2);
        range.and_then(|r| self.keys.get(r[0] as usize..r[1] as usize)).unwrap_or(&[])
    }
}

/// A partition with its chunk of adjacency.
struct Written {
    run: Run,
    bytes: Vec<u8>,
    /// How many nodes have links, and how many links there are.
    counts: (u64, u64),
}

/// Writes the adjacency of one type after the other.
struct Adjacency<'a> {
    base: &'a Base,
    builder: &'a mut SegmentBuilder,
    threads: usize,
    first: u64,
}

impl Adjacency<'_> {
    fn write(&mut self, section: SectionKey, partition: usize, written: &Written) -> Result<()> {
        match written.counts {
            (_, 0) => Ok(()),
            counts => self.builder.adjacency(section, partition as u64, &written.bytes, counts),
        }
    }

    fn outgoing(&mut self, of: u32, rows: Vec<Ends>, sorted: &mut Sorted) -> Result<()> {
        let from = sorted.rows.len();
        let largest = rows.iter().flat_map(|ends| &ends.starts).max().copied().unwrap_or(0);
        let partitions = largest as usize / NODES + 1;
        let sizes: Vec<usize> = rows.iter().map(|ends| ends.starts.len()).collect();
        let shares = shares(&sizes, self.threads);
        let mut parts = Vec::new();
        let split = |at: usize| {
            let own = rows.get(shares[at].clone()).unwrap_or(&[]);
            Ok(Partitioned::new(partitions, &ByStart(own)))
        };
        in_order(self.threads, shares.len(), split, |_, part| {
            parts.push(part);
            Ok(())
        })?;
        drop(rows);
        let count =
            |partition: usize| parts.iter().map(|part| part.of(partition).len()).sum::<usize>();
        let mut firsts = vec![self.first + from as u64];
        for partition in 0..partitions {
            firsts.push(firsts[partition] + count(partition) as u64);
        }
        let base = self.base;
        let work = |partition: usize| {
            let mut run = Run::new(partition, &parts)?;
            run.sort_each();
            let first = firsts[partition];
            encode(base, true, of, partition, run, |position, _| first + position as u64)
        };
        in_order(self.threads, partitions, work, |partition, written| {
            for node in written.run.nodes() {
                let id = (partition * NODES + node) as u32;
                let links = written.run.of(node).len();
                sorted.starts.extend(std::iter::repeat_n(id, links));
            }
            sorted.ends.extend(written.run.keys.iter().map(neighbour));
            sorted.rows.extend(written.run.keys.iter().map(row));
            self.write(SectionKey::Outgoing(of), partition, &written)
        })?;
        sorted.types.push((of, from..sorted.rows.len()));
        Ok(())
    }

    fn incoming(&mut self, of: u32, positions: Range<usize>, sorted: &Sorted) -> Result<()> {
        let ends = sorted.ends.get(positions.clone()).unwrap_or(&[]);
        let partitions = ends.iter().max().copied().unwrap_or(0) as usize / NODES + 1;
        let share = positions.len().div_ceil(self.threads).max(1);
        let mut parts = Vec::new();
        let split = |at: usize| {
            let from = positions.start + at * share;
            let positions = from..positions.end.min(from + share);
            Ok(Partitioned::new(partitions, &ByEnd { sorted, positions }))
        };
        in_order(self.threads, positions.len().div_ceil(share), split, |_, part| {
            parts.push(part);
            Ok(())
        })?;
        let (base, first) = (self.base, self.first);
        let work = |partition: usize| {
            let run = Run::new(partition, &parts)?;
            encode(base, false, of, partition, run, |_, row| first + u64::from(row))
        };
        in_order(self.threads, partitions, work, |partition, written| {
            self.write(SectionKey::Incoming(of), partition, &written)
        })
    }
}

/// Rows as they came, to be put into partitions by their start.
struct ByStart<'a>(&'a [Ends]);

impl Source for ByStart<'_> {
    fn each(&self, mut take: impl FnMut(Entry)) {
        for Ends { starts, ends, rows } in self.0 {
            let pairs = starts.iter().zip(ends);
            match rows {
                Rows::From(first) => {
                    for (row, (node, neighbour)) in (*first..).zip(pairs) {
                        take(Entry { node: *node, neighbour: *neighbour, row });
                    }
                }
                Rows::Each(rows) => {
                    for (row, (node, neighbour)) in rows.iter().zip(pairs) {
                        take(Entry { node: *node, neighbour: *neighbour, row: *row });
                    }
                }
            }
        }
    }
}

/// Sorted rows, to be put into partitions by their end.
struct ByEnd<'a> {
    sorted: &'a Sorted,
    positions: Range<usize>,
}

impl Source for ByEnd<'_> {
    fn each(&self, mut take: impl FnMut(Entry)) {
        let starts = self.sorted.starts.get(self.positions.clone()).unwrap_or(&[]);
        let ends = self.sorted.ends.get(self.positions.clone()).unwrap_or(&[]);
        let first = self.positions.start as u32;
        for (row, (neighbour, node)) in (first..).zip(starts.iter().zip(ends)) {
            take(Entry { node: *node, neighbour: *neighbour, row });
        }
    }
}

/// The chunk of adjacency of a partition, with what the base has there.
fn encode(
    base: &Base,
    outgoing: bool,
    of: u32,
    partition: usize,
    run: Run,
    id: impl Fn(usize, u32) -> u64,
) -> Result<Written> {
    let mut old = base.adjacency(outgoing, &[of])?;
    let first = (partition * NODES) as u64;
    let covered = match old.first_mut() {
        Some((_, reader)) => reader.covers(first)?,
        None => false,
    };
    let old = match old.first_mut() {
        Some((_, reader)) if covered => reader,
        _ => {
            let positions = 0..run.keys.len();
            let ids: Vec<u64> =
                positions.zip(&run.keys).map(|(at, key)| id(at, row(key))).collect();
            let neighbours = run.keys.iter().map(|key| u64::from(neighbour(key)));
            let bytes = AdjacencyChunk::encode(&run.offsets, neighbours, ids.iter().copied());
            let counts = counts(&run.offsets);
            return Ok(Written { bytes, counts, run });
        }
    };
    let mut merged: Vec<(u64, u64)> = Vec::new();
    let mut offsets = vec![0];
    let mut position = 0;
    for node in run.nodes() {
        let (neighbours, ids) = old.links(first + node as u64)?;
        let begin = merged.len();
        merged.extend(neighbours.iter().map(|n| n.0).zip(ids.iter().map(|id| id.0)));
        for key in run.of(node) {
            merged.push((u64::from(neighbour(key)), id(position, row(key))));
            position += 1;
        }
        // Both halves are sorted already, which the sort finds out.
        merged.get_mut(begin..).unwrap_or_default().sort();
        offsets.push(
            u32::try_from(merged.len())
                .map_err(|_| too_many("relationships of one type at neighbouring nodes"))?,
        );
    }
    let neighbours = merged.iter().map(|(neighbour, _)| *neighbour);
    let bytes = AdjacencyChunk::encode(&offsets, neighbours, merged.iter().map(|(_, id)| *id));
    Ok(Written { bytes, counts: counts(&offsets), run })
}

/// How many nodes have links, and how many links there are.
fn counts(offsets: &[u32]) -> (u64, u64) {
    let nodes = offsets.windows(2).filter(|pair| pair[0] < pair[1]).count();
    (nodes as u64, u64::from(offsets.last().copied().unwrap_or(0)))
}

/// The chunks that this many numbers from `first` on take: their own numbers and the positions they cover.
fn chunks(first: u64, count: u64) -> impl Iterator<Item = (u64, Range<usize>)> {
    (0..count.div_ceil(CHUNK)).map(move |at| {
        let from = at * CHUNK;
        (first / CHUNK + at, from as usize..count.min(from + CHUNK) as usize)
    })
}

fn write_sets(
    builder: &mut SegmentBuilder,
    first: u64,
    count: u64,
    types: &[(u32, Range<usize>)],
) -> Result<()> {
    for (chunk, positions) in chunks(first, count) {
        let mut write = |section, positions: Range<usize>| {
            let ids = positions.clone().map(|at| first + at as u64);
            builder.chunk(section, chunk, &BitmapChunk::encode(ids), positions.len() as u64)
        };
        write(SectionKey::Relationships, positions.clone())?;
        for (of, own) in types {
            let own = own.start.max(positions.start)..own.end.min(positions.end);
            if !own.is_empty() {
                write(SectionKey::OfType(*of), own)?;
            }
        }
    }
    Ok(())
}

fn write_records(
    builder: &mut SegmentBuilder,
    threads: usize,
    first: u64,
    sorted: &Sorted,
) -> Result<()> {
    let Sorted { starts, ends, types, .. } = sorted;
    let chunks: Vec<_> = chunks(first, starts.len() as u64).collect();
    let work = |at: usize| {
        let (_, positions) = &chunks[at];
        let mut of = Vec::with_capacity(positions.len());
        for (type_id, own) in types {
            let end = own.end.min(positions.end);
            of.extend(std::iter::repeat_n(
                *type_id,
                end.saturating_sub(own.start.max(positions.start)),
            ));
        }
        let piece = |of: &'_ [u32]| of.get(positions.clone()).unwrap_or(&[]).to_vec();
        Ok(RecordChunk::encode_all(&of, &piece(starts), &piece(ends)))
    };
    in_order(threads, chunks.len(), work, |at, bytes| {
        let (chunk, positions) = &chunks[at];
        builder.chunk(SectionKey::Records, *chunk, &bytes, positions.len() as u64)
    })
}

fn write_column(
    builder: &mut SegmentBuilder,
    threads: usize,
    first: u64,
    key: u32,
    pieces: &Pieces,
    rows: &[u32],
    dictionaries: &mut Dictionaries,
) -> Result<()> {
    let section = SectionKey::RelationshipColumn(key);
    let chunks: Vec<_> = chunks(first, rows.len() as u64).collect();
    let work = |at: usize| {
        let positions = chunks[at].1.clone();
        let ids = positions.len();
        let (positions, values) = pieces.gather(rows.get(positions).unwrap_or(&[]));
        // The dictionary goes through the chunks in order.
        let encoded = match values.data() {
            _ if positions.is_empty() => None,
            ArrayData::String(_) => None,
            _ => Some(ColumnChunk::encode(ids, &positions, &values, None)?),
        };
        Ok((positions, values, encoded))
    };
    in_order(threads, chunks.len(), work, |at, (positions, values, encoded)| {
        let (chunk, covered) = &chunks[at];
        let column = match encoded {
            Some(column) => column,
            None if positions.is_empty() => return Ok(()),
            None => dictionaries.encode(key, covered.len(), &positions, &values)?,
        };
        builder.column(section, *chunk, &column)
    })
}
