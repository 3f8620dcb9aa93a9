//! JSON Lines as APOC exports graphs: an object a line, `"type":"node"` or `"type":"relationship"`.
//!
//! JSON has no temporal values, points, NaN or infinities. Their text goes into `properties`, as in APOC's files, and
//! their type beside it into `types`, which others pass over: what was exported comes back as it was.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;

use serde_json::Map as Object;
use serde_json::Value as Json;
use serde_json::json;

use crate::error::Result;
use crate::value;
use crate::value::Map;
use crate::value::Node;
use crate::value::Relationship;
use crate::value::Value;

use super::Import;
use super::export::{GraphWriter, Output};
use super::field::{FieldType, Scalar};
use super::graph::{Gathering, Link, Place};
use super::input::{self, Input};
use super::rejects::Reason;

/// Reads a file.
pub(super) fn read(import: &mut Import<'_, '_, '_>, file: &Path) -> Result<()> {
    let mut lines = BufReader::with_capacity(1 << 18, Input::open(file, &import.read)?);
    let mut graph = Gathering::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let count = lines.read_until(b'\n', &mut bytes);
        if count.map_err(|error| input::failed("read", file, error))? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes);
        let place = Place { file, line, text: &text };
        if text.trim().is_empty() {
            continue;
        }
        match entity(&text) {
            Ok(Entity::Node { id, labels, properties }) => {
                graph.node(import, place, id.as_deref(), &labels, properties)?;
            }
            Ok(Entity::Relationship(link)) => graph.link(import, place, link)?,
            Err((column, message)) => {
                import.note(file, &place.fault(Reason::Malformed, column, message))?;
            }
        }
    }
    graph.finish(import, file)
}

enum Entity {
    Node { id: Option<String>, labels: Vec<String>, properties: Map },
    Relationship(Link),
}

/// A column, and what is wrong there.
type Fault = (usize, String);

fn fault<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err((1, message.into()))
}

fn entity(text: &str) -> Result<Entity, Fault> {
    let tree: Json = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let what = message.split(" at line").next().unwrap_or("not JSON");
        (error.column().max(1), format!("the line is no JSON: {what}"))
    })?;
    let Json::Object(object) = tree else { return fault("the line is no object") };
    let properties = properties(&object)?;
    match object.get("type").and_then(Json::as_str) {
        Some("node") => {
            let labels = match object.get("labels") {
                None | Some(Json::Null) => Vec::new(),
                Some(Json::Array(labels)) => {
                    let name = |label: &Json| label.as_str().map(String::from);
                    let labels: Option<Vec<String>> = labels.iter().map(name).collect();
                    labels.map_or_else(|| fault("a label is no string"), Ok)?
                }
                Some(_) => return fault("`labels` is no array"),
            };
            let id = object.get("id").map(identifier).transpose()?;
            Ok(Entity::Node { id, labels, properties })
        }
        Some("relationship") => {
            let Some(label) = object.get("label").and_then(Json::as_str) else {
                return fault("the relationship has no `label`");
            };
            let end = |which: &str| match object.get(which).and_then(|node| node.get("id")) {
                Some(id) => identifier(id),
                None => fault(format!("the relationship has no `{which}` with an `id`")),
            };
            let (start, end) = (end("start")?, end("end")?);
            Ok(Entity::Relationship(Link { type_name: label.into(), start, end, properties }))
        }
        _ => fault("`type` is neither `node` nor `relationship`"),
    }
}

fn identifier(id: &Json) -> Result<String, Fault> {
    match id {
        Json::String(id) => Ok(id.clone()),
        Json::Number(id) => Ok(id.to_string()),
        _ => fault("an `id` is neither a string nor a number"),
    }
}

fn properties(object: &Object<String, Json>) -> Result<Map, Fault> {
    let mut map = Map::new();
    let entries = match object.get("properties") {
        None | Some(Json::Null) => return Ok(map),
        Some(Json::Object(entries)) => entries,
        Some(_) => return fault("`properties` is no object"),
    };
    let types = object.get("types");
    for (key, tree) in entries {
        let of = types.and_then(|types| types.get(key)).unwrap_or(&Json::Null);
        let value = stored(tree, of).map_err(|what| (1, format!("property `{key}`: {what}")))?;
        if !value.is_null() {
            map.insert(key.as_str().into(), value);
        }
    }
    Ok(map)
}

/// The value of a property, with its type where JSON has none for it.
fn stored(tree: &Json, of: &Json) -> Result<Value, String> {
    match (tree, of) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Array(items), of) => {
            let of = |at: usize| match of {
                Json::Array(types) => types.get(at).unwrap_or(&Json::Null),
                of => of,
            };
            let items = items.iter().enumerate().map(|(at, item)| match item {
                Json::Array(_) | Json::Object(_) | Json::Null => {
                    Err("a list holds what no property can".to_string())
                }
                item => stored(item, of(at)),
            });
            Ok(Value::list(items.collect::<Result<_, _>>()?))
        }
        (Json::String(text), Json::String(name)) => {
            let scalar = Scalar::of(name).map_err(|_| format!("`{name}` is no type"))?;
            FieldType::from(scalar).value(text)
        }
        (Json::String(text), _) => Ok(Value::string(text.as_str())),
        (Json::Bool(truth), _) => Ok(Value::Boolean(*truth)),
        (Json::Number(number), _) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) if !number.is_f64() => Ok(Value::Integer(integer)),
            (_, Some(float)) if number.is_f64() => Ok(Value::Float(float)),
            _ => Err(format!("{number} is no 64-bit integer")),
        },
        // A point as APOC writes it.
        (Json::Object(_), _) => FieldType::from(Scalar::Point).value(&tree.to_string()),
    }
}

/// Writes a file.
#[derive(Debug)]
pub(super) struct JsonLines;

impl GraphWriter for JsonLines {
    fn node(&mut self, node: &Node, out: &mut Output<'_>) -> Result<()> {
        let mut object = Object::new();
        object.insert("type".into(), "node".into());
        object.insert("id".into(), node.id().to_string().into());
        if !node.labels().is_empty() {
            let labels = node.labels().iter().map(|label| Json::from(&**label)).collect();
            object.insert("labels".into(), Json::Array(labels));
        }
        describe(node.properties(), &mut object);
        line(&object, out)
    }

    fn relationship(&mut self, relationship: &Relationship, out: &mut Output<'_>) -> Result<()> {
        let mut object = Object::new();
        object.insert("type".into(), "relationship".into());
        object.insert("id".into(), relationship.id().to_string().into());
        object.insert("label".into(), relationship.type_name().into());
        if let Some(record) = relationship.record() {
            object.insert("start".into(), json!({"id": record.start.to_string()}));
            object.insert("end".into(), json!({"id": record.end.to_string()}));
        }
        describe(relationship.properties(), &mut object);
        line(&object, out)
    }
}

fn line(object: &Object<String, Json>, out: &mut Output<'_>) -> Result<()> {
    out.write(|to| {
        serde_json::to_writer(&mut *to, object)?;
        to.write_all(b"\n")
    })
}

fn describe(properties: &Map, object: &mut Object<String, Json>) {
    if properties.is_empty() {
        return;
    }
    let mut texts = Object::new();
    let mut types = Object::new();
    for (key, value) in properties {
        let (text, of) = written(value);
        texts.insert(key.to_string(), text);
        if !of.is_null() {
            types.insert(key.to_string(), of);
        }
    }
    object.insert("properties".into(), Json::Object(texts));
    if !types.is_empty() {
        object.insert("types".into(), Json::Object(types));
    }
}

/// The value as JSON, and the name of its type where that does not tell.
fn written(value: &Value) -> (Json, Json) {
    if let Value::List(items) = value {
        let (texts, types): (Vec<Json>, Vec<Json>) = items.iter().map(written).unzip();
        let plain = types.iter().all(Json::is_null);
        return (Json::Array(texts), if plain { Json::Null } else { Json::Array(types) });
    }
    let json = match value {
        Value::Boolean(truth) => Some(json!(truth)),
        Value::Integer(number) => Some(json!(number)),
        Value::Float(number) if number.is_finite() => Some(json!(number)),
        Value::String(text) => Some(json!(&**text)),
        _ => None,
    };
    match (json, Scalar::of_value(value), value::to_text(value)) {
        (Some(json), ..) => (json, Json::Null),
        (None, Some(of), Some(text)) => (json!(text), json!(of.name())),
        // What no property can be.
        _ => (Json::Null, Json::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apoc_writes_is_read() {
        let text = r#"{"type":"node","id":"0","labels":["User"],"properties":{"age":42,"kids":["Sam","Anna"],"male":true,"place":{"crs":"wgs-84","latitude":33.46789,"longitude":13.1},"score":1.0}}"#;
        let Ok(Entity::Node { id, labels, properties }) = entity(text) else { panic!() };
        assert_eq!((id.as_deref(), labels.as_slice()), (Some("0"), &["User".to_string()][..]));
        assert_eq!(properties.get("age"), Some(&Value::Integer(42)));
        assert!(matches!(properties.get("score"), Some(Value::Float(_))));
        assert!(matches!(properties.get("place"), Some(Value::Point(_))));
    }

    #[test]
    fn what_is_wrong_has_a_column() {
        let cases = [
            ("{\"type\":", 8, "no JSON"),
            ("[]", 1, "no object"),
            ("{\"type\":\"edge\"}", 1, "neither `node`"),
            ("{\"type\":\"relationship\",\"label\":\"A\",\"start\":{}}", 1, "no `start`"),
            ("{\"type\":\"node\",\"properties\":{\"a\":[[1]]}}", 1, "property `a`"),
            ("{\"type\":\"node\",\"properties\":{\"a\":18446744073709551615}}", 1, "64-bit"),
        ];
        for (text, column, message) in cases {
            let Err(fault) = entity(text) else { panic!("{text}") };
            assert_eq!(fault.0, column, "{text}");
            assert!(fault.1.contains(message), "{fault:?}");
        }
    }

    #[test]
    fn every_value_comes_back() {
        let text = |name: &str, text: &str| {
            FieldType::from(Scalar::of(name).unwrap()).value(text).unwrap()
        };
        let values = [
            Value::Float(f64::INFINITY),
            Value::Float(-0.0),
            Value::Float(1e300),
            Value::Integer(i64::MIN),
            Value::string("\u{0}\"\n"),
            text("datetime", "2024-01-01T10:00+01:00[Europe/Vienna]"),
            text("duration", "P1M2DT3.5S"),
            text("time", "10:00:00.5-02:00"),
            text("point", "{x: 1, y: 2, z: 3}"),
            Value::list(vec![]),
            Value::list(vec![Value::Integer(1), text("date", "2024-01-01"), Value::string("a")]),
        ];
        for value in values {
            let (json, of) = written(&value);
            let json: Json = serde_json::from_str(&json.to_string()).unwrap();
            assert_eq!(stored(&json, &of).unwrap().to_string(), value.to_string());
        }
    }
}
