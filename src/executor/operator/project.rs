//! Filter, Project, Unwind: rows to rows.

use std::sync::Arc;

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Value;

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

/// One row per element of a list.
pub(crate) struct Unwind {
    input: Input,
    list: Compiled,
    slot: Slot,
    current: Option<(Batch, Column, usize, usize)>,
}

impl Unwind {
    pub(crate) fn new(input: Input, list: Compiled, slot: Slot) -> Self {
        Self { input, list, slot, current: None }
    }
}

impl Operator for Unwind {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if self.current.is_none() {
                let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
                let lists = self.list.evaluate(&batch, ctx)?;
                self.current = Some((batch, lists, 0, 0));
            }
            let Some((batch, lists, row, element)) = &mut self.current else { continue };
            let mut parents = Vec::new();
            let mut elements = ColumnBuilder::default();
            while *row < batch.len() && parents.len() < ctx.batch_rows() {
                let items = match lists.get(*row) {
                    Value::Null => Arc::new(Vec::new()),
                    Value::List(items) => items,
                    // Anything else is a list of itself, as in Neo4j.
                    other => Arc::new(vec![other]),
                };
                let end = items.len().min(*element + ctx.batch_rows() - parents.len());
                for item in items.get(*element..end).unwrap_or_default() {
                    elements.push(item.clone());
                    parents.push(*row as u32);
                }
                *element = end;
                if end >= items.len() {
                    *row += 1;
                    *element = 0;
                }
            }
            if parents.is_empty() {
                self.current = None;
                continue;
            }
            ctx.check_limits()?;
            let mut unwound = batch.select(parents);
            unwound.set(self.slot, elements.finish());
            return Ok(Some(unwound));
        }
    }

    fn reset(&mut self) {
        self.current = None;
        self.input.reset();
    }
}
