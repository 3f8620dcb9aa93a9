//! Cypher values and serde's data model.
//!
//! [`to_value`] makes a value of anything that is `Serialize`, [`from_value`] anything that is
//! `Deserialize` of a value. A node or relationship is read as the map of its properties, a temporal
//! value as its canonical text. An enum is written as serde does: the variant's name, or a map from it to
//! its content.

use std::sync::Arc;

use serde::Serialize;
use serde::de;
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::MapDeserializer;
use serde::de::value::SeqDeserializer;
use serde::ser;
use serde::ser::SerializeMap as _;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

use super::temporal::text::NEWTYPE;
use super::{Map, Value};

/// The value that stands for a Rust value.
///
/// ```
/// use redstring::value::to_value;
/// #[derive(serde::Serialize)]
/// struct Company<'a> { name: &'a str, sites: Vec<u8> }
/// let value = to_value(&Company { name: "Acme", sites: vec![1, 2] })?;
/// assert_eq!(value.to_string(), "{name: 'Acme', sites: [1, 2]}");
/// # Ok::<(), redstring::Error>(())
/// ```
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    value.serialize(Writer)
}

/// The Rust value that a value stands for.
///
/// ```
/// use redstring::value::{from_value, to_value};
/// let pair: (String, Option<f64>) = from_value(to_value(&("Acme", 1.5))?)?;
/// assert_eq!(pair, ("Acme".to_string(), Some(1.5)));
/// # Ok::<(), redstring::Error>(())
/// ```
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    T::deserialize(Reader(value))
}

fn failed(message: impl Into<String>) -> Error {
    Error::usage(Detail::ConversionFailed, message)
}

impl ser::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        failed(message.to_string())
    }
}

impl de::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        failed(message.to_string())
    }
}

impl Serialize for Value {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(x) => serializer.serialize_bool(*x),
            Self::Integer(x) => serializer.serialize_i64(*x),
            Self::Float(x) => serializer.serialize_f64(*x),
            Self::String(x) => serializer.serialize_str(x),
            Self::List(items) => serializer.collect_seq(items.iter()),
            Self::Map(map) => entries(serializer, map),
            Self::Node(node) => entries(serializer, node.properties()),
            Self::Relationship(relationship) => entries(serializer, relationship.properties()),
            Self::Path(path) => {
                let nodes: Vec<Value> = path.nodes().iter().cloned().map(Self::Node).collect();
                let steps = path.relationships().iter().cloned();
                let steps: Vec<Value> = steps.map(Self::Relationship).collect();
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("nodes", &nodes)?;
                map.serialize_entry("relationships", &steps)?;
                map.end()
            }
            Self::Date(x) => x.serialize(serializer),
            Self::LocalTime(x) => x.serialize(serializer),
            Self::Time(x) => x.serialize(serializer),
            Self::LocalDateTime(x) => x.serialize(serializer),
            Self::DateTime(x) => x.serialize(serializer),
            Self::Duration(x) => x.serialize(serializer),
        }
    }
}

fn entries<S: ser::Serializer>(serializer: S, map: &Map) -> Result<S::Ok, S::Error> {
    serializer.collect_map(map.iter().map(|(key, value)| (&**key, value)))
}

/// A temporal value out of its canonical text, by the name of its type.
fn temporal(type_name: &str, text: &str) -> Result<Value> {
    match type_name {
        "Date" => text.parse().map(Value::Date),
        "LocalTime" => text.parse().map(Value::LocalTime),
        "Time" => text.parse().map(Value::Time),
        "LocalDateTime" => text.parse().map(Value::LocalDateTime),
        "DateTime" => text.parse().map(|x| Value::DateTime(Arc::new(x))),
        "Duration" => text.parse().map(|x| Value::Duration(Arc::new(x))),
        other => Err(Error::internal(format!("no temporal type is called {other}"))),
    }
}

/// Makes a value of what is serialized.
struct Writer;

macro_rules! write_integers {
    ($($name:ident: $type:ty),*) => {
        $(
            fn $name(self, x: $type) -> Result<Value> {
                let fits = i64::try_from(x).map(Value::Integer);
                fits.map_err(|_| failed(format!("{x} does not fit a 64-bit signed integer")))
            }
        )*
    };
}

impl ser::Serializer for Writer {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = ListWriter;
    type SerializeTuple = ListWriter;
    type SerializeTupleStruct = ListWriter;
    type SerializeTupleVariant = ListWriter;
    type SerializeMap = MapWriter;
    type SerializeStruct = MapWriter;
    type SerializeStructVariant = MapWriter;

    write_integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_bool(self, x: bool) -> Result<Value> {
        Ok(Value::Boolean(x))
    }

    fn serialize_f32(self, x: f32) -> Result<Value> {
        Ok(Value::Float(x.into()))
    }

    fn serialize_f64(self, x: f64) -> Result<Value> {
        Ok(Value::Float(x))
    }

    fn serialize_char(self, x: char) -> Result<Value> {
        Ok(Value::string(x.to_string()))
    }

    fn serialize_str(self, x: &str) -> Result<Value> {
        Ok(Value::string(x))
    }

    fn serialize_bytes(self, x: &[u8]) -> Result<Value> {
        Ok(x.iter().map(|byte| i64::from(*byte)).collect())
    }

    fn serialize_none(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, x: &T) -> Result<Value> {
        x.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &str, _: u32, variant: &'static str) -> Result<Value> {
        Ok(Value::string(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        x: &T,
    ) -> Result<Value> {
        match (name.strip_prefix(NEWTYPE), x.serialize(self)?) {
            (Some(type_name), Value::String(text)) => temporal(type_name, &text),
            (_, value) => Ok(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &str,
        _: u32,
        variant: &'static str,
        x: &T,
    ) -> Result<Value> {
        Ok(under(Some(variant), to_value(x)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<ListWriter> {
        Ok(ListWriter { variant: None, items: Vec::with_capacity(len.unwrap_or(0).min(1024)) })
    }

    fn serialize_tuple(self, len: usize) -> Result<ListWriter> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<ListWriter> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ListWriter> {
        Ok(ListWriter { variant: Some(variant), items: Vec::new() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MapWriter> {
        Ok(MapWriter::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<MapWriter> {
        Ok(MapWriter::default())
    }

    fn serialize_struct_variant(
        self,
        _: &str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<MapWriter> {
        Ok(MapWriter { variant: Some(variant), ..MapWriter::default() })
    }
}

/// The content of an enum's variant under the variant's name.
fn under(variant: Option<&'static str>, content: Value) -> Value {
    match variant {
        Some(name) => Value::map(Map::from([(name.into(), content)])),
        None => content,
    }
}

struct ListWriter {
    variant: Option<&'static str>,
    items: Vec<Value>,
}

impl ListWriter {
    fn push<T: Serialize + ?Sized>(&mut self, x: &T) -> Result<()> {
        self.items.push(to_value(x)?);
        Ok(())
    }

    fn finish(self) -> Result<Value> {
        Ok(under(self.variant, Value::list(self.items)))
    }
}

macro_rules! write_lists {
    ($($trait:ident: $method:ident),*) => {
        $(
            impl ser::$trait for ListWriter {
                type Ok = Value;
                type Error = Error;

                fn $method<T: Serialize + ?Sized>(&mut self, x: &T) -> Result<()> {
                    self.push(x)
                }

                fn end(self) -> Result<Value> {
                    self.finish()
                }
            }
        )*
    };
}

write_lists! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
}

#[derive(Default)]
struct MapWriter {
    variant: Option<&'static str>,
    key: Option<Arc<str>>,
    entries: Map,
}

impl ser::SerializeMap for MapWriter {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = match to_value(key)? {
            Value::String(key) => Some(key),
            Value::Integer(key) => Some(key.to_string().into()),
            other => {
                return Err(failed(format!("a key must be a string, found {}", other.type_name())));
            }
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, x: &T) -> Result<()> {
        let key = self.key.take().ok_or_else(|| failed("a value without its key"))?;
        self.entries.insert(key, to_value(x)?);
        Ok(())
    }

    fn end(self) -> Result<Value> {
        Ok(under(self.variant, Value::map(self.entries)))
    }
}

macro_rules! write_structs {
    ($($trait:ident),*) => {
        $(
            impl ser::$trait for MapWriter {
                type Ok = Value;
                type Error = Error;

                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    key: &'static str,
                    x: &T,
                ) -> Result<()> {
                    self.entries.insert(key.into(), to_value(x)?);
                    Ok(())
                }

                fn end(self) -> Result<Value> {
                    ser::SerializeMap::end(self)
                }
            }
        )*
    };
}

write_structs!(SerializeStruct, SerializeStructVariant);

/// Hands a value to whatever is deserialized.
#[derive(Debug)]
pub struct Reader(Value);

impl IntoDeserializer<'_, Error> for Value {
    type Deserializer = Reader;

    fn into_deserializer(self) -> Reader {
        Reader(self)
    }
}

impl<'de> de::Deserializer<'de> for Reader {
    type Error = Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(x) => visitor.visit_bool(x),
            Value::Integer(x) => visitor.visit_i64(x),
            Value::Float(x) => visitor.visit_f64(x),
            Value::String(x) => visitor.visit_str(&x),
            Value::List(items) => read_list(Arc::unwrap_or_clone(items), visitor),
            Value::Map(map) => read_map(Arc::unwrap_or_clone(map), visitor),
            Value::Node(node) => read_map(node.properties().clone(), visitor),
            Value::Relationship(relationship) => {
                read_map(relationship.properties().clone(), visitor)
            }
            Value::Path(path) => {
                let nodes = path.nodes().iter().cloned().collect();
                let relationships = path.relationships().iter().cloned().collect();
                let parts = [("nodes".into(), nodes), ("relationships".into(), relationships)];
                read_map(Map::from(parts), visitor)
            }
            temporal => visitor.visit_str(&super::to_text(&temporal).unwrap_or_default()),
        }
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_f64<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Integer(x) => visitor.visit_f64(x as f64),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0 {
            Value::String(name) => visitor.visit_enum((&*name).into_deserializer()),
            Value::Map(map) if map.len() == 1 => {
                let entries = Arc::unwrap_or_clone(map).into_iter();
                let entries = entries.map(|(key, value)| (key.to_string(), value));
                visitor.visit_enum(de::value::MapAccessDeserializer::new(MapDeserializer::new(
                    entries,
                )))
            }
            other => Err(failed(format!("expected a variant, found {}", other.type_name()))),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn read_list<'de, V: de::Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value> {
    let mut reader = SeqDeserializer::new(items.into_iter());
    let value = visitor.visit_seq(&mut reader)?;
    reader.end()?;
    Ok(value)
}

fn read_map<'de, V: de::Visitor<'de>>(map: Map, visitor: V) -> Result<V::Value> {
    let entries = map.into_iter().map(|(key, value)| (key.to_string(), value));
    visitor.visit_map(MapDeserializer::new(entries))
}

impl<'de> de::Deserialize<'de> for Value {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Value;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_some<D: de::Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
                de::Deserialize::deserialize(inner)
            }

            fn visit_bool<E>(self, x: bool) -> Result<Value, E> {
                Ok(Value::Boolean(x))
            }

            fn visit_i64<E>(self, x: i64) -> Result<Value, E> {
                Ok(Value::Integer(x))
            }

            fn visit_u64<E: de::Error>(self, x: u64) -> Result<Value, E> {
                let fits = i64::try_from(x).map(Value::Integer);
                fits.map_err(|_| E::custom(format!("{x} does not fit a 64-bit signed integer")))
            }

            fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
                Ok(Value::Float(x))
            }

            fn visit_str<E>(self, x: &str) -> Result<Value, E> {
                Ok(Value::string(x))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Value::list(list))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut map = Map::new();
                while let Some((key, value)) = items.next_entry::<String, Value>()? {
                    map.insert(key.into(), value);
                }
                Ok(Value::map(map))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Unit,
        Newtype(i32),
        Tuple(u8, String),
        Struct { x: Option<f64> },
    }

    #[test]
    fn what_is_written_is_read_again() {
        let kinds = vec![
            Kind::Unit,
            Kind::Newtype(-1),
            Kind::Tuple(1, "a".to_string()),
            Kind::Struct { x: Some(1.0) },
            Kind::Struct { x: None },
        ];
        let map = BTreeMap::from([("k".to_string(), kinds)]);
        let again: BTreeMap<String, Vec<Kind>> = from_value(to_value(&map).unwrap()).unwrap();
        assert_eq!(again, map);
    }

    #[test]
    fn a_value_stays_what_it_is() {
        let date = Value::Date("1984-10-11".parse().unwrap());
        let duration: crate::value::Duration = "P1DT2H".parse().unwrap();
        let map = Map::from([("d".into(), date), ("l".into(), Value::from(vec![duration]))]);
        let value = Value::map(map);
        assert_eq!(to_value(&value).unwrap().to_string(), value.to_string());
        assert!(
            matches!(&to_value(&value).unwrap(), Value::Map(m) if matches!(m["d"], Value::Date(_)))
        );
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"d":"1984-10-11","l":["P1DT2H"]}"#);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(to_value(&u64::MAX).unwrap_err().kind(), Detail::ConversionFailed);
        assert_eq!(
            from_value::<u8>(Value::Integer(256)).unwrap_err().kind(),
            Detail::ConversionFailed
        );
        assert_eq!(from_value::<String>(Value::Null).unwrap_err().kind(), Detail::ConversionFailed);
        assert_eq!(
            to_value(&BTreeMap::from([(true, 1)])).unwrap_err().kind(),
            Detail::ConversionFailed
        );
    }
}
