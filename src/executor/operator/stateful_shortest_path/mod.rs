//! StatefulShortestPath: the shortest paths of a pattern, so many for each pair of ends.
//!
//! A breadth-first search notes every way it goes; paths are traced back along these ways, the shortest
//! first. What only a whole path tells, such as whether a relationship repeats, is asked while tracing,
//! so that a path which is too short to be one only makes the trace go on.

mod explore;
mod steps;
mod trace;

use std::sync::Arc;

use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::Held;
use crate::executor::expression::Compiled;
use crate::plan;
use crate::value::Column;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::Relationship;
use crate::value::Value;

use super::{Input, Operator, Uncounted, drain, nodes_of};

use explore::{Exploration, Place};
use steps::{Inner, Step, Steps, Time, TimeId};
use trace::{Run, Trace};

/// So many matches of steps are kept from one row to the next.
const MOST_KEPT: usize = 1 << 20;

/// The shortest paths of a pattern.
pub(crate) struct StatefulShortestPath {
    input: Input,
    plan: plan::StatefulShortestPath,
    steps: Steps,
    accept: Option<Input>,
    count: Compiled,
    outputs: Vec<Output>,
    current: Option<Current>,
}

/// A variable that the operator gives.
struct Output {
    slot: Slot,
    step: usize,
    of: Source,
}

/// Where its value comes from.
enum Source {
    /// The node after the step.
    After,
    /// The only relationship of the step.
    Single,
    /// All relationships of the step.
    All,
    /// The node, or the relationship, of this number in the pattern, each time.
    EachNode(usize),
    EachRelationship(usize),
}

/// The input batch at hand.
struct Current {
    batch: Batch,
    /// Rows that have what is needed, with the start and, where it is bound, the end.
    rows: Vec<(u32, NodeId, Option<NodeId>)>,
    next: usize,
    search: Option<Search>,
}

/// The search for one row.
struct Search {
    row: u32,
    outer: Batch,
    explored: Exploration,
    next_target: usize,
    pair: Option<Pair>,
}

/// A pair of ends whose paths are being given.
struct Pair {
    trace: Trace,
    paths: u64,
    lengths: u64,
    length: Option<u64>,
}

/// Paths that are given together.
struct Found {
    rows: Vec<u32>,
    ends: Vec<NodeId>,
    values: Vec<Vec<Value>>,
}

impl StatefulShortestPath {
    /// `inputs` are those of the plan, in its order; `read` says which variables anything reads.
    pub(crate) fn new(
        plan: &plan::StatefulShortestPath,
        mut inputs: impl FnMut() -> Result<Input>,
        read: &dyn Fn(Slot) -> bool,
    ) -> Result<Self> {
        let input = Box::new(Uncounted::new(inputs()?));
        let mut steps = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            steps.push(Step::new(step, |numbered| Ok(Inner::new(numbered, inputs()?)))?);
        }
        let accept = plan.accept.as_ref().map(|_| inputs()).transpose()?;
        let outputs = plan.steps.iter().enumerate().flat_map(|(at, step)| outputs(plan, at, step));
        Ok(Self {
            input,
            plan: plan.clone(),
            steps: Steps::new(steps),
            accept,
            count: Compiled::new(&plan.count)?,
            outputs: outputs.filter(|output| read(output.slot)).collect(),
            current: None,
        })
    }

    fn start(&self, batch: Batch) -> Result<Current> {
        let (rows, nodes) = nodes_of(&batch.column(self.plan.from)?)?;
        let mut ends: Vec<Option<NodeId>> = vec![None; batch.len()];
        if self.plan.into {
            let (to_rows, to_nodes) = nodes_of(&batch.column(self.plan.to)?)?;
            for (row, node) in to_rows.into_iter().zip(to_nodes) {
                ends[row as usize] = Some(node);
            }
        }
        let rows = rows
            .into_iter()
            .zip(nodes)
            .map(|(row, node)| (row, node, ends[row as usize]))
            .filter(|(_, _, end)| !self.plan.into || end.is_some())
            .collect();
        Ok(Current { batch, rows, next: 0, search: None })
    }

    /// Begins the search for the next row; says whether there was one.
    fn next_search(&mut self, current: &mut Current) -> bool {
        let Some((row, start, end)) = current.rows.get(current.next).copied() else {
            return false;
        };
        current.next += 1;
        if !self.plan.independent || self.steps.size() > MOST_KEPT {
            self.steps.forget();
        } else {
            self.steps.forget_ends();
        }
        let outer = current.batch.slice(row as usize, row as usize + 1);
        let explored = Exploration::new(start, end, &self.steps);
        current.search = Some(Search { row, outer, explored, next_target: 0, pair: None });
        true
    }

    /// The next path of the row at hand; none after the last.
    fn next_path(
        &mut self,
        search: &mut Search,
        count: u64,
        ctx: &mut Context,
    ) -> Result<Option<Run>> {
        loop {
            let Some(pair) = &mut search.pair else {
                if !self.next_pair(search, ctx)? {
                    return Ok(None);
                }
                continue;
            };
            let done = !self.plan.groups && pair.paths >= count;
            let explored = &mut search.explored;
            let run = match done {
                true => None,
                false => pair.trace.next(explored, &mut self.steps, &search.outer, ctx)?,
            };
            let Some(run) = run else {
                search.pair = None;
                continue;
            };
            if !self.accepts(search, &run, ctx)? {
                continue;
            }
            let Some(pair) = &mut search.pair else { continue };
            if pair.length != Some(run.length) {
                pair.length = Some(run.length);
                pair.lengths += 1;
            }
            if self.plan.groups && pair.lengths > count {
                search.pair = None;
                continue;
            }
            pair.paths += 1;
            return Ok(Some(run));
        }
    }

    /// Turns to the next end; says whether there was one.
    fn next_pair(&mut self, search: &mut Search, ctx: &mut Context) -> Result<bool> {
        let explored = &mut search.explored;
        let target = if explored.end.is_some() {
            if search.next_target > 0 {
                return Ok(false);
            }
            None
        } else {
            // What the search has found by now are the ends that are nearest.
            while search.next_target >= explored.targets.len() && !explored.is_exhausted(true) {
                explored.advance(&mut self.steps, true, &search.outer, ctx)?;
            }
            match explored.targets.get(search.next_target) {
                Some(target) => Some(*target),
                None => return Ok(false),
            }
        };
        search.next_target += 1;
        let trace = Trace::new(target, self.plan.restriction);
        search.pair = Some(Pair { trace, paths: 0, lengths: 0, length: None });
        Ok(true)
    }

    /// Whether a whole path satisfies what is asked of it.
    fn accepts(&mut self, search: &Search, run: &Run, ctx: &mut Context) -> Result<bool> {
        if self.accept.is_none() {
            return Ok(true);
        }
        let mut found = Found::new(self.outputs.len());
        self.add(&mut found, 0, run);
        let argument = self.batch(&search.outer, found);
        let Some(accept) = &mut self.accept else { return Ok(true) };
        accept.reset();
        let mut held = Held::default();
        let rows = ctx.with_argument(argument, |ctx| drain(accept, ctx, &mut held))?;
        Ok(!rows.is_empty())
    }

    /// Adds a path to those that are given together.
    fn add(&self, found: &mut Found, row: u32, run: &Run) {
        let mut times: Vec<Vec<TimeId>> = vec![Vec::new(); self.steps.len()];
        let mut nodes: Vec<NodeId> = Vec::with_capacity(self.steps.len() + 1);
        for (place, node, time) in &run.places {
            let (Place::Node(step) | Place::Times(step, _)) = place;
            if let (Some(time), Some(times)) = (time, times.get_mut(*step)) {
                times.push(*time);
            }
            if let Place::Node(_) = place {
                nodes.push(*node);
            }
        }
        found.rows.push(row);
        found.ends.push(nodes.last().copied().unwrap_or(NodeId(0)));
        for (output, values) in self.outputs.iter().zip(&mut found.values) {
            let times = times.get(output.step).map_or(&[][..], Vec::as_slice);
            let value = match output.of {
                Source::After => nodes.get(output.step + 1).map(|id| Value::Node(Node::new(*id))),
                Source::Single => times.first().and_then(|time| {
                    let relationship = self.steps.time(*time).relationships.first()?;
                    Some(Value::Relationship(Relationship::new(*relationship)))
                }),
                Source::All => Some(self.list(times, |time, list| {
                    let all = time.relationships.iter();
                    list.extend(all.map(|id| Value::Relationship(Relationship::new(*id))));
                })),
                Source::EachNode(at) => Some(self.list(times, |time, list| {
                    list.extend(time.nodes.get(at).map(|id| Value::Node(Node::new(*id))));
                })),
                Source::EachRelationship(at) => Some(self.list(times, |time, list| {
                    let id = time.relationships.get(at);
                    list.extend(id.map(|id| Value::Relationship(Relationship::new(*id))));
                })),
            };
            values.push(value.unwrap_or_default());
        }
    }

    fn list(&self, times: &[TimeId], each: impl Fn(&Time, &mut Vec<Value>)) -> Value {
        let mut list = Vec::new();
        times.iter().for_each(|time| each(self.steps.time(*time), &mut list));
        if self.plan.reversed {
            list.reverse();
        }
        Value::List(Arc::new(list))
    }

    fn batch(&self, outer: &Batch, found: Found) -> Batch {
        let mut batch = outer.select(found.rows);
        if !self.plan.into {
            batch.set(self.plan.to, Column::nodes(found.ends));
        }
        for (output, values) in self.outputs.iter().zip(found.values) {
            batch.set(output.slot, Column::from_values(values));
        }
        batch
    }

    /// How many paths, or lengths, are wanted.
    fn count(&self, ctx: &Context) -> Result<u64> {
        let value = self.count.evaluate(&Batch::unit(), ctx)?.get(0);
        match value {
            Value::Integer(count) if count > 0 => Ok(count.unsigned_abs()),
            other => Err(Error::new(
                ErrorClass::ArgumentError,
                Phase::Runtime,
                Detail::NumberOutOfRange,
                format!("the number of paths must be a positive Integer, found {other}"),
            )
            .at(self.count.span())),
        }
    }
}

/// What a step gives.
fn outputs(plan: &plan::StatefulShortestPath, at: usize, step: &plan::SelectedStep) -> Vec<Output> {
    let of = |slot, of| Output { slot, step: at, of };
    let all = if step.times.is_some() { Source::All } else { Source::Single };
    let mut outputs = vec![of(step.relationships, all)];
    for (each, list) in &step.groups {
        let relationship = step.inner_relationships.iter().position(|slot| slot == each);
        let node = step.nodes.iter().position(|slot| slot == each);
        let source = relationship.map(Source::EachRelationship).or(node.map(Source::EachNode));
        outputs.extend(source.map(|source| of(*list, source)));
    }
    if at + 1 < plan.steps.len() {
        outputs.push(of(step.node, Source::After));
    }
    outputs
}

impl Found {
    fn new(outputs: usize) -> Self {
        Self { rows: Vec::new(), ends: Vec::new(), values: vec![Vec::new(); outputs] }
    }
}

impl Operator for StatefulShortestPath {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            let Some(mut current) = self.current.take() else {
                let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
                self.current = Some(self.start(batch)?);
                continue;
            };
            let count = self.count(ctx)?;
            let mut found = Found::new(self.outputs.len());
            while found.rows.len() < ctx.batch_rows() {
                let Some(search) = &mut current.search else {
                    if !self.next_search(&mut current) {
                        break;
                    }
                    continue;
                };
                match self.next_path(search, count, ctx)? {
                    Some(run) => self.add(&mut found, search.row, &run),
                    None => current.search = None,
                }
            }
            let is_last = current.search.is_none() && current.next >= current.rows.len();
            let batch = (!found.rows.is_empty()).then(|| self.batch(&current.batch, found));
            if !is_last {
                self.current = Some(current);
            }
            if batch.is_some() {
                return Ok(batch);
            }
        }
    }

    fn reset(&mut self) {
        self.current = None;
        self.steps.forget();
        self.input.reset();
    }
}
