//! JSON: an array of objects, or an object a line.
//!
//! Numbers that JSON does not know (NaN and the infinities) and temporal values are strings. A node is
//! an object with `type`, `id`, `labels` and `properties`, a relationship one with `type`, `id`,
//! `label`, `start`, `end` and `properties`, a path one with `type`, `nodes` and `relationships`. Characters that a
//! terminal could take for commands are escaped, which JSON leaves to whoever writes it.

use std::io;
use std::io::Write;
use std::sync::Arc;

use serde_json::Value as Tree;
use serde_json::json;

use crate::meter;
use crate::value::Map;
use crate::value::Node;
use crate::value::Relationship;
use crate::value::Value;

use super::Renderer;
use super::harmless;

#[derive(Default)]
pub(super) struct Json {
    columns: Vec<Arc<str>>,
    begun: bool,
}

impl Renderer for Json {
    fn begin(&mut self, columns: &[Arc<str>], out: &mut dyn Write) -> io::Result<()> {
        self.columns = columns.to_vec();
        write!(out, "[")
    }

    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", if self.begun { ",\n " } else { "\n " })?;
        self.begun = true;
        object(&self.columns, values, out)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}]", if self.begun { "\n" } else { "" })
    }
}

#[derive(Default)]
pub(super) struct JsonLines {
    columns: Vec<Arc<str>>,
}

impl Renderer for JsonLines {
    fn begin(&mut self, columns: &[Arc<str>], _out: &mut dyn Write) -> io::Result<()> {
        self.columns = columns.to_vec();
        Ok(())
    }

    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()> {
        object(&self.columns, values, out)?;
        writeln!(out)
    }
}

/// One row; its keys in the order of the columns.
fn object(columns: &[Arc<str>], values: &[Value], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{")?;
    for (at, (name, value)) in columns.iter().zip(values).enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let text = format!("{comma}{}:{}", json!(&**name), json(value));
        // Only within strings, where the escapes are JSON's own.
        out.write_all(harmless::one_line(&text).as_bytes())?;
    }
    write!(out, "}}")
}

fn json(value: &Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Boolean(b) => json!(b),
        Value::Integer(i) => json!(i),
        Value::Float(f) if f.is_finite() => json!(f),
        Value::String(s) => json!(&**s),
        Value::List(items) => Tree::Array(meter::pieces(items).flatten().map(json).collect()),
        Value::Map(map) => properties(map),
        Value::Node(n) => node(n),
        Value::Relationship(r) => relationship(r),
        Value::Path(path) => json!({
            "type": "path",
            "nodes": path.nodes().iter().map(node).collect::<Vec<_>>(),
            "relationships": path.relationships().iter().map(relationship).collect::<Vec<_>>(),
        }),
        // As bare text: the quotes are JSON's own.
        other => json!(super::bare(other)),
    }
}

fn properties(map: &Map) -> Tree {
    meter::walk(map.len());
    Tree::Object(map.iter().map(|(key, value)| (key.to_string(), json(value))).collect())
}

fn node(node: &Node) -> Tree {
    json!({
        "type": "node",
        "id": node.id().0,
        "labels": node.labels().iter().map(|l| &**l).collect::<Vec<_>>(),
        "properties": properties(node.properties()),
    })
}

fn relationship(relationship: &Relationship) -> Tree {
    json!({
        "type": "relationship",
        "id": relationship.id().0,
        "label": relationship.type_name(),
        "start": relationship.start().map(|n| n.0),
        "end": relationship.end().map(|n| n.0),
        "properties": properties(relationship.properties()),
    })
}
