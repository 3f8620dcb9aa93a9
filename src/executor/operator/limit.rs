//! Skip and Limit.

use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;

use super::scan::row_count;
use super::{Input, Operator, Uncounted};

/// Leaves out the first rows.
pub(crate) struct Skip {
    input: Input,
    count: Compiled,
    left: Option<u64>,
}

impl Skip {
    pub(crate) fn new(input: Input, count: Compiled) -> Self {
        let input = Box::new(Uncounted::new(input));
        Self { input, count, left: None }
    }
}

impl Operator for Skip {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let mut left = match self.left {
            Some(left) => left,
            None => row_count(&self.count, "SKIP", ctx)?,
        };
        while let Some(batch) = self.input.next(ctx)? {
            let len = batch.len() as u64;
            if len > left {
                self.left = Some(0);
                return Ok(Some(batch.slice(left as usize, len as usize)));
            }
            left -= len;
            self.left = Some(left);
        }
        self.left = Some(left);
        Ok(None)
    }

    fn reset(&mut self) {
        self.left = None;
        self.input.reset();
    }
}

/// The first rows only.
pub(crate) struct Limit {
    input: Input,
    count: Compiled,
    exhaust: bool,
    left: Option<u64>,
}

impl Limit {
    pub(crate) fn new(input: Input, count: Compiled, exhaust: bool) -> Self {
        let input = Box::new(Uncounted::new(input));
        Self { input, count, exhaust, left: None }
    }
}

impl Operator for Limit {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let left = match self.left {
            Some(left) => left,
            None => row_count(&self.count, "LIMIT", ctx)?,
        };
        self.left = Some(left);
        if left == 0 {
            // What is below may write, and must do all of it.
            while self.exhaust && self.input.next(ctx)?.is_some() {}
            return Ok(None);
        }
        let Some(batch) = self.input.next(ctx)? else { return Ok(None) };
        let given = (batch.len() as u64).min(left);
        self.left = Some(left - given);
        Ok(Some(batch.slice(0, given as usize)))
    }

    fn reset(&mut self) {
        self.left = None;
        self.input.reset();
    }
}
