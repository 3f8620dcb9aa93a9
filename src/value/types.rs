//! The types of values, as signatures and the binder speak of them.

use std::fmt;

/// A type, or what is known of one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Type {
    /// Nothing is known.
    #[default]
    Any,
    /// Only null.
    Null,
    /// `true` and `false`.
    Boolean,
    /// 64-bit integers.
    Integer,
    /// 64-bit floats.
    Float,
    /// Integers and floats.
    Number,
    /// Text.
    String,
    /// Nodes.
    Node,
    /// Relationships.
    Relationship,
    /// Paths.
    Path,
    /// Lists of a type.
    List(Box<Type>),
    /// Maps.
    Map,
    /// Dates.
    Date,
    /// Times without an offset.
    LocalTime,
    /// Times with an offset.
    Time,
    /// Dates with times, without an offset.
    LocalDateTime,
    /// Dates with times and a zone.
    DateTime,
    /// Durations.
    Duration,
    /// Points.
    Point,
}

impl Type {
    /// A list of this type.
    pub fn list(of: Type) -> Self {
        Self::List(Box::new(of))
    }

    /// Whether a value of type `other` can be a value of this type: it is one, may be one, or is null.
    ///
    /// ```
    /// use redstring::value::Type;
    /// assert!(Type::Number.accepts(&Type::Integer));
    /// assert!(Type::Integer.accepts(&Type::Any));
    /// assert!(!Type::Integer.accepts(&Type::String));
    /// ```
    pub fn accepts(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Any, _) | (_, Type::Any | Type::Null) => true,
            (Type::Number, Type::Integer | Type::Float | Type::Number)
            | (Type::Integer | Type::Float, Type::Number) => true,
            // An integer is accepted where a float is asked for, as in Neo4j.
            (Type::Float, Type::Integer) => true,
            (Type::List(a), Type::List(b)) => a.accepts(b),
            (a, b) => a == b,
        }
    }

    /// The narrowest type that covers both.
    #[must_use]
    pub fn union(&self, other: &Type) -> Type {
        match (self, other) {
            (Type::Null, t) | (t, Type::Null) => t.clone(),
            (a, b) if a == b => a.clone(),
            (a, b) if Type::Number.is_number(a) && Type::Number.is_number(b) => Type::Number,
            (Type::List(a), Type::List(b)) => Type::list(a.union(b)),
            _ => Type::Any,
        }
    }

    fn is_number(&self, other: &Type) -> bool {
        matches!(other, Type::Integer | Type::Float | Type::Number)
    }

    /// Whether values of this type are points in time or spans of it.
    pub fn is_temporal(&self) -> bool {
        matches!(
            self,
            Type::Date
                | Type::LocalTime
                | Type::Time
                | Type::LocalDateTime
                | Type::DateTime
                | Type::Duration
        )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Any => "Any",
            Type::Null => "Null",
            Type::Boolean => "Boolean",
            Type::Integer => "Integer",
            Type::Float => "Float",
            Type::Number => "Number",
            Type::String => "String",
            Type::Node => "Node",
            Type::Relationship => "Relationship",
            Type::Path => "Path",
            Type::List(of) => return write!(f, "List<{of}>"),
            Type::Map => "Map",
            Type::Date => "Date",
            Type::LocalTime => "LocalTime",
            Type::Time => "Time",
            Type::LocalDateTime => "LocalDateTime",
            Type::DateTime => "DateTime",
            Type::Duration => "Duration",
            Type::Point => "Point",
        })
    }
}
