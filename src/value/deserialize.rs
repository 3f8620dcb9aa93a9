//! Values from serde, and values into anything that serde can read.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

use super::convert::mismatch;
use super::point;
use super::temporal::{parse_named, text_named};
use super::{
    FromValue, Map, Node, NodeId, NodeRecord, Path, Point, Relationship, RelationshipId,
    RelationshipRecord, Value,
};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// A Cypher value as anything deserializable. Nodes and relationships are read as the map of their
/// properties, temporals as text where the type is not temporal itself.
///
/// ```
/// use redstring::value::{Map, Value, from_value};
/// #[derive(serde::Deserialize)]
/// struct Person { name: String, age: Option<u8> }
/// let map = Map::from([("name".into(), Value::string("Ann"))]);
/// let person: Person = from_value(Value::map(map)).unwrap();
/// assert_eq!((person.name.as_str(), person.age), ("Ann", None));
/// ```
///
/// # Errors
/// `UsageError.ConversionFailed` where the value does not fit the type.
pub fn from_value<T: de::DeserializeOwned>(value: Value) -> Result<T> {
    T::deserialize(ValueDeserializer(value))
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::usage(Detail::ConversionFailed, message.to_string())
    }
}

/// The newtype name under which a [`Value`] asks for a value, so that nothing of it is lost on the way:
/// what serde has no word for travels as a map with one entry under a reserved key.
const VALUE: &str = "redstring::Value";
const NODE: &str = "redstring::Node";
const RELATIONSHIP: &str = "redstring::Relationship";
const PATH: &str = "redstring::Path";

/// Reads a [`Value`] through serde.
#[derive(Debug)]
pub struct ValueDeserializer(Value);

impl IntoDeserializer<'_, Error> for Value {
    type Deserializer = ValueDeserializer;

    fn into_deserializer(self) -> ValueDeserializer {
        ValueDeserializer(self)
    }
}

fn visit_list<'de, V: Visitor<'de>>(items: Vec<Value>, visitor: V) -> Result<V::Value> {
    let mut access = de::value::SeqDeserializer::<_, Error>::new(items.into_iter());
    let made = visitor.visit_seq(&mut access)?;
    access.end()?;
    Ok(made)
}

fn visit_map<'de, V: Visitor<'de>>(entries: &Map, visitor: V) -> Result<V::Value> {
    let entries = entries.iter().map(|(key, value)| (Value::String(key.clone()), value.clone()));
    let mut access = de::value::MapDeserializer::<_, Error>::new(entries);
    let made = visitor.visit_map(&mut access)?;
    access.end()?;
    Ok(made)
}

impl<'de> Deserializer<'de> for ValueDeserializer {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(x) => visitor.visit_bool(x),
            Value::Integer(x) => visitor.visit_i64(x),
            Value::Float(x) => visitor.visit_f64(x),
            Value::String(x) => visitor.visit_str(&x),
            Value::List(items) => visit_list(Arc::unwrap_or_clone(items), visitor),
            Value::Map(entries) => visit_map(&entries, visitor),
            Value::Node(node) => visit_map(node.properties(), visitor),
            Value::Relationship(relationship) => visit_map(relationship.properties(), visitor),
            Value::Path(path) => visit_list(steps(&path), visitor),
            Value::Point(point) => geometry(&point).into_deserializer().deserialize_any(visitor),
            temporal => match text_named(&temporal) {
                Some((_, text)) => visitor.visit_string(text),
                None => visitor.visit_unit(),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        let packed = if name == VALUE { packed(&self.0) } else { None };
        match packed {
            Some((key, value)) => visit_map(&Map::from([(Arc::from(key), value)]), visitor),
            None if name == VALUE => self.deserialize_any(visitor),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match &self.0 {
            Value::String(variant) => {
                let variant: de::value::StrDeserializer<'_, Error> =
                    variant.as_ref().into_deserializer();
                visitor.visit_enum(variant)
            }
            Value::Map(entries) if entries.len() == 1 => {
                let entries =
                    entries.iter().map(|(key, value)| (Value::String(key.clone()), value.clone()));
                let access = de::value::MapDeserializer::<_, Error>::new(entries);
                visitor.visit_enum(de::value::MapAccessDeserializer::new(access))
            }
            other => Err(mismatch("a String or a Map with one entry", other)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Nodes and relationships of a path in turn.
fn steps(path: &Path) -> Vec<Value> {
    let mut steps = Vec::with_capacity(path.len() * 2 + 1);
    for (i, node) in path.nodes().iter().enumerate() {
        steps.push(Value::Node(node.clone()));
        steps.extend(path.relationships().get(i).cloned().map(Value::Relationship));
    }
    steps
}

/// What serde has no word for, as a reserved key and what it needs to be made again.
fn packed(value: &Value) -> Option<(&'static str, Value)> {
    let id = |id: u64| Value::Integer(id as i64);
    Some(match value {
        Value::Node(node) => {
            let labels = node.labels().iter().cloned().map(Value::String).collect();
            let properties = Value::map(node.properties().clone());
            (NODE, Value::list(vec![id(node.id().0), Value::list(labels), properties]))
        }
        Value::Relationship(relationship) => {
            let mut parts = vec![id(relationship.id().0)];
            if let Some(record) = relationship.record() {
                parts.push(Value::String(record.type_name.clone()));
                parts.extend([id(record.start.0), id(record.end.0)]);
                parts.push(Value::map(record.properties.clone()));
            }
            (RELATIONSHIP, Value::list(parts))
        }
        Value::Path(path) => (PATH, Value::list(steps(path))),
        Value::Point(point) => (point::NAME, geometry(point)),
        other => {
            let (name, text) = text_named(other)?;
            (name, Value::string(text))
        }
    })
}

/// A point as the map that it is for people.
fn geometry(point: &Point) -> Value {
    let coordinates: Value = point.coordinates().into();
    let entries: [(&str, Value); 4] = [
        ("type", "Point".into()),
        ("coordinates", coordinates),
        ("crs", point.crs().name().into()),
        ("srid", point.crs().srid().into()),
    ];
    entries.into_iter().collect()
}

/// Undoes [`packed`]; `None` for an ordinary key, or where the parts do not fit.
fn unpacked(key: &str, value: &Value) -> Option<Result<Value>> {
    let id = |value: &Value| value.as_integer().map(|id| id as u64);
    match (key, value.as_list()) {
        (NODE, Some([node, labels, Value::Map(properties)])) => {
            let labels: Option<Vec<Arc<str>>> =
                labels.as_list()?.iter().map(|l| l.as_str().map(Arc::from)).collect();
            let record = NodeRecord { labels: labels?, properties: (**properties).clone() };
            Some(Ok(Value::Node(Node::with_record(NodeId(id(node)?), record))))
        }
        (RELATIONSHIP, Some([relationship])) => {
            let id = RelationshipId(id(relationship)?);
            Some(Ok(Value::Relationship(Relationship::new(id))))
        }
        (
            RELATIONSHIP,
            Some([relationship, Value::String(type_name), start, end, Value::Map(properties)]),
        ) => {
            let record = RelationshipRecord {
                type_name: type_name.clone(),
                start: NodeId(id(start)?),
                end: NodeId(id(end)?),
                properties: (**properties).clone(),
            };
            let id = RelationshipId(id(relationship)?);
            Some(Ok(Value::Relationship(Relationship::with_record(id, record))))
        }
        (PATH, Some(steps)) => {
            let nodes = steps.iter().filter_map(|s| s.as_node().cloned()).collect();
            let relationships = steps.iter().filter_map(|s| s.as_relationship().cloned()).collect();
            Path::new(nodes, relationships).map(|path| Ok(Value::from(path)))
        }
        (point::NAME, _) => point::from_geometry(value).map(|point| Ok(Value::from(point))),
        _ => parse_named(key, value.as_str()?),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(VALUE, ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        Value::deserialize(inner)
    }

    fn visit_bool<E>(self, x: bool) -> Result<Value, E> {
        Ok(Value::Boolean(x))
    }

    fn visit_i64<E>(self, x: i64) -> Result<Value, E> {
        Ok(Value::Integer(x))
    }

    fn visit_u64<E: de::Error>(self, x: u64) -> Result<Value, E> {
        let x = i64::try_from(x);
        x.map(Value::Integer).map_err(|_| E::custom("the number does not fit an Integer"))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Float(x))
    }

    fn visit_str<E>(self, x: &str) -> Result<Value, E> {
        Ok(Value::string(x))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            entries.insert(key.into(), value);
        }
        if entries.len() == 1
            && let Some((key, value)) = entries.iter().next()
            && key.starts_with("redstring::")
            && let Some(made) = unpacked(key, value)
        {
            return made.map_err(de::Error::custom);
        }
        Ok(Value::map(entries))
    }
}

macro_rules! through_value {
    ($($type:ty),*) => {
        $(impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::from_value(Value::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        })*
    };
}

through_value!(Node, Relationship, Path);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Date;
    use crate::value::to_value;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    enum Shape {
        Point,
        Circle(f64),
        Box { width: i32, height: Option<u8> },
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Everything {
        name: String,
        when: Date,
        shapes: Vec<Shape>,
        any: Value,
        node: Node,
    }

    fn node() -> Node {
        let record = NodeRecord {
            labels: vec!["A".into()],
            properties: Map::from([("name".into(), Value::string("Ann"))]),
        };
        Node::with_record(NodeId(7), record)
    }

    #[test]
    fn structs_keep_what_they_hold() {
        let when: Date = "2015-07-21".parse().unwrap();
        let map = Map::from([
            ("name".into(), Value::string("x")),
            ("when".into(), Value::Date(when)),
            (
                "shapes".into(),
                to_value(&[
                    Shape::Point,
                    Shape::Circle(1.5),
                    Shape::Box { width: 1, height: None },
                ])
                .unwrap(),
            ),
            ("any".into(), Value::list(vec![Value::Date(when), Value::Node(node())])),
            ("node".into(), Value::Node(node())),
        ]);
        let read: Everything = from_value(Value::map(map)).unwrap();
        assert_eq!(read.when, when);
        assert_eq!(read.shapes.len(), 3);
        assert_eq!(read.any, Value::list(vec![Value::Date(when), Value::Node(node())]));
        assert_eq!(read.node.labels(), node().labels());
        assert_eq!(read.node.get("name"), &Value::string("Ann"));
        let back = to_value(&read).unwrap();
        assert_eq!(back.as_map().unwrap().get("when"), Some(&Value::Date(when)));
    }

    #[test]
    fn a_node_reads_as_its_properties() {
        #[derive(serde::Deserialize)]
        struct Person {
            name: String,
        }
        let person: Person = from_value(Value::Node(node())).unwrap();
        assert_eq!(person.name, "Ann");
        let error = from_value::<Person>(Value::Integer(1)).err().unwrap();
        assert_eq!(error.code(), "UsageError.ConversionFailed");
    }

    #[test]
    fn json_is_natural_both_ways() {
        let text = r#"{"a":[1,2.5,"x",null,true],"b":{}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value.to_string(), "{a: [1, 2.5, 'x', null, true], b: {}}");
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
        assert_eq!(
            serde_json::to_string(&Value::Node(node())).unwrap(),
            r#"{"type":"node","id":"7","labels":["A"],"properties":{"name":"Ann"}}"#
        );
        let date = Value::Date(Date::EPOCH);
        assert_eq!(serde_json::to_string(&date).unwrap(), r#""1970-01-01""#);
    }
}
