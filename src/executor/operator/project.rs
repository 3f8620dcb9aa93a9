//! Filter, Project: rows to rows.

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;

use super::{Input, Operator};

/// The rows for which a predicate is true.
pub(crate) struct Filter {
    input: Input,
    predicate: Compiled,
}

impl Filter {
    pub(crate) fn new(input: Input, predicate: Compiled) -> Self {
        Self { input, predicate }
    }
}

impl Operator for Filter {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        while let Some(batch) = self.input.next(ctx)? {
            ctx.check_limits()?;
            let rows = self.predicate.true_rows(&batch, ctx)?;
            if rows.len() == batch.len() {
                return Ok(Some(batch));
            }
            if !rows.is_empty() {
                return Ok(Some(batch.select(rows)));
            }
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.input.reset();
    }
}

/// New variables.
pub(crate) struct Project {
    input: Input,
    items: Vec<(Slot, Compiled)>,
    keep_input: bool,
}

impl Project {
    pub(crate) fn new(input: Input, items: Vec<(Slot, Compiled)>, keep_input: bool) -> Self {
        Self { input, items, keep_input }
    }
}

impl Operator for Project {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
        let mut projected = if self.keep_input { batch.clone() } else { batch.bare() };
        let mut bytes = 0;
        for (slot, expression) in &self.items {
            match expression.as_variable() {
                // What is only passed on is not gathered for it.
                Some(from) => projected.alias(&batch, from, *slot)?,
                None => {
                    let column = expression.evaluate(&batch, ctx)?;
                    bytes = column.held_bytes().saturating_add(bytes);
                    ctx.check_memory(bytes)?;
                    projected.set(*slot, column);
                }
            }
        }
        Ok(Some(projected))
    }

    fn reset(&mut self) {
        self.input.reset();
    }
}
