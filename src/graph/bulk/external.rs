//! Relationships of a bulk load that the memory does not hold: in partitions on disk, read and written one by one.
//!
//! The order and the numbers are the same as in memory. Held are one partition for each thread, one chunk of what is by
//! relationship, and as many rows on their way to the other direction as may be.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Error;
use crate::error::Result;
use crate::graph::segment::{
    Base, PIECE, Piece, PieceColumn, RecordChunk, SectionKey, SegmentBuilder,
};
use crate::storage::SegmentFiles;

use super::columns::{Dictionaries, Pending, Pieces};
use super::partition::{Entry, NODES, Partitioned, Run, Written};
use super::partition::{encode, neighbour, of_partition, row};
use super::relationships::{CHUNK, write_sets};
use super::spill::{Bucket, Spill};
use super::tasks::in_order;
use super::too_many;

/// Bytes that a row takes on its way to the other direction.
const ENTRY: u64 = 2 * size_of::<Entry>() as u64;

/// Appends rows in partitions to a file, with the values that `columns` has for their rows.
pub(super) fn spill(
    spilled: &mut Spill,
    of: u32,
    partitions: usize,
    parts: &[Partitioned],
    columns: &BTreeMap<u32, Pieces>,
    threads: usize,
) -> Result<()> {
    let work = |partition: usize| {
        let entries: Vec<Entry> = of_partition(parts, partition).concat();
        let pieces = entries.chunks(PIECE).map(|entries| {
            let rows: Vec<u32> = entries.iter().map(|entry| entry.row).collect();
            let columns = columns.iter().map(|(key, pieces)| {
                let (positions, values) = pieces.gather(&rows);
                (*key, positions, values)
            });
            let columns: Vec<_> = columns.filter(|(_, there, _)| !there.is_empty()).collect();
            Ok((rows.len(), piece_of(entries, Vec::new()).encode(&columns)?))
        });
        pieces.collect::<Result<Vec<_>>>()
    };
    in_order(threads, partitions, work, |partition, pieces| {
        let bucket = (of, partition as u32);
        pieces.iter().try_for_each(|(rows, bytes)| spilled.append(bucket, *rows, bytes))
    })
}

fn piece_of(entries: &[Entry], rows: Vec<u32>) -> Piece {
    Piece {
        nodes: entries.iter().map(|entry| entry.node).collect(),
        neighbours: entries.iter().map(|entry| entry.neighbour).collect(),
        rows,
        columns: Vec::new(),
    }
}

/// A partition in the order of numbers, with its properties.
type Outgoing = (Written, Vec<PieceColumn>);

/// Writes what a file holds.
pub(super) struct External<'a> {
    pub(super) base: &'a Base,
    pub(super) builder: &'a mut SegmentBuilder,
    pub(super) files: &'a dyn SegmentFiles,
    pub(super) threads: usize,
    pub(super) first: u64,
    pub(super) memory: u64,
}

impl External<'_> {
    /// Writes everything. Says how many relationships there are.
    pub(super) fn write(self, spilled: Spill, mut dictionaries: Dictionaries) -> Result<u64> {
        let buckets = spilled.buckets();
        let mut firsts = vec![self.first];
        for (at, (_, rows)) in buckets.iter().enumerate() {
            firsts.push(firsts[at] + *rows as u64);
        }
        let mut numbered = Numbered::new(self.first);
        let mut incoming = Incoming::new(self.files, self.memory)?;
        let base = self.base;
        let work = |at: usize| outgoing(base, &spilled, buckets[at], firsts[at]);
        in_order(self.threads, buckets.len(), work, |at, (written, columns)| {
            let (of, partition) = buckets[at].0;
            written.write(self.builder, SectionKey::Outgoing(of), partition as usize)?;
            let starts: Vec<u32> = written.run.starts(partition as usize).collect();
            let ends: Vec<u32> = written.run.keys.iter().map(neighbour).collect();
            incoming.add(of, &starts, &ends, numbered.count)?;
            numbered.add(of, &starts, &ends, &columns, self.builder, &mut dictionaries)
        })?;
        drop(spilled);
        numbered.write_chunk(self.builder, &mut dictionaries)?;
        dictionaries.finish(self.builder, SectionKey::RelationshipColumn)?;
        write_sets(self.builder, self.first, numbered.count, &numbered.types)?;
        let incoming = incoming.end()?;
        let (buckets, first) = (incoming.buckets(), self.first);
        let work = |at: usize| {
            let (of, partition) = buckets[at].0;
            let mut entries = Vec::with_capacity(buckets[at].1);
            incoming.each(buckets[at].0, |piece| append(&piece, &mut entries))?;
            let run = Run::new(partition as usize, &[&entries])?;
            drop(entries);
            encode(base, false, of, partition as usize, run, |_, row| first + u64::from(row))
        };
        in_order(self.threads, buckets.len(), work, |at, written| {
            let (of, partition) = buckets[at].0;
            written.write(self.builder, SectionKey::Incoming(of), partition as usize)
        })?;
        Ok(numbered.count)
    }
}

/// Appends the rows of a piece. Where they have no numbers they get them, in the order in which they came.
fn append(piece: &Piece, entries: &mut Vec<Entry>) -> Result<()> {
    for (at, (node, neighbour)) in piece.nodes.iter().zip(&piece.neighbours).enumerate() {
        let row = match piece.rows.get(at) {
            Some(row) => *row,
            None => u32::try_from(entries.len())
                .map_err(|_| too_many("relationships of one type at neighbouring nodes"))?,
        };
        entries.push(Entry { node: *node, neighbour: *neighbour, row });
    }
    Ok(())
}

fn outgoing(
    base: &Base,
    spilled: &Spill,
    (bucket, rows): (Bucket, usize),
    first: u64,
) -> Result<Outgoing> {
    let (of, partition) = bucket;
    let mut entries = Vec::with_capacity(rows);
    let mut columns: BTreeMap<u32, Pieces> = BTreeMap::new();
    spilled.each(bucket, |piece| {
        let first = entries.len() as u32;
        append(&piece, &mut entries)?;
        for (key, values) in piece.columns {
            columns.entry(key).or_default().add(first, values);
        }
        Ok(())
    })?;
    let mut run = Run::new(partition as usize, &[&entries])?;
    drop(entries);
    run.sort_each();
    let order: Vec<u32> = run.keys.iter().map(row).collect();
    let columns = columns.into_iter().map(|(key, pieces)| {
        let (positions, values) = pieces.gather(&order);
        (key, positions, values)
    });
    let columns = columns.collect();
    let id = |position, _| first + position as u64;
    Ok((encode(base, true, of, partition as usize, run, id)?, columns))
}

/// Relationships in the order of their numbers, on their way into chunks.
struct Numbered {
    first: u64,
    /// How many there were.
    count: u64,
    /// The types, each with its positions.
    types: Vec<(u32, Range<usize>)>,
    /// Of the current chunk.
    of: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    columns: BTreeMap<u32, Pending>,
}

impl Numbered {
    fn new(first: u64) -> Self {
        Self {
            first,
            count: 0,
            types: Vec::new(),
            of: Vec::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            columns: BTreeMap::new(),
        }
    }

    fn add(
        &mut self,
        of: u32,
        starts: &[u32],
        ends: &[u32],
        columns: &[PieceColumn],
        builder: &mut SegmentBuilder,
        dictionaries: &mut Dictionaries,
    ) -> Result<()> {
        match self.types.last_mut() {
            Some((last, positions)) if *last == of => positions.end += starts.len(),
            _ => {
                let begin = self.count as usize;
                self.types.push((of, begin..begin + starts.len()));
            }
        }
        let mut from = 0;
        while from < starts.len() {
            let position = self.count % CHUNK;
            let rows = from..starts.len().min(from + (CHUNK - position) as usize);
            self.of.extend(std::iter::repeat_n(of, rows.len()));
            self.starts.extend_from_slice(starts.get(rows.clone()).unwrap_or(&[]));
            self.ends.extend_from_slice(ends.get(rows.clone()).unwrap_or(&[]));
            for (key, positions, values) in columns {
                let place = |row: usize| positions.partition_point(|own| (*own as usize) < row);
                let pending = self.columns.entry(*key).or_default();
                for at in place(rows.start)..place(rows.end) {
                    let row = positions.get(at).map_or(0, |row| *row as usize - rows.start);
                    pending.take(position as u32 + row as u32, values, at..at + 1);
                }
            }
            self.count += rows.len() as u64;
            from = rows.end;
            if self.count.is_multiple_of(CHUNK) {
                self.write_chunk(builder, dictionaries)?;
            }
        }
        Ok(())
    }

    /// Writes what there is of the current chunk.
    fn write_chunk(
        &mut self,
        builder: &mut SegmentBuilder,
        dictionaries: &mut Dictionaries,
    ) -> Result<()> {
        let count = self.of.len();
        if count == 0 {
            return Ok(());
        }
        let chunk = (self.first + self.count - count as u64) / CHUNK;
        let bytes = RecordChunk::encode_all(&self.of, &self.starts, &self.ends);
        builder.chunk(SectionKey::Records, chunk, &bytes, count as u64)?;
        self.of.clear();
        self.starts.clear();
        self.ends.clear();
        for (key, pending) in &mut self.columns {
            let (positions, values) = std::mem::take(pending).finish();
            if !positions.is_empty() {
                let column = dictionaries.encode(*key, count, &positions, &values)?;
                builder.column(SectionKey::RelationshipColumn(*key), chunk, &column)?;
            }
        }
        Ok(())
    }
}

/// Relationships on their way into partitions by their end.
struct Incoming {
    spilled: Spill,
    /// Those that are here, by type.
    entries: BTreeMap<u32, Vec<Entry>>,
    held: u64,
    memory: u64,
}

impl Incoming {
    fn new(files: &dyn SegmentFiles, memory: u64) -> Result<Self> {
        let file = files.scratch()?.ok_or_else(|| Error::internal("no place for a second file"))?;
        Ok(Self { spilled: Spill::new(file), entries: BTreeMap::new(), held: 0, memory })
    }

    /// Adds relationships whose numbers begin with this one.
    fn add(&mut self, of: u32, starts: &[u32], ends: &[u32], first: u64) -> Result<()> {
        let numbered = (first as u32..).zip(starts.iter().zip(ends));
        let entries =
            numbered.map(|(row, (start, end))| Entry { node: *end, neighbour: *start, row });
        self.entries.entry(of).or_default().extend(entries);
        self.held += ENTRY * starts.len() as u64;
        if self.held > self.memory { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        for (of, entries) in std::mem::take(&mut self.entries) {
            let largest = entries.iter().map(|entry| entry.node).max().unwrap_or(0);
            let partitions = largest as usize / NODES + 1;
            let part = Partitioned::new(partitions, entries.as_slice());
            drop(entries);
            for partition in 0..partitions {
                for entries in part.of(partition).chunks(PIECE) {
                    let rows = entries.iter().map(|entry| entry.row).collect();
                    let bytes = piece_of(entries, rows).encode(&[])?;
                    self.spilled.append((of, partition as u32), entries.len(), &bytes)?;
                }
            }
        }
        self.held = 0;
        Ok(())
    }

    /// All of them.
    fn end(mut self) -> Result<Spill> {
        self.spill()?;
        Ok(self.spilled)
    }
}
