//! A Markdown table.

use std::io;
use std::io::Write;
use std::sync::Arc;

use crate::value::Value;

use super::Renderer;
use super::harmless;

pub(super) struct Markdown;

impl Renderer for Markdown {
    fn begin(&mut self, columns: &[Arc<str>], out: &mut dyn Write) -> io::Result<()> {
        line(columns.iter().map(|name| escape(name)), out)?;
        line(columns.iter().map(|_| "---".to_string()), out)
    }

    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()> {
        line(values.iter().map(|value| escape(&super::bare(value))), out)
    }
}

fn line(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<String> = cells.collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

fn escape(text: &str) -> String {
    harmless::one_line(&text.replace('\\', "\\\\")).replace('|', "\\|")
}
