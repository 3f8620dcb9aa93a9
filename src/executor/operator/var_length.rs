//! VarLengthExpand: paths of several relationships.

use std::sync::Arc;

use crate::bound::Direction;
use crate::bound::DistinctNodes;
use crate::bound::Restriction;
use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::graph::Neighbours;
use crate::graph::TypeId;
use crate::plan;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::Value;

use super::chain::Chain;
use super::{Held, Input, Operator, Uncounted, direction, nodes_of, type_ids};

/// How many paths are lengthened at once.
const CHUNK: usize = 512;

/// How many longer paths are made at once, but for those of a single path.
const MOST_FOUND: usize = 16_384;

/// About how many bytes a path on its way takes, with what it does not share with shorter ones.
const PARTIAL: u64 = 96;

/// All paths of several relationships from a node.
///
/// Paths wait on a stack, many at a time: the newest are lengthened first, so that memory follows the
/// depth and not the number of paths, and one call of the graph serves a whole chunk.
pub(crate) struct VarLengthExpand {
    input: Input,
    from: Slot,
    relationships: Slot,
    to: Slot,
    way: Direction,
    types: Vec<Arc<str>>,
    min: u64,
    max: Option<u64>,
    into: bool,
    reversed: bool,
    /// Whether anything reads the list of relationships.
    listed: bool,
    filter: Option<RelationshipFilter>,
    restriction: Restriction,
    distinct_from: Vec<Slot>,
    current: Option<Walk>,
}

/// What is asked of each relationship of a path.
pub(super) struct RelationshipFilter {
    slot: Slot,
    predicate: Compiled,
}

impl RelationshipFilter {
    pub(super) fn new(filter: &Option<(Slot, crate::bound::Expression)>) -> Result<Option<Self>> {
        filter
            .as_ref()
            .map(|(slot, e)| Ok(Self { slot: *slot, predicate: Compiled::new(e)? }))
            .transpose()
    }

    /// Keeps the found relationships that pass; `rows[parent]` is the row of the batch each belongs to.
    pub(super) fn apply(
        &self,
        batch: &Batch,
        row_of: impl Fn(u32) -> u32,
        found: &mut Neighbours,
        ctx: &Context,
    ) -> Result<()> {
        let rows = found.parents.iter().map(|parent| row_of(*parent)).collect();
        let mut candidates = batch.select(rows);
        candidates.set(self.slot, Column::relationships(found.relationships.clone()));
        let kept = self.predicate.true_rows(&candidates, ctx)?;
        found.parents = kept.iter().map(|i| found.parents[*i as usize]).collect();
        found.nodes = kept.iter().map(|i| found.nodes[*i as usize]).collect();
        found.relationships = kept.iter().map(|i| found.relationships[*i as usize]).collect();
        Ok(())
    }
}

/// A relationship of a path.
struct Step {
    relationship: RelationshipId,
    /// The node it leads from.
    from: NodeId,
}

/// A path on its way.
#[derive(Clone)]
struct Partial {
    row: u32,
    node: NodeId,
    length: u64,
    steps: Chain<Step>,
}

impl Partial {
    fn uses(&self, relationship: RelationshipId) -> bool {
        self.steps.iter().any(|step| step.relationship == relationship)
    }

    /// Whether a node lies on it before its end.
    fn passes(&self, node: NodeId) -> bool {
        self.steps.iter().any(|step| step.from == node)
    }

    /// Whether a node is the one it began with.
    fn began_at(&self, node: NodeId) -> bool {
        self.steps.iter().last().is_some_and(|step| step.from == node)
    }

    fn relationships(&self, reversed: bool) -> Value {
        let mut list = Vec::with_capacity(self.length as usize);
        let ids = self.steps.iter().map(|step| step.relationship);
        list.extend(ids.map(|id| Value::Relationship(Relationship::new(id))));
        // The steps lead backwards.
        if !reversed {
            list.reverse();
        }
        Value::List(Arc::new(list))
    }
}

/// The work on one batch of input.
struct Walk {
    batch: Batch,
    /// The bound ends by row, where they are bound.
    ends: Vec<Option<NodeId>>,
    /// Relationships that other parts of the pattern have used, by row.
    used: Vec<Vec<RelationshipId>>,
    waiting: Vec<Vec<Partial>>,
    complete: Vec<Partial>,
    held: Held,
}

impl VarLengthExpand {
    pub(crate) fn new(plan: &plan::VarLengthExpand, input: Input, listed: bool) -> Result<Self> {
        Ok(Self {
            input: Box::new(Uncounted::new(input)),
            from: plan.from,
            relationships: plan.relationships,
            to: plan.to,
            way: plan.direction,
            types: plan.types.clone(),
            min: plan.min,
            max: plan.max,
            into: plan.into,
            reversed: plan.reversed,
            listed,
            filter: RelationshipFilter::new(&plan.filter)?,
            restriction: plan.restriction,
            distinct_from: plan.distinct_from.clone(),
            current: None,
        })
    }

    fn start(&self, batch: Batch) -> Result<Walk> {
        let (rows, nodes) = nodes_of(&batch.column(self.from)?)?;
        let mut ends = Vec::new();
        if self.into {
            ends = vec![None; batch.len()];
            let (to_rows, to_nodes) = nodes_of(&batch.column(self.to)?)?;
            for (row, node) in to_rows.iter().zip(to_nodes) {
                ends[*row as usize] = Some(node);
            }
        }
        let mut used = Vec::new();
        for slot in &self.distinct_from {
            used.resize_with(batch.len(), Vec::new);
            for (used, value) in used.iter_mut().zip(batch.column(*slot)?.iter()) {
                collect(&value, used);
            }
        }
        let paths: Vec<Partial> = rows
            .into_iter()
            .zip(nodes)
            .map(|(row, node)| Partial { row, node, length: 0, steps: Chain::EMPTY })
            .collect();
        let mut walk = Walk {
            batch,
            ends,
            used,
            waiting: Vec::new(),
            complete: Vec::new(),
            held: Held::default(),
        };
        self.take(&mut walk, paths);
        Ok(walk)
    }

    /// Notes which paths are complete, and which can go on.
    fn take(&self, walk: &mut Walk, mut paths: Vec<Partial>) {
        for path in &paths {
            let arrived = !self.into
                || walk.ends.get(path.row as usize).is_some_and(|end| *end == Some(path.node));
            if path.length >= self.min && arrived {
                walk.complete.push(path.clone());
            }
        }
        if self.restriction.nodes == DistinctNodes::Simple {
            paths.retain(|path| !path.began_at(path.node));
        }
        if paths.first().is_some_and(|p| self.max.is_none_or(|max| p.length < max)) {
            // The first chunk comes off the stack first.
            let chunks: Vec<Vec<Partial>> = paths.chunks(CHUNK).map(<[_]>::to_vec).collect();
            walk.waiting.extend(chunks.into_iter().rev());
        }
    }

    /// Lengthens a chunk of paths by one relationship.
    fn step(&self, walk: &mut Walk, types: &[TypeId], ctx: &Context) -> Result<()> {
        let Some(mut paths) = walk.waiting.pop() else { return Ok(()) };
        let nodes: Vec<NodeId> = paths.iter().map(|p| p.node).collect();
        let mut found = Neighbours::default();
        let way = direction(self.way);
        let done = ctx.graph().expand_some(&nodes, way, types, MOST_FOUND, &mut found)?;
        let rest = paths.split_off(done);
        if !rest.is_empty() {
            walk.waiting.push(rest);
        }
        if let Some(filter) = &self.filter {
            filter.apply(&walk.batch, |parent| paths[parent as usize].row, &mut found, ctx)?;
        }
        let mut longer = Vec::with_capacity(found.len());
        for i in 0..found.len() {
            let path = &paths[found.parents[i] as usize];
            let relationship = found.relationships[i];
            let used =
                || walk.used.get(path.row as usize).is_some_and(|u| u.contains(&relationship));
            let taken =
                self.restriction.relationships.is_some() && (path.uses(relationship) || used());
            if !taken && self.may_visit(path, found.nodes[i]) {
                longer.push(Partial {
                    row: path.row,
                    node: found.nodes[i],
                    length: path.length + 1,
                    steps: path.steps.with(Step { relationship, from: path.node }),
                });
            }
        }
        self.take(walk, longer);
        let waiting: usize = walk.waiting.iter().map(Vec::len).sum();
        let bytes = (waiting + walk.complete.len()) as u64 * PARTIAL;
        walk.held.set_to(ctx, bytes.saturating_add(found.bytes()))
    }

    /// Whether the node may come next: the path mode may ask for different ones.
    fn may_visit(&self, path: &Partial, node: NodeId) -> bool {
        match self.restriction.nodes {
            DistinctNodes::None => true,
            DistinctNodes::Acyclic => path.node != node && !path.passes(node),
            // It may close at its beginning.
            DistinctNodes::Simple => {
                path.length == 0 || path.began_at(node) || path.node != node && !path.passes(node)
            }
        }
    }

    fn emit(&self, walk: &mut Walk, ctx: &Context) -> Result<Batch> {
        let given: Vec<Partial> =
            walk.complete.drain(..walk.complete.len().min(ctx.batch_rows())).collect();
        if self.listed {
            let listed: u64 = given.iter().map(|path| path.length).sum();
            ctx.check_memory(listed.saturating_mul(size_of::<Value>() as u64))?;
        }
        let mut batch = walk.batch.select(given.iter().map(|p| p.row).collect());
        if self.listed {
            let lists = given.iter().map(|p| p.relationships(self.reversed)).collect();
            batch.set(self.relationships, Column::values(lists));
        }
        if !self.into {
            batch.set(self.to, Column::nodes(given.iter().map(|p| p.node).collect()));
        }
        Ok(batch)
    }
}

pub(super) fn collect(value: &Value, into: &mut Vec<RelationshipId>) {
    match value {
        Value::Relationship(relationship) => into.push(relationship.id()),
        Value::List(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

impl Operator for VarLengthExpand {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let Some(mut walk) = self.current.take() {
                let types = type_ids(ctx.graph(), &self.types);
                while walk.complete.len() < ctx.batch_rows() && !walk.waiting.is_empty() {
                    ctx.check_limits()?;
                    match &types {
                        Some(types) => self.step(&mut walk, types, ctx)?,
                        None => walk.waiting.clear(),
                    }
                }
                if !walk.complete.is_empty() {
                    let batch = self.emit(&mut walk, ctx)?;
                    self.current = Some(walk);
                    return Ok(Some(batch));
                }
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
