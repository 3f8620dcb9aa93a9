//! JSON: an array of objects, or an object a line.
//!
//! Values are written as `value::json` has them. Characters that a terminal could take for commands are escaped, which JSON
//! leaves to whoever writes it.

use std::io;
use std::io::Write;
use std::sync::Arc;

use crate::value::Value;
use crate::value::json;

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
    let mut text = String::new();
    for (at, (name, value)) in columns.iter().zip(values).enumerate() {
        text.clear();
        if at > 0 {
            text.push(',');
        }
        json::write_text(name, &mut text);
        text.push(':');
        json::write(value, &mut text);
        // Only within strings, where the escapes are JSON's own.
        out.write_all(harmless::one_line(&text).as_bytes())?;
    }
    write!(out, "}}")
}
