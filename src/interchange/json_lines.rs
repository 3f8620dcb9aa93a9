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
use crate::value::Map;
use crate::value::Node;
use crate::value::Relationship;

use super::Import;
use super::export::{GraphWriter, Output};
use super::graph::{Gathering, Link, Place};
use super::input::{self, Input};
use super::json::{stored, written};
use super::number;
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
    number::check_json(text)
        .map_err(|(at, what)| (text.get(..at).map_or(1, |t| t.chars().count() + 1), what))?;
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

/// Writes a file.
#[derive(Debug)]
pub(super) struct JsonLines;

impl GraphWriter for JsonLines {
    fn node(&mut self, node: &Node, out: &mut Output) -> Result<()> {
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

    fn relationship(&mut self, relationship: &Relationship, out: &mut Output) -> Result<()> {
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

fn line(object: &Object<String, Json>, out: &mut Output) -> Result<()> {
    out.write(|to| {
        serde_json::to_writer(&mut *to, object)?;
        to.push(b'\n');
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

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
            ("{\"type\":\"node\",\"properties\":{\"a\":18446744073709551615}}", 34, "64-bit"),
            ("{\"type\":\"node\",\"properties\":{\"ä\":[0.5,1e400]}}", 44, "out of range"),
            (
                "{\"type\":\"node\",\"properties\":{\"ä\":[0.5,1e-400]}}",
                39,
                "no float has the value `1e-400`",
            ),
        ];
        for (text, column, message) in cases {
            let Err(fault) = entity(text) else { panic!("{text}") };
            assert_eq!(fault.0, column, "{text}");
            assert!(fault.1.contains(message), "{fault:?}");
        }
    }
}
