//! ShortestPath: breadth-first search between two nodes, from both ends.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::bound::Direction;
use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::graph::Neighbours;
use crate::graph::TypeId;
use crate::plan;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::allocation::{table_bytes, table_growth, vec_bytes};

use super::var_length::RelationshipFilter;
use super::{Held, Input, Operator, Pieces, direction, nodes_of, type_ids};

/// One or all shortest paths between two nodes.
pub(crate) struct ShortestPath {
    input: Input,
    from: Slot,
    to: Slot,
    relationships: Slot,
    way: Direction,
    types: Vec<Arc<str>>,
    min: u64,
    max: Option<u64>,
    all: bool,
    single: bool,
    filter: Option<RelationshipFilter>,
    given: Pieces,
}

/// The relationships of a path, in order.
type Trail = Vec<RelationshipId>;

/// About how many bytes a trail takes.
fn trail_bytes(trail: &Trail) -> u64 {
    size_of::<Trail>() as u64 + vec_bytes(trail).max(32)
}

/// The search from one end.
struct Side {
    way: Direction,
    depth: u64,
    /// Nodes reached in the latest level.
    frontier: Vec<NodeId>,
    /// For each node reached: how it is reached from the level before, in all ways.
    reached: FxHashMap<NodeId, Reached>,
}

struct Reached {
    depth: u64,
    by: Vec<(RelationshipId, NodeId)>,
}

impl Side {
    fn new(start: NodeId, way: Direction) -> Self {
        let reached = [(start, Reached { depth: 0, by: Vec::new() })].into_iter().collect();
        Self { way, depth: 0, frontier: vec![start], reached }
    }

    /// All trails from this side's end to a node, the end's relationship first.
    fn trails(
        &self,
        node: NodeId,
        all: bool,
        (held, ctx): (&mut Held, &Context),
    ) -> Result<Vec<Trail>> {
        let mut complete = Vec::new();
        let mut open: Vec<(NodeId, Trail)> = vec![(node, Vec::new())];
        while let Some((at, trail)) = open.pop() {
            match self.reached.get(&at) {
                Some(reached) if !reached.by.is_empty() => {
                    let ways = if all { &reached.by[..] } else { &reached.by[..1] };
                    for (relationship, before) in ways.iter().rev() {
                        let mut longer = trail.clone();
                        longer.push(*relationship);
                        held.add(ctx, trail_bytes(&longer))?;
                        open.push((*before, longer));
                    }
                }
                _ => complete.push(trail.into_iter().rev().collect()),
            }
        }
        Ok(complete)
    }

    /// About how many bytes it takes.
    fn bytes(&self) -> u64 {
        // A node is most often reached in one or two ways, for which there is room for four.
        table_bytes(&self.reached) + 64 * self.reached.len() as u64 + vec_bytes(&self.frontier)
    }
}

/// One pair of nodes to connect.
struct Search<'a> {
    operator: &'a ShortestPath,
    batch: &'a Batch,
    row: u32,
    types: &'a [TypeId],
    /// A relationship that may not be used.
    without: Option<RelationshipId>,
}

impl Search<'_> {
    fn neighbours(&self, nodes: &[NodeId], way: Direction, ctx: &Context) -> Result<Neighbours> {
        ctx.check_limits()?;
        let mut found = Neighbours::default();
        ctx.graph().expand(nodes, direction(way), self.types, &mut found)?;
        if let Some(filter) = &self.operator.filter {
            filter.apply(self.batch, |_| self.row, &mut found, ctx)?;
        }
        if let Some(without) = self.without
            && found.relationships.contains(&without)
        {
            let keep: Vec<usize> =
                (0..found.len()).filter(|i| found.relationships[*i] != without).collect();
            found.parents = keep.iter().map(|i| found.parents[*i]).collect();
            found.nodes = keep.iter().map(|i| found.nodes[*i]).collect();
            found.relationships = keep.iter().map(|i| found.relationships[*i]).collect();
        }
        Ok(found)
    }

    /// The shortest ways back to where they began: a first relationship, then the shortest way home
    /// without it.
    fn around(&mut self, node: NodeId, ctx: &Context) -> Result<Vec<Trail>> {
        let found = self.neighbours(&[node], self.operator.way, ctx)?;
        let mut best: Vec<Trail> = Vec::new();
        for (first, next) in found.relationships.into_iter().zip(found.nodes) {
            let shortest = best.first().map(|trail: &Trail| trail.len() as u64);
            let max = [shortest, self.operator.max].into_iter().flatten().min();
            let rest = if next == node {
                vec![Vec::new()]
            } else if max.is_some_and(|max| max < 2) {
                Vec::new()
            } else {
                self.without = Some(first);
                let rest = self.between(next, node, max.map(|max| max - 1), ctx)?;
                self.without = None;
                rest
            };
            for trail in rest {
                let trail: Trail = std::iter::once(first).chain(trail).collect();
                match best.first().map(|b| b.len().cmp(&trail.len())) {
                    None => best.push(trail),
                    Some(Ordering::Equal) if self.operator.all => best.push(trail),
                    Some(Ordering::Greater) => best = vec![trail],
                    Some(_) => {}
                }
            }
        }
        Ok(best)
    }

    /// Searches level by level, always on the side with fewer nodes to expand, until both meet.
    fn between(
        &self,
        from: NodeId,
        to: NodeId,
        max: Option<u64>,
        ctx: &Context,
    ) -> Result<Vec<Trail>> {
        let mut near = Side::new(from, self.operator.way);
        let mut far = Side::new(to, self.operator.way.reversed());
        let mut held = Held::default();
        loop {
            if near.frontier.is_empty()
                || far.frontier.is_empty()
                || max.is_some_and(|max| near.depth + far.depth >= max)
            {
                return Ok(Vec::new());
            }
            let forward = near.frontier.len() <= far.frontier.len();
            let (side, other) = if forward { (&mut near, &far) } else { (&mut far, &near) };
            side.depth += 1;
            let mut next = Vec::new();
            for frontier in side.frontier.chunks(ctx.batch_rows()) {
                let found = self.neighbours(frontier, side.way, ctx)?;
                ctx.check_memory(table_growth(&side.reached, found.len()))?;
                for i in 0..found.len() {
                    let before = frontier[found.parents[i] as usize];
                    let depth = side.depth;
                    let reached = side.reached.entry(found.nodes[i]).or_insert_with(|| {
                        next.push(found.nodes[i]);
                        Reached { depth, by: Vec::new() }
                    });
                    if reached.depth == depth {
                        reached.by.push((found.relationships[i], before));
                    }
                }
                held.set_to(ctx, side.bytes() + other.bytes() + vec_bytes(&next))?;
            }
            // Every shortest path crosses exactly one of the nodes where the levels meet.
            let met: Vec<NodeId> =
                next.iter().copied().filter(|node| other.reached.contains_key(node)).collect();
            side.frontier = next;
            if !met.is_empty() {
                return self.join(&near, &far, &met, (&mut held, ctx));
            }
        }
    }

    fn join(
        &self,
        near: &Side,
        far: &Side,
        met: &[NodeId],
        (held, ctx): (&mut Held, &Context),
    ) -> Result<Vec<Trail>> {
        let mut paths = Vec::new();
        for node in met {
            let ends = far.trails(*node, self.operator.all, (&mut *held, ctx))?;
            for begin in near.trails(*node, self.operator.all, (&mut *held, ctx))? {
                for end in &ends {
                    let path: Trail = begin.iter().chain(end.iter().rev()).copied().collect();
                    held.add(ctx, trail_bytes(&path))?;
                    paths.push(path);
                    if !self.operator.all {
                        return Ok(paths);
                    }
                }
            }
        }
        Ok(paths)
    }
}

impl ShortestPath {
    pub(crate) fn new(plan: &plan::ShortestPath, input: Input) -> Result<Self> {
        Ok(Self {
            input,
            from: plan.from,
            to: plan.to,
            relationships: plan.relationships,
            way: plan.direction,
            types: plan.types.clone(),
            min: plan.min,
            max: plan.max,
            all: plan.all,
            single: plan.single,
            filter: RelationshipFilter::new(&plan.filter)?,
            given: Pieces::default(),
        })
    }

    fn search(&self, batch: &Batch, ctx: &Context) -> Result<Batch> {
        let (from_rows, from) = nodes_of(&batch.column(self.from)?)?;
        let (to_rows, to) = nodes_of(&batch.column(self.to)?)?;
        let ends: FxHashMap<u32, NodeId> = to_rows.into_iter().zip(to).collect();
        let types = type_ids(ctx.graph(), &self.types);
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        let mut held = Held::default();
        for (row, from) in from_rows.into_iter().zip(from) {
            let Some(to) = ends.get(&row).copied() else { continue };
            let trails = match &types {
                _ if from == to && self.min == 0 => vec![Vec::new()],
                None => Vec::new(),
                Some(types) => {
                    let mut search = Search { operator: self, batch, row, types, without: None };
                    if from == to {
                        search.around(from, ctx)?
                    } else {
                        search.between(from, to, self.max, ctx)?
                    }
                }
            };
            for trail in trails {
                let value = (trail.len() * size_of::<Value>()) as u64 + 64;
                held.add(ctx, value)?;
                rows.push(row);
                let mut items =
                    trail.into_iter().map(|r| Value::Relationship(Relationship::new(r)));
                values.push(match self.single {
                    true => items.next().unwrap_or_default(),
                    false => Value::List(Arc::new(items.collect())),
                });
            }
        }
        let mut found = batch.select(rows);
        found.set(self.relationships, Column::from_values(values));
        Ok(found)
    }
}

impl Operator for ShortestPath {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let Some(piece) = self.given.next(ctx) {
                return Ok(Some(piece));
            }
            let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
            let found = self.search(&batch, ctx)?;
            if !found.is_empty() {
                self.given = Pieces::new(vec![found]);
            }
        }
    }

    fn reset(&mut self) {
        self.given = Pieces::default();
        self.input.reset();
    }
}
