//! Functions that test values, and that choose among them.

use crate::error::Result;
use crate::function::Nulls;
use crate::function::ScalarFunction;
use crate::value::Column;
use crate::value::Value;
use crate::value::ordering;

use super::SCALAR;
use super::argument::Arguments;
use super::value_type;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "coalesce",
        signatures: &["coalesce(value... :: ANY) :: ANY"],
        nulls: Nulls::Pass,
        doc: "The first of its arguments that is not null; null if all are.",
        example: ("coalesce(null, 1, 2)", "1"),
        eval: |_, args| {
            Ok(args.iter().find(|v| !matches!(v, Value::Null)).cloned().unwrap_or_default())
        },
        eval_columns: Some(|_, columns, len| Ok(coalesce(columns, len))),
        ..SCALAR
    },
    ScalarFunction {
        name: "exists",
        signatures: &["exists(property :: ANY) :: BOOLEAN"],
        nulls: Nulls::Pass,
        doc: "Whether a property is there. `IS NOT NULL` says the same of any expression.",
        example: ("exists({a: 1}.a)", "true"),
        eval: |_, args| {
            Ok(Value::Boolean(!matches!(Arguments::of("exists", args).value(0), Value::Null)))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "isEmpty",
        signatures: &[
            "isEmpty(text :: STRING) :: BOOLEAN",
            "isEmpty(list :: LIST<ANY>) :: BOOLEAN",
            "isEmpty(map :: MAP) :: BOOLEAN",
        ],
        doc: "Whether a string has no characters, a list no elements, a map no keys.",
        example: ("isEmpty([])", "true"),
        eval: |_, args| is_empty(args),
        ..SCALAR
    },
    ScalarFunction {
        name: "nullIf",
        signatures: &["nullIf(value :: ANY, unless :: ANY) :: ANY"],
        nulls: Nulls::Pass,
        doc: "Its first argument, or null where both are equal.",
        example: ("nullIf('n/a', 'n/a')", "null"),
        eval: |_, args| {
            let args = Arguments::of("nullIf", args);
            let equal = ordering::equals(args.value(0), args.value(1)) == Some(true);
            Ok(if equal { Value::Null } else { args.value(0).clone() })
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "valueType",
        signatures: &["valueType(value :: ANY) :: STRING"],
        nulls: Nulls::Pass,
        doc: "The most exact type of a value, in the words of `IS ::`.",
        example: ("valueType([1, 'a', null])", "'LIST<STRING | INTEGER> NOT NULL'"),
        eval: |_, args| {
            let value = Arguments::of("valueType", args).value(0);
            Ok(Value::from(value_type::text(value)))
        },
        ..SCALAR
    },
];

fn is_empty(args: &[Value]) -> Result<Value> {
    let args = Arguments::of("isEmpty", args);
    Ok(Value::Boolean(match args.value(0) {
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => return Err(args.wrong_type(0, "a string, a list or a map")),
    }))
}

/// Most often the first column has no nulls at all.
fn coalesce(columns: &[Column], len: usize) -> Column {
    match columns.iter().position(Column::has_no_nulls) {
        Some(0) => columns.first().cloned().unwrap_or_else(|| Column::nulls(len)),
        _ => Column::from_values((0..len).map(|row| {
            let filled = columns.iter().find(|column| !column.is_null(row));
            filled.map_or(Value::Null, |column| column.get(row))
        })),
    }
}
