//! Operators over whole columns: tight loops where the types are known, the general rules elsewhere.

use std::cmp::Ordering;

use crate::bound::BinaryOperator;
use crate::bound::UnaryOperator;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::executor::Context;
use crate::meter;
use crate::value::Bitmap;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::ColumnData;
use crate::value::Value;
use crate::value::ValueType;
use crate::value::arithmetic;
use crate::value::ordering;
use crate::value::text;

use super::growing::Growing;
use super::logic::{self, Truth};
use super::regex::Pattern;

/// Applies an operator to a column.
pub(super) fn unary(operator: UnaryOperator, operand: &Column) -> Result<Column> {
    match operator {
        UnaryOperator::Not => {
            let truths = logic::truths(operand)?;
            Ok(logic::column_of(
                truths
                    .into_iter()
                    .map(|t| match t {
                        Truth::False => Truth::True,
                        Truth::True => Truth::False,
                        Truth::Null => Truth::Null,
                    })
                    .collect(),
            ))
        }
        UnaryOperator::Negate => map1(operand, arithmetic::negate),
        UnaryOperator::Plus => map1(operand, |value| match value {
            Value::Null | Value::Integer(_) | Value::Float(_) | Value::Duration(_) => {
                Ok(value.clone())
            }
            other => Err(Error::type_error(
                Detail::InvalidArgumentType,
                format!("expected a number, found {} `{other}`", other.type_name()),
            )),
        }),
        UnaryOperator::IsNull => Ok(nulls(operand, true)),
        UnaryOperator::IsNotNull => Ok(nulls(operand, false)),
    }
}

fn nulls(column: &Column, wanted: bool) -> Column {
    if let Some(value) = column.as_constant() {
        let null = matches!(value, Value::Null);
        return Column::constant(Value::Boolean(null == wanted), column.len());
    }
    Column::booleans((0..column.len()).map(|row| column.is_null(row) == wanted).collect())
}

/// Applies an operator to two columns of the same length.
pub(super) fn binary(
    operator: BinaryOperator,
    left: &Column,
    right: &Column,
    ctx: &Context,
) -> Result<Column> {
    use BinaryOperator as Op;
    if let (Some(a), Some(b)) = (left.as_constant(), right.as_constant()) {
        return Ok(Column::constant(scalar(operator, a, b)?, left.len()));
    }
    let fast = match operator {
        Op::Equal => compare(left, right, &|o| o == Ordering::Equal, false),
        Op::NotEqual => compare(left, right, &|o| o != Ordering::Equal, true),
        Op::Less => compare(left, right, &|o| o == Ordering::Less, false),
        Op::LessOrEqual => compare(left, right, &|o| o != Ordering::Greater, false),
        Op::Greater => compare(left, right, &|o| o == Ordering::Greater, false),
        Op::GreaterOrEqual => compare(left, right, &|o| o != Ordering::Less, false),
        Op::Add => arithmetic_fast(left, right, i64::checked_add, |a, b| a + b),
        Op::Subtract => arithmetic_fast(left, right, i64::checked_sub, |a, b| a - b),
        Op::Multiply => arithmetic_fast(left, right, i64::checked_mul, |a, b| a * b),
        // Dividing by zero has no integer result, and neither has the placeholder of a null.
        Op::Divide => arithmetic_fast(left, right, i64::checked_div, |a, b| a / b),
        Op::Modulo => arithmetic_fast(left, right, i64::checked_rem, |a, b| a % b),
        Op::StartsWith => text_fast(left, right, |x, y| x.starts_with(y)),
        Op::EndsWith => text_fast(left, right, |x, y| x.ends_with(y)),
        Op::Contains => text_fast(left, right, text::contains),
        Op::Power | Op::Concatenate | Op::Xor | Op::In | Op::RegexMatch => None,
    };
    if let Some(column) = fast {
        return Ok(column);
    }
    let mut column = Growing::new(ctx);
    for row in 0..left.len() {
        column.push(scalar(operator, &left.get(row), &right.get(row))?)?;
    }
    Ok(column.finish())
}

/// Both sides as numbers or texts of one type; a constant stands for itself.
enum Side<'a, T> {
    Slice(&'a [T]),
    Same(T),
}

impl<T: Copy> Side<'_, T> {
    #[inline]
    fn get(&self, row: usize) -> T {
        match self {
            Side::Slice(values) => values[row],
            Side::Same(value) => *value,
        }
    }
}

fn integers(column: &Column) -> Option<Side<'_, i64>> {
    match column.data() {
        ColumnData::Integer(values) => Some(Side::Slice(values)),
        ColumnData::Constant(Value::Integer(value), _) => Some(Side::Same(*value)),
        _ => None,
    }
}

/// Up to here floats hold every integer exactly.
const EXACT: i64 = 1 << 53;

fn floats(column: &Column) -> Option<Side<'_, f64>> {
    match column.data() {
        ColumnData::Float(values) => Some(Side::Slice(values)),
        ColumnData::Constant(Value::Float(value), _) => Some(Side::Same(*value)),
        ColumnData::Constant(Value::Integer(value), _) if (-EXACT..=EXACT).contains(value) => {
            Some(Side::Same(*value as f64))
        }
        _ => None,
    }
}

/// A predicate on the texts of a column and one constant text; `None` where there is no fast way.
fn text_fast(left: &Column, right: &Column, test: impl Fn(&str, &str) -> bool) -> Option<Column> {
    let Some(Value::String(text)) = right.as_constant() else { return None };
    let bits = match left.data() {
        ColumnData::String(values) => meter::walked(&**values).map(|x| test(x, text)).collect(),
        ColumnData::Dictionary(codes, words) => {
            let answers: Vec<bool> = meter::walked(&**words).map(|word| test(word, text)).collect();
            codes.iter().map(|code| answers[*code as usize]).collect()
        }
        _ => return None,
    };
    Some(with_nulls(Column::booleans(bits), left.validity().cloned()))
}

/// What is present in both columns; `None` where everything is.
fn both(left: &Column, right: &Column) -> Option<Bitmap> {
    match (left.validity(), right.validity()) {
        (None, None) => None,
        (Some(v), None) | (None, Some(v)) => Some(v.clone()),
        (Some(a), Some(b)) => Some(a.iter().zip(b.iter()).map(|(x, y)| x && y).collect()),
    }
}

fn with_nulls(column: Column, validity: Option<Bitmap>) -> Column {
    match validity {
        Some(validity) => column.with_validity(validity),
        None => column,
    }
}

/// Comparison of columns of one type; `None` where there is no fast way. `nan` is the answer for
/// floats that cannot be ordered.
fn compare(
    left: &Column,
    right: &Column,
    test: &dyn Fn(Ordering) -> bool,
    nan: bool,
) -> Option<Column> {
    // A test is one of three answers, looked up instead of called.
    let answers = [test(Ordering::Less), test(Ordering::Equal), test(Ordering::Greater)];
    let test = |order: Ordering| answers[(order as i8 + 1) as usize];
    if left.as_constant().is_some() && right.as_constant().is_none() {
        return compare(right, left, &|order| test(order.reverse()), nan);
    }
    let len = left.len();
    let bits: Vec<bool> = if let (Some(a), Some(b)) = (integers(left), integers(right)) {
        match (a, b) {
            (Side::Slice(a), Side::Same(b)) => {
                // Written out, so that it is done for several rows at once.
                let [less, equal, greater] = answers;
                a.iter().map(|x| (*x < b) & less | (*x == b) & equal | (*x > b) & greater).collect()
            }
            (a, b) => (0..len).map(|row| test(a.get(row).cmp(&b.get(row)))).collect(),
        }
    } else if let (Some(a), Some(b)) = (floats(left), floats(right)) {
        (0..len).map(|row| a.get(row).partial_cmp(&b.get(row)).map_or(nan, test)).collect()
    } else if let (Some(a), Some(b)) = (left.as_nodes(), right.as_nodes()) {
        a.iter().zip(b).map(|(x, y)| (x == y) == test(Ordering::Equal)).collect()
    } else if let (Some(a), Some(b)) = (left.as_relationships(), right.as_relationships()) {
        a.iter().zip(b).map(|(x, y)| (x == y) == test(Ordering::Equal)).collect()
    } else if let (Some(values), Some(Value::String(text))) =
        (left.as_strings(), right.as_constant())
    {
        values.iter().map(|x| test((**x).cmp(&**text))).collect()
    } else if let (ColumnData::Dictionary(codes, words), Some(Value::String(text))) =
        (left.data(), right.as_constant())
    {
        let answers: Vec<bool> = words.iter().map(|word| test((**word).cmp(&**text))).collect();
        codes.iter().map(|code| answers[*code as usize]).collect()
    } else if let (Some(a), Some(b)) = (left.as_strings(), right.as_strings()) {
        a.iter().zip(b).map(|(x, y)| test(x.cmp(y))).collect()
    } else {
        return None;
    };
    let nodes = left.as_nodes().is_some() || left.as_relationships().is_some();
    // Entities are equal or not, but neither less nor greater: that is null, the general way.
    if nodes && (test(Ordering::Less) != test(Ordering::Greater)) {
        return None;
    }
    Some(with_nulls(Column::booleans(bits), both(left, right)))
}

/// Arithmetic on columns of one type; `None` where there is no fast way, or a row overflows: the
/// general way then says which.
fn arithmetic_fast(
    left: &Column,
    right: &Column,
    integer: impl Fn(i64, i64) -> Option<i64>,
    float: impl Fn(f64, f64) -> f64,
) -> Option<Column> {
    let len = left.len();
    let column = if let (Some(a), Some(b)) = (integers(left), integers(right)) {
        let values: Option<Vec<i64>> =
            (0..len).map(|row| integer(a.get(row), b.get(row))).collect();
        Column::integers(values?)
    } else if let (Some(a), Some(b)) = (floats(left), floats(right)) {
        Column::floats((0..len).map(|row| float(a.get(row), b.get(row))).collect())
    } else {
        return None;
    };
    Some(with_nulls(column, both(left, right)))
}

fn map1(column: &Column, apply: impl Fn(&Value) -> Result<Value>) -> Result<Column> {
    if let Some(value) = column.as_constant() {
        return Ok(Column::constant(apply(value)?, column.len()));
    }
    let mut builder = ColumnBuilder::default();
    for value in column.iter() {
        builder.push(apply(&value)?);
    }
    Ok(builder.finish())
}

fn truth(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Boolean)
}

/// One operator on two values.
fn scalar(operator: BinaryOperator, a: &Value, b: &Value) -> Result<Value> {
    use BinaryOperator as Op;
    Ok(match operator {
        Op::Equal => truth(ordering::equals(a, b)),
        Op::NotEqual => truth(ordering::equals(a, b).map(|equal| !equal)),
        Op::Less => truth(ordering::less(a, b, false)),
        Op::LessOrEqual => truth(ordering::less(a, b, true)),
        Op::Greater => truth(ordering::less(b, a, false)),
        Op::GreaterOrEqual => truth(ordering::less(b, a, true)),
        Op::Add => arithmetic::add(a, b)?,
        Op::Concatenate => concatenated(a, b)?,
        Op::Subtract => arithmetic::subtract(a, b)?,
        Op::Multiply => arithmetic::multiply(a, b)?,
        Op::Divide => arithmetic::divide(a, b)?,
        Op::Modulo => arithmetic::modulo(a, b)?,
        Op::Power => arithmetic::power(a, b)?,
        Op::Xor => truth(match (boolean(a)?, boolean(b)?) {
            (Some(x), Some(y)) => Some(x != y),
            _ => None,
        }),
        Op::In => truth(contains_element(a, b)?),
        Op::StartsWith => texts(a, b, |x, y| x.starts_with(y)),
        Op::EndsWith => texts(a, b, |x, y| x.ends_with(y)),
        Op::Contains => texts(a, b, text::contains),
        Op::RegexMatch => match (a, b) {
            (Value::String(x), Value::String(pattern)) => {
                Value::Boolean(Pattern::new(pattern)?.is_match(x))
            }
            _ => Value::Null,
        },
    })
}

/// `a || b`: of two strings or two lists.
fn concatenated(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::String(_), Value::String(_)) | (Value::List(_), Value::List(_)) => {
            arithmetic::add(a, b)
        }
        _ => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!(
                "`||` joins two Strings or two Lists, found {} `{a}` and {} `{b}`",
                a.type_name(),
                b.type_name()
            ),
        )
        .help("`+` turns a number into text; `[x]` makes a list of one value.")),
    }
}

/// Whether each value belongs to the type.
pub(super) fn typed(column: &Column, of: &ValueType) -> Column {
    if let Some(value) = column.as_constant() {
        return Column::constant(Value::Boolean(of.accepts(value)), column.len());
    }
    Column::booleans(column.iter().map(|value| of.accepts(&value)).collect())
}

fn boolean(value: &Value) -> Result<Option<bool>> {
    match value {
        Value::Null => Ok(None),
        Value::Boolean(b) => Ok(Some(*b)),
        other => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!("expected a Boolean, found {} `{other}`", other.type_name()),
        )),
    }
}

/// The string predicates are null for anything but two strings.
fn texts(a: &Value, b: &Value, test: impl Fn(&str, &str) -> bool) -> Value {
    match (a, b) {
        (Value::String(x), Value::String(y)) => Value::Boolean(test(x, y)),
        _ => Value::Null,
    }
}

fn contains_element(element: &Value, list: &Value) -> Result<Option<bool>> {
    let items = match list {
        Value::Null => return Ok(None),
        Value::List(items) => items,
        other => {
            return Err(Error::type_error(
                Detail::InvalidArgumentType,
                format!("IN expects a List, found {} `{other}`", other.type_name()),
            ));
        }
    };
    let mut answer = Some(false);
    for item in meter::walked(items.iter()) {
        match ordering::equals(element, item) {
            Some(true) => return Ok(Some(true)),
            Some(false) => {}
            None => answer = None,
        }
    }
    Ok(answer)
}

/// `column =~ pattern`.
pub(super) fn regex_match(column: &Column, pattern: &Pattern) -> Result<Column> {
    map1(column, |value| {
        Ok(match value {
            Value::String(text) => Value::Boolean(pattern.is_match(text)),
            _ => Value::Null,
        })
    })
}
