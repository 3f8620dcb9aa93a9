//! `min` and `max`.

use std::cmp::Ordering;

use crate::error::Result;
use crate::function::Accumulator;
use crate::value::Column;
use crate::value::Value;
use crate::value::ordering::order;

use super::{first, rows};

/// The least or the greatest value of each group.
pub(super) struct Extreme {
    wins: Ordering,
    best: Vec<Value>,
}

impl Extreme {
    pub(super) fn least() -> Self {
        Self { wins: Ordering::Less, best: Vec::new() }
    }

    pub(super) fn greatest() -> Self {
        Self { wins: Ordering::Greater, best: Vec::new() }
    }

    fn offer(&mut self, group: usize, value: Value) {
        let best = &mut self.best[group];
        if best.is_null() || order(&value, best) == self.wins {
            *best = value;
        }
    }
}

impl Accumulator for Extreme {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.best.resize(group_count.max(self.best.len()), Value::Null);
        let column = first(arguments)?;
        if let Some(numbers) = column.as_integers().filter(|_| column.has_no_nulls()) {
            for ((group, _, count), number) in rows(groups, counts).zip(numbers) {
                match &mut self.best[group] {
                    _ if count == 0 => {}
                    Value::Integer(best) if number.cmp(best) != self.wins => {}
                    Value::Integer(best) => *best = *number,
                    _ => self.offer(group, Value::Integer(*number)),
                }
            }
            return Ok(());
        }
        for (group, row, count) in rows(groups, counts) {
            let value = column.get(row);
            if count > 0 && !value.is_null() {
                self.offer(group, value);
            }
        }
        Ok(())
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.best.resize(group_count, Value::Null);
        Ok(Column::from_values(std::mem::take(&mut self.best)))
    }
}
