//! Apply: a plan for the rows of another.

use std::sync::Arc;

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::plan::ApplyKind;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Value;

use super::{Input, Operator};

/// Runs an inner plan for outer rows: for a whole batch at once where a hidden slot numbers the rows,
/// else row by row.
pub(crate) struct Apply {
    input: Input,
    inner: Input,
    kind: ApplyKind,
    row: Option<Slot>,
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
    running: bool,
}

impl Apply {
    pub(crate) fn new(input: Input, inner: Input, kind: ApplyKind, row: Option<Slot>) -> Self {
        Self { input, inner, kind, row, current: None }
    }

    /// The next inner rows beside the outer row of each.
    fn next_inner(&mut self, ctx: &mut Context) -> Result<Option<(Vec<u32>, Batch)>> {
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
                outer.argument = outer.batch.slice(outer.start, outer.end);
                if let Some(slot) = self.row {
                    let numbers = (0..outer.argument.len() as i64).collect();
                    outer.argument.set(slot, Column::integers(numbers));
                }
            }
            let argument = outer.argument.clone();
            let found = ctx.with_argument(argument, |ctx| self.inner.next(ctx))?;
            let Some(inner) = found.map(Batch::expand_counts) else {
                outer.running = false;
                continue;
            };
            let rows: Vec<u32> = match self.row {
                Some(slot) => {
                    let column = inner.column(slot)?;
                    column
                        .iter()
                        .map(|v| if let Value::Integer(i) = v { i as u32 } else { 0 })
                        .collect()
                }
                None => vec![outer.start as u32; inner.len()],
            };
            for row in &rows {
                if let Some(seen) = outer.seen.get_mut(*row as usize) {
                    *seen = true;
                }
            }
            return Ok(Some((rows, inner)));
        }
    }

    /// Runs the inner plan to its end for the batch at hand.
    fn drain_inner(
        &mut self,
        ctx: &mut Context,
        mut each: impl FnMut(&[u32], &Batch) -> Result<()>,
    ) -> Result<()> {
        while let Some((rows, inner)) = self.next_inner(ctx)? {
            each(&rows, &inner)?;
        }
        Ok(())
    }

    /// Inner rows beside their outer rows.
    fn joined(outer: &Batch, rows: Vec<u32>, inner: &Batch) -> Batch {
        let all = (0..inner.len() as u32).collect();
        outer.zip(rows, inner, all)
    }

    /// The rows of the batch at hand that had an inner row, or had none.
    fn seen_rows(outer: &Outer, wanted: bool) -> Vec<u32> {
        let rows = outer.seen.iter().enumerate().filter(|(_, seen)| **seen == wanted);
        rows.map(|(row, _)| row as u32).collect()
    }

    /// What a batch of outer rows becomes for the kinds that give each of them at most once.
    fn finish_batch(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let len = self.current.as_ref().map_or(0, |outer| outer.batch.len());
        match self.kind.clone() {
            ApplyKind::Inner | ApplyKind::Optional(_) => Ok(None),
            ApplyKind::ForEffect => {
                self.drain_inner(ctx, |_, _| Ok(()))?;
                Ok(self.current.take().map(|outer| outer.batch))
            }
            kind @ (ApplyKind::Semi | ApplyKind::AntiSemi) => {
                self.drain_inner(ctx, |_, _| Ok(()))?;
                let wanted = matches!(kind, ApplyKind::Semi);
                Ok(self
                    .current
                    .take()
                    .map(|outer| outer.batch.select(Self::seen_rows(&outer, wanted))))
            }
            ApplyKind::Exists(slot) => {
                self.drain_inner(ctx, |_, _| Ok(()))?;
                Ok(self.current.take().map(|mut outer| {
                    outer.batch.set(slot, Column::booleans(outer.seen));
                    outer.batch
                }))
            }
            ApplyKind::Count(slot) => {
                let mut counts = vec![0i64; len];
                self.drain_inner(ctx, |rows, _| {
                    rows.iter().for_each(|row| counts[*row as usize] += 1);
                    Ok(())
                })?;
                Ok(self.current.take().map(|mut outer| {
                    outer.batch.set(slot, Column::integers(counts));
                    outer.batch
                }))
            }
            ApplyKind::Collect { slot, of } => {
                let mut lists: Vec<Vec<Value>> = vec![Vec::new(); len];
                self.drain_inner(ctx, |rows, inner| {
                    for (row, value) in rows.iter().zip(inner.column(of)?.iter()) {
                        lists[*row as usize].push(value);
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

impl Operator for Apply {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if self.current.is_none() {
                let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
                let batch = batch.expand_counts();
                let seen = vec![false; batch.len()];
                let argument = Batch::empty(0);
                self.current =
                    Some(Outer { batch, argument, start: 0, end: 0, seen, running: false });
            }
            if !matches!(self.kind, ApplyKind::Inner | ApplyKind::Optional(_)) {
                match self.finish_batch(ctx)? {
                    Some(batch) if batch.is_empty() => continue,
                    found => return Ok(found),
                }
            }
            if let Some((rows, inner)) = self.next_inner(ctx)? {
                if let (Some(outer), false) = (&self.current, inner.is_empty()) {
                    return Ok(Some(Self::joined(&outer.batch, rows, &inner)));
                }
                continue;
            }
            let Some(outer) = self.current.take() else { continue };
            if let ApplyKind::Optional(slots) = &self.kind {
                let mut unmatched = outer.batch.select(Self::seen_rows(&outer, false));
                if !unmatched.is_empty() {
                    for slot in slots {
                        unmatched.set(*slot, Column::nulls(unmatched.len()));
                    }
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
