//! A box for people to read; numbers stand on the right.

use std::io;
use std::io::Write;
use std::sync::Arc;

use comfy_table::Cell;
use comfy_table::CellAlignment;

use crate::value::Value;

use super::Renderer;
use super::harmless;

#[derive(Default)]
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether the column has seen nothing but numbers and nulls, and a number at least.
    numeric: Vec<(bool, bool)>,
}

impl Renderer for Table {
    fn begin(&mut self, columns: &[Arc<str>], _out: &mut dyn Write) -> io::Result<()> {
        self.header = columns.iter().map(|name| harmless::one_line(name).into_owned()).collect();
        self.numeric = vec![(true, false); columns.len()];
        Ok(())
    }

    fn row(&mut self, values: &[Value], _out: &mut dyn Write) -> io::Result<()> {
        for ((only, any), value) in self.numeric.iter_mut().zip(values) {
            match value {
                Value::Integer(_) | Value::Float(_) => *any = true,
                Value::Null => {}
                _ => *only = false,
            }
        }
        let cells = values.iter().map(|value| harmless::one_line(&super::bare(value)).into_owned());
        self.rows.push(cells.collect());
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        let aligned = |row: Vec<String>| -> Vec<Cell> {
            let cell = |(text, (only, any)): (String, &(bool, bool))| {
                let side = if *only && *any { CellAlignment::Right } else { CellAlignment::Left };
                Cell::new(text).set_alignment(side)
            };
            row.into_iter().zip(&self.numeric).map(cell).collect()
        };
        table.set_header(aligned(std::mem::take(&mut self.header)));
        for row in std::mem::take(&mut self.rows) {
            table.add_row(aligned(row));
        }
        for line in table.lines() {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}
