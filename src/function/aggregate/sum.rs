//! `sum` and `avg`.

use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Accumulator;
use crate::value::Column;
use crate::value::Duration;
use crate::value::Value;
use crate::value::allocation::vec_bytes;

use super::{first, growth_to, rows, wrong_type};

/// What has been added up in one group. Integers are added exactly and checked at the end, so that
/// the order of the rows cannot make a sum overflow; floats carry along what rounding takes away.
#[derive(Clone, Default)]
struct Total {
    integers: i128,
    floats: f64,
    lost: f64,
    /// How many values there are.
    integer_count: u64,
    float_count: u64,
    /// Months, days, seconds and nanoseconds; and how many durations.
    durations: Option<Box<([i128; 4], u64)>>,
}

impl Total {
    #[inline]
    fn add_integer(&mut self, number: i64, count: u64) {
        let product = i128::from(number).saturating_mul(i128::from(count));
        self.integers = self.integers.saturating_add(product);
        self.integer_count = self.integer_count.saturating_add(count);
    }

    /// Neumaier's summation.
    #[inline]
    fn add_float(&mut self, number: f64, count: u64) {
        let number = if count == 1 { number } else { number * count as f64 };
        let sum = self.floats + number;
        self.lost += if self.floats.abs() >= number.abs() {
            (self.floats - sum) + number
        } else {
            (number - sum) + self.floats
        };
        self.floats = sum;
        self.float_count = self.float_count.saturating_add(count);
    }

    fn add_duration(&mut self, duration: &Duration, count: u64) {
        let (parts, total) = &mut **self.durations.get_or_insert_default();
        let added = [
            i128::from(duration.months()),
            i128::from(duration.days()),
            i128::from(duration.seconds()),
            i128::from(duration.nanos()),
        ];
        for (part, added) in parts.iter_mut().zip(added) {
            *part = part.saturating_add(added.saturating_mul(i128::from(count)));
        }
        *total = total.saturating_add(count);
    }

    fn add(&mut self, function: &str, value: &Value, count: u64) -> Result<()> {
        match value {
            Value::Null => {}
            Value::Integer(number) => self.add_integer(*number, count),
            Value::Float(number) => self.add_float(*number, count),
            Value::Duration(duration) => self.add_duration(duration, count),
            _ => return Err(wrong_type(function, "numbers or durations", value)),
        }
        Ok(())
    }

    /// The sum of all numbers as a float.
    fn float(&self) -> f64 {
        // Past infinity, what was lost is no number any more.
        let floats = if self.floats.is_finite() { self.floats + self.lost } else { self.floats };
        if self.integer_count == 0 { floats } else { floats + self.integers as f64 }
    }

    /// Durations, unless there are numbers among them.
    fn only_durations(&self, function: &str) -> Result<Option<&([i128; 4], u64)>> {
        match &self.durations {
            Some(_) if self.integer_count > 0 || self.float_count > 0 => {
                let message = format!("{function}() cannot mix numbers and durations");
                Err(Error::type_error(Detail::InvalidArgumentValue, message))
            }
            durations => Ok(durations.as_deref()),
        }
    }

    fn sum(&self) -> Result<Value> {
        if let Some((parts, _)) = self.only_durations("sum")? {
            return duration(parts, 1);
        }
        if self.float_count > 0 {
            return Ok(Value::Float(self.float()));
        }
        match i64::try_from(self.integers) {
            Ok(sum) => Ok(Value::Integer(sum)),
            Err(_) => Err(overflow(&format!("the sum {} does not fit an integer", self.integers))
                .help("Add up floats instead, as in `sum(toFloat(x))`.")),
        }
    }

    fn average(&self) -> Result<Value> {
        if let Some((parts, count)) = self.only_durations("avg")? {
            return duration(parts, *count);
        }
        let count = self.integer_count.saturating_add(self.float_count);
        Ok(if count == 0 { Value::Null } else { Value::Float(self.float() / count as f64) })
    }
}

fn overflow(message: &str) -> Error {
    Error::arithmetic(Detail::IntegerOverflow, message)
}

/// A duration by its parts, divided. What is left of a part goes to the next smaller one.
fn duration(parts: &[i128; 4], divisor: u64) -> Result<Value> {
    /// Seconds of a day, and of a month of 365.2425 / 12 days.
    const DAY: i128 = 86_400;
    const MONTH: i128 = 2_629_746;
    const NANOS: i128 = 1_000_000_000;
    let divisor = i128::from(divisor);
    let [months, days, seconds, nanos] = *parts;
    let out_of_range = || overflow("the duration is out of range");
    let seconds_left = (months % divisor) * MONTH;
    // A month's rest counts in whole days first, then in seconds.
    let rest_days = seconds_left / divisor / DAY;
    let rest_seconds = seconds_left - rest_days * DAY * divisor;
    let all_nanos = seconds
        .checked_add((days % divisor) * DAY)
        .and_then(|s| s.checked_add(rest_seconds))
        .and_then(|s| s.checked_mul(NANOS))
        .and_then(|n| n.checked_add(nanos))
        .ok_or_else(out_of_range)?
        / divisor;
    let part = |number: i128| i64::try_from(number).map_err(|_| out_of_range());
    let duration = Duration::new(
        part(months / divisor)?,
        part(days / divisor + rest_days)?,
        part(all_nanos.div_euclid(NANOS))?,
        part(all_nanos.rem_euclid(NANOS))?,
    )?;
    Ok(Value::Duration(Arc::new(duration)))
}

/// The totals of all groups.
#[derive(Default)]
struct Totals(Vec<Total>);

impl Totals {
    fn update(
        &mut self,
        function: &str,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.0.resize(group_count.max(self.0.len()), Total::default());
        let column = first(arguments)?;
        let dense = column.has_no_nulls();
        if let Some(numbers) = column.as_integers().filter(|_| dense) {
            match (self.0.as_mut_slice(), counts) {
                ([total], None) => numbers.iter().for_each(|number| total.add_integer(*number, 1)),
                (totals, _) => {
                    for ((group, _, count), number) in rows(groups, counts).zip(numbers) {
                        totals[group].add_integer(*number, count);
                    }
                }
            }
            return Ok(());
        }
        if let Some(numbers) = column.as_floats().filter(|_| dense) {
            for ((group, _, count), number) in rows(groups, counts).zip(numbers) {
                self.0[group].add_float(*number, count);
            }
            return Ok(());
        }
        for (group, row, count) in rows(groups, counts) {
            self.0[group].add(function, &column.get(row), count)?;
        }
        Ok(())
    }

    fn growth(&self, group_count: usize) -> u64 {
        growth_to(&self.0, group_count)
    }

    /// Few have durations, but of those that may, each holds a box of them.
    fn held_bytes(&self) -> u64 {
        let with_durations = self.0.first().is_some_and(|total| total.durations.is_some());
        let boxes = if with_durations { 80 * self.0.len() as u64 } else { 0 };
        vec_bytes(&self.0) + boxes
    }

    fn finish(
        &mut self,
        group_count: usize,
        result: fn(&Total) -> Result<Value>,
    ) -> Result<Column> {
        self.0.resize(group_count, Total::default());
        let results: Result<Vec<Value>> = self.0.iter().map(result).collect();
        self.0.clear();
        results.map(Column::from_values)
    }
}

/// The sum of each group.
#[derive(Default)]
pub(super) struct Sum {
    totals: Totals,
}

impl Accumulator for Sum {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.totals.update("sum", groups, group_count, arguments, counts)
    }

    fn growth(&self, _groups: &[u32], group_count: usize, _counts: Option<&[u64]>) -> u64 {
        self.totals.growth(group_count)
    }

    fn held_bytes(&self) -> u64 {
        self.totals.held_bytes()
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.totals.finish(group_count, Total::sum)
    }
}

/// The mean of each group.
#[derive(Default)]
pub(super) struct Average {
    totals: Totals,
}

impl Accumulator for Average {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.totals.update("avg", groups, group_count, arguments, counts)
    }

    fn growth(&self, _groups: &[u32], group_count: usize, _counts: Option<&[u64]>) -> u64 {
        self.totals.growth(group_count)
    }

    fn held_bytes(&self) -> u64 {
        self.totals.held_bytes()
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.totals.finish(group_count, Total::average)
    }
}
