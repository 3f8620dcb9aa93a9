//! Rust values from and into Cypher values.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

use super::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, Map, Node, NodeId, Path, Point,
    Relationship, RelationshipId, Time, Value,
};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// A Rust type that a Cypher value can become.
///
/// ```
/// use redstring::value::{FromValue, Value};
/// assert_eq!(i64::from_value(Value::Integer(1)).unwrap(), 1);
/// assert_eq!(Option::<String>::from_value(Value::Null).unwrap(), None);
/// let error = i64::from_value(Value::string("one")).unwrap_err();
/// assert_eq!(error.message(), "expected an Integer, found String");
/// ```
pub trait FromValue: Sized {
    /// The value as this type.
    ///
    /// # Errors
    /// `UsageError.ConversionFailed`, naming both types.
    fn from_value(value: Value) -> Result<Self>;
}

/// The error of a value that cannot become the wanted type.
#[cold]
pub(crate) fn mismatch(wanted: &str, value: &Value) -> Error {
    let message = format!("expected {wanted}, found {}", value.type_name());
    let error = Error::usage(Detail::ConversionFailed, message);
    if value.is_null() {
        return error.help("Read it into an `Option`, or leave nulls out of the query's result.");
    }
    error
}

macro_rules! into_value {
    ($($type:ty => |$x:ident| $value:expr;)*) => {
        $(impl From<$type> for Value {
            #[inline]
            fn from($x: $type) -> Self {
                $value
            }
        })*
    };
}

into_value! {
    bool => |x| Self::Boolean(x);
    i8 => |x| Self::Integer(x.into());
    i16 => |x| Self::Integer(x.into());
    i32 => |x| Self::Integer(x.into());
    i64 => |x| Self::Integer(x);
    u8 => |x| Self::Integer(x.into());
    u16 => |x| Self::Integer(x.into());
    u32 => |x| Self::Integer(x.into());
    f32 => |x| Self::Float(x.into());
    f64 => |x| Self::Float(x);
    &str => |x| Self::String(x.into());
    String => |x| Self::String(x.into());
    &String => |x| Self::String(x.as_str().into());
    char => |x| Self::String(x.to_string().into());
    Arc<str> => |x| Self::String(x);
    Map => |x| Self::Map(Arc::new(x));
    Node => |x| Self::Node(x);
    Relationship => |x| Self::Relationship(x);
    Path => |x| Self::Path(Arc::new(x));
    Date => |x| Self::Date(x);
    LocalTime => |x| Self::LocalTime(x);
    Time => |x| Self::Time(x);
    LocalDateTime => |x| Self::LocalDateTime(x);
    DateTime => |x| Self::DateTime(Arc::new(x));
    Duration => |x| Self::Duration(Arc::new(x));
    Point => |x| Self::Point(Arc::new(x));
    () => |_x| Self::Null;
    &Value => |x| x.clone();
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(x: Option<T>) -> Self {
        x.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(x: Vec<T>) -> Self {
        x.into_iter().collect()
    }
}

impl<T: Into<Value> + Clone> From<&[T]> for Value {
    fn from(x: &[T]) -> Self {
        x.iter().cloned().collect()
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(x: [T; N]) -> Self {
        x.into_iter().collect()
    }
}

impl<T: Into<Value>> From<BTreeMap<String, T>> for Value {
    fn from(x: BTreeMap<String, T>) -> Self {
        x.into_iter().collect()
    }
}

impl<T: Into<Value>, S: BuildHasher> From<HashMap<String, T, S>> for Value {
    fn from(x: HashMap<String, T, S>) -> Self {
        x.into_iter().collect()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::list(items.into_iter().map(Into::into).collect())
    }
}

impl<K: Into<Arc<str>>, T: Into<Value>> FromIterator<(K, T)> for Value {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        Self::map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

macro_rules! from_value {
    ($($type:ty, $wanted:literal: $pattern:pat => $result:expr;)*) => {
        $(impl FromValue for $type {
            #[inline]
            fn from_value(value: Value) -> Result<Self> {
                match value {
                    $pattern => Ok($result),
                    other => Err(mismatch($wanted, &other)),
                }
            }
        })*
    };
}

from_value! {
    bool, "a Boolean": Value::Boolean(x) => x;
    i64, "an Integer": Value::Integer(x) => x;
    String, "a String": Value::String(x) => x.as_ref().to_owned();
    Arc<str>, "a String": Value::String(x) => x;
    Map, "a Map": Value::Map(x) => Arc::unwrap_or_clone(x);
    Node, "a Node": Value::Node(x) => x;
    NodeId, "a Node": Value::Node(x) => x.id();
    Relationship, "a Relationship": Value::Relationship(x) => x;
    RelationshipId, "a Relationship": Value::Relationship(x) => x.id();
    Path, "a Path": Value::Path(x) => Arc::unwrap_or_clone(x);
    Date, "a Date": Value::Date(x) => x;
    LocalTime, "a LocalTime": Value::LocalTime(x) => x;
    Time, "a Time": Value::Time(x) => x;
    LocalDateTime, "a LocalDateTime": Value::LocalDateTime(x) => x;
    DateTime, "a DateTime": Value::DateTime(x) => Arc::unwrap_or_clone(x);
    Duration, "a Duration": Value::Duration(x) => Arc::unwrap_or_clone(x);
    Point, "a Point": Value::Point(x) => Arc::unwrap_or_clone(x);
    (), "Null": Value::Null => ();
}

macro_rules! integers_from_value {
    ($($type:ty),*) => {
        $(impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self> {
                let wide = i64::from_value(value)?;
                wide.try_into().map_err(|_| {
                    let message = format!("{wide} does not fit `{}`", stringify!($type));
                    Error::usage(Detail::ConversionFailed, message)
                })
            }
        })*
    };
}

integers_from_value!(i8, i16, i32, u8, u16, u32, u64, usize, isize, i128, u128);

/// Integers are taken too.
impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self> {
        value.as_number().ok_or_else(|| mismatch("a Float", &value))
    }
}

/// Integers are taken too, and rounded to the nearest float.
impl FromValue for f32 {
    fn from_value(value: Value) -> Result<Self> {
        f64::from_value(value).map(|x| x as f32)
    }
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::List(items) => {
                Arc::unwrap_or_clone(items).into_iter().map(T::from_value).collect()
            }
            other => Err(mismatch("a List", &other)),
        }
    }
}

/// The entries of a map, or the properties of a node or relationship.
fn entries(value: Value) -> Result<Map> {
    match value {
        Value::Map(map) => Ok(Arc::unwrap_or_clone(map)),
        Value::Node(node) => Ok(node.properties().clone()),
        Value::Relationship(relationship) => Ok(relationship.properties().clone()),
        other => Err(mismatch("a Map", &other)),
    }
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(value: Value) -> Result<Self> {
        let entries = entries(value)?.into_iter();
        entries.map(|(key, value)| Ok((key.as_ref().to_owned(), T::from_value(value)?))).collect()
    }
}

impl<T: FromValue, S: BuildHasher + Default> FromValue for HashMap<String, T, S> {
    fn from_value(value: Value) -> Result<Self> {
        let entries = entries(value)?.into_iter();
        entries.map(|(key, value)| Ok((key.as_ref().to_owned(), T::from_value(value)?))).collect()
    }
}

macro_rules! try_from_value {
    ($($type:ty),*) => {
        $(impl TryFrom<Value> for $type {
            type Error = Error;

            fn try_from(value: Value) -> Result<Self> {
                Self::from_value(value)
            }
        })*
    };
}

try_from_value!(
    bool,
    i32,
    i64,
    u32,
    u64,
    usize,
    f32,
    f64,
    String,
    Node,
    Relationship,
    Path,
    Date,
    LocalTime,
    Time,
    LocalDateTime,
    DateTime,
    Duration,
    Point
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_values_survive_the_way_there_and_back() {
        let list = vec![Some(1_i64), None, Some(3)];
        assert_eq!(Vec::<Option<i64>>::from_value(Value::from(list.clone())).unwrap(), list);
        let map = BTreeMap::from([("a".to_owned(), 1.5), ("b".to_owned(), 2.0)]);
        assert_eq!(BTreeMap::<String, f64>::from_value(Value::from(map.clone())).unwrap(), map);
        assert_eq!(f64::from_value(Value::Integer(2)).unwrap(), 2.0);
    }

    #[test]
    fn a_failed_conversion_names_both_types() {
        let errors = [
            (i64::from_value(Value::Float(1.0)).unwrap_err(), "expected an Integer, found Float"),
            (u8::from_value(Value::Integer(300)).unwrap_err(), "300 does not fit `u8`"),
            (String::from_value(Value::Null).unwrap_err(), "expected a String, found Null"),
        ];
        for (error, message) in errors {
            assert_eq!(error.code(), "UsageError.ConversionFailed");
            assert_eq!(error.message(), message);
        }
    }
}
