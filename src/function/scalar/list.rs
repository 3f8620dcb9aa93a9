//! Functions of lists, and those that strings share with them.

use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Context;
use crate::function::ScalarFunction;
use crate::meter;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;
use crate::value::text;

use super::SCALAR;
use super::argument::Arguments;
use super::making::Making;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "size",
        signatures: &["size(text :: STRING) :: INTEGER", "size(list :: LIST<ANY>) :: INTEGER"],
        doc: "How many elements a list has, or how many characters a string.",
        example: ("size([1, 2, null])", "3"),
        eval: |_, args| size(args),
        eval_columns: Some(|_, columns, len| size_columns(columns, len)),
        ..SCALAR
    },
    ScalarFunction {
        name: "head",
        signatures: &["head(list :: LIST<ANY>) :: ANY"],
        doc: "The first element; null of an empty list.",
        example: ("head([1, 2, 3])", "1"),
        eval: |_, args| {
            Ok(Arguments::of("head", args).list(0)?.first().cloned().unwrap_or_default())
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "last",
        signatures: &["last(list :: LIST<ANY>) :: ANY"],
        doc: "The last element; null of an empty list.",
        example: ("last([1, 2, 3])", "3"),
        eval: |_, args| {
            Ok(Arguments::of("last", args).list(0)?.last().cloned().unwrap_or_default())
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "tail",
        signatures: &["tail(list :: LIST<ANY>) :: LIST<ANY>"],
        doc: "The list without its first element.",
        example: ("tail([1, 2, 3])", "[2, 3]"),
        eval: |context, args| {
            let list = Arguments::of("tail", args).list(0)?;
            Making::new(context, "tail").list(list.iter().skip(1).cloned())
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "reverse",
        signatures: &[
            "reverse(text :: STRING) :: STRING",
            "reverse(list :: LIST<ANY>) :: LIST<ANY>",
        ],
        doc: "The elements of a list, or the characters of a string, from the last to the first.",
        example: ("reverse([1, 2, 3])", "[3, 2, 1]"),
        eval: |context, args| {
            let args = Arguments::of("reverse", args);
            let making = Making::new(context, "reverse");
            match args.value(0) {
                Value::String(text) => making.text(text.chars().rev()),
                Value::List(list) => making.list(list.iter().rev().cloned()),
                _ => Err(args.wrong_type(0, "a string or a list")),
            }
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "range",
        signatures: &["range(start :: INTEGER, end :: INTEGER, step? :: INTEGER) :: LIST<INTEGER>"],
        doc: "The integers from `start` to `end`, both included, `step` apart (1 if left out).",
        example: ("range(2, 10, 3)", "[2, 5, 8]"),
        eval: range,
        ..SCALAR
    },
];

fn size(args: &[Value]) -> Result<Value> {
    let args = Arguments::of("size", args);
    Ok(Value::Integer(match args.value(0) {
        Value::Null => return Ok(Value::Null),
        Value::String(text) => characters(text),
        Value::List(list) => list.len() as i64,
        _ => return Err(args.wrong_type(0, "a string or a list")),
    }))
}

fn characters(text: &str) -> i64 {
    text::count(text) as i64
}

fn size_columns(columns: &[Column], len: usize) -> Result<Column> {
    let Some(column) = columns.first() else { return Ok(Column::nulls(len)) };
    let sizes = match column.data() {
        ColumnData::String(texts) => texts.iter().map(|text| characters(text)).collect(),
        ColumnData::Dictionary(codes, words) => {
            let sizes: Vec<i64> = words.iter().map(|word| characters(word)).collect();
            codes.iter().map(|code| sizes.get(*code as usize).copied().unwrap_or(0)).collect()
        }
        _ => {
            if let Some(value) = column.as_constant() {
                return Ok(Column::constant(size(std::slice::from_ref(value))?, len));
            }
            let sizes: Result<Vec<Value>> = column.iter().map(|value| size(&[value])).collect();
            return sizes.map(Column::from_values);
        }
    };
    let sizes = Column::integers(sizes);
    Ok(match column.validity() {
        Some(validity) => sizes.with_validity(validity.clone()),
        None => sizes,
    })
}

fn range(context: &Context<'_>, args: &[Value]) -> Result<Value> {
    let range = Range::of(args)?;
    context.check_memory("range", range.count().saturating_mul(size_of::<Value>() as u64))?;
    let numbers = meter::walked(0..range.count()).map(|at| Value::Integer(range.get(at)));
    Ok(Value::List(Arc::new(numbers.collect())))
}

/// What `range()` lists, one number at a time.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    start: i64,
    step: i64,
    count: u64,
}

impl Range {
    /// The range of these arguments, of which none is null.
    ///
    /// # Errors
    /// An argument that is no integer, and a step of 0.
    pub fn of(args: &[Value]) -> Result<Self> {
        let integer = |index: usize| match args.get(index) {
            Some(Value::Integer(number)) => Ok(*number),
            None => Ok(1),
            Some(_) => {
                // The language calls this an error of the argument, not of its type.
                let error = Arguments::of("range", args).wrong_type(index, "an integer");
                Err(Error::argument(Detail::InvalidArgumentType, error.message()))
            }
        };
        let (start, end, step) = (integer(0)?, integer(1)?, integer(2)?);
        if step == 0 {
            let message = "the step of range() must not be 0";
            return Err(Error::argument(Detail::NumberOutOfRange, message)
                .help("Give a positive step to count up, a negative one to count down."));
        }
        let distance = i128::from(end) - i128::from(start);
        let away = distance != 0 && (distance < 0) != (step < 0);
        let count = if away { 0 } else { distance / i128::from(step) + 1 };
        Ok(Self { start, step, count: u64::try_from(count).unwrap_or(u64::MAX) })
    }

    /// How many numbers it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The number at a place, which is below its length.
    pub fn get(&self, at: u64) -> i64 {
        self.start.wrapping_add((at as i64).wrapping_mul(self.step))
    }
}
