//! ExpandCount: how many neighbours there are, without going to any.

use std::sync::Arc;

use crate::bound::Direction;
use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::graph::Neighbours;
use crate::graph::TypeId;
use crate::plan;
use crate::plan::Plan;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::{Input, Operator, direction, nodes_of, type_ids};

/// Nodes whose neighbours are looked at together, where they must be.
const EXPANDED: usize = 128;

/// Between which variables the plan has found a relationship.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    from: Slot,
    to: Slot,
    direction: Direction,
    types: Vec<Arc<str>>,
}

impl Ends {
    /// The ends of the relationship that the plan puts into a slot, where it is a single one.
    pub(crate) fn of(plan: &Plan, slot: Slot) -> Option<Self> {
        match &plan.operator {
            plan::Operator::Expand(expand) if expand.relationship == slot => Some(Self {
                from: expand.from,
                to: expand.to,
                direction: expand.direction,
                types: expand.types.clone(),
            }),
            plan::Operator::RelationshipTypeScan { relationship, from, to, direction, types }
                if *relationship == slot =>
            {
                Some(Self { from: *from, to: *to, direction: *direction, types: types.clone() })
            }
            _ => plan.children().into_iter().find_map(|child| Self::of(child, slot)),
        }
    }

    pub(crate) fn slots(&self) -> [Slot; 2] {
        [self.from, self.to]
    }
}

/// The relationships of a row's node, counted: the row then stands for so many.
pub(crate) struct ExpandCount {
    input: Input,
    from: Slot,
    direction: Direction,
    types: Vec<Arc<str>>,
    /// What the other end must have.
    labels: Vec<Arc<str>>,
    /// Relationships that are not met again, and what is known of their ends.
    used: Vec<(Slot, Option<Ends>)>,
}

impl ExpandCount {
    pub(crate) fn new(
        input: Input,
        from: Slot,
        direction: Direction,
        types: Vec<Arc<str>>,
        labels: Vec<Arc<str>>,
        used: Vec<(Slot, Option<Ends>)>,
    ) -> Self {
        Self { input, from, direction, types, labels, used }
    }

    /// How many relationships each node has to a node with the labels.
    fn degrees(
        &self,
        batch: &Batch,
        (rows, nodes): (&[u32], &[NodeId]),
        types: &[TypeId],
        ctx: &Context,
    ) -> Result<Vec<u64>> {
        let graph = ctx.graph();
        // Most often all nodes that can be met have the label.
        let mut tested = Vec::new();
        for name in &self.labels {
            match graph.label_id(name) {
                Some(label) if graph.all_have_label(label) => {}
                Some(label) => tested.push(label),
                None => return Ok(vec![0; nodes.len()]),
            }
        }
        let mut degrees = Vec::with_capacity(nodes.len());
        if tested.is_empty() {
            graph.degrees(nodes, direction(self.direction), types, &mut degrees)?;
            self.correct(batch, (rows, nodes), types, &mut degrees, ctx)?;
            return Ok(degrees);
        }
        let mut used = vec![Vec::new(); nodes.len()];
        for (slot, _) in &self.used {
            let column = batch.column(*slot)?;
            for (used, row) in used.iter_mut().zip(rows) {
                collect_relationships(&column.get(*row as usize), &mut |id| used.push(id));
            }
        }
        degrees.resize(nodes.len(), 0);
        let mut found = Neighbours::default();
        for (chunk, nodes) in nodes.chunks(EXPANDED).enumerate() {
            found.clear();
            graph.expand(nodes, direction(self.direction), types, &mut found)?;
            let having = tested.iter().map(|label| graph.has_label(&found.nodes, *label));
            let having = having.collect::<Result<Vec<_>>>()?;
            for (at, (parent, id)) in found.parents.iter().zip(&found.relationships).enumerate() {
                let node = chunk * EXPANDED + *parent as usize;
                let counts = having.iter().all(|having| having.get(at));
                if counts && !used.get(node).is_some_and(|used| used.contains(id)) {
                    degrees[node] += 1;
                }
            }
        }
        Ok(degrees)
    }

    /// Whether a relationship from `start` to `end` is among those counted at `node`.
    fn meets(&self, node: NodeId, start: NodeId, end: NodeId) -> bool {
        match self.direction {
            Direction::Outgoing => start == node,
            Direction::Incoming => end == node,
            Direction::Both => start == node || end == node,
        }
    }

    /// Takes the used relationships that would be met again off the degrees.
    fn correct(
        &self,
        batch: &Batch,
        (rows, nodes): (&[u32], &[NodeId]),
        types: &[TypeId],
        degrees: &mut [u64],
        ctx: &Context,
    ) -> Result<()> {
        for (slot, ends) in &self.used {
            if let Some(ends) = ends
                && self.correct_by_ends(ends, batch, (rows, nodes), degrees)?
            {
                continue;
            }
            let used = batch.column(*slot)?;
            let mut at: Vec<usize> = Vec::new();
            let mut ids: Vec<RelationshipId> = Vec::new();
            if let (Some(used), None) = (used.as_relationships(), used.validity()) {
                at.extend(0..rows.len());
                ids.extend(rows.iter().map(|row| used[*row as usize]));
            } else {
                for (i, row) in rows.iter().enumerate() {
                    collect_relationships(&used.get(*row as usize), &mut |id| {
                        at.push(i);
                        ids.push(id);
                    });
                }
            }
            for (i, end) in at.iter().zip(ctx.graph().relationship_ends(&ids)?) {
                let Some((type_id, start, end)) = end else { continue };
                if self.meets(nodes[*i], start, end)
                    && (types.is_empty() || types.contains(&type_id))
                {
                    degrees[*i] = degrees[*i].saturating_sub(1);
                }
            }
        }
        Ok(())
    }

    /// As [`ExpandCount::correct`], without asking the graph, where the row itself holds the ends. False
    /// where it does not.
    fn correct_by_ends(
        &self,
        ends: &Ends,
        batch: &Batch,
        (rows, nodes): (&[u32], &[NodeId]),
        degrees: &mut [u64],
    ) -> Result<bool> {
        let counted = |name: &Arc<str>| self.types.is_empty() || self.types.contains(name);
        if !ends.types.is_empty() && !ends.types.iter().any(counted) {
            return Ok(true);
        }
        let known_type =
            self.types.is_empty() || (!ends.types.is_empty() && ends.types.iter().all(counted));
        let known_way = ends.direction != Direction::Both || self.direction == Direction::Both;
        if !known_type || !known_way || !batch.has(ends.from) || !batch.has(ends.to) {
            return Ok(false);
        }
        let (from, to) = (batch.column(ends.from)?, batch.column(ends.to)?);
        let (Some(starts), Some(ends), None, None) = (match ends.direction {
            Direction::Incoming => (to.as_nodes(), from.as_nodes(), from.validity(), to.validity()),
            Direction::Outgoing | Direction::Both => {
                (from.as_nodes(), to.as_nodes(), from.validity(), to.validity())
            }
        }) else {
            return Ok(false);
        };
        for ((row, node), degree) in rows.iter().zip(nodes).zip(degrees) {
            if self.meets(*node, starts[*row as usize], ends[*row as usize]) {
                *degree = degree.saturating_sub(1);
            }
        }
        Ok(true)
    }
}

fn collect_relationships(value: &Value, take: &mut impl FnMut(RelationshipId)) {
    match value {
        Value::Relationship(relationship) => take(relationship.id()),
        Value::List(items) => items.iter().for_each(|item| collect_relationships(item, take)),
        _ => {}
    }
}

impl Operator for ExpandCount {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
            let Some(types) = type_ids(ctx.graph(), &self.types) else { continue };
            let (rows, nodes) = nodes_of(&batch.column(self.from)?)?;
            let degrees = self.degrees(&batch, (&rows, &nodes), &types, ctx)?;
            let mut kept = Vec::with_capacity(rows.len());
            let mut counts = Vec::with_capacity(rows.len());
            for (row, degree) in rows.iter().zip(degrees) {
                if degree > 0 {
                    let before = batch.counts().map_or(1, |c| c[*row as usize]);
                    kept.push(*row);
                    counts.push(degree.saturating_mul(before));
                }
            }
            if kept.is_empty() {
                continue;
            }
            let mut batch = if kept.len() == batch.len() { batch } else { batch.select(kept) };
            batch.set_counts(counts);
            return Ok(Some(batch));
        }
    }

    fn reset(&mut self) {
        self.input.reset();
    }
}
