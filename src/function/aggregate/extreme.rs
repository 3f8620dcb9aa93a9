//! `min` and `max`.

use std::cmp::Ordering;

use crate::error::Result;
use crate::function::Accumulator;
use crate::value::Column;
use crate::value::Value;
use crate::value::allocation::vec_bytes;
use crate::value::ordering::order;

use super::{first, growth_to, rows};

/// The least or the greatest value of each group.
pub(super) struct Extreme {
    wins: Ordering,
    best: Vec<Value>,
    /// What the values hold beside themselves.
    held: u64,
}

impl Extreme {
    pub(super) fn least() -> Self {
        Self { wins: Ordering::Less, best: Vec::new(), held: 0 }
    }

    pub(super) fn greatest() -> Self {
        Self { wins: Ordering::Greater, best: Vec::new(), held: 0 }
    }

    fn offer(&mut self, group: usize, value: Value) {
        let best = &mut self.best[group];
        if best.is_null() || order(&value, best) == self.wins {
            self.held = self.held.saturating_sub(best.held_bytes());
            self.held = self.held.saturating_add(value.held_bytes());
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

    fn growth(&self, _groups: &[u32], group_count: usize, _counts: Option<&[u64]>) -> u64 {
        growth_to(&self.best, group_count)
    }

    fn held_bytes(&self) -> u64 {
        vec_bytes(&self.best) + self.held
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.best.resize(group_count, Value::Null);
        Ok(Column::from_values(std::mem::take(&mut self.best)))
    }
}
