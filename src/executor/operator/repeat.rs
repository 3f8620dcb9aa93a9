//! Repeat: a pattern several times, one after the other.

use std::sync::Arc;

use crate::bound::DistinctNodes;
use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::plan;
use crate::value::Column;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::Value;

use super::chain::Chain;
use super::var_length::collect;
use super::{Held, Input, Operator, Uncounted, drain, nodes_of, numbers, relationships_of};

/// How many paths are lengthened at once.
const CHUNK: usize = 512;

/// About how many bytes a path on its way takes, without the nodes and relationships that it notes.
const PARTIAL: u64 = 160;

/// All paths that a pattern makes when it stands several times.
///
/// The inner plan sees many paths at once, numbered, and gives what the pattern matches from the node
/// where each of them ends. Paths wait on a stack, the newest on top, as in `VarLengthExpand`.
pub(crate) struct Repeat {
    input: Input,
    inner: Input,
    plan: plan::Repeat,
    /// The nodes within that are kept: for lists, or to be compared.
    kept: Vec<Slot>,
    /// Lists to make: where their values are.
    lists: Vec<(Source, Slot)>,
    /// Whether anything reads the list of all relationships.
    listed: bool,
    current: Option<Walk>,
}

/// Where the values of a list come from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Node(usize),
    Relationship(usize),
}

/// What the pattern matched once.
struct Time {
    relationships: Box<[RelationshipId]>,
    nodes: Box<[NodeId]>,
}

/// A path on its way.
#[derive(Clone)]
struct Partial {
    row: u32,
    start: NodeId,
    node: NodeId,
    count: u64,
    times: Chain<Time>,
}

impl Partial {
    fn uses(&self, relationship: RelationshipId) -> bool {
        self.times.iter().any(|time| time.relationships.contains(&relationship))
    }

    fn visits(&self, node: NodeId) -> bool {
        self.start == node || self.times.iter().any(|time| time.nodes.contains(&node))
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

impl Repeat {
    /// `listed` says whether anything reads the list of all relationships.
    pub(crate) fn new(plan: &plan::Repeat, input: Input, inner: Input, listed: bool) -> Self {
        let kept = plan.kept();
        let source = |slot: Slot| {
            let relationship = plan.inner_relationships.iter().position(|own| *own == slot);
            let node = kept.iter().position(|own| *own == slot);
            relationship.map(Source::Relationship).or(node.map(Source::Node))
        };
        let lists =
            plan.groups.iter().filter_map(|(each, list)| Some((source(*each)?, *list))).collect();
        let input = Box::new(Uncounted::new(input));
        Self { input, inner, plan: plan.clone(), kept, lists, listed, current: None }
    }

    fn start(&self, batch: Batch) -> Result<Walk> {
        let (rows, nodes) = nodes_of(&batch.column(self.plan.from)?)?;
        let mut ends = Vec::new();
        if self.plan.into {
            ends = vec![None; batch.len()];
            let (to_rows, to_nodes) = nodes_of(&batch.column(self.plan.to)?)?;
            for (row, node) in to_rows.iter().zip(to_nodes) {
                ends[*row as usize] = Some(node);
            }
        }
        let mut used = Vec::new();
        for slot in &self.plan.distinct_from {
            used.resize_with(batch.len(), Vec::new);
            for (used, value) in used.iter_mut().zip(batch.column(*slot)?.iter()) {
                collect(&value, used);
            }
        }
        let paths = rows
            .into_iter()
            .zip(nodes)
            .map(|(row, node)| Partial { row, start: node, node, count: 0, times: Chain::EMPTY })
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
            let arrived = !self.plan.into
                || walk.ends.get(path.row as usize).is_some_and(|end| *end == Some(path.node));
            if path.count >= self.plan.min && arrived {
                walk.complete.push(path.clone());
            }
        }
        if self.plan.restriction.nodes == DistinctNodes::Simple {
            // What has come back to its beginning is closed.
            paths.retain(|path| path.count == 0 || path.node != path.start);
        }
        if paths.first().is_some_and(|p| self.plan.max.is_none_or(|max| p.count < max)) {
            // The first chunk comes off the stack first.
            let chunks: Vec<Vec<Partial>> = paths.chunks(CHUNK).map(<[_]>::to_vec).collect();
            walk.waiting.extend(chunks.into_iter().rev());
        }
    }

    /// Lengthens a chunk of paths by the pattern once more.
    fn step(&mut self, walk: &mut Walk, ctx: &mut Context) -> Result<()> {
        let Some(paths) = walk.waiting.pop() else { return Ok(()) };
        let (Some(first), Some(end)) = (self.plan.nodes.first(), self.plan.nodes.last()) else {
            return Ok(());
        };
        let mut argument = walk.batch.select(paths.iter().map(|p| p.row).collect());
        argument.set(*first, Column::nodes(paths.iter().map(|p| p.node).collect()));
        argument.set(self.plan.row, Column::integers((0..paths.len() as i64).collect()));
        let inner = &mut self.inner;
        inner.reset();
        let mut held = Held::default();
        let found = ctx.with_argument(argument, |ctx| drain(inner, ctx, &mut held))?;
        let mut longer = Vec::new();
        for batch in found {
            let parents = numbers(&batch.column(self.plan.row)?);
            let ends = nodes_of(&batch.column(*end)?)?.1;
            let relationships = self
                .plan
                .inner_relationships
                .iter()
                .map(|slot| relationships_of(&batch.column(*slot)?))
                .collect::<Result<Vec<_>>>()?;
            let nodes = self
                .kept
                .iter()
                .map(|slot| Ok(nodes_of(&batch.column(*slot)?)?.1))
                .collect::<Result<Vec<_>>>()?;
            for (at, parent) in parents.iter().enumerate() {
                let path = &paths[*parent as usize];
                let relationships: Box<[_]> = relationships.iter().map(|c| c[at]).collect();
                let nodes: Box<[_]> = nodes.iter().map(|c| c[at]).collect();
                if self.may_follow(walk, path, &relationships, &nodes) {
                    longer.push(Partial {
                        node: ends[at],
                        count: path.count + 1,
                        times: path.times.with(Time { relationships, nodes }),
                        ..*path
                    });
                }
            }
        }
        self.take(walk, longer);
        let waiting: usize = walk.waiting.iter().map(Vec::len).sum();
        let entities = self.kept.len() + self.plan.inner_relationships.len();
        let partial = PARTIAL + 16 * entities as u64;
        walk.held.set_to(ctx, (waiting + walk.complete.len()) as u64 * partial)
    }

    /// Whether the path may go on with these: nothing repeats that may not.
    fn may_follow(
        &self,
        walk: &Walk,
        path: &Partial,
        relationships: &[RelationshipId],
        nodes: &[NodeId],
    ) -> bool {
        let restriction = self.plan.restriction;
        if restriction.relationships.is_some() {
            let used = walk.used.get(path.row as usize);
            if relationships
                .iter()
                .any(|r| path.uses(*r) || used.is_some_and(|used| used.contains(r)))
            {
                return false;
            }
        }
        if restriction.nodes == DistinctNodes::None {
            return true;
        }
        // The first node within is where the path ends by now.
        let new = nodes.get(1..).unwrap_or_default();
        new.iter().enumerate().all(|(at, node)| {
            let last = at + 1 == new.len();
            let may_close = restriction.nodes == DistinctNodes::Simple && last;
            let again = new.iter().take(at).any(|before| before == node);
            !again && (may_close && *node == path.start || !path.visits(*node))
        })
    }

    fn emit(&self, walk: &mut Walk, ctx: &Context) -> Result<Batch> {
        let given: Vec<Partial> =
            walk.complete.drain(..walk.complete.len().min(ctx.batch_rows())).collect();
        let times: u64 = given.iter().map(|path| path.count).sum();
        let all = if self.listed { self.plan.inner_relationships.len() } else { 0 };
        let lists = (all + self.lists.len()) as u64;
        ctx.check_memory(times.saturating_mul(lists * size_of::<Value>() as u64))?;
        let mut batch = walk.batch.select(given.iter().map(|p| p.row).collect());
        let backwards = self.plan.reversed;
        let list = |path: &Partial, of: &dyn Fn(&Time, &mut Vec<Value>)| {
            let mut values = Vec::new();
            // The latest first, and the last of each time first.
            path.times.iter().for_each(|time| of(time, &mut values));
            if !backwards {
                values.reverse();
            }
            Value::List(Arc::new(values))
        };
        if self.listed {
            let all = |time: &Time, values: &mut Vec<Value>| {
                let ids = time.relationships.iter().rev();
                values.extend(ids.map(|id| Value::Relationship(Relationship::new(*id))));
            };
            let lists = given.iter().map(|path| list(path, &all)).collect();
            batch.set(self.plan.relationships, Column::values(lists));
        }
        for (source, slot) in &self.lists {
            let one = |time: &Time, values: &mut Vec<Value>| match source {
                Source::Node(at) => {
                    values.extend(time.nodes.get(*at).map(|id| Value::Node(Node::new(*id))));
                }
                Source::Relationship(at) => {
                    let id = time.relationships.get(*at);
                    values.extend(id.map(|id| Value::Relationship(Relationship::new(*id))));
                }
            };
            let lists = given.iter().map(|path| list(path, &one)).collect();
            batch.set(*slot, Column::values(lists));
        }
        if !self.plan.into {
            batch.set(self.plan.to, Column::nodes(given.iter().map(|p| p.node).collect()));
        }
        Ok(batch)
    }
}

impl Operator for Repeat {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let Some(mut walk) = self.current.take() {
                while walk.complete.len() < ctx.batch_rows() && !walk.waiting.is_empty() {
                    ctx.check_limits()?;
                    self.step(&mut walk, ctx)?;
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
