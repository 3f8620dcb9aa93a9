//! Properties: the values that a node or relationship can store.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Date, DateTime, Duration, LocalDateTime, LocalTime, Point, Time, Value};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// A value that can be stored: anything but null, maps, nodes, relationships, paths, and lists that hold
/// one of these, another list, or values of several types (as Neo4j has it).
///
/// The order of the variants is part of the storage format: new ones go to the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Property {
    /// `true` or `false`.
    Boolean(bool),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A 64-bit IEEE 754 float.
    Float(f64),
    /// Unicode text.
    String(Arc<str>),
    /// A day of the calendar.
    Date(Date),
    /// A time of the day, without an offset.
    LocalTime(LocalTime),
    /// A time of the day at an offset from UTC.
    Time(Time),
    /// A date with a time of the day, without a zone.
    LocalDateTime(LocalDateTime),
    /// An instant with its zone.
    DateTime(Arc<DateTime>),
    /// Months, days and seconds.
    Duration(Arc<Duration>),
    /// A list of any of these but lists.
    List(#[serde(deserialize_with = "flat_list")] Vec<Property>),
    /// A place in a coordinate reference system.
    Point(Arc<Point>),
}

/// Reads a list, but none within another: damaged bytes could nest them deeper than the stack.
fn flat_list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Property>, D::Error> {
    thread_local! {
        static WITHIN: Cell<bool> = const { Cell::new(false) };
    }
    if WITHIN.replace(true) {
        return Err(D::Error::custom("a list within a list"));
    }
    let items = Vec::deserialize(from);
    WITHIN.set(false);
    items
}

impl Property {
    /// Whether the value can be stored, without making the property.
    pub fn accepts(value: &Value) -> bool {
        Self::obstacle(value).is_none()
    }

    /// What a value is that cannot be stored; nothing if it can.
    pub fn obstacle(value: &Value) -> Option<String> {
        match value {
            Value::List(items) => obstacle_within(items),
            Value::Null
            | Value::Map(_)
            | Value::Node(_)
            | Value::Relationship(_)
            | Value::Path(_) => Some(format!("a {}", value.type_name())),
            Value::Boolean(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Date(_)
            | Value::LocalTime(_)
            | Value::Time(_)
            | Value::LocalDateTime(_)
            | Value::DateTime(_)
            | Value::Duration(_)
            | Value::Point(_) => None,
        }
    }

    /// The value as it is stored: integers beside floats in a list become floats, as in Neo4j.
    pub fn as_stored(value: &Value) -> Cow<'_, Value> {
        match value {
            Value::List(items)
                if items.iter().any(|item| matches!(item, Value::Integer(_)))
                    && items.iter().any(|item| matches!(item, Value::Float(_))) =>
            {
                let float = |item: &Value| match item {
                    Value::Integer(number) => Value::Float(*number as f64),
                    other => other.clone(),
                };
                Cow::Owned(Value::list(items.iter().map(float).collect()))
            }
            value => Cow::Borrowed(value),
        }
    }
}

/// What a list is that cannot be stored, if it cannot: its elements have one type, and points one system.
fn obstacle_within(items: &[Value]) -> Option<String> {
    let mut first = None;
    for item in items {
        if matches!(item, Value::Null) {
            return Some("a List that holds null".into());
        }
        if matches!(item, Value::List(_)) || !Property::accepts(item) {
            return Some(format!("a List of {}", item.type_name()));
        }
        let first = *first.get_or_insert(item);
        let alike = match (first, item) {
            (Value::Integer(_) | Value::Float(_), Value::Integer(_) | Value::Float(_)) => true,
            (Value::Point(one), Value::Point(other)) if one.crs() != other.crs() => {
                return Some("a List of Points of different reference systems".into());
            }
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        };
        if !alike {
            let (one, other) = (first.type_name(), item.type_name());
            return Some(format!("a List of {one} and {other}"));
        }
    }
    None
}

impl TryFrom<&Value> for Property {
    type Error = Error;

    fn try_from(value: &Value) -> Result<Self> {
        Ok(match value {
            Value::Boolean(x) => Self::Boolean(*x),
            Value::Integer(x) => Self::Integer(*x),
            Value::Float(x) => Self::Float(*x),
            Value::String(x) => Self::String(x.clone()),
            Value::Date(x) => Self::Date(*x),
            Value::LocalTime(x) => Self::LocalTime(*x),
            Value::Time(x) => Self::Time(*x),
            Value::LocalDateTime(x) => Self::LocalDateTime(*x),
            Value::DateTime(x) => Self::DateTime(x.clone()),
            Value::Duration(x) => Self::Duration(x.clone()),
            Value::Point(x) => Self::Point(x.clone()),
            // Of several types too: it may be there from before that was refused.
            Value::List(items) => {
                let item = |v: &Value| match v {
                    Value::List(_) => Err(refused("a List within a List")),
                    Value::Null => Err(refused("a List that holds Null")),
                    v => Self::try_from(v),
                };
                Self::List(items.iter().map(item).collect::<Result<_>>()?)
            }
            Value::Null
            | Value::Map(_)
            | Value::Node(_)
            | Value::Relationship(_)
            | Value::Path(_) => return Err(refused(value.type_name())),
        })
    }
}

#[cold]
fn refused(what: &str) -> Error {
    Error::type_error(Detail::InvalidPropertyType, format!("{what} cannot be stored as a property"))
        .help("Properties are booleans, numbers, strings, temporals, points, and lists of these.")
}

impl From<Property> for Value {
    fn from(property: Property) -> Self {
        match property {
            Property::Boolean(x) => Self::Boolean(x),
            Property::Integer(x) => Self::Integer(x),
            Property::Float(x) => Self::Float(x),
            Property::String(x) => Self::String(x),
            Property::Date(x) => Self::Date(x),
            Property::LocalTime(x) => Self::LocalTime(x),
            Property::Time(x) => Self::Time(x),
            Property::LocalDateTime(x) => Self::LocalDateTime(x),
            Property::DateTime(x) => Self::DateTime(x),
            Property::Duration(x) => Self::Duration(x),
            Property::Point(x) => Self::Point(x),
            Property::List(items) => Self::list(items.into_iter().map(Self::from).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Map;

    #[test]
    fn what_cannot_be_stored_is_refused_by_name() {
        let int = Value::Integer(1);
        let refused = [
            Value::Null,
            Value::map(Map::new()),
            Value::list(vec![Value::list(vec![])]),
            Value::list(vec![int.clone(), Value::Null]),
            Value::list(vec![Value::map(Map::new())]),
        ];
        for value in refused {
            assert!(!Property::accepts(&value), "{value}");
            let error = Property::try_from(&value).unwrap_err();
            assert_eq!(error.code(), "TypeError.InvalidPropertyType", "{value}");
        }
        let mixed = Value::list(vec![int.clone(), Value::string("mixed")]);
        let what = "a List of Integer and String";
        assert_eq!(Property::obstacle(&mixed).as_deref(), Some(what));
        let numbers = Value::list(vec![int, Value::Float(0.5)]);
        assert!(Property::accepts(&numbers));
        let floats = Value::list(vec![Value::Float(1.0), Value::Float(0.5)]);
        assert_eq!(*Property::as_stored(&numbers), floats);
        assert_eq!(Value::from(Property::try_from(&floats).unwrap()), floats);
    }
}
