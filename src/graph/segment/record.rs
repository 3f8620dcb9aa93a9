//! Type, start and end of each relationship, by its id.

use crate::error::Result;
use crate::value::NodeId;

use super::bytes::{Decoder, Encoder};
use super::{Chunk, Content, Reader};
use crate::graph::TypeId;

/// The records of consecutive relationships.
#[derive(Debug)]
pub(crate) struct RecordChunk {
    /// Type, start, end; the type is `u32::MAX` where there is no relationship.
    records: Vec<(TypeId, NodeId, NodeId)>,
}

const NONE: u32 = u32::MAX;

impl RecordChunk {
    /// The records by position; nothing where there is no relationship.
    pub(crate) fn encode(records: &[Option<(TypeId, NodeId, NodeId)>]) -> Vec<u8> {
        let mut encoder = Encoder::default();
        // One more than the type, so that the rare gap does not widen the column.
        encoder.packed(records.iter().map(|r| r.map_or(0, |r| u64::from(r.0.0) + 1)));
        encoder.packed(records.iter().map(|r| r.map_or(0, |r| r.1.0)));
        encoder.packed(records.iter().map(|r| r.map_or(0, |r| r.2.0)));
        encoder.0
    }

    /// The records by position, where there is a relationship at each.
    pub(crate) fn encode_all(types: &[u32], starts: &[u32], ends: &[u32]) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.packed(types.iter().map(|t| u64::from(*t) + 1));
        encoder.packed(starts.iter().map(|node| u64::from(*node)));
        encoder.packed(ends.iter().map(|node| u64::from(*node)));
        encoder.0
    }
}

impl Chunk for RecordChunk {
    const SHIFT: u32 = 16;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let types: Vec<u64> = decoder.packed(|v| v)?;
        let starts: Vec<NodeId> = decoder.packed(NodeId)?;
        let ends: Vec<NodeId> = decoder.packed(NodeId)?;
        decoder.end()?;
        if starts.len() != types.len() || ends.len() != types.len() {
            return None;
        }
        let records = types.into_iter().zip(starts.into_iter().zip(ends));
        let records = records.map(|(type_id, (start, end))| {
            let type_id = type_id.checked_sub(1).map_or(NONE, |t| t as u32);
            (TypeId(type_id), start, end)
        });
        Some(Self { records: records.collect() })
    }

    fn size(&self) -> usize {
        self.records.len() * size_of::<(TypeId, NodeId, NodeId)>()
    }

    fn content(&self) -> Content {
        let there = self.records.iter().filter(|record| record.0.0 != NONE);
        Content { count: there.count() as u64, ..Content::default() }
    }
}

impl Reader<'_, RecordChunk> {
    #[inline]
    pub(crate) fn record(&mut self, id: u64) -> Result<Option<(TypeId, NodeId, NodeId)>> {
        let Some(chunk) = self.chunk(id)? else { return Ok(None) };
        let at = id as usize & ((1 << RecordChunk::SHIFT) - 1);
        Ok(chunk.records.get(at).filter(|record| record.0.0 != NONE).copied())
    }
}
