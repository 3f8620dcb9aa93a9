//! Nodes of a bulk load: written a chunk at a time as they come.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Result;
use crate::graph::segment::{BitmapChunk, Chunk, ColumnChunk, Family, SectionKey, SegmentBuilder};
use crate::graph::snapshot::State;

use super::columns::{Dictionaries, Pending};
use super::{NodeBatch, too_many};

const CHUNK: u64 = 1 << ColumnChunk::SHIFT;
// One chunk of nodes is one chunk of every section that is by node.
const _: () = assert!(ColumnChunk::SHIFT == BitmapChunk::SHIFT);

#[derive(Debug)]
pub(super) struct Nodes {
    first: u64,
    next: u64,
    /// Of the current chunk: by label, who has it.
    labels: BTreeMap<u32, Vec<u64>>,
    /// Of the current chunk: by property key, the values.
    columns: BTreeMap<u32, Pending>,
    dictionaries: Dictionaries,
    counts: BTreeMap<u32, u64>,
}

impl Nodes {
    /// Nodes after those of a state. They begin with a chunk of their own, so that no old one is touched.
    pub(super) fn new(state: &State) -> Result<Self> {
        let first = state.next_node.next_multiple_of(CHUNK);
        Ok(Self {
            first,
            next: first,
            labels: BTreeMap::new(),
            columns: BTreeMap::new(),
            dictionaries: Dictionaries::of(&state.base, Family::NodeColumns)?,
            counts: BTreeMap::new(),
        })
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn add(&mut self, batch: &NodeBatch, builder: &mut SegmentBuilder) -> Result<()> {
        if self.next + batch.count as u64 > u64::from(u32::MAX) {
            return Err(too_many("nodes"));
        }
        let mut from = 0;
        while from < batch.count {
            let room = (CHUNK - self.next % CHUNK) as usize;
            let rows = from..batch.count.min(from + room);
            self.take(batch, rows.clone());
            self.next += rows.len() as u64;
            if self.next.is_multiple_of(CHUNK) {
                self.write_chunk(builder)?;
            }
            from = rows.end;
        }
        Ok(())
    }

    /// Takes rows that all fit the current chunk.
    fn take(&mut self, batch: &NodeBatch, rows: Range<usize>) {
        let id = |row: usize| self.next + (row - rows.start) as u64;
        for (label, having) in &batch.labels {
            let set = self.labels.entry(label.0).or_default();
            let before = set.len();
            match having {
                None => set.extend(rows.clone().map(id)),
                Some(having) => {
                    let from = having.partition_point(|row| (*row as usize) < rows.start);
                    let having = having.get(from..).unwrap_or(&[]).iter().map(|row| *row as usize);
                    set.extend(having.take_while(|row| *row < rows.end).map(id));
                }
            }
            *self.counts.entry(label.0).or_default() += (set.len() - before) as u64;
        }
        let position = (self.next % CHUNK) as u32;
        for (key, values) in &batch.columns {
            let pending = self.columns.entry(key.0).or_default();
            pending.take(position, values, rows.clone());
        }
    }

    /// Writes the chunk that the next node does not belong to any more.
    fn write_chunk(&mut self, builder: &mut SegmentBuilder) -> Result<()> {
        let Some(last) = self.next.checked_sub(1) else { return Ok(()) };
        let chunk = last / CHUNK;
        let ids = chunk * CHUNK..self.next;
        let count = ids.end - ids.start;
        builder.chunk(SectionKey::Nodes, chunk, &BitmapChunk::encode(ids), count)?;
        for (label, ids) in &mut self.labels {
            if !ids.is_empty() {
                let bytes = BitmapChunk::encode(ids.iter().copied());
                builder.chunk(SectionKey::Label(*label), chunk, &bytes, ids.len() as u64)?;
                ids.clear();
            }
        }
        for (key, pending) in &mut self.columns {
            let (positions, values) = std::mem::take(pending).finish();
            if !positions.is_empty() {
                let column = self.dictionaries.encode(*key, count as usize, &positions, &values)?;
                builder.column(SectionKey::NodeColumn(*key), chunk, &column)?;
            }
        }
        Ok(())
    }

    /// Writes the last chunk and adds to the counts of labels. Says how many nodes there are.
    pub(super) fn finish(
        mut self,
        builder: &mut SegmentBuilder,
        label_counts: &mut BTreeMap<u32, u64>,
    ) -> Result<u64> {
        if !self.next.is_multiple_of(CHUNK) && self.next > self.first {
            self.write_chunk(builder)?;
        }
        self.dictionaries.finish(builder, SectionKey::NodeColumn)?;
        for (label, count) in self.counts {
            *label_counts.entry(label).or_default() += count;
        }
        Ok(self.next - self.first)
    }
}
