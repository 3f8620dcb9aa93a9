//! Values to serde, and anything that serde can write to values.

use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{self, SerializeMap, SerializeSeq};

use super::point;
use super::temporal::parse_named;
use super::{Map, Node, Path, Relationship, Value};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// Anything serializable as a Cypher value: structs become maps, unit variants strings, temporal types
/// stay what they are.
///
/// ```
/// use redstring::value::{Value, to_value};
/// #[derive(serde::Serialize)]
/// struct Person { name: &'static str, age: u8 }
/// let value = to_value(&Person { name: "Ann", age: 44 }).unwrap();
/// assert_eq!(value.to_string(), "{age: 44, name: 'Ann'}");
/// ```
///
/// # Errors
/// `UsageError.ConversionFailed` for integers beyond 64 bits and map keys that are no strings.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value> {
    value.serialize(ValueSerializer)
}

/// The natural form, as in JSON: temporals are text, points, nodes and relationships objects with
/// a `type`.
impl Serialize for Value {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Boolean(x) => serializer.serialize_bool(*x),
            Value::Integer(x) => serializer.serialize_i64(*x),
            Value::Float(x) => serializer.serialize_f64(*x),
            Value::String(x) => serializer.serialize_str(x),
            Value::List(items) => serializer.collect_seq(items.iter()),
            Value::Map(entries) => serializer.collect_map(entries.iter()),
            Value::Node(x) => x.serialize(serializer),
            Value::Relationship(x) => x.serialize(serializer),
            Value::Path(x) => x.serialize(serializer),
            Value::Date(x) => x.serialize(serializer),
            Value::LocalTime(x) => x.serialize(serializer),
            Value::Time(x) => x.serialize(serializer),
            Value::LocalDateTime(x) => x.serialize(serializer),
            Value::DateTime(x) => x.serialize(serializer),
            Value::Duration(x) => x.serialize(serializer),
            Value::Point(x) => x.serialize(serializer),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("type", "node")?;
        map.serialize_entry("id", &self.id().to_string())?;
        map.serialize_entry("labels", self.labels())?;
        map.serialize_entry("properties", self.properties())?;
        map.end()
    }
}

impl Serialize for Relationship {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("type", "relationship")?;
        map.serialize_entry("id", &self.id().to_string())?;
        map.serialize_entry("label", self.type_name())?;
        map.serialize_entry("start", &self.start().map(|id| id.to_string()))?;
        map.serialize_entry("end", &self.end().map(|id| id.to_string()))?;
        map.serialize_entry("properties", self.properties())?;
        map.end()
    }
}

impl Serialize for Path {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("type", "path")?;
        map.serialize_entry("nodes", self.nodes())?;
        map.serialize_entry("relationships", self.relationships())?;
        map.end()
    }
}

impl ser::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Error::usage(Detail::ConversionFailed, message.to_string())
    }
}

struct ValueSerializer;

macro_rules! scalars {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, x: $type) -> Result<Value> {
            Ok(Value::from(x))
        })*
    };
}

macro_rules! wide_integers {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, x: $type) -> Result<Value> {
            i64::try_from(x).map(Value::Integer).map_err(|_| {
                Error::usage(Detail::ConversionFailed, format!("{x} does not fit an Integer"))
            })
        })*
    };
}

impl ser::Serializer for ValueSerializer {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = ListSerializer;
    type SerializeTuple = ListSerializer;
    type SerializeTupleStruct = ListSerializer;
    type SerializeTupleVariant = ListSerializer;
    type SerializeMap = MapSerializer;
    type SerializeStruct = MapSerializer;
    type SerializeStructVariant = MapSerializer;

    scalars! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
    }

    wide_integers! {
        serialize_u64(u64);
        serialize_i128(i128);
        serialize_u128(u128);
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value> {
        Ok(Value::from(bytes))
    }

    fn serialize_none(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value> {
        Ok(Value::string(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value> {
        let value = value.serialize(self)?;
        if name == point::NAME {
            return point::from_geometry(&value).map(Value::from).ok_or_else(|| {
                Error::usage(Detail::ConversionFailed, format!("`{value}` is no point"))
            });
        }
        match value.as_str().and_then(|text| parse_named(name, text)) {
            Some(temporal) => temporal,
            None => Ok(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value> {
        Ok(wrapped(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<ListSerializer> {
        // The length is only a hint, and may come from outside.
        let items = Vec::with_capacity(len.unwrap_or(0).min(4096));
        Ok(ListSerializer { items, variant: None })
    }

    fn serialize_tuple(self, len: usize) -> Result<ListSerializer> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<ListSerializer> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<ListSerializer> {
        Ok(ListSerializer { items: Vec::new(), variant: Some(variant) })
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<MapSerializer> {
        Ok(MapSerializer { entries: Map::new(), key: None, variant: None })
    }

    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<MapSerializer> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<MapSerializer> {
        Ok(MapSerializer { entries: Map::new(), key: None, variant: Some(variant) })
    }
}

/// The content of an enum's variant under its name.
fn wrapped(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => Value::map(Map::from([(Arc::from(name), value)])),
        None => value,
    }
}

struct ListSerializer {
    items: Vec<Value>,
    variant: Option<&'static str>,
}

impl SerializeSeq for ListSerializer {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.items.push(to_value(value)?);
        Ok(())
    }

    fn end(self) -> Result<Value> {
        Ok(wrapped(self.variant, Value::list(self.items)))
    }
}

impl ser::SerializeTuple for ListSerializer {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value> {
        SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for ListSerializer {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value> {
        SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleVariant for ListSerializer {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value> {
        SerializeSeq::end(self)
    }
}

struct MapSerializer {
    entries: Map,
    key: Option<Arc<str>>,
    variant: Option<&'static str>,
}

impl SerializeMap for MapSerializer {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = Some(match to_value(key)? {
            Value::String(key) => key,
            Value::Integer(key) => key.to_string().into(),
            other => {
                let message = format!("a map key has to be a String, not {}", other.type_name());
                return Err(Error::usage(Detail::ConversionFailed, message));
            }
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        if let Some(key) = self.key.take() {
            self.entries.insert(key, to_value(value)?);
        }
        Ok(())
    }

    fn end(self) -> Result<Value> {
        Ok(wrapped(self.variant, Value::map(self.entries)))
    }
}

impl ser::SerializeStruct for MapSerializer {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.entries.insert(key.into(), to_value(value)?);
        Ok(())
    }

    fn end(self) -> Result<Value> {
        SerializeMap::end(self)
    }
}

impl ser::SerializeStructVariant for MapSerializer {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        ser::SerializeStruct::serialize_field(self, key, value)
    }

    fn end(self) -> Result<Value> {
        SerializeMap::end(self)
    }
}
