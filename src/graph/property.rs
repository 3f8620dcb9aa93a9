//! Property values to bytes and back.
//!
//! The one place that says how a stored value is written, in log and segments alike.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Date;
use crate::value::DateTime;
use crate::value::Duration;
use crate::value::LocalDateTime;
use crate::value::LocalTime;
use crate::value::Time;
use crate::value::Value;

/// A value that can be stored. The order of the variants is part of the format.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Stored {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    String(Arc<str>),
    List(Vec<Stored>),
    Date(Date),
    LocalTime(LocalTime),
    Time(Time),
    LocalDateTime(LocalDateTime),
    DateTime(Arc<DateTime>),
    Duration(Arc<Duration>),
}

impl Stored {
    /// The value as it is stored; an error for what is no property.
    pub(super) fn new(value: &Value) -> Result<Self> {
        Ok(match value {
            Value::Boolean(v) => Self::Boolean(*v),
            Value::Integer(v) => Self::Integer(*v),
            Value::Float(v) => Self::Float(*v),
            Value::String(v) => Self::String(v.clone()),
            Value::List(items) => Self::List(items.iter().map(Self::new).collect::<Result<_>>()?),
            Value::Date(v) => Self::Date(*v),
            Value::LocalTime(v) => Self::LocalTime(*v),
            Value::Time(v) => Self::Time(*v),
            Value::LocalDateTime(v) => Self::LocalDateTime(*v),
            Value::DateTime(v) => Self::DateTime(v.clone()),
            Value::Duration(v) => Self::Duration(v.clone()),
            Value::Null
            | Value::Map(_)
            | Value::Node(_)
            | Value::Relationship(_)
            | Value::Path(_) => {
                return Err(Error::type_error(
                    Detail::InvalidPropertyType,
                    "a value of this type cannot be stored as a property",
                )
                .help(
                    "Booleans, numbers, strings, temporal values and lists of them can be properties.",
                ));
            }
        })
    }

    /// The value again.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Boolean(v) => Value::Boolean(v),
            Self::Integer(v) => Value::Integer(v),
            Self::Float(v) => Value::Float(v),
            Self::String(v) => Value::String(v),
            Self::Date(v) => Value::Date(v),
            Self::LocalTime(v) => Value::LocalTime(v),
            Self::Time(v) => Value::Time(v),
            Self::LocalDateTime(v) => Value::LocalDateTime(v),
            Self::DateTime(v) => Value::DateTime(v),
            Self::Duration(v) => Value::Duration(v),
            Self::List(items) => {
                Value::List(Arc::new(items.into_iter().map(Self::into_value).collect()))
            }
        }
    }
}

/// Refuses what cannot be stored.
pub(super) fn check(value: &Value) -> Result<()> {
    match value {
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::String(_) => Ok(()),
        value => Stored::new(value).map(|_| ()),
    }
}

/// The bytes of many values.
pub(super) fn encode_all(values: &[Value]) -> Result<Vec<u8>> {
    let stored = values.iter().map(Stored::new).collect::<Result<Vec<_>>>()?;
    bincode::serde::encode_to_vec(&stored, bincode::config::standard())
        .map_err(|error| Error::internal("property values cannot be encoded").caused_by(error))
}

/// The values again, if the bytes hold nothing else.
pub(super) fn decode_all(bytes: &[u8]) -> Option<Vec<Value>> {
    let (stored, length) =
        bincode::serde::decode_from_slice::<Vec<Stored>, _>(bytes, bincode::config::standard())
            .ok()?;
    (length == bytes.len()).then(|| stored.into_iter().map(Stored::into_value).collect())
}

/// Serialises a value, or null.
pub(super) mod nullable {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serialize;
    use serde::Serializer;
    use serde::ser::Error;

    use crate::value::Value;

    use super::Stored;

    pub(in crate::graph) fn serialize<S: Serializer>(
        value: &Value,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Value::Null => None,
            value => Some(Stored::new(value).map_err(S::Error::custom)?),
        }
        .serialize(serializer)
    }

    pub(in crate::graph) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Value, D::Error> {
        let stored = Option::<Stored>::deserialize(deserializer)?;
        Ok(stored.map_or(Value::Null, Stored::into_value))
    }
}

/// Serialises the properties of an entity.
pub(super) mod keyed {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::ser::Error;

    use crate::graph::KeyId;
    use crate::value::Value;

    use super::Stored;

    pub(in crate::graph) fn serialize<S: Serializer>(
        properties: &[(KeyId, Value)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let stored = properties
            .iter()
            .map(|(key, value)| Ok((*key, Stored::new(value)?)))
            .collect::<crate::error::Result<Vec<_>>>()
            .map_err(S::Error::custom)?;
        serializer.collect_seq(stored)
    }

    pub(in crate::graph) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(KeyId, Value)>, D::Error> {
        let stored = Vec::<(KeyId, Stored)>::deserialize(deserializer)?;
        Ok(stored.into_iter().map(|(key, stored)| (key, stored.into_value())).collect())
    }
}
