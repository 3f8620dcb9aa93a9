//! The types of properties, as constraints demand them: `INTEGER`, `LIST<STRING NOT NULL>`, and unions.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Value;

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident: $words:literal $(| $alias:literal)*, $variant:ident;)*) => {
        /// The type of a value that is no list.
        ///
        /// The order of the variants is part of the storage format: new ones go to the end.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ScalarType { $($(#[$doc])* $name),* }

        impl ScalarType {
            /// Every one, with its name first and then the other names it is known by.
            pub const ALL: &'static [(ScalarType, &'static [&'static str])] =
                &[$((ScalarType::$name, &[$words, $($alias),*])),*];

            pub(super) fn accepts(self, value: &Value) -> bool {
                match self { $(ScalarType::$name => matches!(value, Value::$variant(_))),* }
            }
        }
    };
}

scalars! {
    /// `true` and `false`.
    Boolean: "BOOLEAN" | "BOOL", Boolean;
    /// Text.
    String: "STRING" | "VARCHAR", String;
    /// 64-bit integers.
    Integer: "INTEGER" | "INT" | "SIGNED INTEGER" | "SIGNED INT" | "INTEGER64" | "INT64", Integer;
    /// 64-bit floats.
    Float: "FLOAT" | "FLOAT64" | "DOUBLE", Float;
    /// Days of the calendar.
    Date: "DATE", Date;
    /// Times without an offset.
    LocalTime: "LOCAL TIME" | "TIME WITHOUT TIMEZONE" | "TIME WITHOUT TIME ZONE", LocalTime;
    /// Times with an offset.
    ZonedTime: "ZONED TIME" | "TIME WITH TIMEZONE" | "TIME WITH TIME ZONE", Time;
    /// Dates with times, without a zone.
    LocalDateTime:
        "LOCAL DATETIME" | "TIMESTAMP WITHOUT TIMEZONE" | "TIMESTAMP WITHOUT TIME ZONE",
        LocalDateTime;
    /// Instants with their zone.
    ZonedDateTime:
        "ZONED DATETIME" | "TIMESTAMP WITH TIMEZONE" | "TIMESTAMP WITH TIME ZONE",
        DateTime;
    /// Months, days and seconds.
    Duration: "DURATION", Duration;
    /// Points in space.
    Point: "POINT", Point;
}

impl ScalarType {
    /// The type of this name, in any case and with single spaces.
    pub fn named(name: &str) -> Option<Self> {
        let named = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        Self::ALL.iter().find(|(_, names)| named(names)).map(|(of, _)| *of)
    }

    pub(super) fn name(self) -> &'static str {
        let entry = Self::ALL.iter().find(|(of, _)| *of == self);
        entry.and_then(|(_, names)| names.first().copied()).unwrap_or_default()
    }
}

/// The types that a property may have: one of these.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PropertyType {
    /// Each with whether it is a list of them. Sorted, no two alike; never empty.
    alternatives: Vec<(bool, ScalarType)>,
}

impl PropertyType {
    /// One of these, each with whether it is a list of them.
    ///
    /// ```
    /// use redstring::value::{PropertyType, ScalarType, Value};
    /// let ty = PropertyType::one_of([(false, ScalarType::Integer), (true, ScalarType::String)]);
    /// assert_eq!(ty.to_string(), "INTEGER | LIST<STRING NOT NULL>");
    /// assert!(ty.accepts(&Value::Integer(1)) && !ty.accepts(&Value::string("one")));
    /// ```
    pub fn one_of(alternatives: impl IntoIterator<Item = (bool, ScalarType)>) -> Self {
        let mut alternatives: Vec<_> = alternatives.into_iter().collect();
        alternatives.sort_unstable();
        alternatives.dedup();
        Self { alternatives }
    }

    /// Whether a value is of this type. An empty list is one of every type of lists.
    pub fn accepts(&self, value: &Value) -> bool {
        self.alternatives.iter().any(|(list, of)| match (list, value) {
            (true, Value::List(items)) => items.iter().all(|item| of.accepts(item)),
            (false, value) => of.accepts(value),
            _ => false,
        })
    }
}

impl fmt::Display for PropertyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (list, of)) in self.alternatives.iter().enumerate() {
            if at > 0 {
                f.write_str(" | ")?;
            }
            match list {
                true => write!(f, "LIST<{} NOT NULL>", of.name())?,
                false => f.write_str(of.name())?,
            }
        }
        Ok(())
    }
}
