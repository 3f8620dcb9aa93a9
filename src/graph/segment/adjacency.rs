//! Adjacency in compressed-sparse-row form: for each node a run of sorted neighbours and relationships.

use crate::error::Result;
use crate::value::NodeId;
use crate::value::RelationshipId;

use super::bytes::{Decoder, Encoder};
use super::{Chunk, Content, Reader};

/// The links of consecutive nodes along one type in one direction.
#[derive(Debug)]
pub(crate) struct AdjacencyChunk {
    /// Where the run of each node begins, and after the last where it ends.
    offsets: Vec<u32>,
    neighbours: Vec<NodeId>,
    relationships: Vec<RelationshipId>,
}

impl AdjacencyChunk {
    /// `offsets` has one entry more than there are nodes; each run is sorted by neighbour and relationship.
    pub(crate) fn encode(
        offsets: &[u32],
        neighbours: impl ExactSizeIterator<Item = u64> + Clone,
        relationships: impl ExactSizeIterator<Item = u64> + Clone,
    ) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.packed(offsets.iter().map(|v| u64::from(*v)));
        encoder.packed(neighbours);
        encoder.packed(relationships);
        encoder.0
    }
}

impl AdjacencyChunk {
    /// Gives the position of each node that has links.
    pub(super) fn each_node(&self, each: impl FnMut(u32)) {
        let starts = self.offsets.windows(2).zip(0..);
        starts.filter(|(pair, _)| pair[0] < pair[1]).map(|(_, at)| at).for_each(each);
    }
}

impl Chunk for AdjacencyChunk {
    const SHIFT: u32 = 14;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let offsets: Vec<u32> = decoder.packed(|v| v as u32)?;
        let neighbours = decoder.packed(NodeId)?;
        let relationships: Vec<_> = decoder.packed(RelationshipId)?;
        decoder.end()?;
        let whole = offsets.is_sorted()
            && offsets.last().is_some_and(|end| *end as usize == neighbours.len())
            && neighbours.len() == relationships.len();
        whole.then_some(Self { offsets, neighbours, relationships })
    }

    fn size(&self) -> usize {
        self.offsets.len() * 4 + self.neighbours.len() * 16
    }

    fn content(&self) -> Content {
        let nodes = self.offsets.windows(2).filter(|pair| pair[0] < pair[1]).count() as u64;
        Content { count: self.neighbours.len() as u64, nodes, ..Content::default() }
    }
}

impl Reader<'_, AdjacencyChunk> {
    /// Whether there is a chunk that covers a node.
    pub(crate) fn covers(&mut self, node: u64) -> Result<bool> {
        Ok(self.chunk(node)?.is_some())
    }

    /// The neighbours of a node, sorted, and the relationships to them.
    #[inline]
    pub(crate) fn links(&mut self, node: u64) -> Result<(&[NodeId], &[RelationshipId])> {
        let Some(chunk) = self.chunk(node)? else { return Ok((&[], &[])) };
        let at = node as usize & ((1 << AdjacencyChunk::SHIFT) - 1);
        if let Some(&[start, end]) = chunk.offsets.get(at..at + 2) {
            let run = start as usize..end as usize;
            if let (Some(neighbours), Some(relationships)) =
                (chunk.neighbours.get(run.clone()), chunk.relationships.get(run))
            {
                return Ok((neighbours, relationships));
            }
        }
        Ok((&[], &[]))
    }
}
