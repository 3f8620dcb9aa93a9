//! Cypher values: what they are, how they compare, compute and convert.
//!
//! Owns [`Value`], the entity and temporal types, and [`Column`], the typed vector of values that moves
//! between operators. It does no I/O and may not know of graphs, queries or plans.

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) mod allocation;
pub mod arithmetic;
mod array;
mod bitmap;
mod column;
mod convert;
mod deserialize;
mod display;
mod entity;
pub(crate) mod json;
#[cfg(test)]
mod laws;
pub(crate) mod number;
pub mod ordering;
mod point;
mod property;
mod property_type;
mod serialize;
mod size;
pub mod temporal;
pub(crate) mod text;
mod types;
mod value_type;

pub use array::{Array, ArrayData, Strings};
pub use bitmap::Bitmap;
pub use column::{Column, ColumnBuilder, ColumnData};
pub use convert::FromValue;
pub use deserialize::from_value;
pub use display::to_text;
pub use entity::{
    Node, NodeId, NodeRecord, Path, Relationship, RelationshipId, RelationshipRecord,
};
pub use point::{Crs, Point};
pub use property::Property;
pub use property_type::{PropertyType, ScalarType};
pub use serialize::to_value;
pub use temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
pub use types::Type;
pub use value_type::ValueType;

/// A map of string keys to values.
pub type Map = BTreeMap<Arc<str>, Value>;

/// Any value a query can compute, store or return.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// No value: missing or unknown.
    #[default]
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A 64-bit IEEE 754 float.
    Float(f64),
    /// Unicode text.
    String(Arc<str>),
    /// An ordered list of any values.
    List(Arc<Vec<Value>>),
    /// String keys to values.
    Map(Arc<Map>),
    /// A node.
    Node(Node),
    /// A relationship.
    Relationship(Relationship),
    /// Nodes and relationships in turn.
    Path(Arc<Path>),
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
    /// A place in a coordinate reference system.
    Point(Arc<Point>),
}

// A value is copied at every step of a query: it stays three words wide.
const _: () = assert!(size_of::<Value>() <= 24);

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $pattern:pat => $result:expr, $type:ty;)*) => {
        impl Value {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $name(&self) -> Option<$type> {
                    match self {
                        $pattern => Some($result),
                        _ => None,
                    }
                }
            )*
        }
    };
}

accessors! {
    /// The boolean, if it is one.
    as_boolean: Value::Boolean(x) => *x, bool;
    /// The integer, if it is one; a float is none.
    as_integer: Value::Integer(x) => *x, i64;
    /// The float, if it is one; an integer is none.
    as_float: Value::Float(x) => *x, f64;
    /// The text, if it is a string.
    as_str: Value::String(x) => x, &str;
    /// The items, if it is a list.
    as_list: Value::List(x) => x, &[Value];
    /// The entries, if it is a map.
    as_map: Value::Map(x) => x, &Map;
    /// The node, if it is one.
    as_node: Value::Node(x) => x, &Node;
    /// The relationship, if it is one.
    as_relationship: Value::Relationship(x) => x, &Relationship;
    /// The path, if it is one.
    as_path: Value::Path(x) => x, &Path;
    /// The date, if it is one.
    as_date: Value::Date(x) => *x, Date;
    /// The local time, if it is one.
    as_local_time: Value::LocalTime(x) => *x, LocalTime;
    /// The time, if it is one.
    as_time: Value::Time(x) => *x, Time;
    /// The local datetime, if it is one.
    as_local_datetime: Value::LocalDateTime(x) => *x, LocalDateTime;
    /// The datetime, if it is one.
    as_datetime: Value::DateTime(x) => x, &DateTime;
    /// The duration, if it is one.
    as_duration: Value::Duration(x) => x, &Duration;
    /// The point, if it is one.
    as_point: Value::Point(x) => x, &Point;
}

impl Value {
    /// A string.
    #[inline]
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list.
    #[inline]
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(Arc::new(items))
    }

    /// A map.
    #[inline]
    pub fn map(entries: Map) -> Self {
        Self::Map(Arc::new(entries))
    }

    /// Whether it is null.
    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number as a float, if it is an integer or a float.
    #[inline]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(x) => Some(*x as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// The name of its type in Cypher's words: `Integer`, `String`, `Node` ...
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "Null",
            Self::Boolean(_) => "Boolean",
            Self::Integer(_) => "Integer",
            Self::Float(_) => "Float",
            Self::String(_) => "String",
            Self::List(_) => "List",
            Self::Map(_) => "Map",
            Self::Node(_) => "Node",
            Self::Relationship(_) => "Relationship",
            Self::Path(_) => "Path",
            Self::Date(_) => "Date",
            Self::LocalTime(_) => "LocalTime",
            Self::Time(_) => "Time",
            Self::LocalDateTime(_) => "LocalDateTime",
            Self::DateTime(_) => "DateTime",
            Self::Duration(_) => "Duration",
            Self::Point(_) => "Point",
        }
    }

    /// Its type. That of a list covers all of its items.
    pub fn type_of(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Boolean(_) => Type::Boolean,
            Self::Integer(_) => Type::Integer,
            Self::Float(_) => Type::Float,
            Self::String(_) => Type::String,
            Self::List(items) => {
                let of = items.iter().map(Self::type_of).reduce(|a, b| a.union(&b));
                Type::list(of.unwrap_or(Type::Null))
            }
            Self::Map(_) => Type::Map,
            Self::Node(_) => Type::Node,
            Self::Relationship(_) => Type::Relationship,
            Self::Path(_) => Type::Path,
            Self::Date(_) => Type::Date,
            Self::LocalTime(_) => Type::LocalTime,
            Self::Time(_) => Type::Time,
            Self::LocalDateTime(_) => Type::LocalDateTime,
            Self::DateTime(_) => Type::DateTime,
            Self::Duration(_) => Type::Duration,
            Self::Point(_) => Type::Point,
        }
    }
}
