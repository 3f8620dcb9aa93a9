//! ProcedureCall.

use crate::bound::Slot;
use crate::error::Error;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::executor::expression::evaluate_all;
use crate::function::ProcedureHandle;
use crate::function::guarded;
use crate::meter;
use crate::value::ColumnBuilder;
use crate::value::Value;

use super::{Held, Input, Operator, Pieces};

/// Calls a procedure for each row.
pub(crate) struct ProcedureCall {
    input: Input,
    procedure: ProcedureHandle,
    arguments: Vec<Compiled>,
    yields: Vec<(usize, Slot)>,
    void: bool,
    given: Pieces,
    held: Held,
}

impl ProcedureCall {
    pub(crate) fn new(
        input: Input,
        procedure: ProcedureHandle,
        arguments: Vec<Compiled>,
        yields: Vec<(usize, Slot)>,
        void: bool,
    ) -> Self {
        Self {
            input,
            procedure,
            arguments,
            yields,
            void,
            given: Pieces::default(),
            held: Held::default(),
        }
    }

    fn call(&self, batch: &Batch, ctx: &Context) -> Result<Batch> {
        let columns = evaluate_all(&self.arguments, batch, ctx)?;
        let mut parents = Vec::new();
        let mut builders: Vec<ColumnBuilder> =
            self.yields.iter().map(|_| ColumnBuilder::default()).collect();
        for row in 0..batch.len() {
            ctx.check_limits()?;
            let arguments: Vec<Value> = columns.iter().map(|c| c.get(row)).collect();
            let procedure = &self.procedure.0;
            let call = || procedure.call(&ctx.for_functions(), &arguments);
            let rows = guarded("procedure", procedure.signature(), call)?;
            let made = rows.iter().flatten().map(Value::held_bytes);
            let width = rows.first().map_or(0, Vec::len) * size_of::<Value>() + 24;
            ctx.check_memory(made.fold((rows.len() * width) as u64, u64::saturating_add))?;
            if self.void {
                parents.push(row as u32);
                continue;
            }
            for found in rows {
                meter::step(1)?;
                parents.push(row as u32);
                for (builder, (column, _)) in builders.iter_mut().zip(&self.yields) {
                    let value = found.get(*column).cloned().ok_or_else(|| {
                        let name = &self.procedure.0.signature().name;
                        Error::internal(format!("procedure `{name}` left out column {column}"))
                    })?;
                    builder.push(value);
                }
            }
        }
        let mut called = batch.select(parents);
        if !self.void {
            for (builder, (_, slot)) in builders.into_iter().zip(&self.yields) {
                called.set(*slot, builder.finish());
            }
        }
        Ok(called)
    }
}

impl Operator for ProcedureCall {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let Some(piece) = self.given.next(ctx) {
                return Ok(Some(piece));
            }
            let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
            let called = self.call(&batch, ctx)?;
            if !called.is_empty() {
                self.held = Held::default();
                self.held.add_batch(ctx, &called)?;
                self.given = Pieces::new(vec![called]);
            }
        }
    }

    fn reset(&mut self) {
        self.given = Pieces::default();
        self.held = Held::default();
        self.input.reset();
    }
}
