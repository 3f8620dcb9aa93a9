//! Steps of a pattern: one relationship, several, or a repeated pattern.

use crate::bound::PatternNode;
use crate::bound::PatternRelationship;
use crate::bound::QueryGraph;
use crate::bound::Repetition;
use crate::bound::Slot;
use crate::error::Result;
use crate::plan::Expand;
use crate::plan::Operator;
use crate::plan::Repeat;
use crate::plan::VarLengthExpand;

use super::{Planner, Rows};

/// From where a step is walked: the left end if that is known, else the right one.
struct Way {
    from: Slot,
    to: Slot,
    forward: bool,
    into: bool,
}

impl Way {
    fn of(rows: &Rows, step: &PatternRelationship) -> Self {
        let forward = rows.slots.contains(&step.left);
        let into = forward && rows.slots.contains(&step.right);
        let (from, to) = if forward { (step.left, step.right) } else { (step.right, step.left) };
        Self { from, to, forward, into }
    }
}

impl Planner<'_> {
    /// Rows with a step walked from whichever end is known, the left one if both are.
    pub(super) fn expand(
        &mut self,
        rows: Rows,
        step: &PatternRelationship,
        distinct_from: Vec<Slot>,
    ) -> Result<Rows> {
        let way = Way::of(&rows, step);
        let new = [step.slot, way.to];
        let direction = if way.forward { step.direction } else { step.direction.reversed() };
        let rows = match (&step.repeated, step.length) {
            (Some(repeated), _) => self.repeat(rows, step, repeated, &way, distinct_from)?,
            (None, None) => rows.under(|input| {
                Operator::Expand(Expand {
                    input,
                    from: way.from,
                    relationship: step.slot,
                    to: way.to,
                    direction,
                    types: step.types.clone(),
                    into: way.into,
                    distinct_from,
                })
            }),
            (None, Some((min, max))) => rows.under(|input| {
                Operator::VarLengthExpand(VarLengthExpand {
                    input,
                    from: way.from,
                    relationships: step.slot,
                    to: way.to,
                    direction,
                    types: step.types.clone(),
                    min,
                    max,
                    into: way.into,
                    reversed: !way.forward,
                    filter: step.filter.clone(),
                    restriction: step.restriction,
                    distinct_from,
                })
            }),
        };
        Ok(rows.with(new))
    }

    fn repeat(
        &mut self,
        rows: Rows,
        step: &PatternRelationship,
        repeated: &Repetition,
        way: &Way,
        distinct_from: Vec<Slot>,
    ) -> Result<Rows> {
        let (inner, row) = self.once(&rows, repeated, way.forward)?;
        let (min, max) = step.length.unwrap_or((1, Some(1)));
        let mut nodes = repeated.nodes.clone();
        let mut inner_relationships: Vec<Slot> =
            repeated.relationships.iter().map(|inner| inner.slot).collect();
        if !way.forward {
            nodes.reverse();
            inner_relationships.reverse();
        }
        let depth = rows.depth.max(inner.depth);
        let mut rows = rows.under(|input| {
            Operator::Repeat(Repeat {
                input,
                inner: Box::new(inner.plan),
                from: way.from,
                to: way.to,
                into: way.into,
                row,
                nodes,
                inner_relationships,
                relationships: step.slot,
                groups: repeated.groups.clone(),
                min,
                max,
                reversed: !way.forward,
                restriction: step.restriction,
                distinct_from,
            })
        });
        rows.depth = depth + 1;
        Ok(rows.with(repeated.groups.iter().map(|(_, list)| *list)))
    }

    /// The plan that finds a repeated pattern once, from its first node or else from its last, for rows
    /// of its `Argument` that the hidden variable numbers.
    pub(super) fn once(
        &mut self,
        rows: &Rows,
        repeated: &Repetition,
        forward: bool,
    ) -> Result<(Rows, Slot)> {
        let row = self.hidden("row");
        let end = if forward { repeated.nodes.first() } else { repeated.nodes.last() };
        let argument = rows.argument().with(end.copied()).with([row]);
        let mut nodes: Vec<PatternNode> = Vec::new();
        for slot in &repeated.nodes {
            if !nodes.iter().any(|known| known.slot == *slot) {
                nodes.push(PatternNode { slot: *slot, bound: Some(slot) == end });
            }
        }
        let graph = QueryGraph {
            nodes,
            relationships: repeated.relationships.clone(),
            predicates: repeated.predicates.clone(),
            ..QueryGraph::default()
        };
        let inner = self.within(Vec::new(), |p| p.graph(argument, &graph))?;
        Ok((inner, row))
    }
}
