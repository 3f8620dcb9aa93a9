//! `valueType`: the type of a value in words.

use std::collections::BTreeSet;

use crate::meter;
use crate::value::Value;

/// A type in the order in which the Cypher manual lists the parts of a union.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Plain(u8, &'static str),
    /// A list of these types; nulls may be among them.
    List(BTreeSet<Shape>, bool),
    Path,
}

/// The type of a value as `valueType()` gives it: `INTEGER NOT NULL`, `LIST<STRING> NOT NULL`, `NULL`.
pub(super) fn text(value: &Value) -> String {
    match shape(value) {
        Some(shape) => written(&shape) + " NOT NULL",
        None => "NULL".to_owned(),
    }
}

/// `None` for null.
fn shape(value: &Value) -> Option<Shape> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(_) => Shape::Plain(0, "BOOLEAN"),
        Value::String(_) => Shape::Plain(1, "STRING"),
        Value::Integer(_) => Shape::Plain(2, "INTEGER"),
        Value::Float(_) => Shape::Plain(3, "FLOAT"),
        Value::Date(_) => Shape::Plain(4, "DATE"),
        Value::LocalTime(_) => Shape::Plain(5, "LOCAL TIME"),
        Value::Time(_) => Shape::Plain(6, "ZONED TIME"),
        Value::LocalDateTime(_) => Shape::Plain(7, "LOCAL DATETIME"),
        Value::DateTime(_) => Shape::Plain(8, "ZONED DATETIME"),
        Value::Duration(_) => Shape::Plain(9, "DURATION"),
        Value::Point(_) => Shape::Plain(10, "POINT"),
        Value::Node(_) => Shape::Plain(11, "NODE"),
        Value::Relationship(_) => Shape::Plain(12, "RELATIONSHIP"),
        Value::Map(_) => Shape::Plain(13, "MAP"),
        Value::List(items) => {
            let nullable = meter::walked(items.iter()).any(Value::is_null);
            Shape::List(meter::walked(items.iter()).filter_map(shape).collect(), nullable)
        }
        Value::Path(_) => Shape::Path,
    })
}

fn written(shape: &Shape) -> String {
    match shape {
        Shape::Plain(_, word) => (*word).to_owned(),
        Shape::Path => "PATH".to_owned(),
        Shape::List(parts, nullable) if parts.is_empty() => {
            format!("LIST<{}>", if *nullable { "NULL" } else { "NOTHING" })
        }
        Shape::List(parts, nullable) => {
            let suffix = if *nullable { "" } else { " NOT NULL" };
            let parts: Vec<String> = parts.iter().map(|part| written(part) + suffix).collect();
            format!("LIST<{}>", parts.join(" | "))
        }
    }
}
