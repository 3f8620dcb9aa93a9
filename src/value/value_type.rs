//! The types of `IS :: TYPE`: which values belong to them.

use std::fmt;

use super::{Property, Value};

/// A type that a value may be asked about: one of several.
///
/// ```
/// use redstring::value::{Value, ValueType};
/// let integers = ValueType::named("INTEGER", true).unwrap();
/// assert!(integers.accepts(&Value::from(1)));
/// assert!(!integers.accepts(&Value::Null));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueType {
    parts: Vec<(Kind, bool)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Named(Name),
    List(ValueType),
    OneOf(ValueType),
}

macro_rules! names {
    ($($name:ident: $word:literal $(| $alias:literal)*;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Name { $($name),* }

        impl Name {
            fn of(word: &str) -> Option<Self> {
                match word {
                    $($word $(| $alias)* => Some(Name::$name),)*
                    _ => None,
                }
            }

            fn word(self) -> &'static str {
                match self { $(Name::$name => $word),* }
            }
        }
    };
}

names! {
    Nothing: "NOTHING";
    Null: "NULL";
    Boolean: "BOOLEAN" | "BOOL";
    String: "STRING" | "VARCHAR";
    Integer: "INTEGER" | "INT" | "SIGNED INTEGER";
    Float: "FLOAT";
    Date: "DATE";
    LocalTime: "LOCAL TIME" | "TIME WITHOUT TIMEZONE" | "TIME WITHOUT TIME ZONE";
    ZonedTime: "ZONED TIME" | "TIME WITH TIMEZONE" | "TIME WITH TIME ZONE";
    LocalDateTime: "LOCAL DATETIME" | "TIMESTAMP WITHOUT TIMEZONE" | "TIMESTAMP WITHOUT TIME ZONE";
    ZonedDateTime: "ZONED DATETIME" | "TIMESTAMP WITH TIMEZONE" | "TIMESTAMP WITH TIME ZONE";
    Duration: "DURATION";
    Point: "POINT";
    Node: "NODE" | "VERTEX" | "ANY NODE" | "ANY VERTEX";
    Relationship: "RELATIONSHIP" | "EDGE" | "ANY RELATIONSHIP" | "ANY EDGE";
    Map: "MAP" | "ANY MAP";
    Path: "PATH" | "PATHS";
    PropertyValue: "PROPERTY VALUE" | "ANY PROPERTY VALUE";
    Any: "ANY" | "ANY VALUE" | "VALUE";
}

impl ValueType {
    /// The type of this name, in capitals and with single spaces, if there is one.
    pub fn named(name: &str, not_null: bool) -> Option<Self> {
        Name::of(name).map(|name| Self { parts: vec![(Kind::Named(name), not_null)] })
    }

    /// Lists of a type.
    #[must_use]
    pub fn list_of(of: Self, not_null: bool) -> Self {
        Self { parts: vec![(Kind::List(of), not_null)] }
    }

    /// The values of one of these; null belongs to it only if it belongs to one of them.
    #[must_use]
    pub fn one_of(types: impl IntoIterator<Item = Self>) -> Self {
        Self { parts: types.into_iter().flat_map(|of| of.parts).collect() }
    }

    /// The same type without null.
    #[must_use]
    pub fn without_null(self) -> Self {
        Self { parts: vec![(Kind::OneOf(self), true)] }
    }

    /// Whether the value belongs to it.
    pub fn accepts(&self, value: &Value) -> bool {
        self.parts.iter().any(|(kind, not_null)| match (kind, value) {
            (_, Value::Null) if *not_null => false,
            (Kind::OneOf(of), _) => of.accepts(value),
            (Kind::Named(Name::Nothing), _) => false,
            (_, Value::Null) => true,
            (Kind::List(of), Value::List(items)) => items.iter().all(|item| of.accepts(item)),
            (Kind::List(_), _) => false,
            (Kind::Named(name), _) => belongs(*name, value),
        })
    }
}

/// Whether a value that is not null is of this type.
fn belongs(name: Name, value: &Value) -> bool {
    match name {
        Name::Nothing | Name::Null => false,
        Name::Boolean => matches!(value, Value::Boolean(_)),
        Name::String => matches!(value, Value::String(_)),
        Name::Integer => matches!(value, Value::Integer(_)),
        Name::Float => matches!(value, Value::Float(_)),
        Name::Date => matches!(value, Value::Date(_)),
        Name::LocalTime => matches!(value, Value::LocalTime(_)),
        Name::ZonedTime => matches!(value, Value::Time(_)),
        Name::LocalDateTime => matches!(value, Value::LocalDateTime(_)),
        Name::ZonedDateTime => matches!(value, Value::DateTime(_)),
        Name::Duration => matches!(value, Value::Duration(_)),
        Name::Point => matches!(value, Value::Point(_)),
        Name::Node => matches!(value, Value::Node(_)),
        Name::Relationship => matches!(value, Value::Relationship(_)),
        Name::Map => matches!(value, Value::Map(_)),
        Name::Path => matches!(value, Value::Path(_)),
        Name::PropertyValue => Property::accepts(value),
        Name::Any => true,
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (kind, not_null)) in self.parts.iter().enumerate() {
            f.write_str(if at > 0 { " | " } else { "" })?;
            match kind {
                Kind::Named(name) => f.write_str(name.word())?,
                Kind::List(of) => write!(f, "LIST<{of}>")?,
                Kind::OneOf(of) => write!(f, "ANY<{of}>")?,
            }
            f.write_str(if *not_null { " NOT NULL" } else { "" })?;
        }
        Ok(())
    }
}
