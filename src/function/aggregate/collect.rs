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

use super::{first, rows};

/// How many values all lists of one `collect` may have together: a gigabyte and a half.
const MAX_VALUES: u64 = 1 << 26;

/// The values of each group.
#[derive(Default)]
pub(super) struct Collect {
    lists: Vec<Vec<Value>>,
    values: u64,
    /// What the values hold beside themselves.
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
        self.bytes = self.bytes.saturating_add(column.held_bytes());
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
            let list = &mut self.lists[group];
            list.extend(std::iter::repeat_n(value, count as usize));
        }
        Ok(())
    }

    fn held_bytes(&self) -> u64 {
        (self.values * size_of::<Value>() as u64).saturating_add(self.bytes)
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.lists.resize(group_count, Vec::new());
        let lists = std::mem::take(&mut self.lists);
        Ok(Column::from_values(lists.into_iter().map(|list| Value::List(Arc::new(list)))))
    }
}
