//! Reading arguments: each reader gives a Rust value, or the error that names the function, the
//! argument and what was found.

use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Value;

/// A number of either type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

impl Number {
    pub(super) fn as_float(self) -> f64 {
        match self {
            Number::Integer(x) => x as f64,
            Number::Float(x) => x,
        }
    }
}

/// The arguments of one call.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    function: &'static str,
    values: &'a [Value],
}

impl<'a> Arguments<'a> {
    pub(super) fn of(function: &'static str, values: &'a [Value]) -> Self {
        Self { function, values }
    }

    /// The name of the function.
    pub(super) fn function(self) -> &'static str {
        self.function
    }

    /// The argument at `index`, null where it was left out.
    pub(super) fn value(self, index: usize) -> &'a Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    /// Whether the argument was given.
    pub(super) fn has(self, index: usize) -> bool {
        index < self.values.len()
    }

    pub(super) fn string(self, index: usize) -> Result<&'a Arc<str>> {
        match self.value(index) {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong_type(index, "a string")),
        }
    }

    pub(super) fn integer(self, index: usize) -> Result<i64> {
        match self.value(index) {
            Value::Integer(number) => Ok(*number),
            _ => Err(self.wrong_type(index, "an integer")),
        }
    }

    /// An integer that counts something, capped at what memory can count.
    pub(super) fn count(self, index: usize) -> Result<usize> {
        let number = self.integer(index)?;
        if number < 0 {
            let message =
                format!("{}() takes no negative {}, found {number}", self.function, ordinal(index));
            return Err(Error::argument(Detail::NumberOutOfRange, message));
        }
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    pub(super) fn number(self, index: usize) -> Result<Number> {
        match self.value(index) {
            Value::Integer(number) => Ok(Number::Integer(*number)),
            Value::Float(number) => Ok(Number::Float(*number)),
            _ => Err(self.wrong_type(index, "a number")),
        }
    }

    pub(super) fn float(self, index: usize) -> Result<f64> {
        self.number(index).map(Number::as_float)
    }

    pub(super) fn list(self, index: usize) -> Result<&'a Arc<Vec<Value>>> {
        match self.value(index) {
            Value::List(list) => Ok(list),
            _ => Err(self.wrong_type(index, "a list")),
        }
    }

    /// The error for an argument of a type the function does not take.
    pub(super) fn wrong_type(self, index: usize, expected: &str) -> Error {
        let found = self.value(index).type_of();
        let message = format!(
            "{}() expects {expected} as its {}, found a value of type {found}",
            self.function,
            ordinal(index)
        );
        Error::type_error(Detail::InvalidArgumentValue, message)
    }
}

fn ordinal(index: usize) -> String {
    match index {
        0 => "first argument".to_owned(),
        1 => "second argument".to_owned(),
        2 => "third argument".to_owned(),
        n => format!("argument number {}", n + 1),
    }
}
