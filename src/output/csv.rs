//! Comma-separated values as RFC 4180 has them: null is an empty field, text is left as it is.

use std::io;
use std::io::Write;
use std::sync::Arc;

use crate::value::Value;
use crate::value::text;

use super::Renderer;

pub(super) struct Csv;

impl Renderer for Csv {
    fn begin(&mut self, columns: &[Arc<str>], out: &mut dyn Write) -> io::Result<()> {
        record(columns.iter().map(|name| field(name)), out)
    }

    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()> {
        let fields = values.iter().map(|value| match value {
            Value::Null => String::new(),
            // An empty string is quoted, so that it can be told from null.
            Value::String(text) if text.is_empty() => "\"\"".to_string(),
            other => field(&super::bare(other)),
        });
        record(fields, out)
    }
}

fn record(fields: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let fields: Vec<String> = fields.collect();
    writeln!(out, "{}", fields.join(","))
}

fn field(text: &str) -> String {
    let special = |c| matches!(c, ',' | '"' | '\n' | '\r');
    let plain = !text::chars(text).any(special) && text::trim(text) == text;
    if plain {
        return text.to_string();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text::chars(text) {
        if c == '"' {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}
