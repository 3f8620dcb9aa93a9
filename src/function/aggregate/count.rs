//! `count`.

use crate::error::Result;
use crate::function::Accumulator;
use crate::value::Column;
use crate::value::allocation::vec_bytes;

use super::{growth_to, rows};

/// How many rows or values each group has.
#[derive(Default)]
pub(super) struct Count {
    counts: Vec<i64>,
}

impl Accumulator for Count {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.counts.resize(group_count.max(self.counts.len()), 0);
        // `count(*)`, or a column in which there is nothing to leave out.
        let column = arguments.first().filter(|column| !column.has_no_nulls());
        let Some(column) = column else {
            if let ([total], None) = (self.counts.as_mut_slice(), counts) {
                *total += groups.len() as i64;
                return Ok(());
            }
            for (group, _, count) in rows(groups, counts) {
                self.counts[group] = self.counts[group].saturating_add_unsigned(count);
            }
            return Ok(());
        };
        for (group, row, count) in rows(groups, counts) {
            if !column.is_null(row) {
                self.counts[group] = self.counts[group].saturating_add_unsigned(count);
            }
        }
        Ok(())
    }

    fn growth(&self, _groups: &[u32], group_count: usize, _counts: Option<&[u64]>) -> u64 {
        growth_to(&self.counts, group_count)
    }

    fn held_bytes(&self) -> u64 {
        vec_bytes(&self.counts)
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.counts.resize(group_count, 0);
        Ok(Column::integers(std::mem::take(&mut self.counts)))
    }
}
