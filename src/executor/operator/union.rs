//! Union, Eager, and the top of a plan.

use std::collections::VecDeque;

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;

use super::{Held, Input, Operator, Uncounted, drain};

/// The rows of all inputs, one after the other.
pub(crate) struct Union {
    inputs: Vec<(Input, Vec<Slot>)>,
    slots: Vec<Slot>,
    at: usize,
}

impl Union {
    pub(crate) fn new(inputs: Vec<(Input, Vec<Slot>)>, slots: Vec<Slot>) -> Self {
        Self { inputs, slots, at: 0 }
    }
}

impl Operator for Union {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        while let Some((input, from)) = self.inputs.get_mut(self.at) {
            match input.next(ctx)? {
                None => self.at += 1,
                Some(batch) => {
                    let mut renamed = batch.bare();
                    for (to, from) in self.slots.iter().zip(from) {
                        renamed.alias(&batch, *from, *to)?;
                    }
                    return Ok(Some(renamed));
                }
            }
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.at = 0;
        self.inputs.iter_mut().for_each(|(input, _)| input.reset());
    }
}

/// Drains its input before it gives the first row.
pub(crate) struct Eager {
    input: Input,
    rows: Option<VecDeque<Batch>>,
    held: Held,
}

impl Eager {
    pub(crate) fn new(input: Input) -> Self {
        Self { input, rows: None, held: Held::default() }
    }
}

impl Operator for Eager {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if self.rows.is_none() {
            self.rows = Some(drain(&mut self.input, ctx, &mut self.held)?.into());
        }
        Ok(self.rows.as_mut().and_then(VecDeque::pop_front))
    }

    fn reset(&mut self) {
        self.rows = None;
        self.held = Held::default();
        self.input.reset();
    }
}

/// The columns of the result.
pub(crate) struct ProduceResults {
    input: Input,
    slots: Vec<Slot>,
}

impl ProduceResults {
    pub(crate) fn new(input: Input, slots: Vec<Slot>) -> Self {
        Self { input: Box::new(Uncounted::new(input)), slots }
    }
}

impl Operator for ProduceResults {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        ctx.check_limits()?;
        let batch = self.input.next(ctx)?;
        Ok(batch.map(|batch| batch.keep(&self.slots)))
    }

    fn reset(&mut self) {
        self.input.reset();
    }
}

/// Runs its input for its effects and gives no row.
pub(crate) struct EmptyResult {
    input: Input,
}

impl EmptyResult {
    pub(crate) fn new(input: Input) -> Self {
        Self { input }
    }
}

impl Operator for EmptyResult {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        while self.input.next(ctx)?.is_some() {
            ctx.check_limits()?;
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.input.reset();
    }
}
