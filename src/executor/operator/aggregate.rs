//! Aggregate: rows to groups.

use crate::bound::Slot;
use crate::error::Result;
use crate::error::Span;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::executor::expression::evaluate_all;
use crate::function::Accumulator;
use crate::plan;
use crate::value::Column;
use crate::value::Value;

use super::grouping::{Ask, Groups};
use super::{Held, Input, Operator, Pieces};

/// Groups of rows, with aggregates over each.
pub(crate) struct Aggregate {
    input: Input,
    keys: Vec<(Slot, Compiled)>,
    calls: Vec<Call>,
    result: Option<Pieces>,
    held: Held,
}

struct Call {
    slot: Slot,
    function: crate::function::Aggregate,
    arguments: Vec<Compiled>,
    distinct: bool,
    span: Span,
}

/// The state of one call while rows come in.
struct Running {
    accumulator: Box<dyn Accumulator>,
    /// With DISTINCT: which (group, arguments) were there already.
    seen: Groups,
}

impl Aggregate {
    pub(crate) fn new(
        input: Input,
        keys: Vec<(Slot, Compiled)>,
        aggregates: &[(Slot, plan::AggregateCall)],
    ) -> Result<Self> {
        let calls = aggregates
            .iter()
            .map(|(slot, call)| {
                Ok(Call {
                    slot: *slot,
                    function: call.function.clone(),
                    arguments: Compiled::all(&call.arguments)?,
                    distinct: call.distinct,
                    span: call.span,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { input, keys, calls, result: None, held: Held::default() })
    }

    fn run(&mut self, ctx: &mut Context) -> Result<Batch> {
        let mut groups = Groups::default();
        let mut running: Vec<Running> = self
            .calls
            .iter()
            .map(|call| Running {
                accumulator: call.function.accumulator(),
                seen: Groups::default(),
            })
            .collect();
        while let Some(batch) = self.input.next(ctx)? {
            ctx.check_limits()?;
            if batch.is_empty() {
                continue;
            }
            let keys: Vec<Column> =
                self.keys.iter().map(|(_, e)| e.evaluate(&batch, ctx)).collect::<Result<_>>()?;
            let ask = |more: u64| ctx.check_memory(more);
            let rows = groups.assign(&keys, batch.len(), &ask)?;
            for (call, state) in self.calls.iter().zip(&mut running) {
                let arguments = evaluate_all(&call.arguments, &batch, ctx)?;
                let updated = if call.distinct {
                    let grouped = !self.keys.is_empty();
                    state.update_distinct((&rows, grouped), groups.len(), &arguments, &ask)
                } else {
                    state.update(&rows, groups.len(), &arguments, batch.counts(), &ask)
                };
                updated.map_err(|error| error.at(call.span))?;
            }
            let bytes =
                |state: &Running| state.accumulator.held_bytes().saturating_add(state.seen.bytes());
            let all = running.iter().map(bytes).fold(groups.bytes(), u64::saturating_add);
            self.held.grow_to(ctx, all)?;
        }
        if self.keys.is_empty() {
            groups.make_single();
        }
        let count = groups.len();
        let columns = (self.keys.len() + self.calls.len()) as u64;
        self.held.add(ctx, GIVEN * columns * count as u64)?;
        let mut result = Batch::empty(count);
        if !self.keys.is_empty() {
            for ((slot, _), column) in self.keys.iter().zip(groups.keys(self.keys.len())) {
                result.set(*slot, column);
            }
        }
        for (call, state) in self.calls.iter().zip(&mut running) {
            let column = state.accumulator.finish(count).map_err(|error| error.at(call.span))?;
            result.set(call.slot, column);
        }
        Ok(result)
    }
}

/// What a key or the result of a call takes for a group when the groups are given.
const GIVEN: u64 = 3 * size_of::<Value>() as u64;

impl Running {
    fn update(
        &mut self,
        rows: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
        ask: Ask<'_>,
    ) -> Result<()> {
        ask(self.accumulator.growth(rows, group_count, counts))?;
        self.accumulator.update(rows, group_count, arguments, counts)
    }

    /// Passes on only the rows whose group and arguments were not there before.
    fn update_distinct(
        &mut self,
        (rows, grouped): (&[u32], bool),
        group_count: usize,
        arguments: &[Column],
        ask: Ask<'_>,
    ) -> Result<()> {
        let mut keys = Vec::with_capacity(arguments.len() + 1);
        // Without grouping keys the group need not be part of the key, which keeps the key typed.
        if grouped {
            keys.push(Column::integers(rows.iter().map(|g| i64::from(*g)).collect()));
        }
        keys.extend_from_slice(arguments);
        let known = self.seen.len();
        let numbers = self.seen.assign(&keys, rows.len(), ask)?;
        let mut fresh = Vec::new();
        let mut next = known as u32;
        for (row, number) in numbers.iter().enumerate() {
            if *number == next {
                fresh.push(row as u32);
                next += 1;
            }
        }
        let groups: Vec<u32> = fresh.iter().map(|row| rows[*row as usize]).collect();
        let arguments: Vec<Column> = arguments.iter().map(|c| c.gather(&fresh)).collect();
        self.update(&groups, group_count, &arguments, None, ask)
    }
}

impl Operator for Aggregate {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if self.result.is_none() {
            let result = self.run(ctx)?;
            self.result =
                Some(Pieces::new(if result.is_empty() { Vec::new() } else { vec![result] }));
        }
        Ok(self.result.as_mut().and_then(|pieces| pieces.next(ctx)))
    }

    fn reset(&mut self) {
        self.result = None;
        self.held = Held::default();
        self.input.reset();
    }
}
