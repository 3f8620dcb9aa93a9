//! Relationships in partitions by one of their ends, and the chunk of adjacency that comes of a partition.
//!
//! A partition is one chunk of adjacency, fits a core's cache, and is sorted by itself.

use std::ops::Range;

use crate::error::Result;
use crate::graph::segment::{AdjacencyChunk, Base, Chunk, Family, SectionKey, SegmentBuilder};

use super::too_many;

/// Nodes per partition.
pub(super) const NODES: usize = 1 << AdjacencyChunk::SHIFT;

/// A row on its way into a partition: by start or by end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) node: u32,
    pub(super) neighbour: u32,
    /// The row, or the position in the order of numbers.
    pub(super) row: u32,
}

/// Entries by the partition of their node; within one, in the order in which they came.
pub(super) struct Partitioned {
    offsets: Vec<usize>,
    entries: Vec<Entry>,
}

/// Where entries come from.
pub(super) trait Source {
    /// Gives all of them, the same whenever it is called.
    fn each(&self, take: impl FnMut(Entry));
}

impl Partitioned {
    pub(super) fn new(partitions: usize, source: &(impl Source + ?Sized)) -> Self {
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

    pub(super) fn of(&self, partition: usize) -> &[Entry] {
        let range = self.offsets.get(partition..partition + 2);
        range.and_then(|range| self.entries.get(range[0]..range[1])).unwrap_or(&[])
    }
}

/// The entries of one partition, sorted by node.
pub(super) struct Run {
    /// Where the entries of each node begin, and after the last where they end.
    offsets: Vec<u32>,
    /// The neighbour in the upper half, the row in the lower.
    pub(super) keys: Vec<u64>,
}

pub(super) fn neighbour(key: &u64) -> u32 {
    (key >> 32) as u32
}

pub(super) fn row(key: &u64) -> u32 {
    *key as u32
}

/// The entries of one partition in each of these parts.
pub(super) fn of_partition(parts: &[Partitioned], partition: usize) -> Vec<&[Entry]> {
    parts.iter().map(|part| part.of(partition)).collect()
}

impl Source for [Entry] {
    fn each(&self, take: impl FnMut(Entry)) {
        self.iter().copied().for_each(take);
    }
}

impl Run {
    /// Sorts the entries of a partition by node, and keeps the order within each.
    pub(super) fn new(partition: usize, entries: &[&[Entry]]) -> Result<Self> {
        let first = (partition * NODES) as u32;
        let count: usize = entries.iter().map(|entries| entries.len()).sum();
        if u32::try_from(count).is_err() {
            return Err(too_many("relationships of one type at neighbouring nodes"));
        }
        let mut offsets = vec![0; NODES + 1];
        for entry in entries.iter().copied().flatten() {
            offsets[(entry.node - first) as usize + 1] += 1;
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut cursors = offsets.clone();
        let mut keys = vec![0; count];
        for entry in entries.iter().copied().flatten() {
            let cursor = &mut cursors[(entry.node - first) as usize];
            keys[*cursor as usize] = u64::from(entry.neighbour) << 32 | u64::from(entry.row);
            *cursor += 1;
        }
        Ok(Self { offsets, keys })
    }

    /// Sorts the entries of each node by neighbour and row.
    pub(super) fn sort_each(&mut self) {
        for range in self.offsets.windows(2) {
            if let Some(keys) = self.keys.get_mut(range[0] as usize..range[1] as usize) {
                keys.sort_unstable();
            }
        }
    }

    /// The node of each entry.
    pub(super) fn starts(&self, partition: usize) -> impl Iterator<Item = u32> + '_ {
        self.nodes().flat_map(move |node| {
            let id = (partition * NODES + node) as u32;
            std::iter::repeat_n(id, self.of(node).len())
        })
    }

    pub(super) fn nodes(&self) -> Range<usize> {
        0..self.offsets.len().saturating_sub(1)
    }

    pub(super) fn of(&self, node: usize) -> &[u64] {
        let range = self.offsets.get(node..node + 2);
        range.and_then(|r| self.keys.get(r[0] as usize..r[1] as usize)).unwrap_or(&[])
    }
}

/// A partition with its chunk of adjacency.
pub(super) struct Written {
    pub(super) run: Run,
    pub(super) bytes: Vec<u8>,
    /// How many nodes have links, and how many links there are.
    pub(super) counts: (u64, u64),
}

impl Written {
    /// Puts the chunk into its section.
    pub(super) fn write(
        &self,
        builder: &mut SegmentBuilder,
        section: SectionKey,
        partition: usize,
    ) -> Result<()> {
        match self.counts {
            (_, 0) => Ok(()),
            counts => builder.adjacency(section, partition as u64, &self.bytes, counts),
        }
    }
}

/// The chunk of adjacency of a partition, with what the base has there.
pub(super) fn encode(
    base: &Base,
    outgoing: bool,
    of: u32,
    partition: usize,
    run: Run,
    id: impl Fn(usize, u32) -> u64,
) -> Result<Written> {
    let family = if outgoing { Family::Outgoing } else { Family::Incoming };
    let mut old = base.adjacency(family, &[of])?;
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
