//! The steps of a pattern, and what they have found: an inner plan runs once for many nodes.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::Held;
use crate::executor::operator::{Input, drain, nodes_of, numbers, relationships_of};
use crate::plan;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;

/// A number of a [`Time`].
pub(super) type TimeId = u32;

/// What the pattern of a step matched once, in the order of the search.
pub(super) struct Time {
    pub(super) relationships: Box<[RelationshipId]>,
    pub(super) nodes: Box<[NodeId]>,
}

impl Time {
    /// Where it begins.
    pub(super) fn first(&self) -> NodeId {
        self.nodes.first().copied().unwrap_or(NodeId(0))
    }

    /// Where it ends.
    pub(super) fn last(&self) -> NodeId {
        self.nodes.last().copied().unwrap_or(NodeId(0))
    }
}

/// Which way an inner plan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Backward,
}

/// An inner plan that is ready to run.
pub(super) struct Inner {
    input: Input,
    row: Slot,
}

impl Inner {
    pub(super) fn new(plan: &plan::Numbered, input: Input) -> Self {
        Self { input, row: plan.row }
    }

    /// Runs it for nodes beside the outer row; gives its rows, each with the number of its node.
    fn run(
        &mut self,
        outer: &Batch,
        slot: Slot,
        nodes: &[NodeId],
        ctx: &mut Context,
    ) -> Result<Vec<(Vec<u32>, Batch)>> {
        let mut argument = outer.select(vec![0; nodes.len()]);
        argument.set(slot, Column::nodes(nodes.to_vec()));
        argument.set(self.row, Column::integers((0..nodes.len() as i64).collect()));
        let mut held = Held::default();
        self.input.reset();
        let found = ctx.with_argument(argument, |ctx| drain(&mut self.input, ctx, &mut held))?;
        found.into_iter().map(|batch| Ok((numbers(&batch.column(self.row)?), batch))).collect()
    }
}

/// A step with its inner plans.
pub(super) struct Step {
    pub(super) plan: plan::SelectedStep,
    forward: Inner,
    backward: Option<Inner>,
    check: Option<Inner>,
}

impl Step {
    pub(super) fn new(
        plan: &plan::SelectedStep,
        mut inner: impl FnMut(&plan::Numbered) -> Result<Inner>,
    ) -> Result<Self> {
        // In the order of `SelectedStep::plans`.
        let forward = inner(&plan.forward)?;
        let backward = plan.backward.as_ref().map(&mut inner).transpose()?;
        let check = plan.check.as_ref().map(&mut inner).transpose()?;
        Ok(Self { plan: plan.clone(), forward, backward, check })
    }

    /// How many relationships the pattern has.
    pub(super) fn hops(&self) -> u64 {
        self.plan.inner_relationships.len() as u64
    }
}

type Found = FxHashMap<(usize, NodeId), Arc<[TimeId]>>;

/// All steps, and what is known of them so far.
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    times: Vec<Time>,
    from: Found,
    to: Found,
    checked: FxHashMap<(usize, NodeId), bool>,
    held: Held,
}

impl Steps {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self {
            steps,
            times: Vec::new(),
            from: FxHashMap::default(),
            to: FxHashMap::default(),
            checked: FxHashMap::default(),
            held: Held::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn time(&self, id: TimeId) -> &Time {
        &self.times[id as usize]
    }

    /// How much is known.
    pub(super) fn size(&self) -> usize {
        self.times.len()
    }

    /// Forgets what was found, because it was for another row or is too much.
    pub(super) fn forget(&mut self) {
        self.times.clear();
        self.from.clear();
        self.to.clear();
        self.checked.clear();
        self.held = Held::default();
    }

    /// Forgets what was found at the ends of a path, which are those of one row: a step that stands once and has
    /// such an end only finds what leads to it.
    pub(super) fn forget_ends(&mut self) {
        let once = |step: usize| self.steps.get(step).is_some_and(|step| step.plan.times.is_none());
        let last = self.steps.len().saturating_sub(1);
        if once(0) {
            self.to.retain(|(step, _), _| *step != 0);
        }
        if once(last) {
            self.from.retain(|(step, _), _| *step != last);
        }
    }

    /// What a step finds from (or backwards, to) a node; `find` must have looked before.
    pub(super) fn known(&self, step: usize, node: NodeId, way: Way) -> Arc<[TimeId]> {
        let found = if way == Way::Forward { &self.from } else { &self.to };
        found.get(&(step, node)).cloned().unwrap_or_default()
    }

    /// Looks for what a step finds from (or backwards, to) these nodes, where that is not known.
    pub(super) fn find(
        &mut self,
        step: usize,
        nodes: &[NodeId],
        way: Way,
        outer: &Batch,
        ctx: &mut Context,
    ) -> Result<()> {
        let found = if way == Way::Forward { &mut self.from } else { &mut self.to };
        let new = unknown(nodes, |node| found.contains_key(&(step, node)));
        let Some(of) = self.steps.get_mut(step) else { return Ok(()) };
        let (inner, slot) = match way {
            Way::Forward => (Some(&mut of.forward), of.plan.nodes.first()),
            Way::Backward => (of.backward.as_mut(), of.plan.nodes.last()),
        };
        let (Some(inner), Some(slot)) = (inner, slot) else { return Ok(()) };
        for nodes in new.chunks(ctx.batch_rows()) {
            ctx.check_limits()?;
            let mut lists: Vec<Vec<TimeId>> = vec![Vec::new(); nodes.len()];
            for (parents, batch) in inner.run(outer, *slot, nodes, ctx)? {
                let relationships = of.plan.inner_relationships.iter();
                let relationships = relationships
                    .map(|slot| relationships_of(&batch.column(*slot)?))
                    .collect::<Result<Vec<_>>>()?;
                let inner_nodes = of.plan.nodes.iter();
                let inner_nodes = inner_nodes
                    .map(|slot| Ok(nodes_of(&batch.column(*slot)?)?.1))
                    .collect::<Result<Vec<_>>>()?;
                for (row, parent) in parents.iter().enumerate() {
                    lists[*parent as usize].push(self.times.len() as TimeId);
                    self.times.push(Time {
                        relationships: relationships.iter().map(|column| column[row]).collect(),
                        nodes: inner_nodes.iter().map(|column| column[row]).collect(),
                    });
                }
                let each = 16 * (relationships.len() + inner_nodes.len()) + 48;
                self.held.add(ctx, (parents.len() * each) as u64)?;
            }
            found.extend(nodes.iter().zip(lists).map(|(n, list)| ((step, *n), list.into())));
        }
        Ok(())
    }

    /// Whether a node satisfies what is asked of it after a step; `check` must have looked before.
    pub(super) fn passes(&self, step: usize, node: NodeId) -> bool {
        match self.steps.get(step) {
            Some(Step { check: Some(_), .. }) => self.checked.get(&(step, node)) == Some(&true),
            _ => true,
        }
    }

    /// Asks what a step asks of the node after it, where the answer is not known.
    pub(super) fn check(
        &mut self,
        step: usize,
        nodes: &[NodeId],
        outer: &Batch,
        ctx: &mut Context,
    ) -> Result<()> {
        let Some(Step { check: Some(inner), plan, .. }) = self.steps.get_mut(step) else {
            return Ok(());
        };
        let checked = &mut self.checked;
        let new = unknown(nodes, |node| checked.contains_key(&(step, node)));
        for nodes in new.chunks(ctx.batch_rows()) {
            checked.extend(nodes.iter().map(|node| ((step, *node), false)));
            for (passed, _) in inner.run(outer, plan.node, nodes, ctx)? {
                checked.extend(passed.iter().map(|at| ((step, nodes[*at as usize]), true)));
            }
        }
        Ok(())
    }
}

/// The nodes that are not known, each once.
fn unknown(nodes: &[NodeId], is_known: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
    let mut new: Vec<NodeId> = nodes.iter().copied().filter(|node| !is_known(*node)).collect();
    new.sort_unstable();
    new.dedup();
    new
}
