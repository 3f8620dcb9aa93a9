//! Properties: the values that a node or relationship can store.

use std::cell::Cell;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Date, DateTime, Duration, LocalDateTime, LocalTime, Point, Time, Value};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// A value that can be stored: anything but null, maps, nodes, relationships, paths, and lists that hold
/// one of these or another list (as Neo4j has it).
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
        match value {
            Value::List(items) => {
                items.iter().all(|v| !matches!(v, Value::List(_)) && Self::accepts(v))
            }
            Value::Null
            | Value::Map(_)
            | Value::Node(_)
            | Value::Relationship(_)
            | Value::Path(_) => false,
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
            | Value::Point(_) => true,
        }
    }
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
        let stored = Value::list(vec![int, Value::string("mixed")]);
        assert!(Property::accepts(&stored));
        assert_eq!(Value::from(Property::try_from(&stored).unwrap()), stored);
    }
}
