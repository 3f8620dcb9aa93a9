//! Create, Update, Delete, Foreach. Each drains its input first, so that nothing it does is seen
//! by what is below.

use std::collections::VecDeque;

use crate::bound::Independence;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::executor::BATCH_SIZE;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::graph::Direction;
use crate::graph::Neighbours;
use crate::plan;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::allocation::{vec_bytes, vec_growth};

use super::write::{Change, Creation, change_all, collect_targets};
use super::{Held, Input, Operator, drain};

/// Input batches, drained once, then given out one by one.
#[derive(Default)]
pub(super) struct Drained(pub(super) Option<VecDeque<Batch>>, pub(super) Held);

impl Drained {
    /// All batches, if they were not drained before.
    pub(super) fn fill(
        &mut self,
        input: &mut Input,
        ctx: &mut Context,
    ) -> Result<Option<Vec<Batch>>> {
        if self.0.is_some() {
            return Ok(None);
        }
        drain(input, ctx, &mut self.1).map(Some)
    }

    pub(super) fn next(&mut self) -> Option<Batch> {
        self.0.as_mut().and_then(VecDeque::pop_front)
    }
}

/// CREATE.
pub(crate) struct Create {
    input: Input,
    creation: Creation,
    rows: Drained,
}

impl Create {
    pub(crate) fn new(input: Input, pattern: &plan::CreatePattern) -> Result<Self> {
        Ok(Self { input, creation: Creation::new(pattern)?, rows: Drained::default() })
    }
}

impl Operator for Create {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if let Some(batches) = self.rows.fill(&mut self.input, ctx)? {
            let mut created = VecDeque::with_capacity(batches.len());
            for batch in batches {
                ctx.check_limits()?;
                created.push_back(self.creation.create(batch, ctx)?);
            }
            self.rows.0 = Some(created);
        }
        Ok(self.rows.next())
    }

    fn reset(&mut self) {
        self.rows = Drained::default();
        self.input.reset();
    }
}

/// SET and REMOVE.
pub(crate) struct Update {
    input: Input,
    changes: Vec<Change>,
    /// Whether each change can be made for all rows together.
    independence: Independence,
    rows: Drained,
}

impl Update {
    pub(crate) fn new(input: Input, items: &[plan::UpdateItem]) -> Result<Self> {
        let (independence, changes) = (Independence::of(items), Change::all(items)?);
        Ok(Self { input, changes, independence, rows: Drained::default() })
    }
}

impl Operator for Update {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if let Some(batches) = self.rows.fill(&mut self.input, ctx)? {
            for batch in &batches {
                ctx.check_limits()?;
                change_all(&self.changes, &self.independence, batch, ctx)?;
            }
            self.rows.0 = Some(batches.into());
        }
        Ok(self.rows.next())
    }

    fn reset(&mut self) {
        self.rows = Drained::default();
        self.input.reset();
    }
}

/// What a relationship takes that was found at a node, while more are looked for.
const FOUND: u64 = 60;

/// DELETE and DETACH DELETE.
pub(crate) struct Delete {
    input: Input,
    targets: Vec<Compiled>,
    detach: bool,
    rows: Drained,
}

impl Delete {
    pub(crate) fn new(input: Input, targets: Vec<Compiled>, detach: bool) -> Self {
        Self { input, targets, detach, rows: Drained::default() }
    }

    /// Deletes all relationships of some nodes.
    fn detach(&self, nodes: &[NodeId], ctx: &mut Context) -> Result<()> {
        let mut degrees = Vec::new();
        ctx.graph().degrees(nodes, Direction::Both, &[], &mut degrees)?;
        // A node may have very many: they are found for as many nodes at once as have no more than a few batches.
        let mut rest = nodes;
        let mut degrees = degrees.as_slice();
        while !rest.is_empty() {
            let mut found = 0u64;
            let fits = degrees.iter().take_while(|degree| {
                found = found.saturating_add(**degree);
                found <= 4 * BATCH_SIZE as u64
            });
            let count = fits.count().max(1);
            let bytes = degrees.iter().take(count).copied().sum::<u64>();
            ctx.check_memory(bytes.saturating_mul(FOUND))?;
            let (some, others) = rest.split_at(count.min(rest.len()));
            let mut neighbours = Neighbours::default();
            ctx.graph().expand(some, Direction::Both, &[], &mut neighbours)?;
            for some in neighbours.relationships.chunks(BATCH_SIZE) {
                delete_relationships(some, ctx)?;
            }
            rest = others;
            degrees = degrees.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn delete(&self, batches: &[Batch], ctx: &mut Context) -> Result<()> {
        let (mut nodes, mut relationships) = (Vec::new(), Vec::new());
        let mut held = Held::default();
        for batch in batches {
            for target in &self.targets {
                let values = target.evaluate(batch, ctx)?;
                ctx.check_memory(vec_growth(&nodes, values.len()))?;
                for value in values.iter() {
                    collect_targets(&value, &mut nodes, &mut relationships)
                        .map_err(|error| error.at(target.span()))?;
                }
                held.grow_to(ctx, vec_bytes(&nodes) + vec_bytes(&relationships))?;
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        for some in relationships.chunks(BATCH_SIZE) {
            delete_relationships(some, ctx)?;
        }
        if self.detach {
            for some in nodes.chunks(BATCH_SIZE) {
                self.detach(some, ctx)?;
            }
        }
        let mut connected = Vec::new();
        for some in nodes.chunks(BATCH_SIZE) {
            ctx.check_limits()?;
            let transaction = ctx.transaction()?;
            for node in some {
                if transaction.has_relationships(*node)? {
                    connected.push(*node);
                }
                transaction.delete_node(*node)?;
            }
            ctx.hold_written()?;
        }
        // A later clause may delete the relationships, so that only the end of the statement can tell.
        let span = self.targets.iter().map(Compiled::span).reduce(Span::to).unwrap_or_default();
        ctx.connected.extend(connected.into_iter().map(|node| (node, span)));
        Ok(())
    }
}

/// Deletes relationships that there may be no more.
fn delete_relationships(relationships: &[RelationshipId], ctx: &mut Context) -> Result<()> {
    ctx.check_limits()?;
    let transaction = ctx.transaction()?;
    for relationship in relationships {
        transaction.delete_relationship(*relationship)?;
    }
    ctx.hold_written()
}

impl Operator for Delete {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if let Some(batches) = self.rows.fill(&mut self.input, ctx)? {
            self.delete(&batches, ctx)?;
            self.rows.0 = Some(batches.into());
        }
        Ok(self.rows.next())
    }

    fn reset(&mut self) {
        self.rows = Drained::default();
        self.input.reset();
    }
}

/// FOREACH.
pub(crate) struct Foreach {
    input: Input,
    slot: Slot,
    list: Compiled,
    body: Input,
    /// Whether the body, a single clause, takes all elements of a list at once. Of several clauses all are run for an
    /// element before the first is for the next.
    together: bool,
    rows: Drained,
}

impl Foreach {
    pub(crate) fn new(
        input: Input,
        slot: Slot,
        list: Compiled,
        (body, plan): (Input, &plan::Plan),
    ) -> Self {
        let together = is_single_clause(plan);
        Self { input, slot, list, body, together, rows: Drained::default() }
    }

    fn run(&mut self, batch: &Batch, ctx: &mut Context) -> Result<()> {
        for row in 0..batch.len() {
            let one = batch.slice(row, row + 1);
            let items = match self.list.evaluate(&one, ctx)?.get(0) {
                Value::Null => continue,
                Value::List(items) => items,
                other => {
                    return Err(Error::type_error(
                        Detail::InvalidArgumentType,
                        format!("FOREACH expects a List, found {} `{other}`", other.type_name()),
                    )
                    .at(self.list.span()));
                }
            };
            // The list, and a row for each of its items.
            let mut held = Held::default();
            let own = 48 * items.len() as u64;
            let list = if self.list.as_variable().is_some() {
                0
            } else {
                Value::List(items.clone()).held_bytes()
            };
            held.add(ctx, own.saturating_add(list))?;
            let mut argument = one.select(vec![0; items.len()]);
            argument.set(self.slot, Column::from_values(items.iter().cloned()));
            let step = if self.together { argument.len().max(1) } else { 1 };
            for start in (0..argument.len()).step_by(step) {
                let some = argument.slice(start, (start + step).min(argument.len()));
                self.body.reset();
                ctx.with_argument(some, |ctx| {
                    while self.body.next(ctx)?.is_some() {
                        ctx.check_limits()?;
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

/// Whether a plan is one updating clause over its `Argument`.
fn is_single_clause(plan: &plan::Plan) -> bool {
    use plan::Operator as P;
    let input = match &plan.operator {
        P::Create { input, .. }
        | P::Update { input, .. }
        | P::Delete { input, .. }
        | P::Foreach { input, .. } => &input.operator,
        P::Merge(merge) => &merge.input.operator,
        _ => return false,
    };
    matches!(input, P::Argument)
}

impl Operator for Foreach {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if let Some(batches) = self.rows.fill(&mut self.input, ctx)? {
            for batch in &batches {
                self.run(batch, ctx)?;
            }
            self.rows.0 = Some(batches.into());
        }
        Ok(self.rows.next())
    }

    fn reset(&mut self) {
        self.rows = Drained::default();
        self.input.reset();
    }
}
