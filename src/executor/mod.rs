//! Plans to rows, a batch at a time.
//!
//! Owns batches, compiled expressions and the running operators. It sees the graph through its batch
//! reads and its transaction; it may not know keys, files, text or how a plan came about.

mod batch;
mod context;
mod csv;
mod expression;
mod import;
mod json;
mod operator;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::bound::Slot;
use crate::error::Error;
use crate::error::Result;
use crate::plan;
use crate::plan::Plan;
use crate::value::Column;

pub use batch::BATCH_SIZE;
pub(crate) use batch::Batch;
pub(crate) use context::Held;
pub use context::{Access, Context, OperatorProfile};

use expression::Compiled;
use operator::Operator;

/// A running plan: gives its rows in batches.
pub struct Execution {
    root: Box<dyn Operator>,
    slots: Vec<Slot>,
}

impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl Execution {
    /// Prepares a plan. With `profile` every operator counts its rows and its time in the context.
    pub fn new(plan: &Plan, profile: bool) -> Result<Self> {
        let slots = match &plan.operator {
            plan::Operator::ProduceResults { columns, .. } => {
                columns.iter().map(|(_, slot)| *slot).collect()
            }
            _ => Vec::new(),
        };
        let mut read = BTreeSet::new();
        collect_read(plan, &mut read);
        let mut builder = Builder { profile, next: 0, read };
        Ok(Self { root: builder.build(plan)?, slots })
    }

    /// The columns of the next rows, in the order of the result; none after the last. Never an empty
    /// batch.
    pub fn next(&mut self, ctx: &mut Context) -> Result<Option<Vec<Column>>> {
        while let Some(batch) = self.root.next(ctx)? {
            if !batch.is_empty() {
                return self
                    .slots
                    .iter()
                    .map(|slot| batch.column(*slot))
                    .collect::<Result<_>>()
                    .map(Some);
            }
        }
        ctx.check_connected()?;
        Ok(None)
    }
}

/// Adds what the operators of a plan read, which is all that others need to make.
fn collect_read(plan: &Plan, read: &mut BTreeSet<Slot>) {
    read.extend(plan.reads());
    if let plan::Operator::ExpandCount { input, distinct_from, .. } = &plan.operator {
        for slot in distinct_from {
            read.extend(
                operator::Ends::of(input, *slot).map(|ends| ends.slots()).into_iter().flatten(),
            );
        }
    }
    plan.children().into_iter().for_each(|child| collect_read(child, read));
}

/// Makes running operators of a plan, numbering them in pre-order.
struct Builder {
    profile: bool,
    next: usize,
    /// What any of them reads.
    read: BTreeSet<Slot>,
}

impl Builder {
    fn build(&mut self, plan: &Plan) -> Result<Box<dyn Operator>> {
        let number = self.next;
        self.next += 1;
        // The inputs come first, each with a small frame: plans may be deep.
        let inputs = plan.children().into_iter().map(|child| self.build(child));
        let inputs: Vec<Box<dyn Operator>> = inputs.collect::<Result<_>>()?;
        let operator = self.operator(plan, inputs)?;
        if self.profile {
            return Ok(Box::new(Profiled { operator, number }));
        }
        Ok(operator)
    }

    /// The running form of an operator, over those of its inputs.
    #[expect(clippy::too_many_lines, reason = "one arm per operator")]
    fn operator(&self, plan: &Plan, inputs: Vec<Box<dyn Operator>>) -> Result<Box<dyn Operator>> {
        use plan::Operator as P;
        let mut inputs = inputs.into_iter();
        let mut next =
            || inputs.next().ok_or_else(|| Error::internal("an operator lacks its input"));
        Ok(match &plan.operator {
            P::Unit => Box::new(operator::Unit::new()),
            P::Argument => Box::new(operator::Argument::new()),
            P::AllNodesScan { node } => Box::new(operator::NodeScan::new(*node, None)),
            P::NodeByLabelScan { node, label } => {
                Box::new(operator::NodeScan::new(*node, Some(label.clone())))
            }
            P::NodeByIdSeek { node, ids } => {
                Box::new(operator::NodeByIdSeek::new(*node, Compiled::new(ids)?))
            }
            P::RelationshipTypeScan { relationship, from, to, direction, types } => {
                Box::new(operator::RelationshipTypeScan::new(
                    *relationship,
                    (*from, *to),
                    *direction,
                    types.clone(),
                    self.read.contains(from) || self.read.contains(to),
                ))
            }
            P::IndexSeek(seek) => {
                let input = seek.input.is_some().then(&mut next).transpose()?;
                Box::new(operator::IndexSeek::new(seek, input)?)
            }
            P::Expand(expand) => {
                let input = next()?;
                Box::new(operator::Expand::new(expand, input, &self.read))
            }
            P::ExpandCount { input, from, direction, types, labels, distinct_from } => {
                let used = distinct_from
                    .iter()
                    .map(|slot| (*slot, operator::Ends::of(input, *slot)))
                    .collect();
                let (types, labels) = (types.clone(), labels.clone());
                let input = next()?;
                Box::new(operator::ExpandCount::new(input, *from, *direction, types, labels, used))
            }
            P::VarLengthExpand(expand) => {
                let input = next()?;
                let listed = self.read.contains(&expand.relationships);
                Box::new(operator::VarLengthExpand::new(expand, input, listed)?)
            }
            P::Repeat(repeat) => {
                let listed = self.read.contains(&repeat.relationships);
                Box::new(operator::Repeat::new(repeat, next()?, next()?, listed))
            }
            P::ShortestPath(shortest) => {
                let input = next()?;
                Box::new(operator::ShortestPath::new(shortest, input)?)
            }
            P::StatefulShortestPath(path) => {
                let read = |slot| self.read.contains(&slot);
                Box::new(operator::StatefulShortestPath::new(path, next, &read)?)
            }
            P::Filter { predicate, .. } => {
                Box::new(operator::Filter::new(next()?, Compiled::new(predicate)?))
            }
            P::Project { items, keep_input, .. } => {
                Box::new(operator::Project::new(next()?, Compiled::items(items)?, *keep_input))
            }
            P::Unwind { list, slot, .. } => {
                Box::new(operator::Unwind::new(next()?, Compiled::new(list)?, *slot))
            }
            P::Aggregate { keys, aggregates, .. } => {
                Box::new(operator::Aggregate::new(next()?, Compiled::items(keys)?, aggregates)?)
            }
            P::Distinct { slots, .. } => Box::new(operator::Distinct::new(next()?, slots.clone())),
            P::Sort { by, .. } => Box::new(operator::Sort::new(next()?, by)?),
            P::Top { by, skip, limit, .. } => {
                let skip = skip.as_ref().map(Compiled::new).transpose()?;
                Box::new(operator::Sort::first(next()?, by, skip, Compiled::new(limit)?)?)
            }
            P::Skip { count, .. } => Box::new(operator::Skip::new(next()?, Compiled::new(count)?)),
            P::Limit { count, exhaust, .. } => {
                Box::new(operator::Limit::new(next()?, Compiled::new(count)?, *exhaust))
            }
            P::Eager { .. } => Box::new(operator::Eager::new(next()?)),
            P::Union { inputs, slots } => {
                let inputs = inputs
                    .iter()
                    .map(|(_, from)| Ok((next()?, from.clone())))
                    .collect::<Result<_>>()?;
                Box::new(operator::Union::new(inputs, slots.clone()))
            }
            P::CartesianProduct { .. } => {
                Box::new(operator::CartesianProduct::new(next()?, next()?))
            }
            P::HashJoin { keys, .. } => {
                let inputs = (next()?, next()?);
                let left_keys =
                    keys.iter().map(|(l, _)| Compiled::new(l)).collect::<Result<_>>()?;
                let right_keys =
                    keys.iter().map(|(_, r)| Compiled::new(r)).collect::<Result<_>>()?;
                Box::new(operator::HashJoin::new(inputs, left_keys, right_keys))
            }
            P::Apply(apply) => {
                let input = next()?;
                let inner = next()?;
                Box::new(operator::Apply::new(apply, input, inner))
            }
            P::Load { clause, .. } => Box::new(operator::Load::new(next()?, clause)?),
            P::TransactionApply(apply) => {
                let input = next()?;
                let inner = next()?;
                Box::new(operator::TransactionApply::new(apply, input, inner)?)
            }
            P::Create { pattern, .. } => Box::new(operator::Create::new(next()?, pattern)?),
            P::Merge(merge) => {
                let input = next()?;
                let matching = next()?;
                Box::new(operator::Merge::new(merge, input, matching)?)
            }
            P::Update { items, .. } => Box::new(operator::Update::new(next()?, items)?),
            P::Delete { targets, detach, .. } => {
                Box::new(operator::Delete::new(next()?, Compiled::all(targets)?, *detach))
            }
            P::Foreach { slot, list, body: plan, .. } => {
                let input = next()?;
                let body = (next()?, &**plan);
                Box::new(operator::Foreach::new(input, *slot, Compiled::new(list)?, body))
            }
            P::ProcedureCall { procedure, arguments, yields, void, .. } => {
                Box::new(operator::ProcedureCall::new(
                    next()?,
                    procedure.clone(),
                    Compiled::all(arguments)?,
                    yields.clone(),
                    *void,
                ))
            }
            P::Schema(command) => Box::new(operator::Schema::new(command)?),
            P::ProduceResults { columns, .. } => Box::new(operator::ProduceResults::new(
                next()?,
                columns.iter().map(|(_, slot)| *slot).collect(),
            )),
            P::EmptyResult { .. } => Box::new(operator::EmptyResult::new(next()?)),
        })
    }
}

/// Counts what an operator gives, and the time within it and below.
struct Profiled {
    operator: Box<dyn Operator>,
    number: usize,
}

impl Operator for Profiled {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let start = Instant::now();
        let batch = self.operator.next(ctx)?;
        if ctx.profile.len() <= self.number {
            ctx.profile.resize(self.number + 1, OperatorProfile::default());
        }
        if let Some(profile) = ctx.profile.get_mut(self.number) {
            profile.nanos += start.elapsed().as_nanos() as u64;
            if let Some(batch) = &batch {
                profile.rows += batch.row_count();
                profile.batches += 1;
            }
        }
        Ok(batch)
    }

    fn reset(&mut self) {
        self.operator.reset();
    }
}
