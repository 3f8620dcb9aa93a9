//! Uncounted: rows as often as they count, for operators that look at each by itself.

use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::batch::Repeated;

use super::{Input, Operator};

/// The rows of its input, each standing for itself. No operator of a plan: it comes between two of them, and a row
/// may count more often than memory has room for.
pub(crate) struct Uncounted {
    input: Input,
    rows: Repeated,
}

impl Uncounted {
    pub(crate) fn new(input: Input) -> Self {
        Self { input, rows: Repeated::default() }
    }
}

impl Operator for Uncounted {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let Some(batch) = self.rows.next() {
                return Ok(Some(batch));
            }
            ctx.check_limits()?;
            match self.input.next(ctx)? {
                Some(batch) => self.rows = batch.repeated(ctx.batch_rows()),
                None => return Ok(None),
            }
        }
    }

    fn reset(&mut self) {
        self.rows = Repeated::default();
        self.input.reset();
    }
}
