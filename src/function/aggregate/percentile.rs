//! `percentileCont` and `percentileDisc`.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Accumulator;
use crate::meter;
use crate::value::Column;
use crate::value::Value;
use crate::value::allocation::vec_bytes;
use crate::value::ordering::order;

use super::{first, growth_to, lists_growth, rows, wrong_type};

/// The numbers of one group, each with how often it occurs.
#[derive(Clone, Default)]
struct Group {
    percentile: f64,
    numbers: Vec<(Value, u64)>,
}

/// A percentile of each group.
pub(super) struct Percentile {
    function: &'static str,
    pick: fn(&Group) -> Value,
    groups: Vec<Group>,
    /// What the numbers of all groups take.
    numbers: u64,
}

impl Percentile {
    pub(super) fn continuous() -> Self {
        Self { function: "percentileCont", pick: Group::continuous, groups: Vec::new(), numbers: 0 }
    }

    pub(super) fn discrete() -> Self {
        Self { function: "percentileDisc", pick: Group::discrete, groups: Vec::new(), numbers: 0 }
    }
}

impl Group {
    fn count(&self) -> u64 {
        self.numbers.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The number at a place of the sorted sequence.
    fn at(&self, place: u64) -> &Value {
        let mut passed: u64 = 0;
        for (number, count) in &self.numbers {
            passed = passed.saturating_add(*count);
            if place < passed {
                return number;
            }
        }
        self.numbers.last().map_or(&Value::Null, |(number, _)| number)
    }

    fn discrete(&self) -> Value {
        let place = (self.percentile * self.count() as f64).ceil() as u64;
        self.at(place.saturating_sub(1)).clone()
    }

    fn continuous(&self) -> Value {
        let place = self.percentile * self.count().saturating_sub(1) as f64;
        let number = |place: f64| match self.at(place as u64) {
            Value::Integer(x) => *x as f64,
            Value::Float(x) => *x,
            _ => f64::NAN,
        };
        let (low, high) = (number(place.floor()), number(place.ceil()));
        // Weighing both keeps the exact value where they are equal, infinite ones too.
        let part = place.fract();
        Value::Float(if part == 0.0 || low == high {
            low
        } else {
            low * (1.0 - part) + high * part
        })
    }
}

impl Accumulator for Percentile {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.groups.resize(group_count.max(self.groups.len()), Group::default());
        let column = first(arguments)?;
        let percentiles = arguments.get(1).ok_or_else(|| {
            Error::internal("a percentile was called without its second argument")
        })?;
        for (group, row, count) in rows(groups, counts) {
            let value = column.get(row);
            match value {
                Value::Null => continue,
                Value::Integer(_) | Value::Float(_) => {}
                _ => return Err(wrong_type(self.function, "numbers", &value)),
            }
            let percentile = match percentiles.get(row) {
                Value::Integer(x) => x as f64,
                Value::Float(x) => x,
                other => return Err(wrong_type(self.function, "a number from 0.0 to 1.0", &other)),
            };
            if !(0.0..=1.0).contains(&percentile) {
                let message = format!(
                    "{}() expects a percentile from 0.0 to 1.0, found {percentile}",
                    self.function
                );
                return Err(Error::argument(Detail::NumberOutOfRange, message));
            }
            let group = &mut self.groups[group];
            group.percentile = percentile;
            let before = vec_bytes(&group.numbers);
            group.numbers.push((value, count));
            self.numbers += vec_bytes(&group.numbers) - before;
        }
        Ok(())
    }

    fn growth(&self, groups: &[u32], group_count: usize, _counts: Option<&[u64]>) -> u64 {
        let lists = lists_growth(&self.groups, |group| &group.numbers, groups, None);
        lists + growth_to(&self.groups, group_count)
    }

    fn held_bytes(&self) -> u64 {
        self.numbers + vec_bytes(&self.groups)
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.groups.resize(group_count, Group::default());
        let pick = self.pick;
        let results = std::mem::take(&mut self.groups).into_iter().map(|mut group| {
            group.numbers.sort_by(meter::stepped(|(a, _): &(Value, u64), (b, _)| order(a, b)));
            if group.count() == 0 { Value::Null } else { pick(&group) }
        });
        Ok(Column::from_values(results))
    }
}
