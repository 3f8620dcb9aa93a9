//! A box for people to read; numbers stand on the right.
//!
//! Its columns are as wide as the rows need that are at hand: so many rows are kept, and no more. Later ones are put below
//! them, in wider columns if need be.

use std::io;
use std::io::Write;
use std::sync::Arc;

use comfy_table::Cell;
use comfy_table::CellAlignment;
use comfy_table::ColumnConstraint;
use comfy_table::Width;

use crate::value::Value;

use super::Renderer;
use super::harmless;

/// How many cells are kept.
const MOST_CELLS: usize = 8192;

/// How many bytes of text are kept.
const MOST_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether the column has seen nothing but numbers and nulls, and a number at least.
    numeric: Vec<(bool, bool)>,
    /// How wide the columns were so far, with the space around their text.
    widths: Vec<u16>,
    /// How many bytes the text of the rows at hand takes.
    bytes: usize,
    /// Whether the top of the box is written.
    begun: bool,
}

impl Renderer for Table {
    fn begin(&mut self, columns: &[Arc<str>], _out: &mut dyn Write) -> io::Result<()> {
        self.header = columns.iter().map(|name| harmless::one_line(name).into_owned()).collect();
        self.numeric = vec![(true, false); columns.len()];
        Ok(())
    }

    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()> {
        for ((only, any), value) in self.numeric.iter_mut().zip(values) {
            match value {
                Value::Integer(_) | Value::Float(_) => *any = true,
                Value::Null => {}
                _ => *only = false,
            }
        }
        let cells = values.iter().map(|value| harmless::one_line(&super::bare(value)).into_owned());
        let cells: Vec<String> = cells.collect();
        self.bytes += cells.iter().map(String::len).sum::<usize>();
        self.rows.push(cells);
        if self.rows.len() * values.len() >= MOST_CELLS || self.bytes >= MOST_BYTES {
            self.write(out, false)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.write(out, true)
    }
}

impl Table {
    /// Writes the rows at hand, and below the last of all the bottom of the box.
    fn write(&mut self, out: &mut dyn Write, is_last: bool) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        let aligned = |row: Vec<String>| -> Vec<Cell> {
            let cell = |(text, (only, any)): (String, &(bool, bool))| {
                let side = if *only && *any { CellAlignment::Right } else { CellAlignment::Left };
                Cell::new(text).set_alignment(side)
            };
            row.into_iter().zip(&self.numeric).map(cell).collect()
        };
        let begun = std::mem::replace(&mut self.begun, true);
        if !begun {
            table.set_header(aligned(std::mem::take(&mut self.header)));
        }
        let is_empty = self.rows.is_empty();
        if begun && is_empty {
            // The bottom needs a row above it.
            table.add_row(self.widths.iter().map(|_| ""));
        }
        for row in std::mem::take(&mut self.rows) {
            table.add_row(aligned(row));
        }
        self.bytes = 0;
        let contents = table.column_max_content_widths();
        self.widths.resize(contents.len(), 0);
        let columns = table.column_iter_mut().zip(contents).zip(&mut self.widths);
        for ((column, content), width) in columns {
            *width = content.saturating_add(column.padding_width()).max(*width);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(*width)));
        }
        let lines: Vec<String> = table.lines().collect();
        // Neither a second top nor a bottom before the last row.
        let first = usize::from(begun) + usize::from(begun && is_empty);
        let last = lines.len() - usize::from(!is_last);
        for line in lines.get(first..last).unwrap_or_default() {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}
