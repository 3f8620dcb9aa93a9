//! Distinct: each combination of values once.

use crate::bound::Slot;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;

use super::grouping::Groups;
use super::{Held, Input, Operator};

/// One row per distinct combination of some variables, which are all that stays.
pub(crate) struct Distinct {
    input: Input,
    slots: Vec<Slot>,
    seen: Groups,
    held: Held,
}

impl Distinct {
    pub(crate) fn new(input: Input, slots: Vec<Slot>) -> Self {
        Self { input, slots, seen: Groups::default(), held: Held::default() }
    }
}

impl Operator for Distinct {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        while let Some(batch) = self.input.next(ctx)? {
            ctx.check_limits()?;
            let columns =
                self.slots.iter().map(|slot| batch.column(*slot)).collect::<Result<Vec<_>>>()?;
            let mut next = self.seen.len() as u32;
            let numbers =
                self.seen.assign(&columns, batch.len(), &|more| ctx.check_memory(more))?;
            self.held.grow_to(ctx, self.seen.bytes())?;
            let mut fresh = Vec::new();
            for (row, number) in numbers.iter().enumerate() {
                if *number == next {
                    fresh.push(row as u32);
                    next += 1;
                }
            }
            if fresh.is_empty() {
                continue;
            }
            let mut distinct = Batch::empty(fresh.len());
            for (slot, column) in self.slots.iter().zip(columns) {
                distinct.set(*slot, column.gather(&fresh));
            }
            return Ok(Some(distinct));
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.seen = Groups::default();
        self.held = Held::default();
        self.input.reset();
    }
}
