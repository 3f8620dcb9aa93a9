//! How results are written: one entry of [`FORMATS`] for each format.
//!
//! A renderer is fed a row at a time and writes what it can at once. It must not know of statements or
//! of the terminal.

use std::fmt;
use std::io;
use std::io::Write;
use std::sync::Arc;

use crate::error::Error;
use crate::meter;
use crate::result::Rows;
use crate::value;
use crate::value::Value;

mod csv;
pub(crate) mod harmless;
mod json;
mod line;
mod markdown;
mod plain;
mod table;

/// A way to write results.
pub struct Format {
    /// What `--format` and `:mode` call it.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// A few words on what it looks like.
    pub doc: &'static str,
    make: fn() -> Box<dyn Renderer>,
}

/// Every format. The first is the one for terminals.
pub static FORMATS: &[Format] = &[
    Format {
        name: "table",
        aliases: &[],
        doc: "a box for people to read",
        make: || Box::new(table::Table::default()),
    },
    Format {
        name: "csv",
        aliases: &[],
        doc: "comma-separated values with a header, as in RFC 4180",
        make: || Box::new(csv::Csv),
    },
    Format {
        name: "json",
        aliases: &[],
        doc: "an array with an object for each row",
        make: || Box::new(json::Json::default()),
    },
    Format {
        name: "jsonl",
        aliases: &["jsonlines"],
        doc: "an object for each row, a line each",
        make: || Box::new(json::JsonLines::default()),
    },
    Format {
        name: "markdown",
        aliases: &["md"],
        doc: "a Markdown table",
        make: || Box::new(markdown::Markdown),
    },
    Format {
        name: "line",
        aliases: &[],
        doc: "a line for each value, for wide rows",
        make: || Box::new(line::Line::default()),
    },
    Format {
        name: "plain",
        aliases: &[],
        doc: "values as Cypher writes them, separated by commas",
        make: || Box::new(plain::Plain),
    },
];

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Format {
    /// The format of this name.
    pub fn by_name(name: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|format| format.name == name || format.aliases.contains(&name))
    }

    /// Writes all rows and returns how many there were. A result without columns writes nothing.
    pub fn write(&self, rows: &mut Rows, out: &mut dyn Write) -> Result<u64, WriteError> {
        let columns: Vec<Arc<str>> = rows.columns().to_vec();
        let mut renderer = (self.make)();
        let mut count = 0;
        if columns.is_empty() {
            for row in rows {
                row?;
            }
            return Ok(0);
        }
        let meter = rows.meter().clone();
        let out = &mut Pieces(out);
        meter.run(|| Ok(renderer.begin(&columns, out)))??;
        for row in &mut *rows {
            let row = row.and_then(|row| meter.run(|| Ok(renderer.row(row.values(), out))));
            match row {
                Ok(written) => written?,
                Err(error) => {
                    renderer.end(out)?;
                    return Err(told(error, rows).into());
                }
            }
            count += 1;
        }
        meter.run(|| Ok(renderer.end(out))).map_err(|error| told(error, rows))??;
        Ok(count)
    }
}

/// The error, and what became of the changes of a statement whose rows it has cut off.
fn told(error: Error, rows: &Rows) -> Error {
    match rows.summary().counters().contains_updates() {
        true => error.help("The statement had come to its end before: what it has written stays."),
        false => error,
    }
}

/// Writes much in pieces, with a look between them whether the statement must end.
struct Pieces<'a>(&'a mut dyn Write);

/// How many bytes are written at once.
const WRITTEN: usize = 1 << 16;

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..WRITTEN).unwrap_or(bytes);
        meter::walk(1 + piece.len() / 16);
        self.0.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Why a result could not be written to its end.
#[derive(Debug)]
pub enum WriteError {
    /// The statement failed.
    Query(Error),
    /// The output failed: a full disk, a closed pipe.
    Output(io::Error),
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        Self::Query(error)
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Writes one result.
trait Renderer {
    fn begin(&mut self, columns: &[Arc<str>], out: &mut dyn Write) -> io::Result<()>;
    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()>;
    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// A value as a person reads it: text and points in time bare, everything else as Cypher writes it.
fn bare(value: &Value) -> String {
    let in_quotes = matches!(value, Value::String(_)) || value.type_of().is_temporal();
    match value::to_text(value) {
        Some(text) if in_quotes => text.into_owned(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
