//! The aggregates, and what their accumulators share.

mod collect;
mod count;
mod deviation;
mod extreme;
mod percentile;
mod sum;

use crate::error::Detail;
use crate::error::Error;
use crate::value::Column;
use crate::value::Value;
use crate::value::allocation::vec_growth;

use super::AggregateFunction;

/// Every aggregate, in the order of the documentation.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction {
        name: "count",
        aliases: &[],
        signatures: &["count(value :: ANY) :: INTEGER"],
        doc: "How many values are not null; `count(*)` is how many rows there are.",
        example: ("UNWIND [1, null, 2] AS x RETURN count(x)", "2"),
        accumulator: || Box::new(count::Count::default()),
    },
    AggregateFunction {
        name: "sum",
        aliases: &[],
        signatures: &[
            "sum(value :: INTEGER) :: INTEGER",
            "sum(value :: FLOAT) :: FLOAT",
            "sum(value :: DURATION) :: DURATION",
        ],
        doc: "The sum of the values that are not null; 0 if there is none.",
        example: ("UNWIND [1, null, 2] AS x RETURN sum(x)", "3"),
        accumulator: || Box::new(sum::Sum::default()),
    },
    AggregateFunction {
        name: "avg",
        aliases: &[],
        signatures: &["avg(value :: NUMBER) :: FLOAT", "avg(value :: DURATION) :: DURATION"],
        doc: "The mean of the values that are not null; null if there is none.",
        example: ("UNWIND [1, null, 2] AS x RETURN avg(x)", "1.5"),
        accumulator: || Box::new(sum::Average::default()),
    },
    AggregateFunction {
        name: "min",
        aliases: &[],
        signatures: &["min(value :: ANY) :: ANY"],
        doc: "The least value in the order of ORDER BY, nulls left out; null if there is none.",
        example: ("UNWIND [2, null, 1] AS x RETURN min(x)", "1"),
        accumulator: || Box::new(extreme::Extreme::least()),
    },
    AggregateFunction {
        name: "max",
        aliases: &[],
        signatures: &["max(value :: ANY) :: ANY"],
        doc: "The greatest value in the order of ORDER BY, nulls left out; null if there is none.",
        example: ("UNWIND [2, null, 1] AS x RETURN max(x)", "2"),
        accumulator: || Box::new(extreme::Extreme::greatest()),
    },
    AggregateFunction {
        name: "collect",
        aliases: &["collect_list"],
        signatures: &["collect(value :: ANY) :: LIST<ANY>"],
        doc: "The list of all values that are not null.",
        example: ("UNWIND [1, null, 2] AS x RETURN collect(x)", "[1, 2]"),
        accumulator: || Box::new(collect::Collect::default()),
    },
    AggregateFunction {
        name: "percentileCont",
        aliases: &["percentile_cont"],
        signatures: &["percentileCont(value :: NUMBER, percentile :: FLOAT) :: FLOAT"],
        doc: "The value below which the given part (0.0 to 1.0) of the values lies, interpolated \
              between the two nearest.",
        example: ("UNWIND [1, 2, 3, 4] AS x RETURN percentileCont(x, 0.5)", "2.5"),
        accumulator: || Box::new(percentile::Percentile::continuous()),
    },
    AggregateFunction {
        name: "percentileDisc",
        aliases: &["percentile_disc"],
        signatures: &["percentileDisc(value :: NUMBER, percentile :: FLOAT) :: NUMBER"],
        doc: "The least value that at least the given part (0.0 to 1.0) of the values does not \
              exceed.",
        example: ("UNWIND [1, 2, 3, 4] AS x RETURN percentileDisc(x, 0.5)", "2"),
        accumulator: || Box::new(percentile::Percentile::discrete()),
    },
    AggregateFunction {
        name: "stDev",
        aliases: &["stddev_samp"],
        signatures: &["stDev(value :: NUMBER) :: FLOAT"],
        doc: "The standard deviation of a sample: divided by one less than the number of values.",
        example: ("UNWIND [1, 3] AS x RETURN stDev(x) = sqrt(2)", "true"),
        accumulator: || Box::new(deviation::Deviation::of_sample()),
    },
    AggregateFunction {
        name: "stDevP",
        aliases: &["stddev_pop"],
        signatures: &["stDevP(value :: NUMBER) :: FLOAT"],
        doc: "The standard deviation of a whole population: divided by the number of values.",
        example: ("UNWIND [1, 3] AS x RETURN stDevP(x)", "1.0"),
        accumulator: || Box::new(deviation::Deviation::of_population()),
    },
];

/// The rows of one update, one after the other: group, row, and how many rows it stands for.
fn rows<'a>(
    groups: &'a [u32],
    counts: Option<&'a [u64]>,
) -> impl Iterator<Item = (usize, usize, u64)> + 'a {
    groups.iter().enumerate().map(move |(row, group)| {
        let count = counts.map_or(1, |counts| counts.get(row).copied().unwrap_or(0));
        (*group as usize, row, count)
    })
}

/// What a vector with a state for each group allocates until there are so many.
fn growth_to<T>(states: &Vec<T>, group_count: usize) -> u64 {
    vec_growth(states, group_count.saturating_sub(states.len()))
}

/// What the lists of groups allocate when a value is pushed for each of these rows, or for all that it stands for.
fn lists_growth<G, T>(
    states: &[G],
    list: impl Fn(&G) -> &Vec<T>,
    groups: &[u32],
    counts: Option<&[u64]>,
) -> u64 {
    let growth = |group: usize, more: u64| {
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        // The smallest allocation is one of four.
        let least = 4 * size_of::<T>() as u64;
        states.get(group).map_or(least * more as u64, |state| vec_growth(list(state), more))
    };
    // Where there are many groups, few of them are met more than once.
    if states.len() > 4 * groups.len() {
        let rows = rows(groups, counts);
        return rows.map(|(group, _, count)| growth(group, count)).fold(0, u64::saturating_add);
    }
    let mut more = vec![0u64; states.len()];
    let mut of_new = 0u64;
    for (group, _, count) in rows(groups, counts) {
        match more.get_mut(group) {
            Some(more) => *more = more.saturating_add(count),
            None => of_new = of_new.saturating_add(growth(group, count)),
        }
    }
    let known = more.iter().enumerate().map(|(group, more)| growth(group, *more));
    known.fold(of_new, u64::saturating_add)
}

/// The first argument, which every aggregate but `count(*)` has.
fn first(arguments: &[Column]) -> Result<&Column, Error> {
    arguments.first().ok_or_else(|| Error::internal("an aggregate was called without an argument"))
}

fn wrong_type(function: &str, expected: &str, found: &Value) -> Error {
    let found = found.type_of();
    let message = format!("{function}() expects {expected}, found a value of type {found}");
    Error::type_error(Detail::InvalidArgumentValue, message)
}

#[cfg(test)]
mod tests;
