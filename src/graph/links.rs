//! The links of nodes: base adjacency and delta, joined.
//!
//! Where the delta has touched nothing, a node's links are a slice of a chunk; where it has, both are
//! merged in the one order that holds everywhere: by type, neighbour and relationship. It may not know of properties.

use std::ops::Range;

use crate::error::Result;
use crate::value::NodeId;
use crate::value::RelationshipId;

use super::delta::{Delta, Link};
use super::segment::{AdjacencyChunk, Base, Family, Holding, Reader};
use super::snapshot::State;
use super::{Direction, TypeId};

/// The links of one call, with the chunks it has met.
pub(super) struct Links<'a> {
    delta: &'a Delta,
    /// Sorted; empty for all.
    types: Vec<u32>,
    sides: Vec<Side<'a>>,
}

struct Side<'a> {
    outgoing: bool,
    skip_loops: bool,
    /// Types of the base, ascending.
    readers: Vec<(u32, Reader<'a, AdjacencyChunk>)>,
    /// Where all of many types are followed: the readers are those of the node that was met last.
    met: Option<Met<'a>>,
}

/// Up to so many types each call has a reader for all of them.
const FEW_TYPES: usize = 64;

/// See [`Side::met`].
struct Met<'a> {
    base: &'a Base,
    family: Family,
    /// The chunk that the readers are of, where they are the same for all nodes of it.
    chunk: Option<u64>,
}

impl<'a> Side<'a> {
    /// The links of these types (empty: all) in one direction.
    fn new(state: &'a State, outgoing: bool, types: &[u32], skip_loops: bool) -> Result<Self> {
        let (base, family) =
            (&*state.base, if outgoing { Family::Outgoing } else { Family::Incoming });
        let (mut readers, mut met) = (Vec::new(), None);
        if types.is_empty() {
            let all = base.numbers(family, FEW_TYPES + 1)?;
            if all.len() > FEW_TYPES {
                met = Some(Met { base, family, chunk: None });
            } else {
                readers = base.adjacency(family, &all)?;
            }
        } else {
            readers = base.adjacency(family, types)?;
        }
        Ok(Self { outgoing, skip_loops, readers, met })
    }

    /// Sees to it that the readers are those of a node.
    #[inline]
    fn meet(&mut self, node: u64) -> Result<()> {
        match &mut self.met {
            None => Ok(()),
            Some(met) => met.meet(node, &mut self.readers),
        }
    }
}

impl<'a> Met<'a> {
    #[cold]
    fn meet(
        &mut self,
        node: u64,
        readers: &mut Vec<(u32, Reader<'a, AdjacencyChunk>)>,
    ) -> Result<()> {
        let chunk = node >> self.family.shift();
        if self.chunk == Some(chunk) {
            return Ok(());
        }
        self.chunk = None;
        *readers = match self.base.holding(self.family, chunk)? {
            Holding::Any(types) => {
                self.chunk = Some(chunk);
                self.base.adjacency(self.family, types)?
            }
            Holding::Each(table) => {
                let at = node as usize & ((1 << self.family.shift()) - 1);
                self.base.adjacency(self.family, table.get(at))?
            }
        };
        Ok(())
    }
}

impl<'a> Links<'a> {
    /// The links of a state in this direction, of these types (empty: all).
    pub(super) fn new(state: &'a State, direction: Direction, types: &[TypeId]) -> Result<Self> {
        let mut types: Vec<u32> = types.iter().map(|t| t.0).collect();
        types.sort_unstable();
        types.dedup();
        let mut sides = Vec::with_capacity(2);
        for outgoing in [true, false] {
            if direction == if outgoing { Direction::Incoming } else { Direction::Outgoing } {
                continue;
            }
            // Under `Both` a self-loop is met among the outgoing links already.
            let skip_loops = direction == Direction::Both && !outgoing;
            sides.push(Side::new(state, outgoing, &types, skip_loops)?);
        }
        Ok(Self { delta: &state.delta, types, sides })
    }

    /// Appends the neighbours of a node and the relationships to them.
    #[inline]
    pub(super) fn each(
        &mut self,
        node: u64,
        nodes: &mut Vec<NodeId>,
        relationships: &mut Vec<RelationshipId>,
    ) -> Result<()> {
        let touched = self.delta.touched_adjacency.contains(node);
        for side in &mut self.sides {
            side.meet(node)?;
            if touched {
                side.touched(self.delta, &self.types, node, |(_, _, neighbour, relationship)| {
                    nodes.push(NodeId(neighbour));
                    relationships.push(RelationshipId(relationship));
                })?;
                continue;
            }
            for (_, reader) in &mut side.readers {
                let (neighbours, ids) = reader.links(node)?;
                if side.skip_loops && neighbours.binary_search(&NodeId(node)).is_ok() {
                    for (neighbour, id) in neighbours.iter().zip(ids) {
                        if neighbour.0 != node {
                            nodes.push(*neighbour);
                            relationships.push(*id);
                        }
                    }
                } else {
                    nodes.extend_from_slice(neighbours);
                    relationships.extend_from_slice(ids);
                }
            }
        }
        Ok(())
    }

    /// How many neighbours [`Links::each`] would append.
    #[inline]
    pub(super) fn degree(&mut self, node: u64) -> Result<u64> {
        let touched = self.delta.touched_adjacency.contains(node);
        let mut degree = 0;
        for side in &mut self.sides {
            side.meet(node)?;
            if touched {
                side.touched(self.delta, &self.types, node, |_| degree += 1)?;
                continue;
            }
            for (_, reader) in &mut side.readers {
                let (neighbours, _) = reader.links(node)?;
                degree += neighbours.len() as u64;
                if side.skip_loops {
                    degree -= equal_range(neighbours, NodeId(node)).len() as u64;
                }
            }
        }
        Ok(degree)
    }

    /// Appends the relationships between two nodes.
    pub(super) fn between(
        &mut self,
        from: u64,
        to: u64,
        out: &mut Vec<RelationshipId>,
    ) -> Result<()> {
        let touched = self.delta.touched_adjacency.contains(from);
        for side in &mut self.sides {
            if side.skip_loops && from == to {
                continue;
            }
            side.meet(from)?;
            if touched {
                side.touched_between(self.delta, &self.types, from, to, out)?;
                continue;
            }
            for (_, reader) in &mut side.readers {
                let (neighbours, ids) = reader.links(from)?;
                out.extend_from_slice(ids.get(equal_range(neighbours, NodeId(to))).unwrap_or(&[]));
            }
        }
        Ok(())
    }
}

impl Side<'_> {
    /// The links of a node that the delta has touched, in the same order as everywhere.
    #[cold]
    fn touched(
        &mut self,
        delta: &Delta,
        types: &[u32],
        node: u64,
        mut take: impl FnMut(Link),
    ) -> Result<()> {
        let mut base: Vec<Link> = Vec::new();
        for (type_id, reader) in &mut self.readers {
            let (neighbours, ids) = reader.links(node)?;
            for (neighbour, id) in neighbours.iter().zip(ids) {
                if !delta.removed_relationships.contains(id.0) {
                    base.push((node, *type_id, neighbour.0, id.0));
                }
            }
        }
        let links = delta.links(self.outgoing);
        let skip_loops = self.skip_loops;
        let mut base = base.into_iter().peekable();
        let mut merge = |link: Link| {
            while let Some(other) = base.next_if(|other| *other < link) {
                if !(skip_loops && other.2 == node) {
                    take(other);
                }
            }
            if !(skip_loops && link.2 == node) {
                take(link);
            }
        };
        if types.is_empty() {
            let range = (node, 0, 0, 0)..=(node, u32::MAX, u64::MAX, u64::MAX);
            links.range(range).for_each(|link| merge(*link));
        } else {
            for type_id in types {
                let range = (node, *type_id, 0, 0)..=(node, *type_id, u64::MAX, u64::MAX);
                links.range(range).for_each(|link| merge(*link));
            }
        }
        for other in base {
            if !(skip_loops && other.2 == node) {
                take(other);
            }
        }
        Ok(())
    }
}

impl Side<'_> {
    #[cold]
    fn touched_between(
        &mut self,
        delta: &Delta,
        types: &[u32],
        from: u64,
        to: u64,
        out: &mut Vec<RelationshipId>,
    ) -> Result<()> {
        let mut found: Vec<(u32, u64)> = Vec::new();
        for (type_id, reader) in &mut self.readers {
            let (neighbours, ids) = reader.links(from)?;
            let ids = ids.get(equal_range(neighbours, NodeId(to))).unwrap_or(&[]);
            let kept = ids.iter().filter(|id| !delta.removed_relationships.contains(id.0));
            found.extend(kept.map(|id| (*type_id, id.0)));
        }
        let links = delta.links(self.outgoing);
        let mut of_type = |type_id: u32| {
            let range = (from, type_id, to, 0)..=(from, type_id, to, u64::MAX);
            found.extend(links.range(range).map(|link| (type_id, link.3)));
        };
        if types.is_empty() {
            // One look per type the node has, rather than one per link.
            let mut next = Some(0);
            while let Some(at) = next
                && let Some(link) = links.get_next(&(from, at, 0, 0))
                && link.0 == from
            {
                of_type(link.1);
                next = link.1.checked_add(1);
            }
        } else {
            types.iter().for_each(|type_id| of_type(*type_id));
        }
        found.sort_unstable();
        out.extend(found.into_iter().map(|(_, id)| RelationshipId(id)));
        Ok(())
    }
}

/// Where `node` stands in sorted neighbours.
fn equal_range(neighbours: &[NodeId], node: NodeId) -> Range<usize> {
    let start = neighbours.partition_point(|n| *n < node);
    let rest = neighbours.get(start..).unwrap_or(&[]);
    start..start + rest.iter().take_while(|n| **n == node).count()
}

/// All links of a range of nodes in one direction, by node, type, neighbour and relationship.
pub(super) fn each_of(
    state: &State,
    nodes: Range<u64>,
    outgoing: bool,
    mut take: impl FnMut(Link),
) -> Result<()> {
    let mut side = Side::new(state, outgoing, &[], false)?;
    for node in nodes {
        side.meet(node)?;
        if state.delta.touched_adjacency.contains(node) {
            side.touched(&state.delta, &[], node, &mut take)?;
            continue;
        }
        for (type_id, reader) in &mut side.readers {
            let (neighbours, ids) = reader.links(node)?;
            for (neighbour, id) in neighbours.iter().zip(ids) {
                take((node, *type_id, neighbour.0, id.0));
            }
        }
    }
    Ok(())
}
