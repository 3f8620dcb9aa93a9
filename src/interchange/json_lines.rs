//! JSON Lines as APOC exports graphs: an object a line, `"type":"node"` or `"type":"relationship"`.
//!
//! JSON has no temporal values, points, NaN or infinities. Their text goes into `properties`, as in APOC's files, and
//! their type beside it into `types`, which others pass over: what was exported comes back as it was.

mod line;
mod rows;

use serde_json::Map as Object;
use serde_json::Value as Json;

use crate::database::Extract;
use crate::error::Error;
use crate::error::Result;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Map;
use crate::value::number;

use super::export::{Kind, Output, Source};
use super::graph::Link;
use super::json::{stored, written};

pub(super) use rows::read;

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
pub(super) fn write(source: &Source, out: &mut Output) -> Result<bool> {
    for kind in [Kind::Nodes, Kind::Relationships] {
        source.write(kind, out, |part, into| {
            lines(kind, part, into).map_err(|error| Error::internal(error.to_string()))
        })?;
    }
    Ok(false)
}

/// Appends an object and a line end for each row.
fn lines(kind: Kind, part: &Extract, into: &mut Vec<u8>) -> serde_json::Result<()> {
    let names = part.kinds.iter().map(|names| match (kind, names.as_slice()) {
        (Kind::Nodes, []) => Ok(String::new()),
        (Kind::Nodes, names) => {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            Ok(format!(",\"labels\":{}", serde_json::to_string(&names)?))
        }
        (Kind::Relationships, names) => {
            let name = names.first().map_or("", |name| name);
            Ok(format!(",\"label\":{}", serde_json::to_string(name)?))
        }
    });
    let names = names.collect::<serde_json::Result<Vec<String>>>()?;
    let keys = part.columns.iter().map(|(name, _)| serde_json::to_vec(&**name));
    let keys = keys.collect::<serde_json::Result<Vec<Vec<u8>>>>()?;
    let what: &[u8] = match kind {
        Kind::Nodes => b"{\"type\":\"node\",\"id\":\"",
        Kind::Relationships => b"{\"type\":\"relationship\",\"id\":\"",
    };
    let mut number = itoa::Buffer::new();
    let mut types = Vec::new();
    for (row, (id, kind)) in part.ids.iter().zip(&part.kind_of).enumerate() {
        into.extend_from_slice(what);
        into.extend_from_slice(number.format(*id).as_bytes());
        into.push(b'"');
        into.extend_from_slice(names.get(*kind as usize).map_or(b"", |name| name.as_bytes()));
        if let Some((start, end)) = part.ends.get(row) {
            into.extend_from_slice(b",\"start\":{\"id\":\"");
            into.extend_from_slice(number.format(*start).as_bytes());
            into.extend_from_slice(b"\"},\"end\":{\"id\":\"");
            into.extend_from_slice(number.format(*end).as_bytes());
            into.extend_from_slice(b"\"}");
        }
        let mut before: &[u8] = b",\"properties\":{";
        let mut before_types: &[u8] = b",\"types\":{";
        types.clear();
        for ((_, column), key) in part.columns.iter().zip(&keys) {
            if column.is_null(row) {
                continue;
            }
            into.extend_from_slice(std::mem::replace(&mut before, b","));
            into.extend_from_slice(key);
            into.push(b':');
            let of = append(column, row, &mut number, into)?;
            if !of.is_null() {
                types.extend_from_slice(std::mem::replace(&mut before_types, b","));
                types.extend_from_slice(key);
                types.push(b':');
                serde_json::to_writer(&mut types, &of)?;
            }
        }
        if before == b"," {
            into.push(b'}');
        }
        if !types.is_empty() {
            into.extend_from_slice(&types);
            into.push(b'}');
        }
        into.extend_from_slice(b"}\n");
    }
    Ok(())
}

/// Appends a value; gives the name of its type where JSON does not tell.
fn append(
    column: &Column,
    row: usize,
    number: &mut itoa::Buffer,
    into: &mut Vec<u8>,
) -> serde_json::Result<Json> {
    match column.data() {
        ColumnData::Integer(values) => {
            let value = values.get(row).copied().unwrap_or_default();
            into.extend_from_slice(number.format(value).as_bytes());
        }
        ColumnData::String(values) => {
            serde_json::to_writer(into, values.get(row).map_or("", |text| text))?;
        }
        ColumnData::Dictionary(codes, words) => {
            let word = codes.get(row).and_then(|code| words.get(*code as usize));
            serde_json::to_writer(into, word.map_or("", |text| text))?;
        }
        _ => {
            let (json, of) = written(&column.get(row));
            serde_json::to_writer(into, &json)?;
            return Ok(of);
        }
    }
    Ok(Json::Null)
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
