//! Writes a document. Keys stand before the graph, so the graph is read twice.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::export::{ColumnType, GraphWriter, Output};
use crate::interchange::field::Scalar;
use crate::interchange::json;
use crate::value::Map;
use crate::value::Node;
use crate::value::Relationship;
use crate::value::Value;
use crate::value::to_text;

use super::{NAMESPACE, OWN_LABELS, OWN_TYPE, PREFIX};

/// Whether the key is one of edges, its name, and its type: GraphML lets several keys share a name.
type KeyOf = (bool, Arc<str>, ColumnType);

/// See the module.
#[derive(Debug, Default)]
pub(in crate::interchange) struct Document {
    keys: BTreeMap<KeyOf, usize>,
}

/// Whether XML can hold the character, as itself or as a reference.
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The type of the key for a value.
fn column(value: &Value) -> ColumnType {
    match (value, ColumnType::of(value)) {
        (Value::String(text), _) if !text.chars().all(allowed) => ColumnType::Mixed,
        (_, ColumnType::EmptyLists) => ColumnType::List(Scalar::String),
        // Items are JSON, which has no such floats.
        (Value::List(items), ColumnType::List(Scalar::Float))
            if items.iter().any(|item| matches!(item, Value::Float(x) if !x.is_finite())) =>
        {
            ColumnType::Mixed
        }
        (_, found) => found,
    }
}

/// The text of a value under a key of the type.
fn text(value: &Value, of: ColumnType) -> String {
    match (value, of) {
        (Value::List(items), ColumnType::List(_)) => {
            serde_json::Value::from_iter(items.iter().map(|item| json::written(item).0)).to_string()
        }
        (_, ColumnType::Mixed) => json::of_value(value).to_string(),
        _ => to_text(value).unwrap_or_default().into_owned(),
    }
}

/// Appends a text so that a parser gives exactly it, in an element and in an attribute.
fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '&' => into.push_str("&amp;"),
            '"' => into.push_str("&quot;"),
            // Parsers make spaces and line feeds of these.
            '\t' | '\n' | '\r' => drop(write!(into, "&#{};", c as u32)),
            c => into.push(c),
        }
    }
}

/// Appends an attribute with a name of the graph.
fn attribute(name: &str, text: &str, into: &mut String) -> Result<()> {
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        let message =
            format!("XML cannot hold the character U+{:04X} in the name {text:?}", c as u32);
        return Err(
            Error::usage(Detail::InvalidFile, message).help("Rename it, or choose another format.")
        );
    }
    let _ = write!(into, " {name}=\"");
    escape(text, into);
    into.push('"');
    Ok(())
}

impl Document {
    fn note(&mut self, of_edges: bool, properties: &Map) {
        for (name, value) in properties {
            let next = self.keys.len();
            self.keys.entry((of_edges, name.clone(), column(value))).or_insert(next);
        }
    }

    /// Appends the data of an entity.
    fn data(&self, of_edges: bool, properties: &Map, into: &mut String) {
        for (name, value) in properties {
            let key = (of_edges, name.clone(), column(value));
            let Some(number) = self.keys.get(&key) else { continue };
            let _ = write!(into, "<data key=\"d{number}\">");
            escape(&text(value, key.2), into);
            into.push_str("</data>");
        }
    }
}

/// What GraphML has a type for, by its name; everything else is text with a type of ours.
fn type_attributes(of: ColumnType) -> String {
    let known = |of: Scalar| match of {
        Scalar::Boolean => Some("boolean"),
        Scalar::Long => Some("long"),
        Scalar::Float => Some("double"),
        Scalar::String => Some("string"),
        _ => None,
    };
    match of {
        ColumnType::Scalar(of) | ColumnType::Text(of) => match known(of) {
            Some(name) => format!(" attr.type=\"{name}\""),
            None => format!(" attr.type=\"string\" {OWN_TYPE}=\"{}\"", of.name()),
        },
        ColumnType::List(of) | ColumnType::Texts(of) => match known(of) {
            Some(name) => format!(" attr.type=\"string\" attr.list=\"{name}\""),
            None => {
                format!(" attr.type=\"string\" attr.list=\"string\" {OWN_TYPE}=\"{}[]\"", of.name())
            }
        },
        ColumnType::EmptyLists => type_attributes(ColumnType::List(Scalar::String)),
        ColumnType::Mixed => {
            format!(" attr.type=\"string\" {OWN_TYPE}=\"{}\"", Scalar::Json.name())
        }
    }
}

impl GraphWriter for Document {
    fn surveys(&self) -> bool {
        true
    }

    fn survey_node(&mut self, node: &Node) {
        self.note(false, node.properties());
    }

    fn survey_relationship(&mut self, relationship: &Relationship) {
        self.note(true, relationship.properties());
    }

    fn begin(&mut self, out: &mut Output) -> Result<()> {
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\" xmlns:{PREFIX}=\"{NAMESPACE}\">\n\
             <key id=\"labels\" for=\"node\" attr.name=\"labels\" attr.type=\"string\"/>\n\
             <key id=\"label\" for=\"edge\" attr.name=\"label\" attr.type=\"string\"/>\n"
        );
        let mut keys: Vec<_> = self.keys.iter().collect();
        keys.sort_by_key(|(_, number)| **number);
        for ((of_edges, name, of), number) in keys {
            let kind = if *of_edges { "edge" } else { "node" };
            let _ = write!(text, "<key id=\"d{number}\" for=\"{kind}\"");
            attribute("attr.name", name, &mut text)?;
            text.push_str(&type_attributes(*of));
            text.push_str("/>\n");
        }
        text.push_str("<graph id=\"G\" edgedefault=\"directed\">\n");
        out.write(|to| to.write_all(text.as_bytes()))
    }

    fn node(&mut self, node: &Node, out: &mut Output) -> Result<()> {
        let labels: String = node.labels().iter().map(|label| format!(":{label}")).collect();
        let mut text = format!("<node id=\"n{}\"", node.id());
        attribute("labels", &labels, &mut text)?;
        if node.labels().iter().any(|label| label.is_empty() || label.contains(':')) {
            let array = serde_json::Value::from_iter(node.labels().iter().map(|label| &**label));
            attribute(OWN_LABELS, &array.to_string(), &mut text)?;
        }
        text.push('>');
        if !labels.is_empty() {
            text.push_str("<data key=\"labels\">");
            escape(&labels, &mut text);
            text.push_str("</data>");
        }
        self.data(false, node.properties(), &mut text);
        out.write(|to| writeln!(to, "{text}</node>"))
    }

    fn relationship(&mut self, relationship: &Relationship, out: &mut Output) -> Result<()> {
        let Some(record) = relationship.record() else { return Ok(()) };
        if record.type_name.is_empty() {
            let message = "GraphML cannot hold a relationship type with an empty name";
            return Err(Error::usage(Detail::InvalidFile, message)
                .help("Rename it, or choose another format."));
        }
        let mut text = format!(
            "<edge id=\"e{}\" source=\"n{}\" target=\"n{}\"",
            relationship.id(),
            record.start,
            record.end
        );
        attribute("label", &record.type_name, &mut text)?;
        text.push_str("><data key=\"label\">");
        escape(&record.type_name, &mut text);
        text.push_str("</data>");
        self.data(true, &record.properties, &mut text);
        out.write(|to| writeln!(to, "{text}</edge>"))
    }

    fn end(&mut self, out: &mut Output) -> Result<()> {
        out.write(|to| to.write_all(b"</graph>\n</graphml>\n"))
    }
}
