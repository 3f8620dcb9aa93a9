//! A table with a header as Neo4j's import takes it.
//!
//! What that has no form for (several types in a column, items that hold the delimiter) is JSON, and the header says so.

use std::io::Write as _;
use std::sync::Arc;

use crate::database::Extract;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::export::{
    ColumnType, Compression, Entities, Output, Packed, Packer, Table, TableFormat,
};
use crate::interchange::field::{Scalar, written};
use crate::interchange::header;
use crate::interchange::json;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;

use super::scan::MOST_FIELDS;

/// What stands between items and between labels.
const ITEMS: char = ';';

/// See the module.
#[derive(Debug)]
pub(in crate::interchange) struct Csv;

/// What the rows of a table have.
pub(in crate::interchange) struct Layout {
    columns: Vec<(Arc<str>, ColumnType)>,
    /// The labels, or the type, as every row says them, and its end.
    end: Vec<u8>,
    packer: Packer,
}

impl TableFormat for Csv {
    const COMPRESSES: bool = false;
    type Layout = Layout;
    type Piece = Vec<u8>;
    type Ready = Packed;
    type File = Output;

    fn column(value: &Value) -> ColumnType {
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

    fn begin(
        table: Table,
        _compression: Option<Compression>,
        _room: usize,
        mut out: Output,
    ) -> Result<(Layout, Output)> {
        let mut header = Vec::new();
        let (ids, kind, names): (&[&str], _, _) = match &table.entities {
            // All nodes are in one space, which has a name so that its identifiers can be integers.
            Entities::Nodes(labels) => {
                let json = !labels.iter().all(|label| plain(label));
                let kind = if json { ":LABEL{format:json}" } else { ":LABEL" };
                (&[":ID(node){id-type:long}"], kind, label_field(labels, json))
            }
            Entities::Relationships(of) => {
                let (kind, field) = header::type_column(of);
                (&[":START_ID(node)", ":END_ID(node)"], kind, field.into_owned())
            }
        };
        let fields = ids.len() + table.columns.len() + 1;
        if fields > MOST_FIELDS {
            let name = out.shown().display();
            let message = format!(
                "`{name}` would have {fields} columns, and a table of CSV has at most {MOST_FIELDS}"
            );
            let error = Error::usage(Detail::InvalidFile, message);
            return Err(error.help("Choose another format, such as `--format jsonl`."));
        }
        for (at, id) in ids.iter().enumerate() {
            if at > 0 {
                header.push(b',');
            }
            push(&mut header, id, false);
        }
        for (name, of) in &table.columns {
            let text = header::field(name, &type_name(*of));
            header.push(b',');
            push(&mut header, &text, text.trim() != text);
        }
        header.push(b',');
        push(&mut header, kind, false);
        header.push(b'\n');
        out.write(|to| to.write_all(&header))?;
        let mut end = vec![b','];
        push(&mut end, &names, false);
        end.push(b'\n');
        Ok((Layout { columns: table.columns, end, packer: out.packer() }, out))
    }

    fn render(layout: &Layout, part: &Extract, rows: &[u32], piece: &mut Vec<u8>) -> Result<()> {
        let column = |(name, of): &(Arc<str>, ColumnType)| (part.column(name), *of);
        let columns: Vec<_> = layout.columns.iter().map(column).collect();
        let mut number = itoa::Buffer::new();
        for row in rows.iter().map(|row| *row as usize) {
            match part.ends.get(row) {
                Some((start, end)) => {
                    piece.extend_from_slice(number.format(*start).as_bytes());
                    piece.push(b',');
                    piece.extend_from_slice(number.format(*end).as_bytes());
                }
                None => {
                    let id = part.ids.get(row).copied().unwrap_or_default();
                    piece.extend_from_slice(number.format(id).as_bytes());
                }
            }
            for (column, of) in &columns {
                piece.push(b',');
                if let Some(column) = column {
                    field(column, *of, row, &mut number, piece);
                }
            }
            piece.extend_from_slice(&layout.end);
        }
        Ok(())
    }

    fn ready(layout: &Layout, piece: Vec<u8>) -> Result<Packed> {
        layout.packer.pack_if_large(piece)
    }

    fn write(file: &mut Output, piece: Packed) -> Result<()> {
        file.write_packed(&piece)
    }

    fn end(file: Output) -> Result<()> {
        file.end()
    }
}

/// Appends the value of a row, in a column of the type.
fn field(
    column: &Column,
    of: ColumnType,
    row: usize,
    number: &mut itoa::Buffer,
    into: &mut Vec<u8>,
) {
    if column.is_null(row) {
        return;
    }
    match (of, column.data()) {
        (ColumnType::Scalar(Scalar::Long), ColumnData::Integer(values)) => {
            let value = values.get(row).copied().unwrap_or_default();
            into.extend_from_slice(number.format(value).as_bytes());
        }
        (ColumnType::Scalar(Scalar::String), ColumnData::String(values)) => {
            let text = values.get(row).map_or("", |text| text);
            push(into, text, text.is_empty());
        }
        (ColumnType::Scalar(Scalar::String), ColumnData::Dictionary(codes, words)) => {
            let word = codes.get(row).and_then(|code| words.get(*code as usize));
            let text = word.map_or("", |text| text);
            push(into, text, text.is_empty());
        }
        _ => {
            let text = text(&column.get(row), of);
            push(into, &text, text.is_empty());
        }
    }
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

/// Appends a field.
fn push(line: &mut Vec<u8>, text: &str, quoted: bool) {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !quoted && !text.as_bytes().iter().any(special) {
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
