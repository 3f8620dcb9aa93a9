//! The types of `IS :: TYPE`: which values belong to them.

use std::fmt;

use crate::meter;

use super::{Property, ScalarType, Value};

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
    Scalar(ScalarType),
    Named(Name),
    List(ValueType),
    OneOf(ValueType),
}

macro_rules! names {
    ($($name:ident: $word:literal $(| $alias:literal)*;)*) => {
        /// The types of values that are no property by themselves, or more than one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Name { $($name),* }

        impl Name {
            /// The names of every one, the usual one first.
            const ALL: &'static [&'static [&'static str]] = &[$(&[$word, $($alias),*]),*];

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
        let scalar = || ScalarType::named(name).map(Kind::Scalar);
        let kind = Name::of(name).map(Kind::Named).or_else(scalar)?;
        Some(Self { parts: vec![(kind, not_null)] })
    }

    /// The names of each type that is no list of others, in capitals, the usual one first.
    pub fn names() -> impl Iterator<Item = &'static [&'static str]> {
        ScalarType::ALL.iter().map(|(_, names)| *names).chain(Name::ALL.iter().copied())
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
            (Kind::List(of), Value::List(items)) => {
                meter::walked(items.iter()).all(|item| of.accepts(item))
            }
            (Kind::List(_), _) => false,
            (Kind::Scalar(of), _) => of.accepts(value),
            (Kind::Named(name), _) => belongs(*name, value),
        })
    }
}

/// Whether a value that is not null is of this type.
fn belongs(name: Name, value: &Value) -> bool {
    match name {
        Name::Nothing | Name::Null => false,
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
                Kind::Scalar(of) => f.write_str(of.name())?,
                Kind::Named(name) => f.write_str(name.word())?,
                Kind::List(of) => write!(f, "LIST<{of}>")?,
                Kind::OneOf(of) => write!(f, "ANY<{of}>")?,
            }
            f.write_str(if *not_null { " NOT NULL" } else { "" })?;
        }
        Ok(())
    }
}
