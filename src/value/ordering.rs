//! The four relations between values: equality, comparability, equivalence and orderability.
//!
//! - *Equality* (`=`) is three-valued: null makes it unknown.
//! - *Comparability* (`<`, `<=`, `>`, `>=`) is three-valued too, and unknown across types.
//! - *Equivalence* (DISTINCT, grouping, joins) is two-valued: null is equivalent to null, NaN to NaN, and
//!   1 to 1.0. It is what `==` and `Hash` of [`Value`] mean.
//! - *Orderability* (ORDER BY, `min`, `max`) is a total order over all values that agrees with
//!   equivalence. It is what `Ord` of [`Value`] means.
//!
//! Lists and maps may be large: what goes through them counts its steps (`meter::walk`), and so ends with the statement.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use crate::meter;

use super::{Map, Path, Value};

/// Whether `a = b`; `None` is null.
#[inline]
pub fn equals(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Integer(a), Value::Integer(b)) => Some(a == b),
        (Value::String(a), Value::String(b)) => Some(a == b),
        (Value::Float(a), Value::Float(b)) => Some(a == b),
        (Value::Integer(a), Value::Float(b)) | (Value::Float(b), Value::Integer(a)) => {
            Some(compare_integer_float(*a, *b) == Some(Ordering::Equal))
        }
        (Value::List(a), Value::List(b)) => equal_lists(a, b),
        (Value::Map(a), Value::Map(b)) => equal_maps(a, b),
        _ => Some(a == b),
    }
}

fn equal_lists(a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    all_equal(a.iter().zip(b))
}

fn equal_maps(a: &Map, b: &Map) -> Option<bool> {
    if a.len() != b.len() || !a.keys().eq(b.keys()) {
        return Some(false);
    }
    all_equal(a.values().zip(b.values()))
}

/// False if any pair differs, else unknown if any pair is unknown.
fn all_equal<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut result = Some(true);
    for (a, b) in pairs {
        meter::walk(1);
        match equals(a, b) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => result = None,
        }
    }
    result
}

/// How two values compare for `<`, `<=`, `>` and `>=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// They compare.
    Is(Ordering),
    /// One of them is NaN: every comparison is false.
    NotANumber,
    /// They do not compare: every comparison is null.
    Unknown,
}

/// How `a` and `b` compare, if they do: numbers, strings, booleans, lists, and temporals of one type.
/// Nothing compares with null or NaN.
#[inline]
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match comparison(a, b) {
        Comparison::Is(ordering) => Some(ordering),
        Comparison::NotANumber | Comparison::Unknown => None,
    }
}

/// Whether `a < b`, or with `or_equal` whether `a <= b`; `None` is null. With NaN it is false, not null.
#[inline]
pub fn less(a: &Value, b: &Value, or_equal: bool) -> Option<bool> {
    match comparison(a, b) {
        Comparison::Is(ordering) => {
            Some(if or_equal { ordering.is_le() } else { ordering.is_lt() })
        }
        Comparison::NotANumber => Some(false),
        Comparison::Unknown => None,
    }
}

fn comparison(a: &Value, b: &Value) -> Comparison {
    let number = |ordering: Option<Ordering>| match ordering {
        Some(ordering) => Comparison::Is(ordering),
        None => Comparison::NotANumber,
    };
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Comparison::Is(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => number(a.partial_cmp(b)),
        (Value::Integer(a), Value::Float(b)) => number(compare_integer_float(*a, *b)),
        (Value::Float(a), Value::Integer(b)) => {
            number(compare_integer_float(*b, *a).map(Ordering::reverse))
        }
        (Value::String(a), Value::String(b)) => Comparison::Is(a.cmp(b)),
        (Value::Boolean(a), Value::Boolean(b)) => Comparison::Is(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Comparison::Is(a.cmp(b)),
        (Value::LocalTime(a), Value::LocalTime(b)) => Comparison::Is(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Comparison::Is(a.cmp(b)),
        (Value::LocalDateTime(a), Value::LocalDateTime(b)) => Comparison::Is(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Comparison::Is(a.cmp(b)),
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                meter::walk(1);
                match (equals(a, b), comparison(a, b)) {
                    (Some(true), _) => {}
                    (_, decided) => return decided,
                }
            }
            Comparison::Is(a.len().cmp(&b.len()))
        }
        _ => Comparison::Unknown,
    }
}

/// Compares without rounding the integer to a float; `None` for NaN.
#[inline]
pub(crate) fn compare_integer_float(a: i64, b: f64) -> Option<Ordering> {
    /// 2⁶³, the first float above every integer.
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        None
    } else if b >= ABOVE {
        Some(Ordering::Less)
    } else if b < -ABOVE {
        Some(Ordering::Greater)
    } else {
        let whole = b.trunc();
        Some(a.cmp(&(whole as i64)).then(whole.partial_cmp(&b).unwrap_or(Ordering::Equal)))
    }
}

/// Whether two values are equivalent: the same group, the same distinct value.
#[inline]
pub fn equivalent(a: &Value, b: &Value) -> bool {
    a == b
}

/// Feeds a value to a hasher so that equivalent values have equal hashes; the same as [`Hash`].
pub fn hash_equivalent<H: Hasher>(value: &Value, state: &mut H) {
    value.hash(state);
}

/// A value as a key of a hash table: equal and hashed by equivalence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Equivalence(pub Value);

/// The total order of values: by type, then by value, nulls last.
#[inline]
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => order_floats(*a, *b),
        (Value::Integer(a), Value::Float(b)) => {
            compare_integer_float(*a, *b).unwrap_or(Ordering::Less)
        }
        (Value::Float(a), Value::Integer(b)) => {
            compare_integer_float(*b, *a).map_or(Ordering::Greater, Ordering::reverse)
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::LocalTime(a), Value::LocalTime(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::LocalDateTime(a), Value::LocalDateTime(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Point(a), Value::Point(b)) => a.cmp(b),
        (Value::Node(a), Value::Node(b)) => a.id().cmp(&b.id()),
        (Value::Relationship(a), Value::Relationship(b)) => a.id().cmp(&b.id()),
        (Value::List(a), Value::List(b)) => order_lists(a, b),
        (Value::Map(a), Value::Map(b)) => order_maps(a, b),
        (Value::Path(a), Value::Path(b)) => order_paths(a, b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn order_lists(a: &[Value], b: &[Value]) -> Ordering {
    // Pieces of one length, but for the last ones.
    let mut pairs = meter::pieces(a).zip(meter::pieces(b));
    let unequal = pairs.find_map(|(a, b)| match a.iter().cmp(b.iter()) {
        Ordering::Equal => None,
        ordering => Some(ordering),
    });
    unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// NaN after every number; 0.0 and -0.0 are one.
fn order_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn order_maps(a: &Map, b: &Map) -> Ordering {
    a.len()
        .cmp(&b.len())
        .then_with(|| a.keys().cmp(b.keys()))
        .then_with(|| a.values().cmp(b.values().inspect(|_| meter::walk(1))))
}

fn order_paths(a: &Path, b: &Path) -> Ordering {
    a.nodes().iter().map(|n| n.id()).cmp(b.nodes().iter().map(|n| n.id())).then_with(|| {
        let ids = |path: &Path| -> Vec<_> { path.relationships().iter().map(|r| r.id()).collect() };
        ids(a).cmp(&ids(b))
    })
}

/// Whether two values stand in the same part of the total order: both numbers, both strings ...
pub(crate) fn same_kind(a: &Value, b: &Value) -> bool {
    rank(a) == rank(b)
}

/// The place of a type in the total order.
fn rank(value: &Value) -> u8 {
    match value {
        Value::Map(_) => 0,
        Value::Node(_) => 1,
        Value::Relationship(_) => 2,
        Value::List(_) => 3,
        Value::Path(_) => 4,
        Value::Point(_) => 5,
        Value::DateTime(_) => 6,
        Value::LocalDateTime(_) => 7,
        Value::Date(_) => 8,
        Value::Time(_) => 9,
        Value::LocalTime(_) => 10,
        Value::Duration(_) => 11,
        Value::String(_) => 12,
        Value::Boolean(_) => 13,
        Value::Integer(_) | Value::Float(_) => 14,
        Value::Null => 15,
    }
}

impl PartialEq for Value {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        order(self, other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        order(self, other)
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(rank(self));
        match self {
            Self::Null => {}
            Self::Boolean(x) => x.hash(state),
            Self::Integer(x) => x.hash(state),
            Self::Float(x) => hash_float(*x, state),
            Self::String(x) => x.hash(state),
            Self::List(x) => {
                state.write_usize(x.len());
                meter::pieces(x).flatten().for_each(|item| item.hash(state));
            }
            Self::Map(x) => {
                meter::walk(x.len());
                x.hash(state);
            }
            Self::Node(x) => x.id().hash(state),
            Self::Relationship(x) => x.id().hash(state),
            Self::Path(x) => {
                x.nodes().iter().for_each(|n| n.id().hash(state));
                x.relationships().iter().for_each(|r| r.id().hash(state));
            }
            Self::Date(x) => x.hash(state),
            Self::LocalTime(x) => x.hash(state),
            Self::Time(x) => x.hash(state),
            Self::LocalDateTime(x) => x.hash(state),
            Self::DateTime(x) => x.hash(state),
            Self::Duration(x) => x.hash(state),
            Self::Point(x) => x.hash(state),
        }
    }
}

/// A float hashes as the integer it equals, where there is one, and NaN always alike.
fn hash_float<H: Hasher>(x: f64, state: &mut H) {
    let whole = x as i64;
    if compare_integer_float(whole, x) == Some(Ordering::Equal) {
        whole.hash(state);
    } else if x.is_nan() {
        f64::NAN.to_bits().hash(state);
    } else {
        x.to_bits().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[Value]) -> Value {
        Value::list(items.to_vec())
    }

    const NAN: Value = Value::Float(f64::NAN);
    const NULL: Value = Value::Null;

    fn int(x: i64) -> Value {
        Value::Integer(x)
    }

    #[test]
    fn equality_is_three_valued() {
        let cases = [
            (int(1), Value::Float(1.0), Some(true)),
            (int(9_007_199_254_740_993), Value::Float(9_007_199_254_740_992.0), Some(false)),
            (int(i64::MAX), Value::Float(9_223_372_036_854_775_808.0), Some(false)),
            (NULL, NULL, None),
            (NULL, int(1), None),
            (NAN, NAN, Some(false)),
            (NAN, Value::string("a"), Some(false)),
            (int(1), Value::string("1"), Some(false)),
            (list(&[int(1), NULL]), list(&[int(1), int(2)]), None),
            (list(&[int(1), NULL]), list(&[int(2), int(2)]), Some(false)),
            (list(&[NULL]), list(&[NULL, NULL]), Some(false)),
        ];
        for (a, b, expected) in cases {
            assert_eq!(equals(&a, &b), expected, "{a:?} = {b:?}");
            assert_eq!(equals(&b, &a), expected, "{b:?} = {a:?}");
        }
    }

    #[test]
    fn comparison_knows_nan_null_and_other_types() {
        let cases = [
            (int(1), Value::Float(1.5), Some(true)),
            (int(i64::MAX), Value::Float(9_223_372_036_854_775_808.0), Some(true)),
            (Value::Float(-0.5), int(0), Some(true)),
            (NAN, int(1), Some(false)),
            (NAN, Value::string("a"), None),
            (NULL, int(1), None),
            (Value::string("1"), int(1), None),
            (list(&[int(1)]), list(&[int(1), NULL]), Some(true)),
            (list(&[int(1), NULL]), list(&[int(1), int(2)]), None),
            (list(&[int(1), int(2)]), list(&[int(3), NULL]), Some(true)),
            (Value::Boolean(false), Value::Boolean(true), Some(true)),
        ];
        for (a, b, expected) in cases {
            assert_eq!(less(&a, &b, false), expected, "{a:?} < {b:?}");
        }
        assert_eq!(less(&NAN, &NAN, true), Some(false));
        assert_eq!(less(&int(1), &Value::Float(1.0), true), Some(true));
    }

    #[test]
    fn the_total_order_goes_by_type_with_nulls_last() {
        let sorted = [
            Value::map(Map::new()),
            list(&[]),
            list(&[int(1), NULL]),
            list(&[NULL, int(1)]),
            Value::string("text"),
            Value::Boolean(false),
            Value::Float(f64::NEG_INFINITY),
            int(1),
            Value::Float(1.5),
            Value::Float(f64::INFINITY),
            NAN,
            NULL,
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(order(a, b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
    }
}
