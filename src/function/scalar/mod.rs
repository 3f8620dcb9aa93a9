//! The scalar functions, a file per group.

mod argument;
mod coll;
mod conversion;
mod entity;
mod list;
mod math;
mod point;
mod predicate;
mod string;
mod temporal;
#[cfg(test)]
mod tests;
mod value_type;

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

/// The groups in the order of the documentation.
const GROUPS: &[&[ScalarFunction]] = &[
    predicate::FUNCTIONS,
    entity::FUNCTIONS,
    list::FUNCTIONS,
    coll::FUNCTIONS,
    string::FUNCTIONS,
    conversion::FUNCTIONS,
    math::OF_NUMBERS,
    math::OF_FLOATS,
    math::CONSTANTS,
    temporal::DATE,
    temporal::LOCAL_TIME,
    temporal::TIME,
    temporal::LOCAL_DATE_TIME,
    temporal::DATE_TIME,
    temporal::FUNCTIONS,
    temporal::MEASURES,
    point::FUNCTIONS,
];

/// Every scalar function, group by group.
pub(super) fn functions() -> impl Iterator<Item = &'static ScalarFunction> {
    GROUPS.iter().flat_map(|group| group.iter())
}
