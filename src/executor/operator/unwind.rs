//! Unwind: lists to rows.

use std::sync::Arc;

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::function::Range;
use crate::value::ColumnBuilder;
use crate::value::Value;

use super::{Held, Input, Operator};

/// One row per element of a list. `range()` is counted, and never made a list.
pub(crate) struct Unwind {
    input: Input,
    list: Compiled,
    slot: Slot,
    current: Option<Unwound>,
}

/// The work on one batch of input.
struct Unwound {
    batch: Batch,
    /// The elements of each of its rows.
    elements: Vec<Elements>,
    row: usize,
    /// The next element of the row.
    next: u64,
    /// For lists that were made to be unwound.
    _held: Held,
}

/// The elements of a row.
enum Elements {
    List(Arc<Vec<Value>>),
    Range(Range),
}

impl Elements {
    fn of(value: Value) -> Self {
        match value {
            Value::Null => Elements::List(Arc::default()),
            Value::List(items) => Elements::List(items),
            // Anything else is a list of itself, as in Neo4j.
            other => Elements::List(Arc::new(vec![other])),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Elements::List(items) => items.len() as u64,
            Elements::Range(range) => range.count(),
        }
    }

    fn get(&self, at: u64) -> Value {
        match self {
            Elements::List(items) => items.get(at as usize).cloned().unwrap_or_default(),
            Elements::Range(range) => Value::Integer(range.get(at)),
        }
    }
}

impl Unwind {
    pub(crate) fn new(input: Input, list: Compiled, slot: Slot) -> Self {
        Self { input, list, slot, current: None }
    }

    fn elements(&self, batch: &Batch, held: &mut Held, ctx: &Context) -> Result<Vec<Elements>> {
        let Some(arguments) = self.list.as_range() else {
            let lists = self.list.evaluate(batch, ctx)?;
            if self.list.as_variable().is_none() {
                held.add(ctx, lists.held_bytes())?;
            }
            return Ok(lists.iter().map(Elements::of).collect());
        };
        let columns =
            arguments.iter().map(|e| e.evaluate(batch, ctx)).collect::<Result<Vec<_>>>()?;
        let of_row = |row| {
            let values: Vec<Value> = columns.iter().map(|column| column.get(row)).collect();
            if values.iter().any(|value| matches!(value, Value::Null)) {
                return Ok(Elements::of(Value::Null));
            }
            Range::of(&values).map(Elements::Range).map_err(|error| error.at(self.list.span()))
        };
        (0..batch.len()).map(of_row).collect()
    }
}

impl Operator for Unwind {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if self.current.is_none() {
                let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
                let mut held = Held::default();
                let elements = self.elements(&batch, &mut held, ctx)?;
                self.current = Some(Unwound { batch, elements, row: 0, next: 0, _held: held });
            }
            let Some(current) = &mut self.current else { continue };
            let mut parents = Vec::new();
            let mut values = ColumnBuilder::default();
            while let Some(elements) = current.elements.get(current.row)
                && parents.len() < ctx.batch_rows()
            {
                let room = (ctx.batch_rows() - parents.len()) as u64;
                let end = elements.len().min(current.next.saturating_add(room));
                for at in current.next..end {
                    values.push(elements.get(at));
                    parents.push(current.row as u32);
                }
                current.next = end;
                if end >= elements.len() {
                    current.row += 1;
                    current.next = 0;
                }
            }
            if parents.is_empty() {
                self.current = None;
                continue;
            }
            ctx.check_limits()?;
            let mut unwound = current.batch.select(parents);
            unwound.set(self.slot, values.finish());
            return Ok(Some(unwound));
        }
    }

    fn reset(&mut self) {
        self.current = None;
        self.input.reset();
    }
}
