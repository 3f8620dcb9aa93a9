//! How temporal values read and write themselves through serde: as canonical text in formats for
//! people (JSON), as numbers in binary ones (the store).

use std::sync::Arc;

use crate::error::Result;
use crate::value::Value;

macro_rules! serde_as_text {
    ($type:ident, $name:literal, $binary:ty, $to:expr, $from:expr) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    let name = concat!("redstring::", $name);
                    serializer.serialize_newtype_struct(name, &self.to_string())
                } else {
                    let to: fn(&$type) -> $binary = $to;
                    to(self).serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                use serde::de::Error;
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    let from: fn($binary) -> Option<$type> = $from;
                    from(<$binary>::deserialize(deserializer)?)
                        .ok_or_else(|| D::Error::custom(concat!("damaged ", $name)))
                }
            }
        }
    };
}

pub(crate) use serde_as_text;

/// A temporal value from its text, if `name` is the reserved name of its type.
pub(crate) fn parse_named(name: &str, text: &str) -> Option<Result<Value>> {
    Some(match name.strip_prefix("redstring::")? {
        "Date" => text.parse().map(Value::Date),
        "LocalTime" => text.parse().map(Value::LocalTime),
        "Time" => text.parse().map(Value::Time),
        "LocalDateTime" => text.parse().map(Value::LocalDateTime),
        "DateTime" => text.parse().map(|x| Value::DateTime(Arc::new(x))),
        "Duration" => text.parse().map(|x| Value::Duration(Arc::new(x))),
        _ => return None,
    })
}

/// The reserved name and the text of a temporal value.
pub(crate) fn text_named(value: &Value) -> Option<(&'static str, String)> {
    Some(match value {
        Value::Date(x) => ("redstring::Date", x.to_string()),
        Value::LocalTime(x) => ("redstring::LocalTime", x.to_string()),
        Value::Time(x) => ("redstring::Time", x.to_string()),
        Value::LocalDateTime(x) => ("redstring::LocalDateTime", x.to_string()),
        Value::DateTime(x) => ("redstring::DateTime", x.to_string()),
        Value::Duration(x) => ("redstring::Duration", x.to_string()),
        _ => return None,
    })
}
