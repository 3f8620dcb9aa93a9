//! `+ - * / % ^` and the minus sign, for every pair of types.
//!
//! Null propagates, integers that overflow and divisions by zero are errors, and so are operands of a
//! wrong type: an error is never a null.

use super::{Value, temporal, text};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::meter;

/// `a + b`: numbers, text with text or numbers, lists with lists or items, temporals with durations.
#[inline]
pub fn add(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Integer(x), Value::Integer(y)) => {
            x.checked_add(*y).map(Value::Integer).ok_or_else(|| overflow(*x, '+', *y))
        }
        (Value::Float(x), Value::Float(y)) => Ok(Value::Float(x + y)),
        (Value::Integer(x), Value::Float(y)) => Ok(Value::Float(*x as f64 + y)),
        (Value::Float(x), Value::Integer(y)) => Ok(Value::Float(x + *y as f64)),
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::List(x), Value::List(y)) => joined(x, y),
        (Value::List(x), y) => joined(x, std::slice::from_ref(y)),
        (x, Value::List(y)) => joined(std::slice::from_ref(x), y),
        (Value::String(_), _) | (_, Value::String(_)) => concatenate(a, b),
        _ => temporal::sum(a, b).unwrap_or_else(|| Err(no_operator(a, '+', b))),
    }
}

fn joined(a: &[Value], b: &[Value]) -> Result<Value> {
    let len = a.len().saturating_add(b.len());
    meter::ask(len.saturating_mul(size_of::<Value>()) as u64)?;
    let mut items = Vec::with_capacity(len);
    for piece in meter::pieces(a).chain(meter::pieces(b)) {
        items.extend_from_slice(piece);
    }
    Ok(Value::list(items))
}

fn concatenate(a: &Value, b: &Value) -> Result<Value> {
    match (super::to_text(a), super::to_text(b)) {
        (Some(x), Some(y)) => {
            let len = x.len().saturating_add(y.len());
            // The text is copied once more, to where it stays.
            meter::ask(2 * len as u64)?;
            let mut joined = String::with_capacity(len);
            text::pieces(&x).chain(text::pieces(&y)).for_each(|piece| joined.push_str(piece));
            Ok(Value::string(joined))
        }
        _ => Err(no_operator(a, '+', b)),
    }
}

/// `a - b`: numbers, durations, and durations from temporals.
#[inline]
pub fn subtract(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Integer(x), Value::Integer(y)) => {
            x.checked_sub(*y).map(Value::Integer).ok_or_else(|| overflow(*x, '-', *y))
        }
        (Value::Float(x), Value::Float(y)) => Ok(Value::Float(x - y)),
        (Value::Integer(x), Value::Float(y)) => Ok(Value::Float(*x as f64 - y)),
        (Value::Float(x), Value::Integer(y)) => Ok(Value::Float(x - *y as f64)),
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        _ => temporal::difference(a, b).unwrap_or_else(|| Err(no_operator(a, '-', b))),
    }
}

/// `a * b`: numbers, and durations with numbers.
#[inline]
pub fn multiply(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Integer(x), Value::Integer(y)) => {
            x.checked_mul(*y).map(Value::Integer).ok_or_else(|| overflow(*x, '*', *y))
        }
        (Value::Float(x), Value::Float(y)) => Ok(Value::Float(x * y)),
        (Value::Integer(x), Value::Float(y)) => Ok(Value::Float(*x as f64 * y)),
        (Value::Float(x), Value::Integer(y)) => Ok(Value::Float(x * *y as f64)),
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Duration(x), Value::Integer(y)) | (Value::Integer(y), Value::Duration(x)) => {
            x.scaled(*y, 1).map(Value::from)
        }
        (Value::Duration(x), Value::Float(y)) | (Value::Float(y), Value::Duration(x)) => {
            x.times(*y).map(Value::from)
        }
        _ => Err(no_operator(a, '*', b)),
    }
}

/// `a / b`: numbers, and durations by numbers. Between integers it rounds towards zero, and division by
/// zero is an error; between floats it is infinite or NaN.
#[inline]
pub fn divide(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Integer(x), Value::Integer(0)) => Err(division_by_zero(*x, '/')),
        (Value::Integer(x), Value::Integer(y)) => {
            x.checked_div(*y).map(Value::Integer).ok_or_else(|| overflow(*x, '/', *y))
        }
        (Value::Float(x), Value::Float(y)) => Ok(Value::Float(x / y)),
        (Value::Integer(x), Value::Float(y)) => Ok(Value::Float(*x as f64 / y)),
        (Value::Float(x), Value::Integer(y)) => Ok(Value::Float(x / *y as f64)),
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Duration(x), Value::Integer(y)) => x.scaled(1, *y).map(Value::from),
        (Value::Duration(x), Value::Float(y)) => x.times(1.0 / y).map(Value::from),
        _ => Err(no_operator(a, '/', b)),
    }
}

/// `a % b`: the remainder, with the sign of `a`.
#[inline]
pub fn modulo(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Integer(x), Value::Integer(0)) => Err(division_by_zero(*x, '%')),
        // The smallest integer has a remainder of 0 by -1, though its quotient overflows.
        (Value::Integer(x), Value::Integer(y)) => Ok(Value::Integer(x.wrapping_rem(*y))),
        (Value::Float(x), Value::Float(y)) => Ok(Value::Float(x % y)),
        (Value::Integer(x), Value::Float(y)) => Ok(Value::Float(*x as f64 % y)),
        (Value::Float(x), Value::Integer(y)) => Ok(Value::Float(x % *y as f64)),
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        _ => Err(no_operator(a, '%', b)),
    }
}

/// `a ^ b`, always a float.
#[inline]
pub fn power(a: &Value, b: &Value) -> Result<Value> {
    match (a.as_number(), b.as_number()) {
        (Some(x), Some(y)) => Ok(Value::Float(x.powf(y))),
        _ if a.is_null() || b.is_null() => Ok(Value::Null),
        _ => Err(no_operator(a, '^', b)),
    }
}

/// `-a`.
#[inline]
pub fn negate(a: &Value) -> Result<Value> {
    match a {
        Value::Integer(x) => x
            .checked_neg()
            .map(Value::Integer)
            .ok_or_else(|| Error::arithmetic(Detail::IntegerOverflow, format!("-({x}) overflows"))),
        Value::Float(x) => Ok(Value::Float(-x)),
        Value::Null => Ok(Value::Null),
        Value::Duration(x) => x.negated().map(Value::from),
        _ => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!("cannot negate a value of type {}", a.type_name()),
        )),
    }
}

#[cold]
fn overflow(a: i64, operator: char, b: i64) -> Error {
    Error::arithmetic(Detail::IntegerOverflow, format!("{a} {operator} {b} overflows"))
        .help("Integers have 64 bits; use floats for larger numbers.")
}

#[cold]
fn division_by_zero(a: i64, operator: char) -> Error {
    Error::arithmetic(Detail::DivisionByZero, format!("{a} {operator} 0 divides by zero"))
}

#[cold]
fn no_operator(a: &Value, operator: char, b: &Value) -> Error {
    Error::type_error(
        Detail::InvalidArgumentType,
        format!("`{operator}` does not take {} and {}", a.type_name(), b.type_name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_integers_and_never_wrap() {
        let int = Value::Integer;
        let done: [(Result<Value>, Value); 8] = [
            (divide(&int(7), &int(-2)), int(-3)),
            (modulo(&int(-7), &int(2)), int(-1)),
            (modulo(&int(i64::MIN), &int(-1)), int(0)),
            (divide(&int(7), &Value::Float(2.0)), Value::Float(3.5)),
            (power(&int(2), &int(3)), Value::Float(8.0)),
            (add(&Value::string("a"), &int(1)), Value::string("a1")),
            (add(&Value::list(vec![int(1)]), &int(2)), Value::list(vec![int(1), int(2)])),
            (add(&Value::Null, &Value::list(vec![])), Value::Null),
        ];
        for (result, expected) in done {
            assert_eq!(result.unwrap(), expected);
        }
        let failed = [
            (add(&int(i64::MAX), &int(1)), Detail::IntegerOverflow),
            (divide(&int(i64::MIN), &int(-1)), Detail::IntegerOverflow),
            (negate(&int(i64::MIN)), Detail::IntegerOverflow),
            (divide(&int(1), &int(0)), Detail::DivisionByZero),
            (modulo(&int(1), &int(0)), Detail::DivisionByZero),
            (multiply(&int(1), &Value::string("a")), Detail::InvalidArgumentType),
        ];
        for (result, detail) in failed {
            assert_eq!(result.unwrap_err().kind(), detail);
        }
    }
}
