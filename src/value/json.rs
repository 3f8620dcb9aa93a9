//! Values from the text of JSON (RFC 8259), and JSON of values.
//!
//! JSON has numbers that no value keeps: those are refused, since a rounded one would be another number. It has neither
//! temporal values nor points, NaN or infinities: those become text. A node becomes an object with `type`, `id`, `labels` and
//! `properties`, a relationship one with `type`, `id`, `label`, `start`, `end` and `properties`, a path one with `type`,
//! `nodes` and `relationships`. It must not know where the text comes from.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::de;
use serde::de::DeserializeSeed;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::json;

use crate::error::Error;
use crate::meter;

use super::Map;
use super::Node;
use super::NodeId;
use super::Relationship;
use super::Value;
use super::allocation::{text_bytes, tree_growth, vec_bytes, vec_growth};
use super::number;
use super::size::{EMPTY_LIST, EMPTY_MAP};
use super::to_text;

/// Bytes that are held before the statement's budget is asked for them.
const UNASKED: u64 = 1 << 16;

/// Why a text gives no value.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is no JSON, or has a number that no value keeps.
    Malformed {
        /// Line and column, both counted from 1, the column in characters.
        place: (usize, usize),
        /// What is wrong there.
        what: String,
    },
    /// The statement may hold no more.
    Limit(Error),
}

/// The value that the text holds. A number without a fraction is an integer, a repeated key counts by its last entry.
pub(crate) fn parse(text: &str) -> Result<Value, Fault> {
    let held = RefCell::new(Held::default());
    let mut input = serde_json::Deserializer::from_str(text);
    let parsed = Seed(&held).deserialize(&mut input);
    let value = parsed
        .and_then(|value| input.end().map(|()| value))
        .map_err(|error| held.take().limit.map_or_else(|| malformed(text, &error), Fault::Limit))?;
    number::check_json(text).map_err(|(at, what)| {
        let before = text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).map_or(1, |line| line.chars().count() + 1);
        Fault::Malformed { place: (before.matches('\n').count() + 1, column), what }
    })?;
    Ok(value)
}

fn malformed(text: &str, error: &serde_json::Error) -> Fault {
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    // The parser counts bytes.
    let column = line.char_indices().take_while(|(at, _)| *at < error.column()).count();
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or_default().to_owned();
    Fault::Malformed { place: (error.line().max(1), column.max(1)), what }
}

/// What the values hold that are made of a text.
#[derive(Debug, Default)]
struct Held {
    bytes: u64,
    asked: u64,
    limit: Option<Error>,
}

/// Makes one value, and counts what it holds.
#[derive(Clone, Copy)]
struct Seed<'h>(&'h RefCell<Held>);

impl Seed<'_> {
    /// Counts bytes that are about to be held, and asks for them where they have become many.
    fn hold<E: de::Error>(self, bytes: u64) -> Result<(), E> {
        meter::walk(1);
        let mut held = self.0.borrow_mut();
        held.bytes += bytes;
        if held.bytes - held.asked < UNASKED {
            return Ok(());
        }
        held.asked = held.bytes;
        meter::ask(held.bytes).map_err(|error| {
            held.limit = Some(error);
            E::custom("the statement may hold no more")
        })
    }

    fn release(self, bytes: u64) {
        let mut held = self.0.borrow_mut();
        held.bytes -= bytes;
        held.asked = held.asked.min(held.bytes);
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Boolean(truth))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::Integer(integer))
    }

    // One that does not fit is found among the numbers of the text, with its place.
    fn visit_u64<E>(self, integer: u64) -> Result<Value, E> {
        Ok(i64::try_from(integer).map_or(Value::Null, Value::Integer))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        self.hold(text_bytes(text))?;
        Ok(Value::string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        self.hold(EMPTY_LIST)?;
        while let Some(item) = items.next_element_seed(self)? {
            let (before, growth) = (vec_bytes(&list), vec_growth(&list, 1));
            self.hold(growth)?;
            list.push(item);
            if growth > 0 {
                self.release(before);
            }
        }
        Ok(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        self.hold(EMPTY_MAP)?;
        while let Some(key) = entries.next_key::<String>()? {
            self.hold(text_bytes(&key) + tree_growth(&map))?;
            map.insert(key.into(), entries.next_value_seed(self)?);
        }
        Ok(Value::Map(Arc::new(map)))
    }
}

/// Characters of a text that are written between two looks at whether the statement must end.
const PIECE: usize = 1 << 12;

/// Appends the value as JSON, on one line.
pub(crate) fn write(value: &Value, out: &mut String) {
    meter::walk(1);
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(integer) => out.push_str(&integer.to_string()),
        Value::Float(float) if float.is_finite() => out.push_str(&json!(float).to_string()),
        Value::String(text) => write_text(text, out),
        Value::List(items) => write_list(items.iter(), out, write),
        Value::Map(map) => write_map(map, out),
        Value::Node(node) => write_node(node, out),
        Value::Relationship(relationship) => write_relationship(relationship, out),
        Value::Path(path) => {
            out.push_str("{\"nodes\":");
            write_list(path.nodes().iter(), out, write_node);
            out.push_str(",\"relationships\":");
            write_list(path.relationships().iter(), out, write_relationship);
            out.push_str(",\"type\":\"path\"}");
        }
        // Points in time as bare text: the quotes are JSON's own.
        other => match to_text(other) {
            Some(text) if other.type_of().is_temporal() => write_text(&text, out),
            _ => write_text(&other.to_string(), out),
        },
    }
}

/// Appends the text in quotes, with what JSON escapes escaped.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while !rest.is_empty() {
        meter::walk(PIECE.min(rest.len()));
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        let quoted = json!(piece).to_string();
        out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        rest = after;
    }
    out.push('"');
}

fn write_list<'v, T: 'v>(
    items: impl Iterator<Item = &'v T>,
    out: &mut String,
    item: fn(&T, &mut String),
) {
    out.push('[');
    for (at, value) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        item(value, out);
    }
    out.push(']');
}

fn write_map(map: &Map, out: &mut String) {
    out.push('{');
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write(value, out);
    }
    out.push('}');
}

fn write_node(node: &Node, out: &mut String) {
    out.push_str(&format!("{{\"id\":{},\"labels\":", node.id().0));
    write_list(node.labels().iter(), out, |label, out| write_text(label, out));
    out.push_str(",\"properties\":");
    write_map(node.properties(), out);
    out.push_str(",\"type\":\"node\"}");
}

fn write_relationship(relationship: &Relationship, out: &mut String) {
    let end = |node: Option<NodeId>| node.map_or("null".to_owned(), |node| node.0.to_string());
    out.push_str(&format!(
        "{{\"end\":{},\"id\":{},\"label\":",
        end(relationship.end()),
        relationship.id().0
    ));
    write_text(relationship.type_name(), out);
    out.push_str(",\"properties\":");
    write_map(relationship.properties(), out);
    out.push_str(&format!(",\"start\":{},\"type\":\"relationship\"}}", end(relationship.start())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_holds_comes_back() {
        for text in [
            "null",
            "true",
            "-9223372036854775808",
            "1.0",
            "5e-324",
            "\"\\u0000\\\"\\\\é\u{1f600}\"",
            "[]",
            "{}",
            "[[1,[2.5,null]],{\"\":{\"a b\":[{}]}}]",
        ] {
            let mut out = String::new();
            write(&parse(text).unwrap(), &mut out);
            assert_eq!(out, text);
        }
        assert_eq!(parse(" {\"a\":1,\"a\":2} ").unwrap().to_string(), "{a: 2}");
        assert_eq!(parse("\"\\ud83d\\ude00\\/\"").unwrap(), Value::string("\u{1f600}/"));
    }

    #[test]
    fn a_long_text_is_written_in_pieces_that_fit() {
        for length in [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            // Characters of two bytes, which lie across the ends of pieces, and escapes.
            let text = format!("{}x\u{1}{}", "é".repeat(length / 2), "\"".repeat(length));
            let mut out = String::new();
            write_text(&text, &mut out);
            assert_eq!(parse(&out).unwrap(), Value::string(text));
        }
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (text, at, told) in [
            ("", (1, 1), "EOF"),
            ("{\"a\":}", (1, 6), "expected value"),
            ("[1,\n  2,\n]", (3, 1), "trailing comma"),
            ("{\"ä\": nul}", (1, 10), "expected ident"),
            ("1 2", (1, 3), "trailing characters"),
            ("NaN", (1, 1), "expected value"),
            ("[01]", (1, 3), "invalid number"),
            ("{a: 1}", (1, 2), "key must be a string"),
            ("['a']", (1, 2), "expected value"),
            ("[\"ä\",\n 1e400]", (2, 6), "number out of range"),
            ("[\"ä\", 1e-400]", (1, 7), "no float has the value"),
            ("[1,\n12345678901234567891]", (2, 1), "no 64-bit integer"),
            ("\n9223372036854775808", (2, 1), "no 64-bit integer"),
        ] {
            let Err(Fault::Malformed { place, what }) = parse(text) else { panic!("{text}") };
            assert!(what.contains(told), "{text}: {what}");
            assert_eq!(place, at, "{text}: {what}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(matches!(parse(&deep), Err(Fault::Malformed { .. })));
    }
}
