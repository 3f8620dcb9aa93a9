//! `stDev` and `stDevP`.

use crate::error::Result;
use crate::function::Accumulator;
use crate::value::Column;
use crate::value::Value;
use crate::value::allocation::vec_bytes;

use super::{first, growth_to, rows, wrong_type};

/// Welford's running mean and sum of squared distances from it.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

/// The standard deviation of each group.
pub(super) struct Deviation {
    function: &'static str,
    /// What is taken off the number of values before dividing by it.
    less: f64,
    groups: Vec<Moments>,
}

impl Deviation {
    pub(super) fn of_sample() -> Self {
        Self { function: "stDev", less: 1.0, groups: Vec::new() }
    }

    pub(super) fn of_population() -> Self {
        Self { function: "stDevP", less: 0.0, groups: Vec::new() }
    }
}

impl Moments {
    fn add(&mut self, number: f64, count: f64) {
        self.count += count;
        let distance = number - self.mean;
        self.mean += distance * count / self.count;
        self.squares += count * distance * (number - self.mean);
    }
}

impl Accumulator for Deviation {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.groups.resize(group_count.max(self.groups.len()), Moments::default());
        let column = first(arguments)?;
        for (group, row, count) in rows(groups, counts) {
            let number = match column.get(row) {
                Value::Null => continue,
                Value::Integer(number) => number as f64,
                Value::Float(number) => number,
                other => return Err(wrong_type(self.function, "numbers", &other)),
            };
            if count > 0 {
                self.groups[group].add(number, count as f64);
            }
        }
        Ok(())
    }

    fn growth(&self, _groups: &[u32], group_count: usize, _counts: Option<&[u64]>) -> u64 {
        growth_to(&self.groups, group_count)
    }

    fn held_bytes(&self) -> u64 {
        vec_bytes(&self.groups)
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.groups.resize(group_count, Moments::default());
        let deviation = |moments: Moments| match moments.count - self.less {
            divisor if divisor > 0.0 => (moments.squares / divisor).sqrt(),
            // One value does not deviate.
            _ => 0.0,
        };
        Ok(Column::floats(std::mem::take(&mut self.groups).into_iter().map(deviation).collect()))
    }
}
