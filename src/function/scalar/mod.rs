//! The scalar functions, a file per group.

mod argument;
mod coll;
mod conversion;
mod entity;
mod json;
mod list;
mod load;
mod making;
mod math;
mod path;
mod point;
mod predicate;
mod string;
mod temporal;
#[cfg(test)]
mod tests;
mod value_type;

pub use list::Range;
pub use path::{IS_ACYCLIC, IS_SIMPLE};

use crate::value::Value;

use super::{Nulls, ScalarFunction, Volatility};

/// What most functions have in common: null of null, and always the same of the same.
const SCALAR: ScalarFunction = ScalarFunction {
    name: "",
    aliases: &[],
    signatures: &[],
    nulls: Nulls::Propagate,
    volatility: Volatility::Immutable,
    doc: "",
    example: ("", ""),
    eval: |_, _| Ok(Value::Null),
    eval_columns: None,
};

/// The groups in the order of the documentation, with their titles there.
pub(super) const GROUPS: &[(&str, &[ScalarFunction])] = &[
    ("Values", predicate::FUNCTIONS),
    ("Nodes, relationships, paths and maps", entity::FUNCTIONS),
    ("Lists", list::FUNCTIONS),
    ("Lists", coll::FUNCTIONS),
    ("Strings", string::FUNCTIONS),
    ("Conversion", conversion::FUNCTIONS),
    ("JSON", json::FUNCTIONS),
    ("Numbers", math::OF_NUMBERS),
    ("Numbers", math::OF_FLOATS),
    ("Numbers", math::CONSTANTS),
    ("Dates, times and durations", temporal::DATE),
    ("Dates, times and durations", temporal::LOCAL_TIME),
    ("Dates, times and durations", temporal::TIME),
    ("Dates, times and durations", temporal::LOCAL_DATE_TIME),
    ("Dates, times and durations", temporal::DATE_TIME),
    ("Dates, times and durations", temporal::FUNCTIONS),
    ("Dates, times and durations", temporal::MEASURES),
    ("Points", point::FUNCTIONS),
    ("Files", load::FUNCTIONS),
];

/// The group a function is in, in Neo4j's word.
pub(super) fn category(function: &ScalarFunction) -> &'static str {
    const CATEGORIES: &[(&str, &[&[ScalarFunction]])] = &[
        ("Predicate", &[predicate::FUNCTIONS]),
        ("List", &[list::FUNCTIONS]),
        ("String", &[string::FUNCTIONS]),
        ("Numeric", &[math::OF_NUMBERS, math::OF_FLOATS, math::CONSTANTS]),
        (
            "Temporal",
            &[
                temporal::DATE,
                temporal::LOCAL_TIME,
                temporal::TIME,
                temporal::LOCAL_DATE_TIME,
                temporal::DATE_TIME,
                temporal::FUNCTIONS,
                temporal::MEASURES,
            ],
        ),
        ("Spatial", &[point::FUNCTIONS]),
    ];
    let holds = |groups: &[&[ScalarFunction]]| {
        groups.iter().any(|group| group.iter().any(|known| known.name == function.name))
    };
    let found = CATEGORIES.iter().find(|(_, groups)| holds(groups));
    found.map_or("Scalar", |(category, _)| category)
}

/// Every scalar function, group by group.
pub(super) fn functions() -> impl Iterator<Item = &'static ScalarFunction> {
    GROUPS.iter().flat_map(|(_, group)| group.iter())
}
