//! Apply: a plan for the rows of another.

use std::sync::Arc;

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::plan;
use crate::plan::ApplyKind;
use crate::plan::Plan;
use crate::value::Bitmap;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Value;
use crate::value::allocation::{vec_bytes, vec_growth};

use super::{Held, Input, Operator, Uncounted, numbers};

/// Runs an inner plan for outer rows: for a whole batch at once where a hidden slot numbers the rows,
/// else row by row.
pub(crate) struct Apply {
    input: Input,
    inner: Input,
    kind: ApplyKind,
    row: Option<Slot>,
    /// Whether inner rows come in the order of their outer rows.
    ordered: bool,
    current: Option<Outer>,
}

/// The outer rows at hand.
struct Outer {
    batch: Batch,
    /// What the inner plan sees now: all of the batch, or a single row.
    argument: Batch,
    start: usize,
    end: usize,
    /// Which rows of the batch had an inner row.
    seen: Vec<bool>,
    unseen: usize,
    running: bool,
    /// Rows before this one are given or decided.
    decided: usize,
}

/// Inner rows, and the outer row of each.
type Found = (Vec<u32>, Batch);

impl Apply {
    pub(crate) fn new(plan: &plan::Apply, mut input: Input, mut inner: Input) -> Self {
        use ApplyKind as K;
        // What asks only whether there is a row carries the counts along; what may have effects has them for
        // each row.
        if !matches!(plan.kind, K::Semi | K::AntiSemi | K::Exists(_)) {
            input = Box::new(Uncounted::new(input));
        }
        if matches!(plan.kind, K::Collect { .. } | K::Optional(_)) {
            inner = Box::new(Uncounted::new(inner));
        }
        let ordered = plan.row.is_none() || keeps_order(&plan.inner);
        Self { input, inner, kind: plan.kind.clone(), row: plan.row, ordered, current: None }
    }

    /// The next inner rows beside the outer row of each.
    fn next_inner(&mut self, ctx: &mut Context) -> Result<Option<Found>> {
        let Some(outer) = &mut self.current else { return Ok(None) };
        loop {
            if !outer.running {
                if outer.end >= outer.batch.len() {
                    return Ok(None);
                }
                ctx.check_limits()?;
                outer.start = outer.end;
                outer.end = if self.row.is_some() { outer.batch.len() } else { outer.start + 1 };
                outer.running = true;
                self.inner.reset();
                outer.argument = outer.batch.slice(outer.start, outer.end).without_counts();
                if let Some(slot) = self.row {
                    let numbers = (0..outer.argument.len() as i64).collect();
                    outer.argument.set(slot, Column::integers(numbers));
                }
            }
            let argument = outer.argument.clone();
            let found = ctx.with_argument(argument, |ctx| self.inner.next(ctx))?;
            let Some(inner) = found else {
                outer.running = false;
                continue;
            };
            let rows: Vec<u32> = match self.row {
                Some(slot) => numbers(&inner.column(slot)?),
                None => vec![outer.start as u32; inner.len()],
            };
            for row in &rows {
                if let Some(seen) = outer.seen.get_mut(*row as usize)
                    && !std::mem::replace(seen, true)
                {
                    outer.unseen -= 1;
                }
            }
            return Ok(Some((rows, inner)));
        }
    }

    /// As [`Apply::next_inner`], but a run for each single row must not make a batch for each.
    fn next_joint(&mut self, ctx: &mut Context) -> Result<Option<Found>> {
        if self.row.is_some() {
            return self.next_inner(ctx);
        }
        let (mut rows, mut batches) = (Vec::new(), Vec::new());
        while rows.len() < ctx.batch_rows()
            && let Some((some, batch)) = self.next_inner(ctx)?
        {
            if !batch.is_empty() {
                rows.extend(some);
                batches.push(batch);
            }
        }
        Ok((!rows.is_empty()).then(|| (rows, Batch::concat(batches))))
    }

    /// Runs the inner plan until it is known which rows of the batch at hand have an inner row.
    fn probe(&mut self, ctx: &mut Context) -> Result<()> {
        while self.next_inner(ctx)?.is_some() {
            let Some(outer) = &mut self.current else { break };
            if outer.unseen == 0 {
                break;
            }
            // A single row that has one is decided.
            if self.row.is_none() && outer.seen.get(outer.start) == Some(&true) {
                outer.running = false;
            }
        }
        Ok(())
    }

    /// Runs the inner plan to its end for the batch at hand.
    fn drain_inner(
        &mut self,
        ctx: &mut Context,
        mut each: impl FnMut(&[u32], &Batch, &Context) -> Result<()>,
    ) -> Result<()> {
        while let Some((rows, inner)) = self.next_inner(ctx)? {
            ctx.check_limits()?;
            each(&rows, &inner, ctx)?;
        }
        Ok(())
    }

    /// What a batch of outer rows becomes for the kinds that give each of them at most once.
    fn finish_batch(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let len = self.current.as_ref().map_or(0, |outer| outer.batch.len());
        match self.kind.clone() {
            ApplyKind::Inner | ApplyKind::Optional(_) => Ok(None),
            ApplyKind::ForEffect => {
                self.drain_inner(ctx, |_, _, _| Ok(()))?;
                Ok(self.current.take().map(|outer| outer.batch))
            }
            kind @ (ApplyKind::Semi | ApplyKind::AntiSemi) => {
                self.probe(ctx)?;
                let wanted = matches!(kind, ApplyKind::Semi);
                Ok(self.current.take().map(|outer| outer.batch.select(outer.rows(wanted))))
            }
            ApplyKind::Exists(slot) => {
                self.probe(ctx)?;
                Ok(self.current.take().map(|mut outer| {
                    outer.batch.set(slot, Column::booleans(outer.seen));
                    outer.batch
                }))
            }
            ApplyKind::Count(slot) => {
                let mut totals = vec![0i64; len];
                self.drain_inner(ctx, |rows, inner, _| {
                    for (at, row) in rows.iter().enumerate() {
                        let count = inner.counts().map_or(1, |counts| counts[at]);
                        let total = &mut totals[*row as usize];
                        *total = total.saturating_add_unsigned(count);
                    }
                    Ok(())
                })?;
                Ok(self.current.take().map(|mut outer| {
                    outer.batch.set(slot, Column::integers(totals));
                    outer.batch
                }))
            }
            ApplyKind::Collect { slot, of } => {
                let mut lists: Vec<Vec<Value>> = vec![Vec::new(); len];
                let mut held = Held::default();
                self.drain_inner(ctx, |rows, inner, ctx| {
                    let values = inner.column(of)?;
                    let mut last = 0;
                    for (at, (row, value)) in rows.iter().zip(values.iter()).enumerate() {
                        let list = &mut lists[*row as usize];
                        let growth = vec_growth(list, 1);
                        if growth > 0 {
                            ctx.check_memory(growth)?;
                        }
                        let before = vec_bytes(list);
                        list.push(value);
                        let more = vec_bytes(list) - before;
                        held.add(ctx, values.held_by_row(at, &mut last).saturating_add(more))?;
                    }
                    Ok(())
                })?;
                let mut column = ColumnBuilder::default();
                lists.into_iter().for_each(|list| column.push(Value::List(Arc::new(list))));
                Ok(self.current.take().map(|mut outer| {
                    outer.batch.set(slot, column.finish());
                    outer.batch
                }))
            }
        }
    }
}

impl Outer {
    fn new(batch: Batch) -> Self {
        let len = batch.len();
        Self {
            batch,
            argument: Batch::empty(0),
            start: 0,
            end: 0,
            seen: vec![false; len],
            unseen: len,
            running: false,
            decided: 0,
        }
    }

    /// The rows that had an inner row, or had none.
    fn rows(&self, seen: bool) -> Vec<u32> {
        let rows = self.seen.iter().enumerate().filter(|(_, s)| **s == seen);
        rows.map(|(row, _)| row as u32).collect()
    }

    /// Inner rows beside their outer rows.
    fn joined(&self, rows: Vec<u32>, inner: &Batch) -> Batch {
        let all = (0..inner.len() as u32).collect();
        self.batch.zip(rows, inner, all)
    }

    /// Inner rows beside their outer rows, and among them, in order, the outer rows before them that
    /// have none, with `slots` null.
    fn joined_optionally(
        &mut self,
        rows: Vec<u32>,
        inner: &Batch,
        slots: &[Slot],
    ) -> Result<Batch> {
        let last = rows.last().map_or(0, |row| *row as usize);
        if self.seen.iter().take(last).skip(self.decided).all(|seen| *seen) {
            self.decided = last;
            return Ok(self.joined(rows, inner));
        }
        let mut outer_rows = Vec::with_capacity(rows.len());
        let mut inner_rows: Vec<Option<u32>> = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            while self.decided < *row as usize {
                if self.seen.get(self.decided) == Some(&false) {
                    outer_rows.push(self.decided as u32);
                    inner_rows.push(None);
                }
                self.decided += 1;
            }
            outer_rows.push(*row);
            inner_rows.push(Some(at as u32));
        }
        let mut batch = self.batch.select(outer_rows);
        // What nothing reads was not made.
        for slot in slots.iter().filter(|slot| inner.has(**slot)) {
            batch.set(*slot, gather_optional(&inner.column(*slot)?, &inner_rows));
        }
        Ok(batch)
    }

    /// The outer rows without inner rows that were not given yet, with `slots` null.
    fn unmatched(&self, slots: &[Slot]) -> Batch {
        let rows = self.rows(false);
        let rows = rows.into_iter().filter(|row| *row as usize >= self.decided).collect();
        let mut unmatched = self.batch.select(rows);
        for slot in slots {
            unmatched.set(*slot, Column::nulls(unmatched.len()));
        }
        unmatched
    }
}

/// The rows of a column that is not empty, with null where there is none.
fn gather_optional(column: &Column, rows: &[Option<u32>]) -> Column {
    if column.as_constant().is_some() || column.as_values().is_some() {
        let value = |row: &Option<u32>| row.map_or(Value::Null, |row| column.get(row as usize));
        return Column::from_values(rows.iter().map(value));
    }
    let places: Vec<u32> = rows.iter().map(|row| row.unwrap_or(0)).collect();
    let present: Bitmap =
        rows.iter().map(|row| row.is_some_and(|row| !column.is_null(row as usize))).collect();
    column.gather(&places).with_validity(present)
}

/// Whether the plan gives its rows in the order of the rows of its `Argument`.
fn keeps_order(plan: &Plan) -> bool {
    use plan::Operator as P;
    match &plan.operator {
        P::Argument => true,
        P::Expand(expand) => keeps_order(&expand.input),
        P::IndexSeek(seek) => seek.input.as_deref().is_some_and(keeps_order),
        P::ShortestPath(shortest) => keeps_order(&shortest.input),
        P::StatefulShortestPath(path) => keeps_order(&path.input),
        P::Merge(merge) => keeps_order(&merge.input),
        P::ExpandCount { input, .. }
        | P::Filter { input, .. }
        | P::Project { input, .. }
        | P::Unwind { input, .. }
        | P::Load { input, .. }
        | P::Aggregate { input, .. }
        | P::Distinct { input, .. }
        | P::Skip { input, .. }
        | P::Limit { input, .. }
        | P::Eager { input }
        | P::Create { input, .. }
        | P::Update { input, .. }
        | P::Delete { input, .. }
        | P::Foreach { input, .. }
        | P::ProcedureCall { input, .. } => keeps_order(input),
        P::CartesianProduct { left, .. } | P::HashJoin { left, .. } => keeps_order(left),
        P::Apply(apply) => {
            let inner = match apply.kind {
                ApplyKind::Inner | ApplyKind::Optional(_) => {
                    apply.row.is_none() || keeps_order(&apply.inner)
                }
                _ => true,
            };
            inner && keeps_order(&apply.input)
        }
        P::TransactionApply(_)
        | P::Unit
        | P::Schema(_)
        | P::AllNodesScan { .. }
        | P::NodeByLabelScan { .. }
        | P::NodeByIdSeek { .. }
        | P::RelationshipTypeScan { .. }
        | P::VarLengthExpand(_)
        | P::Repeat(_)
        | P::Sort { .. }
        | P::Top { .. }
        | P::Union { .. }
        | P::ProduceResults { .. }
        | P::EmptyResult { .. } => false,
    }
}

impl Operator for Apply {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if self.current.is_none() {
                let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
                self.current = Some(Outer::new(batch));
            }
            if !matches!(self.kind, ApplyKind::Inner | ApplyKind::Optional(_)) {
                match self.finish_batch(ctx)? {
                    Some(batch) if batch.is_empty() => continue,
                    found => return Ok(found),
                }
            }
            if let Some((rows, inner)) = self.next_joint(ctx)? {
                let Some(outer) = &mut self.current else { continue };
                if inner.is_empty() {
                    continue;
                }
                return match &self.kind {
                    ApplyKind::Optional(slots) if self.ordered => {
                        outer.joined_optionally(rows, &inner, slots).map(Some)
                    }
                    _ => Ok(Some(outer.joined(rows, &inner))),
                };
            }
            let Some(outer) = self.current.take() else { continue };
            if let ApplyKind::Optional(slots) = &self.kind {
                let unmatched = outer.unmatched(slots);
                if !unmatched.is_empty() {
                    return Ok(Some(unmatched));
                }
            }
        }
    }

    fn reset(&mut self) {
        self.current = None;
        self.input.reset();
    }
}
