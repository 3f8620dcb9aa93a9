//! A table with a header as Neo4j's import takes it.
//!
//! What that has no form for (several types in a column, items that hold the delimiter) is JSON, and the header says so.

use std::io::Write as _;
use std::sync::Arc;

use crate::error::Result;
use crate::interchange::export::{ColumnType, Compression, Entities, Output, Table, TableWriter};
use crate::interchange::field::{Scalar, written};
use crate::interchange::json;
use crate::value::Map;
use crate::value::Value;

/// What stands between items and between labels.
const ITEMS: char = ';';

/// The type that a column needs to hold a value.
pub(super) fn column(value: &Value) -> ColumnType {
    let found = ColumnType::of(value);
    let (Value::List(items), ColumnType::List(Scalar::String)) = (value, found) else {
        return found;
    };
    let texts = || items.iter().filter_map(Value::as_str);
    // One empty item would look like none.
    if texts().any(|text| text.contains(ITEMS)) || texts().eq([""]) {
        return ColumnType::Mixed;
    }
    found
}

struct Writer {
    table: Table,
    /// The labels, or the type, as every row says them.
    kind: String,
    out: Output,
}

/// Begins a table.
pub(super) fn make(
    table: Table,
    _compression: Option<Compression>,
    _room: usize,
    mut out: Output,
) -> Result<Box<dyn TableWriter>> {
    let mut header = Vec::new();
    let (ids, kind, names): (&[&str], _, _) = match &table.entities {
        // All nodes are in one space, which has a name so that its identifiers can be integers.
        Entities::Nodes(labels) => {
            let json = !labels.iter().all(|label| plain(label));
            let kind = if json { ":LABEL{format:json}" } else { ":LABEL" };
            (&[":ID(node){id-type:long}"], kind, label_field(labels, json))
        }
        Entities::Relationships(of) => {
            (&[":START_ID(node)", ":END_ID(node)"], ":TYPE", of.to_string())
        }
    };
    ids.iter().for_each(|id| push(&mut header, id, false));
    for (name, of) in &table.columns {
        let text = format!("{name}:{}", type_name(*of));
        push(&mut header, &text, text.trim() != text);
    }
    push(&mut header, kind, false);
    header.push(b'\n');
    out.write(|to| to.write_all(&header))?;
    Ok(Box::new(Writer { table, kind: names, out }))
}

/// Whether a label can stand among others as it is: an import trims them.
fn plain(label: &str) -> bool {
    !label.is_empty() && !label.contains(ITEMS) && label.trim() == label
}

fn label_field(labels: &[Arc<str>], json: bool) -> String {
    if json {
        return serde_json::Value::from_iter(labels.iter().map(|label| &**label)).to_string();
    }
    labels.join(&ITEMS.to_string())
}

fn type_name(of: ColumnType) -> String {
    // A `float` is one of 32 bits in Neo4j's headers.
    let name = |of: Scalar| if of == Scalar::Float { "double" } else { of.name() };
    match of {
        ColumnType::Scalar(of) | ColumnType::Text(of) => name(of).to_owned(),
        ColumnType::List(of) | ColumnType::Texts(of) => format!("{}[]", name(of)),
        ColumnType::EmptyLists => format!("{}[]", name(Scalar::String)),
        ColumnType::Mixed => name(Scalar::Json).to_owned(),
    }
}

/// Appends a field, behind a comma where it is not the first.
fn push(line: &mut Vec<u8>, text: &str, quoted: bool) {
    if !line.is_empty() {
        line.push(b',');
    }
    if !quoted && !text.contains([',', '"', '\n', '\r']) {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    line.push(b'"');
}

/// The text of a value in a column of the type.
fn text(value: &Value, of: ColumnType) -> String {
    match (of, value) {
        (ColumnType::Mixed, value) => json::of_value(value).to_string(),
        (_, Value::List(items)) => {
            items.iter().map(written).collect::<Vec<_>>().join(&ITEMS.to_string())
        }
        (_, value) => written(value),
    }
}

impl TableWriter for Writer {
    fn row(&mut self, ids: &[u64], properties: &Map) -> Result<()> {
        let Self { table, kind, out } = self;
        out.write(|to| {
            let mut line = Vec::new();
            ids.iter().for_each(|id| push(&mut line, &id.to_string(), false));
            for (name, of) in &table.columns {
                match properties.get(name) {
                    None => line.push(b','),
                    Some(value) => {
                        let text = text(value, *of);
                        push(&mut line, &text, text.is_empty());
                    }
                }
            }
            push(&mut line, kind, false);
            line.push(b'\n');
            to.write_all(&line)
        })
    }

    fn end(self: Box<Self>) -> Result<()> {
        self.out.end()
    }
}
