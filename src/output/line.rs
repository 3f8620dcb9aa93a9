//! A line for each value, with a blank line between rows.

use std::io;
use std::io::Write;
use std::sync::Arc;

use crate::value::Value;

use super::Renderer;
use super::harmless;

#[derive(Default)]
pub(super) struct Line {
    names: Vec<String>,
    width: usize,
    begun: bool,
}

impl Renderer for Line {
    fn begin(&mut self, columns: &[Arc<str>], _out: &mut dyn Write) -> io::Result<()> {
        self.names = columns.iter().map(|name| harmless::one_line(name).into_owned()).collect();
        self.width = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        Ok(())
    }

    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            writeln!(out)?;
        }
        for (name, value) in self.names.iter().zip(values) {
            let text = super::bare(value);
            let text = harmless::one_line(&text);
            writeln!(out, "{name:>width$} = {text}", width = self.width)?;
        }
        Ok(())
    }
}
