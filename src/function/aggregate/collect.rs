//! `collect`.

use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::function::Accumulator;
use crate::value::Column;
use crate::value::Value;
use crate::value::allocation::vec_bytes;

use super::{first, growth_to, lists_growth, rows};

/// How many values all lists of one `collect` may have together: a gigabyte and a half.
const MAX_VALUES: u64 = 1 << 26;

/// The values of each group.
#[derive(Default)]
pub(super) struct Collect {
    lists: Vec<Vec<Value>>,
    values: u64,
    /// What the lists take, and what their values hold.
    bytes: u64,
}

impl Accumulator for Collect {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.lists.resize(group_count.max(self.lists.len()), Vec::new());
        let column = first(arguments)?;
        let mut last = 0;
        for (group, row, count) in rows(groups, counts) {
            let value = column.get(row);
            if value.is_null() {
                continue;
            }
            self.values = self.values.saturating_add(count);
            if self.values > MAX_VALUES {
                return Err(Error::new(
                    ErrorClass::LimitError,
                    Phase::Runtime,
                    Detail::OutOfMemoryBudget,
                    format!("collect() holds more than {MAX_VALUES} values"),
                )
                .help("Collect less, or return rows instead of lists."));
            }
            self.bytes = self.bytes.saturating_add(column.held_by_row(row, &mut last));
            let list = &mut self.lists[group];
            let before = vec_bytes(list);
            list.extend(std::iter::repeat_n(value, count as usize));
            self.bytes = self.bytes.saturating_add(vec_bytes(list) - before);
        }
        Ok(())
    }

    fn growth(&self, groups: &[u32], group_count: usize, counts: Option<&[u64]>) -> u64 {
        let lists = lists_growth(&self.lists, |list| list, groups, counts);
        lists.saturating_add(growth_to(&self.lists, group_count))
    }

    fn held_bytes(&self) -> u64 {
        self.bytes.saturating_add(vec_bytes(&self.lists))
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.lists.resize(group_count, Vec::new());
        let lists = std::mem::take(&mut self.lists);
        Ok(Column::from_values(lists.into_iter().map(|list| Value::List(Arc::new(list)))))
    }
}
