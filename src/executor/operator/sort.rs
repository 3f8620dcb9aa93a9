//! Sort and Top: rows in order.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::meter;
use crate::plan;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;
use crate::value::ordering;

use super::scan::row_count;
use super::{Held, Input, Operator, Pieces, Uncounted, drain_joined, joined};

/// All rows in order, or the first of them.
pub(crate) struct Sort {
    input: Input,
    by: Vec<(Compiled, bool)>,
    /// How many rows are asked for, and before them skipped.
    first: Option<(Option<Compiled>, Compiled)>,
    result: Option<Pieces>,
    held: Held,
}

/// The values of a sort key, in a form that compares fast.
enum Key {
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Strings(Vec<Arc<str>>),
    Values(Vec<Value>),
}

impl Key {
    fn new(column: &Column) -> Self {
        match column.data() {
            _ if column.validity().is_some() => Key::Values(column.iter().collect()),
            ColumnData::Integer(values) => Key::Integers(values.to_vec()),
            ColumnData::Float(values) if !values.iter().any(|x| x.is_nan()) => {
                Key::Floats(values.to_vec())
            }
            ColumnData::String(values) => Key::Strings(values.to_vec()),
            _ => Key::Values(column.iter().collect()),
        }
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Key::Integers(v) => v[a].cmp(&v[b]),
            // No NaN among them, and the two zeros are equal.
            Key::Floats(v) => v[a].partial_cmp(&v[b]).unwrap_or(Ordering::Equal),
            Key::Strings(v) => v[a].cmp(&v[b]),
            Key::Values(v) => ordering::order(&v[a], &v[b]),
        }
    }
}

impl Sort {
    pub(crate) fn first(
        input: Input,
        by: &[plan::SortKey],
        skip: Option<Compiled>,
        limit: Compiled,
    ) -> Result<Self> {
        Ok(Self { first: Some((skip, limit)), ..Self::new(input, by)? })
    }

    pub(crate) fn new(input: Input, by: &[plan::SortKey]) -> Result<Self> {
        let by = by
            .iter()
            .map(|key| Ok((Compiled::new(&key.expression)?, key.descending)))
            .collect::<Result<_>>()?;
        let input = Box::new(Uncounted::new(input));
        Ok(Self { input, by, first: None, result: None, held: Held::default() })
    }

    fn sorted(&self, batch: Batch, limit: usize, ctx: &Context) -> Result<Batch> {
        // Where there are no rows there may be no columns to compute keys from.
        if batch.is_empty() {
            return Ok(batch);
        }
        // A copy of each key, the places of the rows, and half as many again while they are merged.
        let width = 32 * self.by.len() as u64 + 8;
        ctx.check_memory(width * batch.len() as u64)?;
        let keys = self
            .by
            .iter()
            .map(|(key, descending)| Ok((Key::new(&key.evaluate(&batch, ctx)?), *descending)))
            .collect::<Result<Vec<_>>>()?;
        let mut rows: Vec<u32> = (0..batch.len() as u32).collect();
        // Rows that compare equal stay in the order they came in.
        rows.sort_by(meter::stepped(|a: &u32, b: &u32| {
            keys.iter()
                .map(|(key, descending)| {
                    let order = key.compare(*a as usize, *b as usize);
                    if *descending { order.reverse() } else { order }
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        }));
        rows.truncate(limit);
        Ok(batch.select(rows))
    }

    fn run(&mut self, ctx: &mut Context) -> Result<Batch> {
        let Some((skip, limit)) = &self.first else {
            let all = drain_joined(&mut self.input, ctx, &mut self.held)?;
            return self.sorted(all, usize::MAX, ctx);
        };
        let skip = skip.as_ref().map_or(Ok(0), |skip| row_count(skip, "SKIP", ctx))?;
        let limit = skip.saturating_add(row_count(limit, "LIMIT", ctx)?);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut best: Vec<Batch> = Vec::new();
        let mut held = 0;
        while let Some(batch) = self.input.next(ctx)? {
            ctx.check_limits()?;
            if batch.is_empty() {
                continue;
            }
            held += batch.len();
            let batch = batch.compact();
            self.held.add_batch(ctx, &batch)?;
            best.push(batch);
            // Cut now and then, so that memory follows the limit and not the input.
            if held > limit.saturating_mul(2).saturating_add(4 * ctx.batch_rows()) {
                let all = joined(std::mem::take(&mut best), ctx, &mut self.held)?;
                let cut = self.sorted(all, limit, ctx)?.compact();
                held = cut.len();
                self.held = Held::default();
                self.held.add_batch(ctx, &cut)?;
                best.push(cut);
            }
        }
        let all = joined(best, ctx, &mut self.held)?;
        self.sorted(all, limit, ctx)
    }
}

impl Operator for Sort {
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
