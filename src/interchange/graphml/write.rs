//! Writes a document. Keys stand before the graph, so the graph is read twice.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::database::Extract;
use crate::error::Result;
use crate::interchange::export::{ColumnType, Kind, Output, Source};
use crate::interchange::field::Scalar;
use crate::interchange::json;
use crate::value::ColumnData;
use crate::value::Value;
use crate::value::to_text;

use super::{NAMESPACE, OWN_LABEL, OWN_LABELS, OWN_NAME, OWN_TYPE, PREFIX};

/// Whether the key is one of edges, its name, and its type: GraphML lets several keys share a name.
type KeyOf = (bool, Arc<str>, ColumnType);

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
            json_text(&Json::from_iter(items.iter().map(|item| json::written(item).0)))
        }
        (_, ColumnType::Mixed) => json_text(&json::of_value(value)),
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

/// JSON that XML can hold: what else it cannot is escaped in every JSON.
fn json_text(tree: &Json) -> String {
    let mut text = String::new();
    for c in tree.to_string().chars() {
        match c {
            c if allowed(c) => text.push(c),
            c => drop(write!(text, "\\u{:04x}", c as u32)),
        }
    }
    text
}

/// A name as far as XML can hold it, else as JSON.
fn shown(name: &str) -> Cow<'_, str> {
    match name.chars().all(allowed) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(json_text(&name.into())),
    }
}

/// Appends an attribute.
fn attribute(name: &str, text: &str, into: &mut String) {
    let _ = write!(into, " {name}=\"");
    escape(text, into);
    into.push('"');
}

/// Appends an attribute with a name of the graph, and one of ours where that does not say it all.
fn name_attributes(attribute_name: &str, own: &str, name: &str, into: &mut String) {
    let shown = shown(name);
    attribute(attribute_name, &shown, into);
    if name.is_empty() || shown != name {
        attribute(own, &json_text(&name.into()), into);
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

/// All keys that there are, numbered in the order in which they are met.
fn keys(source: &Source) -> Result<BTreeMap<KeyOf, usize>> {
    let mut keys = BTreeMap::new();
    for kind in [Kind::Nodes, Kind::Relationships] {
        let find = |part: &Extract, found: &mut Vec<KeyOf>| {
            let mut first: BTreeMap<KeyOf, usize> = BTreeMap::new();
            for (name, values) in &part.columns {
                for row in (0..values.len()).filter(|row| !values.is_null(*row)) {
                    let of = column(&values.get(row));
                    first.entry((kind == Kind::Relationships, name.clone(), of)).or_insert(row);
                }
            }
            let mut first: Vec<(usize, KeyOf)> =
                first.into_iter().map(|(key, row)| (row, key)).collect();
            first.sort();
            found.extend(first.into_iter().map(|(_, key)| key));
            Ok(())
        };
        source.each(kind, find, Ok, |found| {
            for key in found {
                let next = keys.len();
                keys.entry(key).or_insert(next);
            }
            Ok(())
        })?;
    }
    Ok(keys)
}

/// Writes a file.
pub(in crate::interchange) fn write(source: &Source, out: &mut Output) -> Result<bool> {
    let keys = source.survey(|| keys(source))?;
    let head = head(&keys);
    out.write(|to| to.write_all(head.as_bytes()))?;
    for kind in [Kind::Nodes, Kind::Relationships] {
        source.write(kind, out, |part, into| {
            elements(kind, &keys, part, into);
            Ok(())
        })?;
    }
    out.write(|to| to.write_all(b"</graph>\n</graphml>\n"))?;
    Ok(false)
}

/// What stands before the first node.
fn head(keys: &BTreeMap<KeyOf, usize>) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\" xmlns:{PREFIX}=\"{NAMESPACE}\">\n\
         <key id=\"labels\" for=\"node\" attr.name=\"labels\" attr.type=\"string\"/>\n\
         <key id=\"label\" for=\"edge\" attr.name=\"label\" attr.type=\"string\"/>\n"
    );
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by_key(|(_, number)| **number);
    for ((of_edges, name, of), number) in keys {
        let kind = if *of_edges { "edge" } else { "node" };
        let _ = write!(text, "<key id=\"d{number}\" for=\"{kind}\"");
        name_attributes("attr.name", OWN_NAME, name, &mut text);
        text.push_str(&type_attributes(*of));
        text.push_str("/>\n");
    }
    text.push_str("<graph id=\"G\" edgedefault=\"directed\">\n");
    text
}

/// Appends an element for each row.
fn elements(kind: Kind, keys: &BTreeMap<KeyOf, usize>, part: &Extract, into: &mut Vec<u8>) {
    let names = part.kinds.iter().map(|names| match kind {
        Kind::Nodes => label_text(names),
        Kind::Relationships => type_text(names),
    });
    let names: Vec<String> = names.collect();
    // Looked up once where all values of a column are of one type.
    let alike = part.columns.iter().map(|(_, column)| {
        !matches!(column.data(), ColumnData::Value(_) | ColumnData::Constant(..))
    });
    let alike: Vec<bool> = alike.collect();
    let mut known: Vec<Option<(ColumnType, usize)>> = vec![None; part.columns.len()];
    let mut text = String::new();
    for (row, (id, kind_of)) in part.ids.iter().zip(&part.kind_of).enumerate() {
        let name = names.get(*kind_of as usize).map_or("", String::as_str);
        match part.ends.get(row) {
            None => drop(write!(text, "<node id=\"n{id}\"{name}")),
            Some((start, end)) => {
                let _ =
                    write!(text, "<edge id=\"e{id}\" source=\"n{start}\" target=\"n{end}\"{name}");
            }
        }
        for (((name, column), known), alike) in part.columns.iter().zip(&mut known).zip(&alike) {
            if column.is_null(row) {
                continue;
            }
            let value = column.get(row);
            let of_text = matches!(value, Value::String(_));
            let (of, number) = match known {
                Some(known) if *alike && !of_text => *known,
                _ => {
                    let of = self::column(&value);
                    let key = (kind == Kind::Relationships, name.clone(), of);
                    let Some(number) = keys.get(&key) else { continue };
                    *known.insert((of, *number))
                }
            };
            let _ = write!(text, "<data key=\"d{number}\">");
            escape(&self::text(&value, of), &mut text);
            text.push_str("</data>");
        }
        text.push_str(if kind == Kind::Nodes { "</node>\n" } else { "</edge>\n" });
        into.extend_from_slice(text.as_bytes());
        text.clear();
    }
}

/// The attributes and the first data of a node with these labels.
fn label_text(names: &[Arc<str>]) -> String {
    let labels: String = names.iter().map(|label| format!(":{}", shown(label))).collect();
    let mut text = String::new();
    attribute("labels", &labels, &mut text);
    let plain = |label: &str| !label.is_empty() && !label.contains(':') && shown(label) == label;
    if !names.iter().all(|label| plain(label)) {
        let array = Json::from_iter(names.iter().map(|label| &**label));
        attribute(OWN_LABELS, &json_text(&array), &mut text);
    }
    text.push('>');
    if !labels.is_empty() {
        text.push_str("<data key=\"labels\">");
        escape(&labels, &mut text);
        text.push_str("</data>");
    }
    text
}

/// The attributes and the first data of an edge of this type.
fn type_text(names: &[Arc<str>]) -> String {
    let name = names.first().map_or("", |name| name);
    let mut text = String::new();
    name_attributes("label", OWN_LABEL, name, &mut text);
    text.push_str("><data key=\"label\">");
    escape(&shown(name), &mut text);
    text.push_str("</data>");
    text
}
