//! Values as text: as Cypher literals, and as `toString()` gives them.

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::meter;

use super::{Map, Node, Path, Relationship, Value};

/// A value as `toString()` gives it: numbers, booleans, temporals, points and text itself; `None` for null and
/// for what has no such text.
pub fn to_text(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::String(x) => Cow::Borrowed(x),
        Value::Boolean(true) => Cow::Borrowed("true"),
        Value::Boolean(false) => Cow::Borrowed("false"),
        Value::Integer(x) => Cow::Owned(x.to_string()),
        Value::Float(x) => Cow::Owned(float_text(*x)),
        Value::Date(x) => Cow::Owned(x.to_string()),
        Value::LocalTime(x) => Cow::Owned(x.to_string()),
        Value::Time(x) => Cow::Owned(x.to_string()),
        Value::LocalDateTime(x) => Cow::Owned(x.to_string()),
        Value::DateTime(x) => Cow::Owned(x.to_string()),
        Value::Duration(x) => Cow::Owned(x.to_string()),
        Value::Point(x) => Cow::Owned(x.to_string()),
        Value::Null
        | Value::List(_)
        | Value::Map(_)
        | Value::Node(_)
        | Value::Relationship(_)
        | Value::Path(_) => return None,
    })
}

/// The shortest decimal text that reads back as the same float, and never looks like an integer: `1.0`,
/// `0.1`, and `1.0E10` or `1.0E-5` where plain digits would be many.
pub(super) fn float_text(x: f64) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if x == 0.0 || (1e-3..1e7).contains(&x.abs()) {
        return format!("{x:?}");
    }
    let text = format!("{x:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => text,
    }
}

/// The value as a Cypher literal. Temporals are their canonical text in quotes; nodes and relationships
/// are written as in a pattern.
///
/// ```
/// use redstring::value::Value;
/// let list = Value::list(vec![Value::Integer(1), Value::string("it's"), Value::Null]);
/// assert_eq!(list.to_string(), r"[1, 'it\'s', null]");
/// ```
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Boolean(x) => x.fmt(f),
            Value::Integer(x) => x.fmt(f),
            Value::Float(x) => f.write_str(&float_text(*x)),
            Value::String(x) => write_quoted(f, x),
            Value::List(items) => {
                f.write_str("[")?;
                for (i, item) in meter::pieces(items).flatten().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Value::Map(entries) => write_map(f, entries),
            Value::Node(node) => node.fmt(f),
            Value::Relationship(relationship) => relationship.fmt(f),
            Value::Path(path) => path.fmt(f),
            Value::Date(x) => write!(f, "'{x}'"),
            Value::LocalTime(x) => write!(f, "'{x}'"),
            Value::Time(x) => write!(f, "'{x}'"),
            Value::LocalDateTime(x) => write!(f, "'{x}'"),
            Value::DateTime(x) => write!(f, "'{x}'"),
            Value::Duration(x) => write!(f, "'{x}'"),
            Value::Point(x) => x.fmt(f),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for label in self.labels() {
            f.write_str(":")?;
            write_name(f, label)?;
        }
        if !self.properties().is_empty() {
            f.write_str(if self.labels().is_empty() { "" } else { " " })?;
            write_map(f, self.properties())?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[:")?;
        write_name(f, self.type_name())?;
        if !self.properties().is_empty() {
            f.write_str(" ")?;
            write_map(f, self.properties())?;
        }
        f.write_str("]")
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<")?;
        for (i, node) in meter::pieces(self.nodes()).flatten().enumerate() {
            node.fmt(f)?;
            if let Some(relationship) = self.relationships().get(i) {
                // The record says where the relationship starts; walked from its end, the arrow turns.
                let against = relationship.start().is_some_and(|start| start != node.id());
                f.write_str(if against { "<-" } else { "-" })?;
                relationship.fmt(f)?;
                f.write_str(if against { "-" } else { "->" })?;
            }
        }
        f.write_str(">")
    }
}

fn write_map(f: &mut fmt::Formatter<'_>, entries: &Map) -> fmt::Result {
    f.write_str("{")?;
    for (i, (key, value)) in entries.iter().enumerate() {
        meter::walk(1);
        f.write_str(if i > 0 { ", " } else { "" })?;
        write_name(f, key)?;
        f.write_str(": ")?;
        write!(f, "{value}")?;
    }
    f.write_str("}")
}

/// Writes a name, in backticks unless it can stand bare.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let bare = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if bare { f.write_str(name) } else { write!(f, "`{}`", name.replace('`', "``")) }
}

/// So many characters are written between two looks at whether the statement must end.
const PIECE: usize = 1024;

/// Writes text in single quotes with Cypher's escapes.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("'")?;
    for (at, c) in text.chars().enumerate() {
        if at % PIECE == PIECE - 1 {
            meter::walk(PIECE);
        }
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04X}", c as u32)?,
            c => f.write_char(c)?,
        }
    }
    f.write_str("'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_never_look_like_integers() {
        let cases = [
            (1.0, "1.0"),
            (-0.5, "-0.5"),
            (0.0, "0.0"),
            (1e10, "1.0E10"),
            (1.25e-9, "1.25E-9"),
            (1e-9, "1.0E-9"),
            (9_999_999.5, "9999999.5"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (x, text) in cases {
            assert_eq!(float_text(x), text);
        }
    }
}
