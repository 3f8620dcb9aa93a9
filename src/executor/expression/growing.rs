//! Columns that are made value by value, within the limits of the statement.

use crate::error::Result;
use crate::executor::Context;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Value;

/// After so many values time is looked at: one of them may have been a long computation.
const VALUES: usize = 8;

/// After so many bytes memory is looked at.
const BYTES: u64 = 1 << 16;

/// A column in the making. It fails where its values hold more than the statement may, or time is up.
pub(super) struct Growing<'a> {
    ctx: &'a Context,
    column: ColumnBuilder,
    bytes: u64,
    values_to_check: usize,
    bytes_to_check: u64,
}

impl<'a> Growing<'a> {
    pub(super) fn new(ctx: &'a Context) -> Self {
        let column = ColumnBuilder::default();
        Self { ctx, column, bytes: 0, values_to_check: VALUES, bytes_to_check: BYTES }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, value: Value) -> Result<()> {
        let bytes = value.held_bytes();
        self.column.push(value);
        self.values_to_check -= 1;
        if self.values_to_check == 0 {
            self.values_to_check = VALUES;
            self.ctx.check_limits()?;
        }
        self.hold(bytes)
    }

    /// Counts what belongs to a row that is to come.
    pub(super) fn hold(&mut self, bytes: u64) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes >= self.bytes_to_check {
            self.bytes_to_check = self.bytes.saturating_add(BYTES);
            self.ctx.check_memory(self.bytes)?;
        }
        Ok(())
    }

    /// Counts it no more.
    pub(super) fn release(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    pub(super) fn finish(self) -> Column {
        self.column.finish()
    }
}
