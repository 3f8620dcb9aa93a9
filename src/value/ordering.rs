//! The four relations of Cypher values (openCypher 9, "Comparability, equality, orderability and
//! equivalence"): equality and comparability for operators, equivalence for grouping, orderability
//! for sorting.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::Value;

/// `a = b` in three-valued logic; `None` is null.
///
/// Numbers compare by value whatever their type, NaN equals nothing, values of different types are
/// not equal, and a null anywhere within leaves the answer open unless something else decides it.
pub fn equals(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Boolean(x), Value::Boolean(y)) => Some(x == y),
        (Value::String(x), Value::String(y)) => Some(x == y),
        (Value::Integer(x), Value::Integer(y)) => Some(x == y),
        (Value::Float(x), Value::Float(y)) => Some(x == y),
        (Value::Integer(x), Value::Float(y)) | (Value::Float(y), Value::Integer(x)) => {
            Some(compare_integer_float(*x, *y) == Some(Ordering::Equal))
        }
        (Value::List(x), Value::List(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            all_equal(x.iter().zip(y.iter()))
        }
        (Value::Map(x), Value::Map(y)) => {
            if x.len() != y.len() || x.keys().ne(y.keys()) {
                return Some(false);
            }
            all_equal(x.values().zip(y.values()))
        }
        (Value::Node(x), Value::Node(y)) => Some(x == y),
        (Value::Relationship(x), Value::Relationship(y)) => Some(x == y),
        (Value::Path(x), Value::Path(y)) => Some(x == y),
        (Value::Date(x), Value::Date(y)) => Some(x == y),
        (Value::LocalTime(x), Value::LocalTime(y)) => Some(x == y),
        (Value::Time(x), Value::Time(y)) => Some(x == y),
        (Value::LocalDateTime(x), Value::LocalDateTime(y)) => Some(x == y),
        (Value::DateTime(x), Value::DateTime(y)) => Some(x == y),
        (Value::Duration(x), Value::Duration(y)) => Some(x == y),
        _ => Some(false),
    }
}

fn all_equal<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut result = Some(true);
    for (x, y) in pairs {
        match equals(x, y) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => result = None,
        }
    }
    result
}

/// How `a` compares with `b` for `<`, `<=`, `>`, `>=`; `None` where they cannot be compared, which is
/// null for these operators. NaN is comparable with numbers but neither less nor greater: see
/// [`less`].
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Boolean(x), Value::Boolean(y)) => Some(x.cmp(y)),
        (Value::String(x), Value::String(y)) => Some(x.cmp(y)),
        (Value::Integer(x), Value::Integer(y)) => Some(x.cmp(y)),
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y),
        (Value::Integer(x), Value::Float(y)) => compare_integer_float(*x, *y),
        (Value::Float(x), Value::Integer(y)) => {
            compare_integer_float(*y, *x).map(Ordering::reverse)
        }
        (Value::List(x), Value::List(y)) => {
            for (p, q) in x.iter().zip(y.iter()) {
                match equals(p, q) {
                    Some(true) => {}
                    Some(false) => return compare(p, q),
                    None => return None,
                }
            }
            Some(x.len().cmp(&y.len()))
        }
        (Value::Date(x), Value::Date(y)) => Some(x.cmp(y)),
        (Value::LocalTime(x), Value::LocalTime(y)) => Some(x.cmp(y)),
        (Value::Time(x), Value::Time(y)) => Some(x.cmp(y)),
        (Value::LocalDateTime(x), Value::LocalDateTime(y)) => Some(x.cmp(y)),
        (Value::DateTime(x), Value::DateTime(y)) => Some(x.cmp(y)),
        _ => None,
    }
}

/// `a < b` in three-valued logic, and with `or_equal` `a <= b`. Comparing a number with NaN is false,
/// not null.
pub fn less(a: &Value, b: &Value, or_equal: bool) -> Option<bool> {
    match compare(a, b) {
        Some(Ordering::Less) => Some(true),
        Some(Ordering::Equal) => Some(or_equal),
        Some(Ordering::Greater) => Some(false),
        None if is_number(a) && is_number(b) => Some(false),
        None => None,
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}

/// Exact comparison: converting the integer would lose digits beyond 2^53.
fn compare_integer_float(x: i64, y: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if y.is_nan() {
        return None;
    }
    if y >= LIMIT {
        return Some(Ordering::Less);
    }
    if y < -LIMIT {
        return Some(Ordering::Greater);
    }
    let whole = y.trunc();
    Some(x.cmp(&(whole as i64)).then_with(|| 0.0.partial_cmp(&(y - whole)).unwrap_or(Ordering::Equal)))
}

/// Whether two values are the same for DISTINCT and grouping: nulls are, NaNs are, and 1 and 1.0 are.
pub fn equivalent(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Float(x), Value::Float(y)) => x == y || (x.is_nan() && y.is_nan()),
        (Value::List(x), Value::List(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(p, q)| equivalent(p, q))
        }
        (Value::Map(x), Value::Map(y)) => {
            x.len() == y.len()
                && x.iter().zip(y.iter()).all(|((k, p), (l, q))| k == l && equivalent(p, q))
        }
        _ => equals(a, b) == Some(true),
    }
}

/// Feeds a value to a hasher so that equivalent values have equal hashes.
pub fn hash_equivalent<H: Hasher>(value: &Value, state: &mut H) {
    rank(value).hash(state);
    match value {
        Value::Null => {}
        Value::Boolean(x) => x.hash(state),
        Value::Integer(x) => x.hash(state),
        Value::Float(x) => {
            // An integral float must hash as the integer it equals.
            if x.fract() == 0.0 && *x >= i64::MIN as f64 && *x < i64::MAX as f64 {
                (*x as i64).hash(state);
            } else if x.is_nan() {
                f64::NAN.to_bits().hash(state);
            } else {
                x.to_bits().hash(state);
            }
        }
        Value::String(x) => x.hash(state),
        Value::List(x) => {
            x.len().hash(state);
            x.iter().for_each(|v| hash_equivalent(v, state));
        }
        Value::Map(x) => {
            x.len().hash(state);
            for (key, v) in x.iter() {
                key.hash(state);
                hash_equivalent(v, state);
            }
        }
        Value::Node(x) => x.id().hash(state),
        Value::Relationship(x) => x.id().hash(state),
        Value::Path(x) => {
            x.nodes().iter().for_each(|n| n.id().hash(state));
            x.relationships().iter().for_each(|r| r.id().hash(state));
        }
        Value::Date(x) => x.hash(state),
        Value::LocalTime(x) => x.hash(state),
        Value::Time(x) => x.hash(state),
        Value::LocalDateTime(x) => x.hash(state),
        Value::DateTime(x) => x.hash(state),
        Value::Duration(x) => x.hash(state),
    }
}

/// A value as a key of a hash table: equal and hashed by equivalence.
#[derive(Debug, Clone)]
pub struct Equivalence(pub Value);

impl PartialEq for Equivalence {
    fn eq(&self, other: &Self) -> bool {
        equivalent(&self.0, &other.0)
    }
}

impl Eq for Equivalence {}

impl Hash for Equivalence {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_equivalent(&self.0, state);
    }
}

/// The place of a type in the global sort order, ascending.
fn rank(value: &Value) -> u8 {
    match value {
        Value::Map(_) => 0,
        Value::Node(_) => 1,
        Value::Relationship(_) => 2,
        Value::List(_) => 3,
        Value::Path(_) => 4,
        Value::DateTime(_) => 5,
        Value::LocalDateTime(_) => 6,
        Value::Date(_) => 7,
        Value::Time(_) => 8,
        Value::LocalTime(_) => 9,
        Value::Duration(_) => 10,
        Value::String(_) => 11,
        Value::Boolean(_) => 12,
        Value::Integer(_) | Value::Float(_) => 13,
        Value::Null => 14,
    }
}

/// The total order of ORDER BY, ascending: types in a fixed sequence, null last, NaN after all other
/// numbers.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(x), Value::Integer(y)) => x.cmp(y),
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Float(x), Value::Float(y)) => {
            x.partial_cmp(y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
        }
        (Value::Integer(x), Value::Float(y)) => {
            compare_integer_float(*x, *y).unwrap_or(Ordering::Less)
        }
        (Value::Float(x), Value::Integer(y)) => {
            compare_integer_float(*y, *x).map_or(Ordering::Greater, Ordering::reverse)
        }
        (Value::Boolean(x), Value::Boolean(y)) => x.cmp(y),
        (Value::List(x), Value::List(y)) => order_all(x.iter(), y.iter()),
        (Value::Map(x), Value::Map(y)) => {
            x.keys().cmp(y.keys()).then_with(|| order_all(x.values(), y.values()))
        }
        (Value::Node(x), Value::Node(y)) => x.id().cmp(&y.id()),
        (Value::Relationship(x), Value::Relationship(y)) => x.id().cmp(&y.id()),
        (Value::Path(x), Value::Path(y)) => x
            .nodes()
            .iter()
            .map(|n| n.id())
            .cmp(y.nodes().iter().map(|n| n.id()))
            .then_with(|| {
                let ids = x.relationships().iter().map(|r| r.id());
                ids.cmp(y.relationships().iter().map(|r| r.id()))
            }),
        (Value::Date(x), Value::Date(y)) => x.cmp(y),
        (Value::LocalTime(x), Value::LocalTime(y)) => x.cmp(y),
        (Value::Time(x), Value::Time(y)) => x.cmp(y),
        (Value::LocalDateTime(x), Value::LocalDateTime(y)) => x.cmp(y),
        (Value::DateTime(x), Value::DateTime(y)) => x.cmp(y),
        (Value::Duration(x), Value::Duration(y)) => x.cmp(y),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn order_all<'a>(
    mut a: impl Iterator<Item = &'a Value>,
    mut b: impl Iterator<Item = &'a Value>,
) -> Ordering {
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match order(x, y) {
                Ordering::Equal => {}
                other => return other,
            },
        }
    }
}
