//! Relationships of a bulk load: sorted by type, start and end, and numbered in that order.
//!
//! Rows are put into partitions by their start, one for each chunk of adjacency, and each partition is sorted
//! by itself: it fits a core's cache, and cores share the partitions out. The numbers that a node's
//! relationships get are therefore consecutive. For the other direction the sorted rows are put into
//! partitions by their end, in order, so that counting is all the sorting there is.
//!
//! Where the rows outgrow the memory that they may take, they are put into partitions as they come, and these into a
//! file (`external.rs`).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Result;
use crate::graph::segment::{
    Base, BitmapChunk, Chunk, ColumnChunk, Family, RecordChunk, SectionKey, SegmentBuilder,
};
use crate::graph::snapshot::State;
use crate::storage::SegmentFiles;
use crate::value::ArrayData;

use super::columns::{Dictionaries, Pieces};
use super::external;
use super::external::External;
use super::partition::{Entry, NODES, Partitioned, Run, Source};
use super::partition::{encode, neighbour, of_partition, row};
use super::spill::Spill;
use super::tasks::{in_order, shares};
use super::{BatchTypes, RelationshipBatch, too_many};

/// Relationships per chunk, the same in every section that is by relationship.
pub(super) const CHUNK: u64 = 1 << RecordChunk::SHIFT;
const _: () = assert!(RecordChunk::SHIFT == ColumnChunk::SHIFT);
const _: () = assert!(RecordChunk::SHIFT == BitmapChunk::SHIFT);
/// Bytes that a row takes beside its properties while rows are sorted in memory.
const ROW: u64 = 36;

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
    /// Bytes that what is here takes until it is written, and how many it may.
    held: u64,
    memory: u64,
    /// The rows before those that are here.
    spilled: Option<Spill>,
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
    pub(super) fn new(state: &State, memory: u64) -> Result<Self> {
        Ok(Self {
            first: state.next_relationship.next_multiple_of(CHUNK),
            next_row: 0,
            by_type: BTreeMap::new(),
            columns: BTreeMap::new(),
            dictionaries: Dictionaries::of(&state.base, Family::RelationshipColumns)?,
            held: 0,
            memory,
            spilled: None,
        })
    }

    pub(super) fn add(&mut self, batch: RelationshipBatch) -> Result<()> {
        let first = self.next_row;
        let count = u32::try_from(batch.starts.len()).ok();
        let next = count.and_then(|count| first.checked_add(count));
        self.next_row = next.ok_or_else(|| too_many("relationships"))?;
        self.held += ROW * batch.starts.len() as u64;
        for (key, values) in batch.columns {
            self.held += values.size() as u64;
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

    /// Whether there are more than may stay in memory.
    pub(super) fn are_many(&self) -> bool {
        self.held > self.memory
    }

    /// Puts the rows that are here into a file, where there is a place for one.
    pub(super) fn spill(&mut self, files: &dyn SegmentFiles, threads: usize) -> Result<()> {
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            None => match files.scratch()? {
                Some(file) => self.spilled.insert(Spill::new(file)),
                None => {
                    self.memory = u64::MAX;
                    return Ok(());
                }
            },
        };
        for (of, rows) in std::mem::take(&mut self.by_type) {
            let (partitions, parts) = by_start(&rows, threads)?;
            drop(rows);
            external::spill(spilled, of, partitions, &parts, &self.columns, threads)?;
        }
        self.columns.clear();
        self.held = 0;
        Ok(())
    }

    /// Writes everything. Says the next free number and how many relationships there are.
    pub(super) fn write(
        mut self,
        base: &Base,
        builder: &mut SegmentBuilder,
        files: &dyn SegmentFiles,
        threads: usize,
    ) -> Result<(u64, u64)> {
        if self.spilled.is_some() {
            self.spill(files, threads)?;
        }
        let Self { first, next_row, by_type, columns, mut dictionaries, memory, spilled, .. } =
            self;
        if let Some(spilled) = spilled {
            let external = External { base, builder, files, threads, first, memory };
            let count = external.write(spilled, dictionaries)?;
            return Ok((first + count, count));
        }
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

/// Rows in partitions by their start: how many there are, and the parts that threads have made.
fn by_start(rows: &[Ends], threads: usize) -> Result<(usize, Vec<Partitioned>)> {
    let largest = rows.iter().flat_map(|ends| &ends.starts).max().copied().unwrap_or(0);
    let partitions = largest as usize / NODES + 1;
    let sizes: Vec<usize> = rows.iter().map(|ends| ends.starts.len()).collect();
    let shares = shares(&sizes, threads);
    let mut parts = Vec::new();
    let split = |at: usize| {
        let own = rows.get(shares[at].clone()).unwrap_or(&[]);
        Ok(Partitioned::new(partitions, &ByStart(own)))
    };
    in_order(threads, shares.len(), split, |_, part| {
        parts.push(part);
        Ok(())
    })?;
    Ok((partitions, parts))
}

/// Writes the adjacency of one type after the other.
struct Adjacency<'a> {
    base: &'a Base,
    builder: &'a mut SegmentBuilder,
    threads: usize,
    first: u64,
}

impl Adjacency<'_> {
    fn outgoing(&mut self, of: u32, rows: Vec<Ends>, sorted: &mut Sorted) -> Result<()> {
        let from = sorted.rows.len();
        let (partitions, parts) = by_start(&rows, self.threads)?;
        drop(rows);
        let count =
            |partition: usize| parts.iter().map(|part| part.of(partition).len()).sum::<usize>();
        let mut firsts = vec![self.first + from as u64];
        for partition in 0..partitions {
            firsts.push(firsts[partition] + count(partition) as u64);
        }
        let base = self.base;
        let work = |partition: usize| {
            let mut run = Run::new(partition, &of_partition(&parts, partition))?;
            run.sort_each();
            let first = firsts[partition];
            encode(base, true, of, partition, run, |position, _| first + position as u64)
        };
        in_order(self.threads, partitions, work, |partition, written| {
            sorted.starts.extend(written.run.starts(partition));
            sorted.ends.extend(written.run.keys.iter().map(neighbour));
            sorted.rows.extend(written.run.keys.iter().map(row));
            written.write(self.builder, SectionKey::Outgoing(of), partition)
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
            let run = Run::new(partition, &of_partition(&parts, partition))?;
            encode(base, false, of, partition, run, |_, row| first + u64::from(row))
        };
        in_order(self.threads, partitions, work, |partition, written| {
            written.write(self.builder, SectionKey::Incoming(of), partition)
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

/// The chunks that this many numbers from `first` on take: their own numbers and the positions they cover.
fn chunks(first: u64, count: u64) -> impl Iterator<Item = (u64, Range<usize>)> {
    (0..count.div_ceil(CHUNK)).map(move |at| {
        let from = at * CHUNK;
        (first / CHUNK + at, from as usize..count.min(from + CHUNK) as usize)
    })
}

pub(super) fn write_sets(
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
