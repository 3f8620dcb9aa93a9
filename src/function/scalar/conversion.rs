//! Conversion between types. A string that has no value of the wanted type gives null; a value of a
//! type that cannot be converted is an error, or null with the `OrNull` forms.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::ScalarFunction;
use crate::value::Value;
use crate::value::text;
use crate::value::to_text;

use super::SCALAR;
use super::argument::Arguments;
use super::making::Making;

/// Converts one value; `None` where its type is not accepted.
type Convert = fn(&Value) -> Result<Option<Value>>;

macro_rules! conversions {
    ($($name:literal, $result:literal, [$($accepted:literal),*], $wanted:literal, $doc:literal,
       $example:expr, $list_example:expr, $convert:path;)*) => {
        pub(super) const FUNCTIONS: &[ScalarFunction] = &[$(
            ScalarFunction {
                name: $name,
                signatures: &[$(concat!($name, "(value :: ", $accepted, ") :: ", $result)),*],
                doc: $doc,
                example: $example,
                eval: |_, args| one(Arguments::of($name, args), $wanted, $convert),
                ..SCALAR
            },
            ScalarFunction {
                name: concat!($name, "OrNull"),
                signatures: &[concat!($name, "OrNull(value :: ANY) :: ", $result)],
                doc: concat!("As `", $name, "`, but null where that is an error."),
                example: (concat!($name, "OrNull({})"), "null"),
                eval: |_, args| {
                    let converted = $convert(Arguments::of($name, args).value(0));
                    Ok(converted.ok().flatten().unwrap_or_default())
                },
                ..SCALAR
            },
            ScalarFunction {
                name: concat!($name, "List"),
                signatures: &[concat!($name, "List(values :: LIST<ANY>) :: LIST<", $result, ">")],
                doc: concat!(
                    "The elements of a list, each as by `", $name, "OrNull`."
                ),
                example: $list_example,
                eval: |context, args| {
                    let function = concat!($name, "List");
                    let list = Arguments::of(function, args).list(0)?;
                    let converted =
                        list.iter().map(|v| $convert(v).ok().flatten().unwrap_or_default());
                    Making::new(context, function).texts(converted)
                },
                ..SCALAR
            },
        )*];
    };
}

conversions! {
    "toInteger", "INTEGER", ["NUMBER", "STRING"], "a number or a string",
        "A number, or the number in a string, as an integer; fractions are cut off.",
        ("toInteger('42.9')", "42"), ("toIntegerList(['1', 2.5, 'x'])", "[1, 2, null]"), to_integer;
    "toFloat", "FLOAT", ["NUMBER", "STRING"], "a number or a string",
        "A number, or the number in a string, as a float.",
        ("toFloat('1.5')", "1.5"), ("toFloatList(['1', 2])", "[1.0, 2.0]"), to_float;
    "toBoolean", "BOOLEAN", ["BOOLEAN", "STRING"], "a boolean or a string",
        "`true` or `false` from a string in any case; null of any other string.",
        ("toBoolean('TRUE')", "true"), ("toBooleanList(['true', 'x'])", "[true, null]"), to_boolean;
    "toString", "STRING",
        ["STRING", "NUMBER", "BOOLEAN", "DATE", "LOCAL TIME", "ZONED TIME", "LOCAL DATETIME",
         "ZONED DATETIME", "DURATION", "POINT"],
        "a string, a number, a boolean, a temporal value or a point",
        "The value as text.",
        ("toString(1.0)", "'1.0'"), ("toStringList([1, true])", "['1', 'true']"), to_string;
}

fn one(args: Arguments<'_>, wanted: &str, convert: Convert) -> Result<Value> {
    convert(args.value(0))?.ok_or_else(|| args.wrong_type(0, wanted))
}

fn to_integer(value: &Value) -> Result<Option<Value>> {
    Ok(Some(match value {
        Value::Integer(_) => value.clone(),
        Value::Float(number) => Value::Integer(truncate(*number)?),
        Value::String(text) => {
            let text = text::trim(text);
            match text.parse::<i64>() {
                Ok(number) => Value::Integer(number),
                Err(_) => match parse_float(text) {
                    Some(number) => Value::Integer(truncate(number).map_err(|_| {
                        let message = format!("the number `{text}` does not fit an integer");
                        Error::arithmetic(Detail::IntegerOverflow, message)
                    })?),
                    None => Value::Null,
                },
            }
        }
        _ => return Ok(None),
    }))
}

/// A float as an integer, towards zero.
pub(super) fn truncate(number: f64) -> Result<i64> {
    let whole = number.trunc();
    // 2^63 is the first float past the greatest integer.
    if whole >= -(2f64.powi(63)) && whole < 2f64.powi(63) {
        return Ok(whole as i64);
    }
    let message = format!("the float {} does not fit an integer", Value::Float(number));
    Err(Error::arithmetic(Detail::IntegerOverflow, message))
}

fn to_float(value: &Value) -> Result<Option<Value>> {
    Ok(Some(match value {
        Value::Float(_) => value.clone(),
        Value::Integer(number) => Value::Float(*number as f64),
        Value::String(text) => parse_float(text::trim(text)).map_or(Value::Null, Value::Float),
        _ => return Ok(None),
    }))
}

/// Rust reads words such as `infinity` as floats, which are no numbers here.
fn parse_float(text: &str) -> Option<f64> {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    text::chars(text).all(numeric).then(|| text.parse().ok()).flatten()
}

fn to_boolean(value: &Value) -> Result<Option<Value>> {
    Ok(Some(match value {
        Value::Boolean(_) => value.clone(),
        Value::String(text) => {
            let word = text::trim(text);
            let known = [("true", true), ("false", false)];
            let known = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
            known.map_or(Value::Null, |(_, value)| Value::Boolean(*value))
        }
        _ => return Ok(None),
    }))
}

fn to_string(value: &Value) -> Result<Option<Value>> {
    Ok(match value {
        Value::String(_) => Some(value.clone()),
        _ => to_text(value).map(|text| Value::String(text.into())),
    })
}
