//! Expand: from nodes to their neighbours.

use std::collections::BTreeSet;
use std::sync::Arc;

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
use crate::value::Value;

use super::{Held, Input, Operator, direction, nodes_of, type_ids};

/// The relationships of a node and the nodes at their other ends.
pub(crate) struct Expand {
    input: Input,
    from: Slot,
    relationship: Slot,
    to: Slot,
    direction: Direction,
    types: Vec<Arc<str>>,
    into: bool,
    distinct_from: Vec<Slot>,
    /// Whether anything reads the relationship, and the other node.
    needs: (bool, bool),
    current: Option<Parents>,
    /// How many parents to expand at once: follows the degrees met so far.
    step: usize,
}

/// The batch at hand, and how far it is expanded and given.
struct Parents {
    batch: Batch,
    /// Rows with a node (and with a node at the other end, where that is bound).
    rows: Vec<u32>,
    nodes: Vec<NodeId>,
    others: Vec<NodeId>,
    next: usize,
    found: Neighbours,
    given: usize,
    held: Held,
}

impl Expand {
    /// `read` is all that operators of the plan read.
    pub(crate) fn new(plan: &plan::Expand, input: Input, read: &BTreeSet<Slot>) -> Self {
        let relationship = read.contains(&plan.relationship) || !plan.distinct_from.is_empty();
        Self {
            input,
            from: plan.from,
            relationship: plan.relationship,
            to: plan.to,
            direction: plan.direction,
            types: plan.types.clone(),
            into: plan.into,
            distinct_from: plan.distinct_from.clone(),
            needs: (relationship, !plan.into && read.contains(&plan.to)),
            current: None,
            step: 256,
        }
    }

    fn start(&self, batch: Batch) -> Result<Parents> {
        let (mut rows, mut nodes) = nodes_of(&batch.column(self.from)?)?;
        let mut others = Vec::new();
        if self.into {
            let (to_rows, to_nodes) = nodes_of(&batch.column(self.to)?)?;
            // Keep the rows that have both.
            let mut to = to_rows.iter().zip(to_nodes).peekable();
            let mut both = (Vec::new(), Vec::new());
            for (row, node) in rows.iter().zip(&nodes) {
                while to.next_if(|(r, _)| *r < row).is_some() {}
                if let Some((_, other)) = to.next_if(|(r, _)| *r == row) {
                    both.0.push(*row);
                    both.1.push(*node);
                    others.push(other);
                }
            }
            (rows, nodes) = both;
        }
        Ok(Parents {
            batch,
            rows,
            nodes,
            others,
            next: 0,
            found: Neighbours::default(),
            given: 0,
            held: Held::default(),
        })
    }

    /// Expands some more parents.
    fn advance(&mut self, types: &[TypeId], ctx: &Context) -> Result<()> {
        let Some(parents) = &mut self.current else { return Ok(()) };
        let mut end = (parents.next + self.step).min(parents.nodes.len());
        let nodes = &parents.nodes[parents.next..end];
        parents.found.clear();
        parents.given = 0;
        let (graph, way) = (ctx.graph(), direction(self.direction));
        if self.into {
            let others = &parents.others[parents.next..end];
            graph.expand_into(nodes, others, way, types, &mut parents.found)?;
        } else {
            // A few nodes may have very many neighbours.
            let most = 8 * ctx.batch_rows();
            let done = graph.expand_some(nodes, way, types, most, &mut parents.found)?;
            end = parents.next + done;
        }
        parents.held.set_to(ctx, parents.found.bytes())?;
        let rows = &parents.rows[parents.next..end];
        for parent in &mut parents.found.parents {
            *parent = rows[*parent as usize];
        }
        // Steer towards a few batches of output at a time, whatever the degrees.
        if parents.found.len() > 8 * ctx.batch_rows() {
            self.step = (self.step / 2).max(1);
        } else if parents.found.len() < 2 * ctx.batch_rows() {
            self.step = (self.step * 2).min(ctx.batch_rows());
        }
        parents.next = end;
        Ok(())
    }
}

impl Operator for Expand {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let Some(parents) = &mut self.current {
                if parents.given < parents.found.len() {
                    let end = (parents.given + ctx.batch_rows()).min(parents.found.len());
                    let range = parents.given..end;
                    parents.given = end;
                    let found = &parents.found;
                    let mut batch = parents.batch.select(found.parents[range.clone()].to_vec());
                    if self.needs.0 {
                        let relationships = found.relationships[range.clone()].to_vec();
                        batch.set(self.relationship, Column::relationships(relationships));
                    }
                    if self.needs.1 {
                        batch.set(self.to, Column::nodes(found.nodes[range].to_vec()));
                    }
                    let batch = keep_distinct(batch, self.relationship, &self.distinct_from)?;
                    if batch.is_empty() {
                        ctx.check_limits()?;
                        continue;
                    }
                    return Ok(Some(batch));
                }
                if parents.next < parents.nodes.len() {
                    ctx.check_limits()?;
                    if let Some(types) = type_ids(ctx.graph(), &self.types) {
                        self.advance(&types, ctx)?;
                        continue;
                    }
                }
                self.current = None;
            }
            match self.input.next(ctx)? {
                Some(batch) => self.current = Some(self.start(batch)?),
                None => return Ok(None),
            }
        }
    }

    fn reset(&mut self) {
        self.current = None;
        self.input.reset();
    }
}

/// The rows whose relationship is none of the others.
pub(super) fn keep_distinct(batch: Batch, slot: Slot, others: &[Slot]) -> Result<Batch> {
    if others.is_empty() {
        return Ok(batch);
    }
    let mine = batch.column(slot)?;
    let mut keep = vec![true; batch.len()];
    for other in others {
        let theirs = batch.column(*other)?;
        if let (Some(a), Some(b)) = (mine.as_relationships(), theirs.as_relationships()) {
            for (keep, (x, y)) in keep.iter_mut().zip(a.iter().zip(b)) {
                *keep &= x != y;
            }
            continue;
        }
        for (row, keep) in keep.iter_mut().enumerate() {
            *keep = *keep && !share_relationship(&mine.get(row), &theirs.get(row));
        }
    }
    if keep.iter().all(|k| *k) {
        return Ok(batch);
    }
    let rows = keep.iter().enumerate().filter(|(_, k)| **k).map(|(row, _)| row as u32);
    Ok(batch.select(rows.collect()))
}

/// Whether two values (relationships or lists of them) have a relationship in common.
pub(super) fn share_relationship(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Relationship(x), Value::Relationship(y)) => x == y,
        (Value::List(items), other) | (other, Value::List(items)) => {
            items.iter().any(|item| share_relationship(item, other))
        }
        _ => false,
    }
}
