//! Export: a graph, as it is when the export begins, into one file.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::database::Database;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Node;
use crate::value::Relationship;
use crate::value::Value;

use super::{FORMATS, Format, input};

/// Writes one graph: first all nodes, then all relationships.
pub(super) trait GraphWriter {
    fn node(&mut self, node: &Node, out: &mut Output<'_>) -> Result<()>;
    fn relationship(&mut self, relationship: &Relationship, out: &mut Output<'_>) -> Result<()>;
    fn end(&mut self, _out: &mut Output<'_>) -> Result<()> {
        Ok(())
    }
}

/// A file that is being written, with its name for errors.
pub(super) struct Output<'a> {
    path: &'a Path,
    to: &'a mut dyn Write,
}

impl Output<'_> {
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        write(self.to).map_err(|error| input::failed("write", self.path, error))
    }
}

/// What an export has written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportSummary {
    /// Nodes written.
    pub nodes: u64,
    /// Relationships written.
    pub relationships: u64,
}

impl Database {
    /// Writes the whole graph, as of now, into a file. The format is told by the name of the file, or chosen. A name that
    /// ends with `.gz` is compressed. The file appears when it is whole, and replaces one of the same name.
    ///
    /// # Errors
    ///
    /// `UsageError.InvalidFile` where the file cannot be written or its format is not told.
    ///
    /// ```
    /// use redstring::Database;
    /// use redstring::interchange::ImportOptions;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("graph.jsonl");
    /// let db = Database::in_memory();
    /// db.execute("CREATE (:Person {born: date('1815-12-10')})-[:KNOWS]->(:Person)", ())?;
    /// assert_eq!(db.export(&file, None)?.nodes, 2);
    ///
    /// let copy = Database::in_memory();
    /// copy.import(&ImportOptions::default().graph(&file))?;
    /// let row = copy.query("MATCH (p)-[:KNOWS]->() RETURN p.born.year", ())?.single()?;
    /// assert_eq!(row.get::<i64>(0)?, 1815);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn export(
        &self,
        file: impl AsRef<Path>,
        format: Option<&'static Format>,
    ) -> Result<ExportSummary> {
        let path = file.as_ref();
        let extension = input::extension(path);
        let told = FORMATS.iter().find(|f| f.extensions.contains(&extension.as_str()));
        let writer = format.or(told).and_then(|format| format.writer).ok_or_else(|| {
            let names = FORMATS.iter().filter(|f| f.writer.is_some()).map(|f| f.name);
            let names: Vec<&str> = names.collect();
            let message =
                format!("no format of exports is told by the name of `{}`", path.display());
            Error::usage(Detail::InvalidFile, message)
                .help(format!("Name one: {}.", names.join(", ")))
        })?;
        let partial = partial(path);
        let written = self.export_to(&partial, path, &mut *writer());
        let renamed = written.and_then(|summary| {
            let renamed = fs::rename(&partial, path);
            renamed.map(|()| summary).map_err(|error| input::failed("write", path, error))
        });
        if renamed.is_err() {
            // What was written so far serves nobody; the error counts.
            let _ = fs::remove_file(&partial);
        }
        renamed
    }

    fn export_to(
        &self,
        partial: &Path,
        path: &Path,
        writer: &mut dyn GraphWriter,
    ) -> Result<ExportSummary> {
        let failed = |error| input::failed("write", path, error);
        let file = BufWriter::with_capacity(1 << 18, File::create(partial).map_err(failed)?);
        let gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        if gzip {
            let mut to = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            let summary = self.write_graph(writer, &mut Output { path, to: &mut to })?;
            to.finish().and_then(|mut file| file.flush()).map_err(failed)?;
            return Ok(summary);
        }
        let mut to = file;
        let summary = self.write_graph(writer, &mut Output { path, to: &mut to })?;
        to.flush().map_err(failed)?;
        Ok(summary)
    }

    fn write_graph(
        &self,
        writer: &mut dyn GraphWriter,
        out: &mut Output<'_>,
    ) -> Result<ExportSummary> {
        let graph = self.begin_read();
        let mut summary = ExportSummary::default();
        for row in graph.query("MATCH (n) RETURN n", ())? {
            if let Some(Value::Node(node)) = row?.values().first() {
                writer.node(node, out)?;
                summary.nodes += 1;
            }
        }
        for row in graph.query("MATCH ()-[r]->() RETURN r", ())? {
            if let Some(Value::Relationship(relationship)) = row?.values().first() {
                writer.relationship(relationship, out)?;
                summary.relationships += 1;
            }
        }
        writer.end(out)?;
        Ok(summary)
    }
}

/// The name of a file that is not whole yet.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
