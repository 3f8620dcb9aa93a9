//! Property values to bytes and back.
//!
//! The one place that says how a stored value is written, in log and segments alike.

use std::borrow::Cow;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Property;
use crate::value::Value;

use super::encoding;

/// The value of this property as it is stored.
pub(super) fn stored<'v>(key: &str, value: &'v Value) -> Result<Cow<'v, Value>> {
    match Property::obstacle(value) {
        None => Ok(Property::as_stored(value)),
        Some(what) => Err(refused(key, &what)),
    }
}

#[cold]
fn refused(key: &str, what: &str) -> Error {
    let message = format!("property `{key}` cannot hold {what}");
    Error::type_error(Detail::InvalidPropertyType, message).help(
        "Properties are booleans, numbers, strings, temporals, points, and lists of one of these types.",
    )
}

/// The bytes of many values.
pub(super) fn encode_all(values: &[Value]) -> Result<Vec<u8>> {
    let stored = values.iter().map(Property::try_from).collect::<Result<Vec<_>>>()?;
    encoding::encode(&stored, "a list of property values")
}

/// The values again.
pub(super) fn decode_all(bytes: &[u8]) -> Option<Vec<Value>> {
    let stored: Vec<Property> = encoding::decode(bytes)?;
    Some(stored.into_iter().map(Value::from).collect())
}

/// Serialises a value, or null.
pub(super) mod nullable {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serialize;
    use serde::Serializer;
    use serde::ser::Error;

    use crate::value::Value;

    use crate::value::Property;

    pub(in crate::graph) fn serialize<S: Serializer>(
        value: &Value,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Value::Null => None,
            value => Some(Property::try_from(value).map_err(S::Error::custom)?),
        }
        .serialize(serializer)
    }

    pub(in crate::graph) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Value, D::Error> {
        let stored = Option::<Property>::deserialize(deserializer)?;
        Ok(stored.map_or(Value::Null, Value::from))
    }
}

/// Serialises values, nulls among them.
pub(super) mod list {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::ser::Error;

    use crate::value::Value;

    use crate::value::Property;

    pub(in crate::graph) fn serialize<S: Serializer>(
        values: &[Value],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let stored = |value: &Value| match value {
            Value::Null => Ok(None),
            value => Property::try_from(value).map(Some),
        };
        let stored = values.iter().map(stored).collect::<crate::error::Result<Vec<_>>>();
        serializer.collect_seq(stored.map_err(S::Error::custom)?)
    }

    pub(in crate::graph) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Value>, D::Error> {
        let stored = Vec::<Option<Property>>::deserialize(deserializer)?;
        Ok(stored.into_iter().map(|stored| stored.map_or(Value::Null, Value::from)).collect())
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

    use crate::value::Property;

    pub(in crate::graph) fn serialize<S: Serializer>(
        properties: &[(KeyId, Value)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let stored = properties
            .iter()
            .map(|(key, value)| Ok((*key, Property::try_from(value)?)))
            .collect::<crate::error::Result<Vec<_>>>()
            .map_err(S::Error::custom)?;
        serializer.collect_seq(stored)
    }

    pub(in crate::graph) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(KeyId, Value)>, D::Error> {
        let stored = Vec::<(KeyId, Property)>::deserialize(deserializer)?;
        Ok(stored.into_iter().map(|(key, stored)| (key, stored.into())).collect())
    }
}
