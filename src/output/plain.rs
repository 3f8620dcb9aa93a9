//! Values as Cypher writes them, strings in quotes, separated by commas.

use std::io;
use std::io::Write;
use std::sync::Arc;

use crate::value::Value;

use super::Renderer;
use super::harmless;

pub(super) struct Plain;

impl Renderer for Plain {
    fn begin(&mut self, columns: &[Arc<str>], out: &mut dyn Write) -> io::Result<()> {
        let names: Vec<String> =
            columns.iter().map(|name| harmless::one_line(name).into_owned()).collect();
        writeln!(out, "{}", names.join(", "))
    }

    fn row(&mut self, values: &[Value], out: &mut dyn Write) -> io::Result<()> {
        let texts: Vec<String> =
            values.iter().map(|v| harmless::one_line(&v.to_string()).into_owned()).collect();
        writeln!(out, "{}", texts.join(", "))
    }
}
